//! The scripted model.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::scripted_reply::{ASKED_TOOL, ScriptedReply};
use crate::cache::CacheKey;
use crate::contract::wrapper;
use crate::conversation::{
    Block, Delta, Mode, Output, ProviderError, ProviderErrorKind, Reply, Request, ToolChoice,
};
use crate::http::timer;
use crate::model::api::{DeltaStream, Model};
use crate::model::profile::Profile;
use crate::wire::{Delivery, Protocol, Quirks, decode_failure, unsupported};

/// A request that a [`Scripted`] model received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeenRequest {
    /// The request.
    pub request: Request,
    /// The body as it would be sent to OpenAI.
    pub body: Value,
}

/// The remaining replies and the received requests.
#[derive(Default)]
struct Script {
    replies: VecDeque<ScriptedReply>,
    seen: Vec<SeenRequest>,
}

/// A model that answers from a queue of replies and keeps the requests it saw. A clone shares both.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::Client;
/// # use serde_json::json;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let model = Scripted::new([reply::tool(json!({"value": 7}))]);
/// let client = Client::with_model(model.clone());
///
/// let n: u32 = client.extract("seven").await?;
///
/// assert_eq!(n, 7);
/// assert_eq!(model.seen()[0].body["messages"][0]["content"], "<text>\nseven\n</text>");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Scripted {
    script: Arc<Mutex<Script>>,
    profile: Profile,
    /// The number of characters in a delta of a streamed reply.
    piece: usize,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted")
            .field("left", &self.script().replies.len())
            .finish_non_exhaustive()
    }
}

impl Scripted {
    /// Creates a model that returns these replies, one per request. After the last one, requests fail.
    pub fn new(replies: impl IntoIterator<Item = ScriptedReply>) -> Self {
        let script = Script { replies: replies.into_iter().collect(), seen: Vec::new() };
        let profile = Profile::new("scripted", "scripted");
        Self { script: Arc::new(Mutex::new(script)), profile, piece: 8 }
    }

    /// Sets the profile of the model. The default supports all modes.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Restricts the model to one mode.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.profile.modes = vec![mode];
        self
    }

    /// Sets the number of characters in a delta of a streamed reply. The default is 8, the minimum 1.
    pub fn pieces_of(mut self, characters: usize) -> Self {
        self.piece = characters.max(1);
        self
    }

    /// Returns the requests so far, oldest first.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.script().seen.clone()
    }

    /// Returns the number of replies left.
    pub fn left(&self) -> usize {
        self.script().replies.len()
    }

    /// Locks the script.
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the body of a request as it would be sent to OpenAI.
    fn encode(&self, request: &Request) -> Result<Vec<u8>, ProviderError> {
        Protocol::Chat.encode(request, &self.profile.model, &Quirks::OPENAI, Delivery::Whole)
    }

    /// Records a request and returns the next reply.
    ///
    /// # Errors
    /// No reply is left, the reply is an error status, or it has a delay and the tokio runtime has no timers.
    async fn answer(&self, request: &Request) -> Result<Reply, ProviderError> {
        let body = serde_json::from_slice(&self.encode(request)?)
            .map_err(|error| ProviderError::new(ProviderErrorKind::Encode, error.to_string()))?;
        let next = {
            let mut script = self.script();
            script.seen.push(SeenRequest { request: request.clone(), body });
            let seen = script.seen.len();
            script.replies.pop_front().ok_or_else(|| {
                let message = format!("the script has no reply for request {seen}");
                ProviderError::new(ProviderErrorKind::Other, message)
            })?
        };
        if !next.delay.is_zero() {
            timer(|| tokio::time::sleep(next.delay))?.await;
        }
        if next.status != 200 {
            let mut error = decode_failure(next.status, &next.body, None);
            error.unsupported = unsupported(&error, request.output.mode());
            return Err(error);
        }
        let mut reply = Protocol::Chat.decode(&next.body)?;
        name_calls(&mut reply, request)?;
        Ok(reply)
    }
}

