//! Checks one kind of type in every dialect.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use extract_core::check::violations;
use extract_llm::contract::Contract;
use extract_llm::dialect::Dialect;
use extract_llm::dialect::DialectReport;
use extract_llm::extraction::Layout;
use extract_llm::model::Profile;
use extract_llm::reading::Repair;
use extract_llm::scripted::Scripted;
use extract_llm::scripted::reply;
use extract_llm::{Extract, Mode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::support::{rules, scripted};
use crate::types::mutation::{self, Difference};
use crate::types::names::Names;

/// A kind of type, and the results of its checks.
pub(crate) struct Row {
    pub(crate) family: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) contract: Arc<Contract>,
    pub(crate) reports: Vec<DialectReport>,
    /// The samples as JSON.
    pub(crate) samples: Vec<Value>,
    /// The number of values that were sent and came back.
    pub(crate) sent: usize,
    /// The values that the validator accepts and serde refuses.
    pub(crate) differences: Vec<Difference>,
}

/// The kinds of types that failed a check. The details are on standard error.
pub(crate) static FAULTS: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// Collects the rows of one family.
pub(crate) struct Family<'r>(pub(crate) &'static str, pub(crate) &'r mut Vec<Row>);

impl Family<'_> {
    /// Checks a type with these samples, and adds its row or its fault.
    #[track_caller]
    pub(crate) fn row<T>(&mut self, kind: &'static str, samples: impl IntoIterator<Item = T>)
    where
        T: Extract + Serialize + PartialEq + Debug,
    {
        let samples: Vec<T> = samples.into_iter().collect();
        // A failed check does not stop the other types, so that all faults are reported together.
        let held = catch_unwind(AssertUnwindSafe(|| hold(self.0, kind, &samples)));
        match held {
            Ok(row) => self.1.push(row),
            Err(_) => FAULTS.lock().unwrap().push(kind),
        }
    }
}

#[track_caller]
fn hold<T>(family: &'static str, kind: &'static str, samples: &[T]) -> Row
where
    T: Extract + Serialize + PartialEq + Debug,
{
    let contract = match Contract::of::<T>() {
        Ok(contract) => contract,
        Err(error) => panic!("{kind}: {error}"),
    };
    assert!(!samples.is_empty(), "{kind}: no samples");
    let own: Vec<Value> =
        samples.iter().map(|sample| serde_json::to_value(sample).unwrap()).collect();
    for (sample, own) in samples.iter().zip(&own) {
        let problems = violations(&contract, own);
        assert!(problems.is_empty(), "{kind}: {own}: {problems}\n{}", contract.schema());
        assert_eq!(serde_json::from_value::<T>(own.clone()).unwrap(), *sample, "{kind}");
    }
    let names = Names::of(contract.sent_schema());
    for (sample, own) in samples.iter().zip(&own) {
        send_text(kind, &contract, sample, own);
    }
    let mut reports = Vec::new();
    let mut sent = 0;
    for dialect in Dialect::ALL {
        let report = contract.report(dialect);
        if report.fits() {
            for (sample, own) in samples.iter().zip(&own) {
                send(kind, dialect, &contract, sample, own);
                sent += 1;
            }
            nothing_is_lost(kind, &contract, dialect, &report);
            no_name_is_lost(kind, &contract, dialect, &names);
        }
        reports.push(report);
    }
    let differences = mutation::differences::<T>(&contract, &own);
    Row { family, kind, contract, reports, samples: own, sent, differences }
}

