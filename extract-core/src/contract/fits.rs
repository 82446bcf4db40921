//! `assert_fits!`: lets a user's test assert that a type can be sent to the providers it is meant for.

use super::dialect::Dialect;
use super::{Contract, Extract};

/// Asserts that a type can be sent to the named providers, with the schema enforced.
///
/// The names are `openai`, `anthropic` (native output and tools), `gemini`, `groq`, `mistral`, `deepseek`,
/// `llama_cpp` (also Ollama) and `vllm`. The macro panics with the full
/// [report](crate::contract::DialectReport) of the first dialect that the type does not fit.
///
/// Limits are the usual reason: with one more field, a provider refuses the schema. A test beside the type
/// finds that before a request does.
///
/// ```
/// use extract_llm::assert_fits;
/// use std::collections::BTreeMap;
///
/// assert_fits!(Vec<BTreeMap<String, f64>>, openai, anthropic, gemini);
/// ```
///
/// ```should_panic
/// # mod wide { #[derive(serde::Deserialize, schemars::JsonSchema, Default)]
/// # pub struct Wide { a: Option<u8>, b: Option<u8>, c: Option<u8>, d: Option<u8>, e: Option<u8>, f: Option<u8>,
/// # g: Option<u8>, h: Option<u8>, i: Option<u8>, j: Option<u8>, k: Option<u8>, l: Option<u8>, m: Option<u8>,
/// # n: Option<u8>, o: Option<u8>, p: Option<u8>, q: Option<u8> } impl extract_llm::Extract for Wide {} }
/// # use wide::Wide;
/// // Seventeen optional fields: Anthropic takes sixteen that may be null.
/// extract_llm::assert_fits!(Wide, anthropic);
/// ```
#[macro_export]
macro_rules! assert_fits {
    ($type:ty, $($provider:ident),+ $(,)?) => {
        $($crate::contract::fits::assert_fits_each::<$type>(
            $crate::contract::fits::providers::$provider,
        );)+
    };
}

/// The dialects of each provider's enforced modes, under the names that [`assert_fits!`] accepts.
#[doc(hidden)]
#[expect(non_upper_case_globals, reason = "they are named as a user names them in the macro")]
pub mod providers {
    use super::Dialect;

    type Dialects = &'static [&'static Dialect];

    pub const openai: Dialects = &[&Dialect::OPENAI_STRICT];
    pub const anthropic: Dialects = &[&Dialect::ANTHROPIC_FORMAT, &Dialect::ANTHROPIC_TOOL];
    pub const gemini: Dialects = &[&Dialect::GEMINI_JSON_SCHEMA];
    pub const groq: Dialects = &[&Dialect::GROQ_STRICT];
    pub const mistral: Dialects = &[&Dialect::MISTRAL];
    pub const deepseek: Dialects = &[&Dialect::DEEPSEEK];
    pub const llama_cpp: Dialects = &[&Dialect::LLAMA_CPP];
    pub const vllm: Dialects = &[&Dialect::JSON_SCHEMA];
}

/// Asserts that a type fits all of these dialects. [`assert_fits!`] expands to it.
///
/// # Panics
///
/// Panics if the type does not fit.
#[doc(hidden)]
#[expect(clippy::panic, reason = "it is an assertion")]
#[track_caller]
pub fn assert_fits_each<T: Extract>(dialects: &[&'static Dialect]) {
    let contract = match Contract::of::<T>() {
        Ok(contract) => contract,
        Err(error) => panic!("{error}"),
    };
    for dialect in dialects {
        let report = contract.report(dialect);
        assert!(report.fits(), "{report}");
    }
}
