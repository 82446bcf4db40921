//! What several test files share: a scripted client whose request bodies are kept for the check
//! against the official types, which `.ci/run` makes after the tests.

use std::io::Write;

use extract_llm::model::scripted::ScriptedReply;
use extract_llm::model::{Model, Profile, Scripted};
use extract_llm::{Client, conversation};
use futures_util::future::BoxFuture;
use serde_json::Value;

/// A client that answers from a script, and the script.
pub fn scripted(replies: impl IntoIterator<Item = ScriptedReply>) -> (Client, Scripted) {
    let model = Scripted::new(replies);
    (client_of(&model), model)
}

/// A client of a script.
pub fn client_of(model: &Scripted) -> Client {
    Client::with_model(Keeping(model.clone()))
}

/// Keeps the body of a Chat Completions request for the oracle, where it is asked for.
pub fn keep_body(body: &Value) {
    let Some(dir) = std::env::var_os("EXTRACT_BODIES_DIR") else { return };
    let path = std::path::Path::new(&dir).join("openai-chat.jsonl");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{body}\n").as_bytes()).unwrap();
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
                keep_body(&seen.body);
            }
            reply
        })
    }
}
