//! One element of a list by itself: from its text to a checked value, and from the JSON of a list that
//! was checked already to what its checks have looked up.

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

/// What an element is asked for by.
#[derive(Debug)]
pub(super) struct ElementReader {
    contract: Arc<Contract>,
    form: Option<Arc<LoweredContract>>,
}

impl ElementReader {
    /// In the form in which the whole is asked for; none where an element has no such form.
    pub(super) fn of(contract: &Arc<Contract>, attempt: &AttemptStarted) -> Option<Self> {
        let form =
            attempt.form.as_ref().map(|form| contract.lowered_like(form)).transpose().ok()?;
        Some(Self { contract: Arc::clone(contract), form })
    }

    /// Reads its text.
    pub(super) fn read(&self, text: &str) -> Result<Restored, Problems> {
        let form = self.form.as_deref();
        let wrapped = self.contract.is_wrapped().then(|| wrapper::wrap_text(text));
        let text = wrapped.as_deref().unwrap_or(text);
        let reading = reading::read_arguments(text, self.contract.shape(form), Level::Lenient)
            .map_err(|error| Problems::from(error.to_string()))?;
        Ok(self.contract.restore(form, reading.value))
    }

    /// Checks it: as the list's own type and schema ask for it, and as another contract does, if there
    /// is one. Nothing where a check could not be made.
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

/// An element of a value that was accepted. Its checks have passed, as those of the value; they are
/// made again for what they look up.
pub(super) fn accepted<E: Extract>(value: &Value, context: &CheckContext) -> Result<E, Problems> {
    let item = E::deserialize(value).map_err(|error| {
        let expected = format!("a value that can be read ({error})");
        Problem::new(ProblemKind::Type, "", expected, excerpt(value))
    })?;
    let checker = Checker::with_context(value, context.context());
    let _ = checker.guarded(|checker| item.check(checker));
    Ok(item)
}
