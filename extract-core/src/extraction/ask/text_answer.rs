//! Plain text as an answer, for types that accept it ([`Answer`](crate::contract::Answer)).

use serde_json::Value;

use super::reply_turn::ReplyTurn;
use crate::contract::{Contract, Variants};
use crate::reading::{self, Level};

/// Returns the value that the text of a reply stands for. Returns `None` if there is no text, or if the
/// text is the JSON of the value itself.
pub(super) fn value_of_text(
    variants: &Variants,
    turn: &ReplyTurn<'_>,
    contract: &Contract,
) -> Option<Value> {
    let text = turn.text();
    let text = reading::without_reasoning(&text)?;
    let value = variants.value_of_text(text.trim())?;
    let is_json = reading::read_arguments(text, contract.shape(None), Level::Strict).is_ok();
    (!text.trim().is_empty() && !is_json).then_some(value)
}
