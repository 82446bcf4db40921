//! One reply of a script.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::answer::{ASKED_TOOL, Answer, End};
use super::wire_form::{self, WireForm};
use crate::conversation::{ProviderError, ProviderErrorKind};
use crate::wire::Protocol;

/// One reply of a script. The functions in [`reply`](super::reply) create them.
#[derive(Debug, Clone)]
pub struct ScriptedReply {
    pub(super) status: u16,
    pub(super) content: ReplyContent,
    pub(super) headers: HeaderMap,
    pub(super) delay: Duration,
    /// The time between two chunks of a stream.
    pub(super) pause: Duration,
    /// The place at which the connection ends.
    pub(super) cut: Option<Cut>,
    /// The size of a chunk of a stream, in bytes. `None` for one event each.
    pub(super) chunk: Option<usize>,
    /// A mistake in the script, which fails the request.
    pub(super) fault: Option<String>,
}

/// The place in a body at which the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// After this many bytes.
    At(usize),
    /// Before the events that say that the answer ends, or before the last byte of a whole body.
    BeforeEnd,
}

/// The body of a reply.
#[derive(Debug, Clone)]
pub(super) enum ReplyContent {
    /// An answer, written in the protocol of the model.
    Answer(Answer),
    /// The message of a failure, in the provider's shape.
    Failure(String),
    /// These bytes, whole.
    Body(Vec<u8>),
    /// These bytes of a stream.
    Events(Vec<u8>),
}

impl ScriptedReply {
    /// Returns a reply with status 200.
    pub(super) fn new(content: ReplyContent) -> Self {
        Self {
            status: 200,
            content,
            headers: HeaderMap::new(),
            delay: Duration::ZERO,
            pause: Duration::ZERO,
            cut: None,
            chunk: None,
            fault: None,
        }
    }

    /// Sets the delay before the reply. The default is none. Needs a tokio runtime with timers.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets the time between two chunks of a streamed reply. The default is none. Needs a tokio runtime with
    /// timers.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Sets the usage of the reply, in input and output tokens. The default is 10 and 5. A raw body keeps its
    /// form of Chat Completions; raw events and failures have no usage to set, and their request fails.
    pub fn usage(mut self, input_tokens: u64, output_tokens: u64) -> Self {
        match &mut self.content {
            ReplyContent::Answer(answer) => answer.usage = Some((input_tokens, output_tokens)),
            ReplyContent::Body(bytes) => {
                if let Ok(Value::Object(mut body)) = serde_json::from_slice(bytes) {
                    let usage = json!({
                        "prompt_tokens": input_tokens,
                        "completion_tokens": output_tokens,
                        "total_tokens": input_tokens.saturating_add(output_tokens),
                    });
                    body.insert(String::from("usage"), usage);
                    *bytes = Value::Object(body).to_string().into_bytes();
                }
            }
            _ => self.set_fault("`usage` is for answers: a failure and raw events have none"),
        }
        self
    }

    /// Leaves out the usage, as some local servers and gateways do. The
    /// [known usage](crate::extraction::Ledger::known_usage) of the extraction is then `None`.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::scripted::{Scripted, reply};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let model = Scripted::new([reply::tool(json!({"value": 7})).without_usage()]);
    /// let done = Client::with_model(model).extract::<u8>("Seven.").report().await?;
    /// assert!(done.ledger.known_usage().is_none());
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn without_usage(mut self) -> Self {
        match &mut self.content {
            ReplyContent::Answer(answer) => answer.usage = None,
            _ => self.set_fault("`without_usage` is for answers; write raw bodies as they are"),
        }
        self
    }

    /// Makes the limit of tokens the reason why the answer ends, also for calls.
    ///
    /// ```
    /// use extract_llm::scripted::reply;
    ///
    /// let cut = reply::tool_text(r#"{"name": "Mar"#).truncated();
    /// ```
    pub fn truncated(mut self) -> Self {
        match &mut self.content {
            ReplyContent::Answer(answer) => answer.end = End::Length,
            _ => self.set_fault("`truncated` is for answers; write raw bodies as they are"),
        }
        self
    }

