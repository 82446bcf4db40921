//! One element of a streamed list: reads and checks its text. Also converts an element of an accepted
//! list, whose checks run again for the data that they add.

use std::sync::Arc;

use serde_json::Value;

use crate::check::{Rules, check_at_once, violations};
use crate::contract::dialect::Restored;
use crate::contract::{
    CheckContext, Checker, Contract, Extract, LoweredContract, Problem, ProblemKind, Problems,
    excerpt, wrapper,
};
use crate::extraction::channel::AttemptStarted;
use crate::reading::{self, Level};

/// The contract and lowered contract of one list element.
#[derive(Debug)]
pub(super) struct ElementReader {
    contract: Arc<Contract>,
    form: Option<Arc<LoweredContract>>,
}

impl ElementReader {
    /// Lowers the contract in the dialect of the attempt. Returns `None` if that dialect cannot express
    /// an element.
    pub(super) fn of(contract: &Arc<Contract>, attempt: &AttemptStarted) -> Option<Self> {
        let form =
            attempt.form.as_ref().map(|form| contract.lowered_like(form)).transpose().ok()?;
        Some(Self { contract: Arc::clone(contract), form })
    }

    /// Reads an element from its text, and restores the type's shape. Fails with problems if the text
    /// contains no value.
    pub(super) fn read(&self, text: &str) -> Result<Restored, Problems> {
        let form = self.form.as_deref();
        let wrapped = self.contract.is_wrapped().then(|| wrapper::wrap_text(text));
        let text = wrapped.as_deref().unwrap_or(text);
        let reading = reading::read_arguments(text, self.contract.shape(form), Level::Lenient)
            .map_err(|error| Problems::from(error.to_string()))?;
        Ok(self.contract.restore(form, reading.value))
    }

    /// Checks an element by the list's schema and type, and by the schema of `other`, if there is one.
    /// Returns the value and its JSON, or `None` if a check failed itself. Fails with the problems of the
    /// element.
    pub(super) fn check<E: Extract>(
        &self,
        Restored { value, mut problems, .. }: Restored,
        other: Option<&Contract>,
        background: &CheckContext,
    ) -> Result<Option<(Value, E)>, Problems> {
        if let Some(other) = other {
            problems.extend(violations(other, &value));
        }
        let (rules, context) = (Rules::default(), background.context());
        match check_at_once::<E>(&self.contract, &value, problems, &rules, context) {
            Ok((item, problems)) if problems.is_empty() => Ok(item.map(|item| (value, item))),
            Ok((_, problems)) => Err(problems),
            Err(_) => Ok(None),
        }
    }
}

/// Deserializes an element of an accepted value. Runs its checks again for the data that they add, such
/// as the location of quotes; their result is ignored, because they have passed. Fails if the element
/// does not deserialize as `E`.
pub(super) fn accepted<E: Extract>(value: &Value, context: &CheckContext) -> Result<E, Problems> {
    let item = E::deserialize(value).map_err(|error| {
        let expected = format!("a value that can be read ({error})");
        Problem::new(ProblemKind::Type, "", expected, excerpt(value))
    })?;
    let checker = Checker::with_context(value, context.context());
    let _ = checker.guarded(|checker| item.check(checker));
    Ok(item)
}
