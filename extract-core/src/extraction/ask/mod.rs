//! The answer that a request asks for: the whole value, its invalid parts, or calls of several tools. Each
//! kind owns the output it requests, the evaluation of its reply and the feedback on it. Knows no loop.

mod calls;
mod candidates;
mod evaluation;
mod feedback;
mod incomplete;
mod kinds;
mod list_chunks;
mod list_rest;
mod partial_reask;
mod pending_calls;
mod read_value;
mod reply_turn;
mod text_answer;
mod unreadable;
mod whole;

pub(super) use calls::{Calls, unknown_tool};
pub(super) use candidates::{AnswerText, read_answer};
pub(super) use evaluation::{Evaluation, Evaluator, Rejection, Verdict};
pub(super) use feedback::{FeedbackWriter, NOT_TAKEN};
pub(super) use incomplete::Incomplete;
pub(super) use kinds::Ask;
pub(super) use list_rest::ListRest;
pub(super) use partial_reask::PartialReask;
pub(super) use pending_calls::{CallFeedback, CallProblems};
pub(super) use reply_turn::ReplyTurn;
pub(super) use whole::Whole;