    /// Leaves out the reason why the answer ends, as some servers and gateways do. A stream without it is
    /// [interrupted](crate::conversation::ProviderErrorKind::Interrupted): it may have ended anywhere. A whole
    /// reply is read. Google's Interactions always state it; the request then fails.
    ///
    /// ```
    /// use extract_llm::scripted::{Scripted, reply};
    /// use extract_llm::{Client, ErrorKind};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let answer = || reply::tool(json!({"value": 7})).unstated();
    /// let client = Client::with_model(Scripted::new([answer(), answer()]));
    ///
    /// assert_eq!(client.extract::<u8>("Seven.").await?, 7);
    /// let error = client.extract::<u8>("Seven.").stream().finish().await.unwrap_err();
    /// assert!(matches!(error.kind(), ErrorKind::Provider(_)));
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn unstated(mut self) -> Self {
        match &mut self.content {
            ReplyContent::Answer(answer) => answer.end = End::Unstated,
            _ => self.set_fault("`unstated` is for answers; write raw bodies as they are"),
        }
        self
    }

    /// Sets the status. The default is 200. With an error status, the body is that of a failure.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header to the response, such as `retry-after`. An invalid name or value fails the request.
    ///
    /// ```
    /// use extract_llm::scripted::reply;
    ///
    /// let busy = reply::status(429).header("retry-after", "2");
    /// ```
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
            }
            _ => self.set_fault(&format!("`{name}: {value}` is not a header")),
        }
        self
    }

    /// Replaces the text of the reply, or the arguments of its only call, by these pieces. If the reply is
    /// streamed, each piece arrives in its own event. Without pieces, the text is split by
    /// [`pieces_of`](super::Scripted::pieces_of).
    ///
    /// ```
    /// use extract_llm::scripted::reply;
    ///
    /// let slow = reply::tool_text("").pieces([r#"{"na"#, r#"me": "Ma"#, r#"ria"}"#]);
    /// ```
    pub fn pieces<P: Into<String>>(mut self, pieces: impl IntoIterator<Item = P>) -> Self {
        let pieces: Vec<String> = pieces.into_iter().map(Into::into).collect();
        let ReplyContent::Answer(answer) = &mut self.content else {
            self.set_fault("`pieces` are for answers; split raw events with `chunks_of`");
            return self;
        };
        match (&mut answer.text, answer.calls.as_mut_slice()) {
            (Some(text), []) => *text = pieces.concat(),
            (None, [(_, arguments)]) => *arguments = pieces.concat(),
            _ => {
                self.set_fault("`pieces` needs a reply of text, or of one call");
                return self;
            }
        }
        answer.pieces = Some(pieces);
        self
    }

    /// Sets the number of bytes in a chunk of a streamed reply, from 1. By default, a chunk is one event.
    /// Chunks may end inside an event and inside a character.
    pub fn chunks_of(mut self, bytes: usize) -> Self {
        self.chunk = Some(bytes.max(1));
        self
    }

    /// Ends the connection after this many bytes of the body. More bytes than the body has fail the request.
    ///
    /// ```
    /// use extract_llm::conversation::ProviderErrorKind;
    /// use extract_llm::scripted::{Scripted, reply};
    /// use extract_llm::{Client, ErrorKind};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7})).cut_at(40)]));
    /// let error = client.extract::<u8>("Seven.").await.unwrap_err();
    /// let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    /// assert_eq!(error.kind, ProviderErrorKind::Interrupted);
    /// # });
    /// ```
    pub fn cut_at(mut self, bytes: usize) -> Self {
        self.cut = Some(Cut::At(bytes));
        self
    }

    /// Ends the connection before the provider says that the answer ends: in a stream after the last piece of
    /// the answer, in a whole reply before the last byte. In streams of Google's generateContent and of Ollama,
    /// calls are in the event that ends the answer, so they are cut off, too. The request fails as
    /// [interrupted](crate::conversation::ProviderErrorKind::Interrupted), although the text may look complete.
    ///
    /// ```
    /// use extract_llm::conversation::ProviderErrorKind;
    /// use extract_llm::scripted::{Scripted, reply};
    /// use extract_llm::{Client, ErrorKind};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let model = Scripted::new([reply::tool(json!({"value": 7})).cut_before_end()]);
    /// let client = Client::with_model(model);
    /// let error = client.extract::<u8>("Seven.").stream().finish().await.unwrap_err();
    /// let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    /// assert_eq!(error.kind, ProviderErrorKind::Interrupted);
    /// # });
    /// ```
    pub fn cut_before_end(mut self) -> Self {
        match &self.content {
            ReplyContent::Answer(_) => self.cut = Some(Cut::BeforeEnd),
            _ => self.set_fault("`cut_before_end` is for answers; cut raw bodies with `cut_at`"),
        }
        self
    }

    /// Returns the bytes of the reply in this protocol, for a test server of your own. The name of the model is
    /// `scripted`. A streamed text is split into the [`pieces`](Self::pieces), or into 8 characters each. The
    /// status, headers, delays and cuts are not part of it: they are the server's.
    ///
    /// Fails if the protocol cannot carry the reply, if a method of the reply was misused, and for calls
    /// without a name: [`reply::tool`](super::reply::tool) calls the tool that a request asks for, and
    /// [`reply::call`](super::reply::call) names it.
    ///
    /// ```
    /// use extract_llm::model::Protocol;
    /// use extract_llm::scripted::reply;
    ///
    /// let form = reply::text("seven").pieces(["sev", "en"]).wire_form(Protocol::Chat)?;
    ///
    /// let body = String::from_utf8(form.body.unwrap_or_default())?;
    /// assert!(body.contains("\"content\":\"seven\""));
    /// let stream = String::from_utf8(form.events.unwrap_or_default().concat())?;
    /// assert!(stream.contains("\"content\":\"sev\"") && stream.ends_with("data: [DONE]\n\n"));
    /// assert_eq!(form.media_type, "text/event-stream");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wire_form(&self, protocol: Protocol) -> Result<WireForm, ProviderError> {
        /// The size of a piece of a streamed text.
        const CHARACTERS: usize = 8;
        self.check()?;
        if let ReplyContent::Answer(answer) = &self.content {
            if answer.calls.iter().any(|(name, _)| name == ASKED_TOOL) {
                let message = "without a request, the tool of `reply::tool` is not known; name it with \
                               `reply::call`";
                return Err(ProviderError::new(ProviderErrorKind::Other, message));
            }
        }
        self.form(protocol, "scripted", CHARACTERS)
    }

    /// Returns the reply in a protocol. `characters` is the size of a piece of text in a stream.
    pub(super) fn form(
        &self,
        protocol: Protocol,
        model: &str,
        characters: usize,
    ) -> Result<WireForm, ProviderError> {
        match &self.content {
            ReplyContent::Answer(answer) => {
                wire_form::of_answer(protocol, answer, model, characters)
            }
            ReplyContent::Failure(message) => {
                Ok(WireForm::of_body(wire_form::of_failure(protocol, self.status, message)))
            }
            ReplyContent::Body(bytes) => Ok(WireForm::of_body(bytes.clone())),
            ReplyContent::Events(bytes) => Ok(WireForm::of_events(bytes.clone())),
        }
    }

    /// Keeps the first mistake.
    fn set_fault(&mut self, fault: &str) {
        self.fault.get_or_insert_with(|| fault.to_owned());
    }

    /// Returns the mistake in the script as an error.
    pub(super) fn check(&self) -> Result<(), ProviderError> {
        match &self.fault {
            Some(fault) => {
                let message = format!("the script is not valid: {fault}");
                Err(ProviderError::new(ProviderErrorKind::Other, message))
            }
            None => Ok(()),
        }
    }
}
