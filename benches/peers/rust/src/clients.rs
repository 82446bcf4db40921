//! The clients. Each asks for the same types in the way that its documentation shows.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use serde_json::Value;

use crate::types::{
    Address, Asked, Contacts, Event, Invoice, Order, Person, Product, Recipe, Review, Stock,
};

/// Settings that are equal for all clients.
pub struct Settings {
    pub reasks: u32,
    pub most_tokens: Option<u32>,
}

/// The reason why a client returned no value: the first name in the error's `Debug` form, and its
/// message.
pub struct Failure {
    pub kind: String,
    pub message: String,
}

impl Failure {
    fn of(error: impl Debug + Display) -> Self {
        Self { kind: first_word(&error), message: error.to_string() }
    }

    /// Returns the failure of our client. The `Debug` form of its error is a text, and its kind has a name.
    fn of_ours(error: &extract_llm::Error) -> Self {
        Self { kind: first_word(error.kind()), message: error.to_string() }
    }
}

/// Returns the name at the start of a `Debug` form.
fn first_word(value: &impl Debug) -> String {
    let debug = format!("{value:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

type Answer = Result<Value, Failure>;

#[derive(Clone, Copy)]
pub enum Client {
    Ours(extract_llm::Mode),
    /// Our client with a native schema and a system sentence that states the task.
    OursAsked,
    /// Our client with the settings that it uses for the embedded model.
    OursLocal,
    Plain,
    Rstructor,
    RigTool,
    RigNative,
    Instructors,
}

impl FromStr for Client {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        use extract_llm::Mode;
        Ok(match name {
            "ours-tools" => Self::Ours(Mode::Tools),
            "ours-json_schema" => Self::Ours(Mode::JsonSchema),
            "ours-json_object" => Self::Ours(Mode::JsonObject),
            "ours-text" => Self::Ours(Mode::Text),
            "ours-asked" => Self::OursAsked,
            "ours-local" => Self::OursLocal,
            "plain" => Self::Plain,
            "rstructor" => Self::Rstructor,
            "rig-extractor" => Self::RigTool,
            "rig-prompt_typed" => Self::RigNative,
            "instructors" => Self::Instructors,
            other => return Err(format!("no client is called {other}")),
        })
    }
}

impl Client {
    /// Asks for the type with this name.
    pub async fn ask_for(self, name: &str, url: &str, prompt: &str, settings: &Settings) -> Answer {
        match name {
            "order" => self.ask::<Order>(url, prompt, settings).await,
            "stock" => self.ask::<Stock>(url, prompt, settings).await,
            "person" => self.ask::<Person>(url, prompt, settings).await,
            "review" => self.ask::<Review>(url, prompt, settings).await,
            "event" => self.ask::<Event>(url, prompt, settings).await,
            "address" => self.ask::<Address>(url, prompt, settings).await,
            "product" => self.ask::<Product>(url, prompt, settings).await,
            "contacts" => self.ask::<Contacts>(url, prompt, settings).await,
            "invoice" => self.ask::<Invoice>(url, prompt, settings).await,
            "recipe" => self.ask::<Recipe>(url, prompt, settings).await,
            other => panic!("no type is called {other}"),
        }
    }

    /// Asks for a value of a JSON Schema. Only our clients take one.
    pub async fn ask_for_value(
        self,
        schema: Value,
        url: &str,
        prompt: &str,
        settings: &Settings,
    ) -> Answer {
        let client = match self {
            Self::Ours(mode) => our_client(mode, url, settings)?,
            Self::OursLocal => our_local_client(url),
            _ => panic!("this client takes no schema"),
        };
        let mut asked =
            client.extract_value(schema, prompt).validation_retries(settings.reasks);
        if let Some(most) = settings.most_tokens {
            asked = asked.max_tokens(most);
        }
        asked.await.map_err(|error| Failure::of_ours(&error))
    }

    async fn ask<T: Asked>(self, url: &str, prompt: &str, settings: &Settings) -> Answer {
        let value = match self {
            Self::Ours(mode) => ours::<T>(mode, None, url, prompt, settings).await?,
            Self::OursAsked => {
                ours::<T>(extract_llm::Mode::JsonSchema, Some(ASKED), url, prompt, settings).await?
            }
            Self::OursLocal => ours_local::<T>(url, prompt, settings).await?,
            Self::Plain => plain::<T>(url, prompt, settings).await?,
            Self::Rstructor => rstructor::<T>(url, prompt, settings).await?,
            Self::RigTool => rig_tool::<T>(url, prompt, settings).await?,
            Self::RigNative => rig_native::<T>(url, prompt, settings).await?,
            Self::Instructors => instructors::<T>(url, prompt, settings).await?,
        };
        Ok(serde_json::to_value(value).expect("the types can be written"))
    }
}

/// Every client treats this name as a capable model.
const MODEL: &str = "gpt-4.1-mini";

/// A system sentence that a user might add to the text.
const ASKED: &str = "Extract what is asked for from the text.";

async fn ours<T: Asked>(
    mode: extract_llm::Mode,
    system: Option<&str>,
    url: &str,
    prompt: &str,
    settings: &Settings,
) -> Result<T, Failure> {
    let client = our_client(mode, url, settings)?;
    let mut asked = client.extract::<T>(prompt);
    if let Some(system) = system {
        asked = asked.system(system);
    }
    asked.await.map_err(|error| Failure::of_ours(&error))
}

/// Returns our client for a server. A token limit means the local model's server. Without one, the
/// server is the stand-in for OpenAI.
fn our_client(
    mode: extract_llm::Mode,
    url: &str,
    settings: &Settings,
) -> Result<extract_llm::Client, Failure> {
    let provider = if settings.most_tokens.is_some() { "llamacpp" } else { "openai" };
    let mut client = extract_llm::Client::builder()
        .model(format!("{provider}/{MODEL}"))
        .base_url(url)
        .api_key("none")
        .mode(mode)
        .validation_retries(settings.reasks);
    if let Some(most) = settings.most_tokens {
        client = client.max_tokens(most);
    }
    client.build().map_err(Failure::of)
}

/// Returns what `Client::local()` returns, for a server that already runs.
fn our_local_client(url: &str) -> extract_llm::Client {
    let options = extract_local::Options::default().url(url);
    extract_llm::Client::with_model(extract_core::model::Local::new(options))
}

async fn ours_local<T: Asked>(url: &str, prompt: &str, settings: &Settings) -> Result<T, Failure> {
    let client = our_local_client(url);
    let mut asked = client.extract::<T>(prompt).validation_retries(settings.reasks);
    if let Some(most) = settings.most_tokens {
        asked = asked.max_tokens(most);
    }
    asked.await.map_err(|error| Failure::of_ours(&error))
}

/// Uses no library: the prompt describes the reply, and `serde_json` parses it.
async fn plain<T: Asked>(url: &str, prompt: &str, settings: &Settings) -> Result<T, Failure> {
    use extract_llm::Message;
    use extract_llm::conversation::Request;

    let client = extract_llm::Client::builder()
        .model(format!("llamacpp/{MODEL}"))
        .base_url(url)
        .build()
        .map_err(Failure::of)?;
    let words = format!("{prompt}\n\nAnswer in JSON, and with nothing else: {}", T::in_words());
    let mut request = Request::new(vec![Message::user(words)]);
    request.settings.max_tokens = settings.most_tokens;
    let reply = client.model().respond(&request).await.map_err(Failure::of)?;
    serde_json::from_str(reply.text().trim()).map_err(Failure::of)
}

async fn rstructor<T: Asked>(url: &str, prompt: &str, settings: &Settings) -> Result<T, Failure> {
    use rstructor::LLMClient;

    let mut client = rstructor::OpenAIClient::new("none")
        .map_err(Failure::of)?
        .base_url(url)
        .model(MODEL)
        .max_retries(settings.reasks as usize);
    if let Some(most) = settings.most_tokens {
        client = client.max_tokens(most);
    }
    client.extract::<T>(prompt).await.map_err(Failure::of)
}

async fn rig_tool<T: Asked>(url: &str, prompt: &str, settings: &Settings) -> Result<T, Failure> {
    use rig::extractor::ExtractorBuilder;

    let mut extractor =
        ExtractorBuilder::<T>::new(rig_model(url)).retries(settings.reasks as usize);
    if let Some(most) = settings.most_tokens {
        extractor = extractor.max_tokens(most.into());
    }
    let done = extractor.build().extract(prompt).await.map_err(Failure::of)?;
    Ok(done.output)
}

async fn rig_native<T: Asked>(url: &str, prompt: &str, settings: &Settings) -> Result<T, Failure> {
    let mut agent = rig::AgentBuilder::new(rig_model(url));
    if let Some(most) = settings.most_tokens {
        agent = agent.max_tokens(most.into());
    }
    let agent = agent.build();
    let asked = agent.prompt_typed::<T>(prompt).retries(settings.reasks as usize);
    Ok(asked.await.map_err(Failure::of)?.output)
}

fn rig_model(url: &str) -> rig::Model<rig::providers::openai::wire::Chat> {
    rig::providers::openai::OpenAIConfig::new("none").with_base_url(url).client().chat(MODEL)
}

async fn instructors<T: Asked>(url: &str, prompt: &str, settings: &Settings) -> Result<T, Failure> {
    let client = instructors::Client::openai_compatible("none", url);
    let mut asked = client
        .extract::<T>(prompt)
        .model(MODEL)
        .max_retries(settings.reasks)
        .validate(|value: &T| value.rules().map_err(Into::into));
    if let Some(most) = settings.most_tokens {
        asked = asked.max_tokens(most);
    }
    Ok(asked.await.map_err(Failure::of)?.value)
}
