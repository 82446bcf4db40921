//! Checks a value against the compiled JSON Schema. Each violation becomes a [`Problem`] with its
//! pointer.

use serde_json::Value;

use super::deep_explain;
use super::violation_report::ViolationReport;
use crate::contract::{Contract, Problem, ProblemKind, Problems, excerpt};
use crate::schema::CheckKind;

/// Limit on the problems that are collected from one value: the first thousand describe a list of a
/// million bad elements as well.
const MOST: usize = 1000;

/// Returns the problems of a value under a contract's schema, each with its pointer; empty if the value is
/// valid. Describes at most 1000 violations. A value too deep in unions for a full check has at least one
/// problem.
///
/// ```
/// use extract_core::check::violations;
/// use extract_llm::contract::Contract;
/// use serde_json::json;
///
/// let contract = Contract::of::<Vec<u8>>()?;
/// let problems = violations(&contract, &json!([7, 300, "x"]));
/// assert_eq!(
///     problems.to_string(),
///     r#"/1: expected at most 255, found 300; /2: expected an integer, found "x""#
/// );
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub fn violations(contract: &Contract, value: &Value) -> Problems {
    // The test for validity is faster than the explanation, and most values are valid.
    let is_affordable = contract.is_affordable(value, CheckKind::IsValid);
    if is_affordable && contract.validator().is_valid(value) {
        return Problems::new();
    }
    if !is_affordable || !contract.is_affordable(value, CheckKind::ListErrors) {
        let problems = deep_explain::problems(contract, value);
        if problems.is_empty() {
            let expected = String::from(
                "a value that fits the schema; this one is nested too deeply in alternatives to \
                 be checked",
            );
            return Problem::new(ProblemKind::Schema, "", expected, excerpt(value)).into();
        }
        return problems.into();
    }
    let mut report = ViolationReport::new(contract);
    contract.validator().each_error(value, MOST, |error| report.describe(error));
    report.problems.into()
}
