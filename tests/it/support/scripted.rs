//! A client that answers from a script, and saves its request bodies for the check against the
//! official types.

use extract_llm::Client;
use extract_llm::scripted::{Scripted, ScriptedReply};

use super::bodies::keep_as;

/// Returns a client that answers from a script, and the script.
#[allow(dead_code, reason = "not every test uses both")]
pub(crate) fn scripted(replies: impl IntoIterator<Item = ScriptedReply>) -> (Client, Scripted) {
    let model = Scripted::new(replies);
    (client_of(&model), model)
}

/// Returns a client of a script.
pub(crate) fn client_of(model: &Scripted) -> Client {
    Client::with_model(model.clone().inspect(|request| keep_as("openai-chat", &request.body)))
}