/// Replaces the placeholder in calls by the name of the tool that the request asks for. If every variant
/// of an enum is a tool, the arguments select one, as serde writes the enum: `{"Variant": …}`.
fn name_calls(reply: &mut Reply, request: &Request) -> Result<(), ProviderError> {
    for block in &mut reply.blocks {
        if let Block::ToolCall(call) = block {
            if call.name == ASKED_TOOL {
                asked_tool(request, &mut call.arguments)?.clone_into(&mut call.name);
            }
        }
    }
    Ok(())
}

/// Returns the name of the tool that the request asks for. If the arguments select a variant, they are
/// replaced by those of the variant.
///
/// # Errors
/// The request asks for several tools and the arguments select none.
fn asked_tool<'r>(request: &'r Request, arguments: &mut String) -> Result<&'r str, ProviderError> {
    let tools = match &request.output {
        Output::Tools(tools) => tools,
        Output::JsonSchema(tool) => return Ok(&tool.name),
        Output::JsonObject | Output::Text => return Ok("answer"),
    };
    let answer_tools = &tools.tools[..tools.tools.len().saturating_sub(tools.user_tools)];
    match (tools.choice, answer_tools) {
        (ToolChoice::Only(index), _) if index < tools.tools.len() => {
            return Ok(&tools.tools[index].name);
        }
        (_, [only]) => return Ok(&only.name),
        _ => {}
    }
    let (variant, inner) = match serde_json::from_str(arguments) {
        Ok(Value::String(variant)) => (variant, json!({})),
        Ok(Value::Object(members)) if members.len() == 1 => {
            members.into_iter().next().unwrap_or_default()
        }
        _ => Default::default(),
    };
    if let Some(tool) = answer_tools.iter().find(|tool| tool.name == variant) {
        let wrapped = wrapper::is_wrapper(&tool.schema);
        *arguments = match inner {
            Value::Null if !wrapped => json!({}),
            inner if wrapped && inner.get(wrapper::KEY).is_none() => wrapper::wrap_value(inner),
            inner => inner,
        }
        .to_string();
        return Ok(&tool.name);
    }
    let names: Vec<String> = answer_tools.iter().map(|tool| format!("`{}`", tool.name)).collect();
    let message = format!(
        "the script calls the requested tool, but the request offers {} tools: {}; write \
         `reply::call(name, arguments)`, or ask for one tool with `.layout(Layout::Whole)`",
        names.len(),
        names.join(", ")
    );
    Err(ProviderError::new(ProviderErrorKind::Other, message))
}

impl Model for Scripted {
    fn profile(&self) -> Profile {
        self.profile.clone()
    }

    /// The body of the request makes the key, so all scripts share the entries of a cache.
    fn cache_key<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<CacheKey>> {
        Box::pin(async move {
            let body = self.encode(request).ok()?;
            Some(CacheKey::of([b"scripted", &body[..]]))
        })
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(self.answer(request))
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<DeltaStream<'a>, ProviderError>> {
        Box::pin(async move {
            let deltas = self.answer(request).await?.into_deltas();
            let pieces: Vec<Delta> =
                deltas.into_iter().flat_map(|delta| split_delta(delta, self.piece)).collect();
            let arriving = stream::iter(pieces).then(|piece| async {
                // Every delta arrives alone, as over a network.
                tokio::task::yield_now().await;
                Ok(piece)
            });
            Ok(arriving.boxed())
        })
    }
}

/// Splits text and arguments into deltas of at most `max_characters` characters.
fn split_delta(delta: Delta, max_characters: usize) -> Vec<Delta> {
    let (text, of): (String, Box<dyn Fn(String) -> Delta>) = match delta {
        Delta::Text(text) => (text, Box::new(Delta::Text)),
        Delta::Arguments { index, fragment } => {
            (fragment, Box::new(move |fragment| Delta::Arguments { index, fragment }))
        }
        other => return vec![other],
    };
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(max_characters).map(|piece| of(piece.iter().collect())).collect()
}
