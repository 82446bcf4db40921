//! One type whose answers are broken: its contract, its samples, and the functions that depend on
//! the Rust type. The tables of types register here with the same function names as in
//! `tests/it/types.rs`.

use std::fmt::Debug;
use std::sync::Arc;

use extract_llm::Extract;
use extract_llm::contract::Contract;
use serde::Serialize;
use serde_json::Value;

use crate::breaking::send::{self, Answer, Setup};

/// A type and the functions that depend on it.
pub(crate) struct Row {
    pub(crate) family: &'static str,
    pub(crate) kind: String,
    pub(crate) contract: Arc<Contract>,
    /// The samples as JSON.
    pub(crate) samples: Vec<Value>,
    /// Sends a text as the model's answer through the whole library.
    pub(crate) ask: fn(&Arc<Contract>, &Setup, &str) -> Answer,
    /// Returns the value after serde read and wrote it, or `None` if serde cannot read it.
    pub(crate) read: fn(&Value) -> Option<Value>,
    /// Returns whether two JSON values are the same value of the type.
    pub(crate) same: fn(&Value, &Value) -> bool,
}

/// Collects the rows of one family.
pub(crate) struct Family<'r>(pub(crate) &'static str, pub(crate) &'r mut Vec<Row>);

impl Family<'_> {
    /// Registers a type with these samples.
    pub(crate) fn row<T>(&mut self, kind: &'static str, samples: impl IntoIterator<Item = T>)
    where
        T: Extract + Serialize + PartialEq + Debug,
    {
        self.1.push(Row {
            family: self.0,
            kind: kind.to_owned(),
            contract: Contract::of::<T>().unwrap(),
            samples: samples.into_iter().map(|one| serde_json::to_value(one).unwrap()).collect(),
            ask: send::ask::<T>,
            read: |value| {
                let read = serde_json::from_value::<T>(value.clone()).ok()?;
                serde_json::to_value(read).ok()
            },
            same: |left, right| {
                let read = |value: &Value| serde_json::from_value::<T>(value.clone()).ok();
                left == right || read(left).is_some_and(|left| read(right) == Some(left))
            },
        });
    }
}
