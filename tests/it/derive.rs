//! Black-box tests of `#[derive(Extract)]`: the schema of a type, its reading, and the pointers of
//! its validators' problems.

use extract_llm::Extract;
use extract_llm::check::Checker;
use serde_json::Value;

mod attributes;
mod constraints;
mod enums;
mod generics;
mod hygiene;
mod structs;
mod validators;

/// Returns the type's schema without `$schema`.
fn schema<T: Extract>() -> Value {
    let mut schema = schemars::SchemaGenerator::default().into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.to_value()
}

/// Returns the schema of one property.
fn property<T: Extract>(name: &str) -> Value {
    schema::<T>()["properties"][name].clone()
}

/// Returns the names of the properties, in schema order.
fn properties<T: Extract>() -> Vec<String> {
    schema::<T>()["properties"].as_object().unwrap().keys().cloned().collect()
}

#[track_caller]
fn read<T: Extract>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[track_caller]
fn refusal<T: Extract>(value: Value) -> String {
    match serde_json::from_value::<T>(value) {
        Ok(_) => panic!("it was read"),
        Err(error) => error.to_string(),
    }
}

/// Returns the problems that the validators find in a value.
#[track_caller]
fn problems<T: Extract>(value: &Value) -> Vec<String> {
    let mut checker = Checker::new(value);
    read::<T>(value.clone()).check(&mut checker);
    checker.into_problems().iter().map(ToString::to_string).collect()
}
