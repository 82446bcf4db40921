//! Checks the library against a JSON Schema and its instances. The schema is accepted or refused
//! with a reason, no dialect loses a name, and values come back from every dialect unchanged.

mod conversion;
mod names;
#[cfg(test)]
mod names_tests;
mod reason;
mod round_trip;

use std::io;
use std::sync::Arc;

use extract_core::check::violations;
use extract_core::contract::Contract;
use extract_core::contract::dialect::Dialect;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use conversion::same;
use names::{Kind, Names};
use round_trip::{Returned, Route, Sender};

/// The maximum length of a lowered schema, as a multiple of its source.
pub const MOST_GROWTH: usize = 10;

/// The growth limit applies only to sources longer than this, in bytes.
pub const LEAST_SOURCE: usize = 200;

/// A schema with instances.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// The schema.
    pub schema: Value,
    /// Values that the schema accepts.
    pub valid: Vec<Value>,
    /// Values that it does not accept.
    pub invalid: Vec<Value>,
}

/// A test of the JSON-Schema-Test-Suite.
#[derive(Debug, Clone, Deserialize)]
pub struct SuiteTest {
    /// The schema.
    pub schema: Value,
    /// The value.
    pub data: Value,
    /// Whether the schema accepts the value.
    pub valid: bool,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The process aborted, or the library panicked.
    Abort,
    /// The schema was refused, with a reason.
    Refused,
    /// The schema was refused, and the error lacks a location or a remedy.
    RefusedWithoutReason,
    /// One dialect refused the schema.
    RefusedByDialect,
    /// A property's name is in neither the lowered schema nor a note.
    NameLost,
    /// A constant is in neither the lowered schema nor a note.
    VariantLost,
    /// A name or constant that no value can have is in neither the lowered schema nor a note.
    UnreachableLost,
    /// The library's check refuses a value that the case calls valid.
    ValidDisputed,
    /// A valid value came back changed.
    ValidChanged,
    /// A valid value did not come back.
    ValidRefused,
    /// An invalid value was accepted unchanged.
    InvalidAccepted,
    /// An invalid value was accepted as another value that no allowed conversion explains.
    InvalidChanged,
    /// An invalid value was accepted through conversions that the reader may make and that it
    /// reported.
    InvalidConverted,
    /// An invalid null was accepted as an absent member, in a dialect that writes absence as null.
    InvalidNull,
    /// The lowered schema is too long for its source.
    Oversize,
    /// The library's verdict on a test of the suite differs from the expected one.
    SuiteDisagrees,
}

/// One deviation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finding {
    /// Its kind.
    pub class: Class,
    /// The dialect, or `text`; empty for a finding about the schema alone.
    pub dialect: String,
    /// The values and names concerned, for human readers.
    pub detail: String,
}

impl Finding {
    fn new(class: Class, dialect: &str, detail: impl Into<String>) -> Self {
        Self { class, dialect: dialect.to_owned(), detail: detail.into() }
    }
}

/// Runs schemas with their instances through the library.
#[derive(Debug)]
pub struct Examiner {
    sender: Sender,
}

impl Examiner {
    /// Creates an examiner with its own runtime. Fails if the runtime cannot be built.
    pub fn new() -> io::Result<Self> {
        Ok(Self { sender: Sender::new()? })
    }

    /// Returns all findings about one schema.
    pub fn examine(&self, case: &Case) -> Vec<Finding> {
        let mut findings = Vec::new();
        let contract = match Contract::from_schema(case.schema.clone()) {
            Ok(contract) => contract,
            Err(error) => {
                let text = error.to_string();
                let class = if reason::is_complete(&text) {
                    Class::Refused
                } else {
                    Class::RefusedWithoutReason
                };
                return vec![Finding::new(class, "", text)];
            }
        };
        let source = case.schema.to_string().len();
        let (valid, disputed): (Vec<&Value>, Vec<&Value>) =
            case.valid.iter().partition(|value| violations(&contract, value).is_empty());
        for value in disputed {
            let detail = format!("{value}: {}", violations(&contract, value));
            findings.push(Finding::new(Class::ValidDisputed, "", detail));
        }
        let own = Names::of(contract.sent_schema());
        for dialect in Dialect::ALL {
            let name = dialect.name();
            let form = match contract.lowered(dialect, dialect.enforced()) {
                Ok(form) => form,
                Err(error) => {
                    let text = error.to_string();
                    findings.push(Finding::new(Class::RefusedByDialect, name, text));
                    continue;
                }
            };
            for lost in own.lost(&form.lowered.schema, &form.lowered.notes) {
                let class = match lost.kind {
                    _ if !lost.reachable => Class::UnreachableLost,
                    Kind::Property => Class::NameLost,
                    Kind::Constant => Class::VariantLost,
                };
                let detail = format!("{} at {}", lost.text, lost.pointer);
                findings.push(Finding::new(class, name, detail));
            }
            let length = form.lowered.schema.to_string().len();
            if source > LEAST_SOURCE && length > MOST_GROWTH * source {
                let detail = format!("{length} bytes of {source}");
                findings.push(Finding::new(Class::Oversize, name, detail));
            }
            let route = Route::Tool(dialect, form);
            self.send_valid(&valid, &contract, &route, &mut findings);
            self.send_invalid(&case.invalid, &contract, &route, &mut findings);
        }
        self.send_valid(&valid, &contract, &Route::Text, &mut findings);
        self.send_invalid(&case.invalid, &contract, &Route::Text, &mut findings);
        findings
    }

    fn send_valid(
        &self,
        values: &[&Value],
        contract: &Arc<Contract>,
        route: &Route,
        findings: &mut Vec<Finding>,
    ) {
        for value in values {
            let (class, detail) = match self.sender.send(contract, route, value) {
                Err(error) => (Class::ValidRefused, error),
                Ok(Returned { value: back, .. }) if !same(&back, value) => {
                    (Class::ValidChanged, back.to_string())
                }
                Ok(Returned { value: back, .. }) => match violations(contract, &back) {
                    problems if problems.is_empty() => continue,
                    problems => (Class::ValidRefused, problems.to_string()),
                },
            };
            findings.push(Finding::new(class, route.name(), format!("{value} => {detail}")));
        }
    }

    fn send_invalid(
        &self,
        values: &[Value],
        contract: &Arc<Contract>,
        route: &Route,
        findings: &mut Vec<Finding>,
    ) {
        for value in values {
            let Ok(Returned { value: back, is_repaired }) =
                self.sender.send(contract, route, value)
            else {
                continue;
            };
            let class = if same(&back, value) {
                Class::InvalidAccepted
            } else if conversion::is_absence(value, &back) && route.says_same(value, &back) {
                Class::InvalidNull
            } else if is_repaired && conversion::is_allowed(value, &back, contract.name()) {
                Class::InvalidConverted
            } else {
                Class::InvalidChanged
            };
            findings.push(Finding::new(class, route.name(), format!("{value} => {back}")));
        }
    }
}

/// Compares the library's verdict on a test of the suite with the expected one. A refused schema is
/// a finding.
pub fn judge(test: &SuiteTest) -> Vec<Finding> {
    let detail = match Contract::from_schema(test.schema.clone()) {
        Ok(contract) => {
            let problems = violations(&contract, &test.data);
            if problems.is_empty() == test.valid {
                return Vec::new();
            }
            format!("expected valid = {}, found problems: [{problems}]", test.valid)
        }
        Err(error) => error.to_string(),
    };
    vec![Finding::new(Class::SuiteDisagrees, "", detail)]
}
