//! A client of another crate as a model: `genai`, in under 60 lines. The extraction asks, reads, checks and asks
//! again as with a provider of this library; `genai` sends the requests.
//!
//! ```text
//! cd examples/foreign-client && OPENAI_API_KEY=… cargo run [MODEL]
//! ```

use extract_llm::conversation::{
    Block, Output, ProviderError, ProviderErrorKind, Reply, Request, Role, StopReason, Usage,
};
use extract_llm::model::{Model, Profile};
use extract_llm::{Client, Extract, Mode};
use futures_util::future::BoxFuture;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, JsonSpec, StopReason as Stop};

/// A model behind `genai`, and its name.
struct Genai(genai::Client, String);

impl Model for Genai {
    fn profile(&self) -> Profile {
        Profile::new("genai", &self.1).modes([Mode::JsonSchema, Mode::Text])
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(async move {
            let messages = request.messages.iter().map(|message| match message.role {
                Role::System => ChatMessage::system(message.text()),
                Role::Assistant => ChatMessage::assistant(message.text()),
                _ => ChatMessage::user(message.text()),
            });
            let mut options = ChatOptions::default();
            options.temperature = request.settings.temperature;
            options.max_tokens = request.settings.max_tokens;
            if let Output::JsonSchema(tool) = &request.output {
                options = options.with_response_format(JsonSpec::new(&tool.name, tool.schema.clone()));
            }
            let chat = ChatRequest::new(messages.collect());
            let sent = self.0.exec_chat(self.1.as_str(), chat, Some(&options)).await;
            let answer = sent.map_err(provider_error)?;
            let stop = match &answer.stop_reason {
                Some(Stop::Completed(_) | Stop::StopSequence(_)) => StopReason::Stop,
                Some(Stop::MaxTokens(_)) => StopReason::Length,
                Some(Stop::ContentFilter(_)) => StopReason::ContentFilter,
                Some(Stop::ToolCall(_)) => StopReason::ToolCalls,
                Some(Stop::Other(reason)) => StopReason::Other(reason.clone()),
                None => StopReason::Unstated,
            };
            let count = |tokens: Option<i32>| tokens.and_then(|n| u64::try_from(n).ok());
            let tokens = (count(answer.usage.prompt_tokens), count(answer.usage.completion_tokens));
            let mut reply = Reply::new(vec![Block::Text(answer.into_texts().concat())], stop);
            if let (Some(input), Some(output)) = tokens {
                reply.usage = Some(Usage::new(input, output));
            }
            Ok(reply)
        })
    }
}

/// Returns the error with the kind of its status.
fn provider_error(error: genai::Error) -> ProviderError {
    let status = match &error {
        genai::Error::HttpError { status, .. } => Some(status.as_u16()),
        genai::Error::WebModelCall { webc_error: genai::webc::Error::ResponseFailedStatus { status, .. }, .. } => {
            Some(status.as_u16())
        }
        _ => None,
    };
    let kind = match status {
        Some(401) => ProviderErrorKind::Authentication,
        Some(429) => ProviderErrorKind::RateLimited,
        Some(500..) => ProviderErrorKind::Server,
        Some(_) => ProviderErrorKind::InvalidRequest,
        None => ProviderErrorKind::Other,
    };
    let mut failure = ProviderError::new(kind, error.to_string());
    failure.status = status;
    failure
}

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    name: String,
    #[extract(range(max = 150))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), extract_llm::Error> {
    let model = std::env::args().nth(1).unwrap_or_else(|| String::from("gpt-4.1-mini"));
    let client = Client::with_model(Genai(genai::Client::default(), model));
    let person: Person = client.extract("My neighbour Tom Hill, aged 51, repairs bicycles.").await?;
    println!("{person:?}");
    Ok(())
}
