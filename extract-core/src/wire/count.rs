//! Requests for the number of tokens of a request. Pure: from the body of the request to the body of the
//! question, and from the answer to the number.

use serde_json::{Map, Value, json};

use super::parse;
use crate::conversation::{ProviderError, ProviderErrorKind};

/// The way in which a server counts the tokens of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CountForm {
    /// It does not.
    None,
    /// Anthropic's `messages/count_tokens`.
    Anthropic,
    /// OpenAI's `responses/input_tokens`, with a request of the Responses protocol.
    OpenAi,
    /// Gemini's `:countTokens`, with the whole request inside.
    Gemini,
    /// llama.cpp's `apply-template`, whose prompt goes to `tokenize`.
    LlamaCpp,
    /// vLLM's `tokenize`, with messages.
    Vllm,
}

/// The fields of a request that count, by the form. A server refuses others.
const ANTHROPIC: [&str; 7] =
    ["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"];
const OPENAI: [&str; 8] = [
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "text",
    "reasoning",
    "parallel_tool_calls",
];
const VLLM: [&str; 3] = ["model", "messages", "tools"];

impl CountForm {
    /// Returns the body of the question from that of the request. Fails if the body is no object.
    pub(crate) fn question(self, model: &str, body: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let encoding = |error: serde_json::Error| {
            ProviderError::new(ProviderErrorKind::Encode, error.to_string())
        };
        let mut request: Map<String, Value> = serde_json::from_slice(body).map_err(encoding)?;
        let question = match self {
            Self::None => return Err(no_count()),
            Self::Anthropic => only(request, &ANTHROPIC),
            Self::OpenAi => only(request, &OPENAI),
            Self::Vllm => only(request, &VLLM),
            Self::LlamaCpp => {
                request.remove("stream");
                request
            }
            Self::Gemini => {
                request.insert("model".to_owned(), format!("models/{model}").into());
                Map::from_iter([("generateContentRequest".to_owned(), request.into())])
            }
        };
        serde_json::to_vec(&question).map_err(encoding)
    }

    /// Returns the number in the answer to the question.
    pub(crate) fn tokens(self, answer: &[u8]) -> Result<u64, ProviderError> {
        let answer = object(answer)?;
        let number = match self {
            Self::None => return Err(no_count()),
            Self::Anthropic | Self::OpenAi => answer.get("input_tokens").and_then(Value::as_u64),
            Self::Gemini => answer.get("totalTokens").and_then(Value::as_u64),
            Self::Vllm => answer.get("count").and_then(Value::as_u64),
            Self::LlamaCpp => {
                let tokens = answer.get("tokens").and_then(Value::as_array);
                tokens.and_then(|tokens| u64::try_from(tokens.len()).ok())
            }
        };
        number.ok_or_else(|| malformed("it holds no number of tokens"))
    }

    /// Returns the second question of llama.cpp from the answer to the first.
    pub(crate) fn second_question(answer: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let answer = object(answer)?;
        let prompt = answer.get("prompt").and_then(Value::as_str);
        let prompt = prompt.ok_or_else(|| malformed("it holds no prompt"))?;
        let question = json!({"content": prompt, "add_special": true, "parse_special": true});
        Ok(question.to_string().into_bytes())
    }
}

/// Keeps the fields with these names.
fn only(mut request: Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    request.retain(|name, _| names.contains(&name.as_str()));
    request
}

fn object(answer: &[u8]) -> Result<Map<String, Value>, ProviderError> {
    let answer = parse::without_byte_order_mark(answer);
    serde_json::from_slice(answer).map_err(|error| malformed(&error.to_string()))
}

fn malformed(reason: &str) -> ProviderError {
    let message = format!("the answer to the question for the number of tokens: {reason}");
    ProviderError::new(ProviderErrorKind::Malformed, message)
}

fn no_count() -> ProviderError {
    ProviderError::new(ProviderErrorKind::Encode, "the server counts no tokens")
}
