//! A client of another crate as a model: `genai`, in under 60 lines. The extraction asks, reads, checks and asks
//! again as with a provider of this library; `genai` sends the requests.
//!
//! ```text
//! cd examples/foreign-client
//! cargo run                                       # the embedded model
//! OPENAI_API_KEY=… cargo run gpt-4.1-mini
//! ```

use extract_llm::conversation::{
    Block, Output, ProviderError, ProviderErrorKind, Reply, Request, Role, StopReason, Usage,
};
use extract_llm::model::{Model, Profile, read_failure};
use extract_llm::{Client, Extract, Mode};
use futures_util::future::BoxFuture;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, JsonSpec, StopReason as Stop};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{ModelIden, ServiceTarget};

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
            let mut options = ChatOptions {
                temperature: request.settings.temperature,
                max_tokens: request.settings.max_tokens,
                ..ChatOptions::default()
            };
            if let Output::JsonSchema(tool) = &request.output {
                options =
                    options.with_response_format(JsonSpec::new(&tool.name, tool.schema.clone()));
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

/// Returns the error of a response, with its kind and the wait that it asks for, or another error as its text.
fn provider_error(error: genai::Error) -> ProviderError {
    use genai::webc::Error::ResponseFailedStatus as Failed;
    match &error {
        genai::Error::WebModelCall { webc_error: Failed { status, body, headers }, .. } => {
            read_failure(status.as_u16(), headers, body.as_bytes())
        }
        _ => ProviderError::new(ProviderErrorKind::Other, error.to_string()),
    }
}

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    name: String,
    #[extract(range(max = 150))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (model, _server) = match std::env::args().nth(1) {
        Some(name) => (Genai(genai::Client::new()?, name), None),
        None => {
            let connect = || extract_local::connect(&extract_local::Options::from_env()?);
            let server = tokio::task::spawn_blocking(connect).await??;
            (embedded(&server)?, Some(server))
        }
    };
    let client = Client::builder().temperature(0.0).max_tokens(200).with_model(model);
    let report = client
        .extract::<Person>("My neighbour Tom Hill, aged 51, repairs bicycles.")
        .report()
        .await?;
    println!("{:?}", report.value);
    println!("{}", report.ledger);
    Ok(())
}

/// Returns `genai` for the embedded model's server, which speaks OpenAI's protocol.
fn embedded(server: &extract_local::Server) -> Result<Genai, genai::Error> {
    let base_url = format!("{}/", server.base_url());
    let resolver = ServiceTargetResolver::from_resolver_fn(move |target: ServiceTarget| {
        let model = ModelIden::new(AdapterKind::OpenAI, target.model.model_name);
        let endpoint = Endpoint::from_owned(base_url.clone());
        Ok::<_, genai::resolver::Error>(ServiceTarget {
            endpoint,
            auth: AuthData::from_single("none"),
            model,
        })
    });
    let client = genai::Client::builder().with_service_target_resolver(resolver).build()?;
    Ok(Genai(client, server.model().to_owned()))
}
