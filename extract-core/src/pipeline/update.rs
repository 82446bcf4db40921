//! Brings a value of an earlier form of a type up to date: what is the same is kept, and the model is asked
//! for the rest.

use std::sync::Arc;

use serde_json::Value;

use super::stop::stop_of;
use crate::contract::{Contract, Extract, ReaskParts};
use crate::extraction::{Accepted, Error, Ledger, Prepared};

/// The result of an update.
pub(super) enum Updated<T> {
    /// A value, or an error that does not speak against the update.
    Ended(Box<Result<Accepted<T>, Error>>),
    /// The whole value has to be asked for. The ledger has the requests so far.
    Unusable(Ledger),
}

impl<T> Updated<T> {
    fn ended(ran: Result<Accepted<T>, Error>) -> Self {
        Self::Ended(Box::new(ran))
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
        return Updated::Unusable(Ledger::default());
    };
    let (json, mut ledger) = if changes.asked.is_empty() {
        (changes.kept, Ledger::default())
    } else {
        let Some(parts) = ReaskParts::of(contract, None, &changes.kept, &changes.asked) else {
            return Updated::Unusable(Ledger::default());
        };
        match prepared.asking_for(Arc::clone(parts.contract())).run().await {
            Ok(answer) => {
                let merged = parts.merge(&changes.kept, &answer.json);
                (merged.unwrap_or(changes.kept), answer.report.ledger)
            }
            Err(error) if error.is_retryable() => return Updated::ended(Err(error)),
            Err(error) => {
                return match stop_of(error) {
                    Ok(mut error) => Updated::Unusable(std::mem::take(error.ledger_mut())),
                    Err((_, ledger)) => Updated::Unusable(ledger),
                };
            }
        }
    };
    match prepared.check(&json, &mut ledger).await {
        Ok(typed) => Updated::ended(Ok(Accepted::kept(typed, json, ledger))),
        Err(_) => Updated::Unusable(ledger),
    }
}
