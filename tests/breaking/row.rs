//! One type whose answers are broken: its contract, its samples, and the functions that depend on
//! the Rust type. The tables of types register here by the same name as in `tests/types.rs`.

use std::fmt::Debug;
use std::sync::Arc;

use extract_llm::Extract;
use extract_llm::contract::Contract;
use serde::Serialize;
use serde_json::Value;

use crate::send::{self, Answer, Setup};

/// A type and what depends on it.
pub(crate) struct Row {
    pub(crate) family: &'static str,
    pub(crate) kind: String,
    pub(crate) contract: Arc<Contract>,
    /// The samples as the type writes them.
    pub(crate) samples: Vec<Value>,
    /// Sends a text as the model's answer through the whole path.
    pub(crate) ask: fn(&Arc<Contract>, &Setup, &str) -> Answer,
    /// The value as serde reads and writes it; `None` where it does not read.
    pub(crate) read: fn(&Value) -> Option<Value>,
    /// Whether two values are the same one of the type.
    pub(crate) same: fn(&Value, &Value) -> bool,
}

/// Rows of one family.
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