/// Lowers a value, validates it against the lowered schema, and lets a scripted model answer with
/// it.
fn send<T>(kind: &str, dialect: &'static Dialect, contract: &Contract, sample: &T, own: &Value)
where
    T: Extract + PartialEq + Debug,
{
    let name = dialect.name();
    let form = contract.lowered(dialect, dialect.enforced()).unwrap();
    let schema = &form.lowered.schema;
    if let Err(broken) = rules::check(name, schema) {
        panic!("{kind}, {name}: {broken}\n{schema}");
    }
    let asked = if contract.is_wrapped() { json!({"value": own}) } else { own.clone() };
    let lowered = form.lowered.lower_value(asked.clone());
    let validator = jsonschema::validator_for(&rules::standard(schema)).unwrap();
    if let Err(error) = validator.validate(&lowered) {
        panic!("{kind}, {name}: {lowered}: {error}\n{schema}");
    }
    // An absent option may come back as null, because serde reads both as `None`.
    let raised = form.lowered.restore(lowered.clone());
    assert_eq!(without_nulls(&raised), without_nulls(&asked), "{kind}, {name}");

    let mut profile = Profile::new("scripted", "scripted");
    profile.tool_dialect = dialect;
    profile.tool_strict = dialect.enforced();
    let model = Scripted::new([reply::tool(lowered.clone())]).with_profile(profile);
    let client = scripted::client_of(&model);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The type as one value. `tests/it/unions.rs` tests its variants as tools.
    let asked =
        client.extract::<T>("text").mode(Mode::Tools).layout(Layout::Whole).validation_retries(0);
    let done = runtime.block_on(asked.report().into_future());
    match done {
        Ok(done) => {
            assert_eq!(done.value, *sample, "{kind}, {name}");
            assert_eq!(done.ledger.repairs(), [] as [Repair; 0], "{kind}, {name}: {lowered}");
            assert_eq!(done.ledger.notes, [] as [String; 0], "{kind}, {name}");
        }
        Err(error) => panic!("{kind}, {name}: {lowered}: {error}"),
    }
}

/// Lets a scripted model answer with a value in the type's shape, as text.
fn send_text<T>(kind: &str, contract: &Contract, sample: &T, own: &Value)
where
    T: Extract + PartialEq + Debug,
{
    let asked = if contract.is_wrapped() { json!({"value": own}) } else { own.clone() };
    let model = Scripted::new([reply::text(asked.to_string())]);
    let client = scripted::client_of(&model);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = client.extract::<T>("text").mode(Mode::Text).validation_retries(0);
    match runtime.block_on(asked.report().into_future()) {
        Ok(done) => {
            assert_eq!(done.value, *sample, "{kind}, as text");
            assert_eq!(done.ledger.repairs(), [] as [Repair; 0], "{kind}, as text: {own}");
        }
        Err(error) => panic!("{kind}, as text: {own}: {error}"),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name.clone(), without_nulls(member)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Constraints and annotations that must be in the lowered schema or in a note.
const SPOKEN: &[&str] = &[
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "default",
    "examples",
    "not",
];

/// Asserts that every such keyword of the type is in the lowered schema or in the report.
fn nothing_is_lost(kind: &str, contract: &Contract, dialect: &Dialect, report: &DialectReport) {
    let form =
        contract.lowered(Dialect::ALL.iter().find(|d| d.name() == dialect.name()).unwrap(), false);
    let lowered = form.unwrap().lowered.schema.clone();
    let (own, lowered) = (keywords(contract.schema()), keywords(&lowered));
    for keyword in SPOKEN.iter().filter(|keyword| own.contains(&(**keyword).to_owned())) {
        let said = lowered.iter().any(|known| known == keyword);
        let noted = report.changes.iter().any(|change| {
            change.message.contains(&format!("`{keyword}`"))
                || change.message.contains("JSON text")
                // A tuple that is sent as an object expresses its length by its members.
                || (matches!(*keyword, "minItems" | "maxItems") && change.message.contains("object"))
        });
        assert!(
            said || noted,
            "{kind}: `{keyword}` is silently lost in {}\n{report}\n{}",
            dialect.name(),
            contract.schema()
        );
    }
}

/// Asserts that every property and variant of the type is in the lowered schema or in a note.
fn no_name_is_lost(kind: &str, contract: &Contract, dialect: &'static Dialect, names: &Names<'_>) {
    let form = contract.lowered(dialect, dialect.enforced()).unwrap();
    let lost = names.lost(&form.lowered.schema, &form.lowered.notes);
    let lost: Vec<String> =
        lost.iter().map(|lost| format!("{} at {}", lost.text, lost.pointer)).collect();
    assert!(
        lost.is_empty(),
        "{kind}: {} are silently lost in {}\n{}\n{}",
        lost.join(", "),
        dialect.name(),
        contract.sent_schema(),
        form.lowered.schema
    );
}

/// Returns the names of the keywords in a schema, with `default` only if it is not null.
fn keywords(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(schema, &mut found);
    found
}

fn collect(schema: &Value, found: &mut Vec<String>) {
    let Some(members) = schema.as_object() else { return };
    for (keyword, value) in members {
        if !(keyword == "default" && value.is_null()) {
            found.push(keyword.clone());
        }
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "$defs", Value::Object(named)) => {
                named.values().for_each(|schema| collect(schema, found));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(listed)) => {
                listed.iter().for_each(|schema| collect(schema, found));
            }
            ("items" | "additionalProperties", schema) => collect(schema, found),
            _ => {}
        }
    }
}
