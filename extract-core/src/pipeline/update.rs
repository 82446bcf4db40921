//! Brings a value of an earlier form of a type up to date: what is the same is kept, and the model is asked
//! for the rest.

use std::sync::Arc;

use serde_json::Value;

use super::stop::stop_of;
use crate::contract::{Changes, Contract, Extract, ReaskParts};
use crate::extraction::{Accepted, Error, Ledger, Prepared};
use crate::schema::segments;

/// The result of an update.
pub(super) enum Updated<T> {
    /// A value, or an error that does not speak against the update.
    Ended(Box<Result<Accepted<T>, Error>>),
    /// The whole value has to be asked for. The ledger has the requests so far.
    Unusable(Box<Ledger>),
}

impl<T> Updated<T> {
    fn ended(ran: Result<Accepted<T>, Error>) -> Self {
        Self::Ended(Box::new(ran))
    }
}

/// The part of a value that is asked for.
enum Missing {
    /// Members of the value itself.
    Members(Arc<Contract>),
    /// Members of objects inside it.
    Parts(ReaskParts),
}

impl Missing {
    /// Returns the part that changes ask for; `None` if it cannot be asked for alone.
    fn of(contract: &Contract, changes: &Changes) -> Option<Self> {
        let pointers = changes.asked.iter().map(|problem| &*problem.pointer);
        let members: Option<Vec<String>> = pointers
            .map(|pointer| {
                let mut names = segments(pointer);
                let first = names.next()?;
                names.next().is_none().then_some(first)
            })
            .collect();
        match members {
            Some(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                contract.with_members(&names).ok().map(Self::Members)
            }
            None => ReaskParts::of(contract, None, &changes.kept, &changes.asked).map(Self::Parts),
        }
    }

    fn contract(&self) -> Arc<Contract> {
        match self {
            Self::Members(contract) => Arc::clone(contract),
            Self::Parts(parts) => Arc::clone(parts.contract()),
        }
    }

    /// Adds an answer to the value that was kept.
    fn add(&self, mut kept: Value, answer: Value) -> Value {
        match (self, answer) {
            (Self::Members(_), Value::Object(members)) => {
                if let Some(kept) = kept.as_object_mut() {
                    kept.extend(members);
                }
                kept
            }
            (Self::Members(_), _) => kept,
            (Self::Parts(parts), answer) => parts.merge(&kept, &answer).unwrap_or(kept),
        }
    }
}

/// Keeps the members of a value whose schema is that of the earlier contract, asks for the others, and checks
/// the whole.
pub(super) async fn update<T: Extract + Send>(
    prepared: &Prepared<T>,
    earlier: &Contract,
    value: &Value,
) -> Updated<T> {
    let contract = prepared.contract();
    let Some(changes) = contract.changes_since(earlier, value) else {
        return Updated::Unusable(Box::default());
    };
    let (json, mut ledger) = if changes.asked.is_empty() {
        (changes.kept, Ledger::default())
    } else {
        let Some(missing) = Missing::of(contract, &changes) else {
            return Updated::Unusable(Box::default());
        };
        match prepared.asking_for(missing.contract()).run().await {
            Ok(answer) => (missing.add(changes.kept, answer.json), answer.report.ledger),
            Err(error) if error.is_retryable() => return Updated::ended(Err(error)),
            Err(error) => {
                return match stop_of(error) {
                    Ok(mut error) => {
                        Updated::Unusable(Box::new(std::mem::take(error.ledger_mut())))
                    }
                    Err(stopping) => Updated::Unusable(Box::new(stopping.ledger)),
                };
            }
        }
    };
    // Pointers of the answer are not those of the whole value.
    ledger.forget_confidences();
    match prepared.check(&json, &mut ledger).await {
        Ok(typed) => Updated::ended(Ok(Accepted::kept(typed, json, ledger))),
        Err(_) => Updated::Unusable(Box::new(ledger)),
    }
}
