//! The content of a scripted reply, before it is written in a protocol.

use serde_json::{Value, json};

use crate::contract::wrapper;
use crate::conversation::{Output, ProviderError, ProviderErrorKind, Request, ToolChoice};

/// The placeholder in a scripted call for the name of the tool that the request asks for.
pub(super) const ASKED_TOOL: &str = "\u{0}asked";

/// The reason why a scripted answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A natural end, or that of a call.
    Natural,
    /// The limit of tokens.
    Length,
    /// The content filter.
    Filter,
    /// A reason that the provider leaves out.
    Unstated,
}

/// What a model answers, in no protocol.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) text: Option<String>,
    /// The calls, by name and arguments.
    pub(super) calls: Vec<(String, String)>,
    pub(super) refusal: Option<String>,
    pub(super) end: End,
    /// Input and output tokens. `None` if the provider reports none.
    pub(super) usage: Option<(u64, u64)>,
    /// The pieces in which the text, or the arguments of the only call, are streamed.
    pub(super) pieces: Option<Vec<String>>,
}

impl Answer {
    /// Returns an answer of text with a natural end, for 10 input and 5 output tokens.
    pub(super) fn of_text(text: Option<String>) -> Self {
        Self {
            text,
            calls: Vec::new(),
            refusal: None,
            end: End::Natural,
            usage: Some((10, 5)),
            pieces: None,
        }
    }

    /// Returns a streamed text in its pieces: those that were set, or else pieces of this many characters.
    pub(super) fn split(&self, text: &str, characters: usize) -> Vec<String> {
        match &self.pieces {
            Some(pieces) if pieces.concat() == text => pieces.clone(),
            _ => {
                let all: Vec<char> = text.chars().collect();
                all.chunks(characters.max(1)).map(|piece| piece.iter().collect()).collect()
            }
        }
    }

    /// Replaces the placeholder in calls by the name of the tool that the request asks for. If every variant
    /// of an enum is a tool, the arguments select one, as serde writes the enum: `{"Variant": …}`.
    pub(super) fn name_calls(&mut self, request: &Request) -> Result<(), ProviderError> {
        for (name, arguments) in &mut self.calls {
            if name == ASKED_TOOL {
                asked_tool(request, arguments)?.clone_into(name);
                // The pieces were those of the arguments that select a variant.
                let is_whole = |pieces: &Vec<String>| pieces.concat() == *arguments;
                self.pieces = self.pieces.take().filter(is_whole);
            }
        }
        Ok(())
    }
}

/// Returns the name of the tool that the request asks for. If the arguments select a variant, they are
/// replaced by those of the variant. Fails if the request asks for several tools and the arguments select
/// none.
fn asked_tool<'r>(request: &'r Request, arguments: &mut String) -> Result<&'r str, ProviderError> {
    let tools = match &request.output {
        Output::Tools(tools) => tools,
        Output::JsonSchema(tool) => return Ok(&tool.name),
        Output::JsonObject | Output::Text => return Ok("answer"),
    };
    let count = tools.tools.len().saturating_sub(tools.user_tools);
    let answer_tools = tools.tools.get(..count).unwrap_or_default();
    match (tools.choice, answer_tools) {
        (ToolChoice::Only(index), _) => {
            if let Some(tool) = tools.tools.get(index) {
                return Ok(&tool.name);
            }
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
