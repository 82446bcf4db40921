//! A grammar of schemas and the rules of the dialects, for the modules that test them.

pub(crate) mod grammar;
pub(crate) mod rules;
