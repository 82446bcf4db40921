//! Programs that others can drive to hold `extract-llm` against outside cases. Not published.

pub mod recordings;
