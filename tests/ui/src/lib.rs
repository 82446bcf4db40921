//! Tests of compile errors only.
