//! The programs held against outside cases.

mod expected;

mod cases;
mod recordings;
mod schemas;
