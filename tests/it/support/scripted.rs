//! A client that answers from a script, and saves its request bodies for the check against the
//! official types.

use extract_llm::model::{Model, Profile};
use extract_llm::scripted::Scripted;
use extract_llm::scripted::ScriptedReply;
use extract_llm::{Client, conversation};
use futures_util::future::BoxFuture;

use super::bodies::keep_as;

/// Returns a client that answers from a script, and the script.
#[allow(dead_code, reason = "not every test uses both")]
pub(crate) fn scripted(replies: impl IntoIterator<Item = ScriptedReply>) -> (Client, Scripted) {
    let model = Scripted::new(replies);
    (client_of(&model), model)
}

/// Returns a client of a script.
pub(crate) fn client_of(model: &Scripted) -> Client {
    Client::with_model(Keeping(model.clone()))
}

struct Keeping(Scripted);

impl Model for Keeping {
    fn profile(&self) -> Profile {
        self.0.profile()
    }

    fn respond<'a>(
        &'a self,
        request: &'a conversation::Request,
    ) -> BoxFuture<'a, Result<conversation::Reply, conversation::ProviderError>> {
        Box::pin(async move {
            let reply = self.0.respond(request).await;
            if let Some(seen) = self.0.seen().last() {
                keep_as("openai-chat", &seen.body);
            }
            reply
        })
    }
}
