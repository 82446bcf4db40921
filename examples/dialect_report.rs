//! Reports the parts of a type that each provider's JSON Schema dialect cannot express, and how the
//! library replaces them. Asks no model:
//!
//! ```text
//! cargo run --example dialect_report
//! ```

use std::collections::BTreeMap;

use extract_llm::contract::{Contract, ContractError};
use extract_llm::dialect::Dialect;
use extract_llm::{Extract, assert_fits};

/// A recipe.
#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest here")]
struct Recipe {
    /// As in the book.
    title: String,
    #[extract(range(min = 1, max = 20))]
    serves: u8,
    /// Grams, by ingredient.
    ingredients: BTreeMap<String, f32>,
    #[extract(length(min = 1))]
    steps: Vec<Step>,
    /// In degrees, and for how many minutes.
    oven: Option<(u16, String)>,
}

/// A step, which may be made of steps.
#[derive(Extract)]
#[allow(dead_code, reason = "only its schema is of interest here")]
struct Step {
    #[extract(pattern("^[A-Z]"))]
    text: String,
    parts: Vec<Step>,
}

fn main() -> Result<(), ContractError> {
    let contract = Contract::of::<Recipe>()?;
    for dialect in [
        &Dialect::OPENAI_STRICT,
        &Dialect::ANTHROPIC_TOOL,
        &Dialect::GEMINI_JSON_SCHEMA,
        &Dialect::JSON_SCHEMA,
    ] {
        println!("{}\n", contract.report(dialect));
    }
    println!("The tool as OpenAI gets it:\n{:#}", contract.tool(&Dialect::OPENAI_STRICT)?);

    // The same check as one line in your tests: it fails before a provider does.
    assert_fits!(Recipe, openai, anthropic, gemini);
    Ok(())
}
