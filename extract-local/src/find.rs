//! Finds servers that already run: the configured one, an Ollama, a llama.cpp. Any program may
//! listen on their ports, so every server must identify itself before it is used.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::LocalError;
use crate::http::{Base, shown};
use crate::options::Options;

/// For a server that the user configured.
const NAMED_TIMEOUT: Duration = Duration::from_secs(10);
/// For a server that may not exist: a missing server, or another program, must not delay the
/// search.
const GUESS_TIMEOUT: Duration = Duration::from_secs(2);

/// A usable server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) what: &'static str,
    pub(crate) base: Base,
    pub(crate) model: String,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    #[serde(default)]
    owned_by: String,
}

/// Ollama's native model list, which has more details than its OpenAI-compatible one.
#[derive(Deserialize)]
struct Tags {
    models: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    remote_host: Option<String>,
    #[serde(default)]
    details: Details,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(default)]
    family: String,
}

/// Returns the server at a configured base URL with the configured model, or else the first that it
/// lists. A model that the server does not list only causes a warning. Fails if the URL is invalid,
/// if the server does not answer, or if it lists no model and none is configured.
pub(crate) fn named(url: &str, model: Option<&str>) -> Result<Found, LocalError> {
    let base = Base::parse(url).map_err(|expected| LocalError::Setting {
        name: "EXTRACT_LOCAL_URL",
        value: shown(url).to_owned(),
        expected,
    })?;
    let not_answering = |why: String| LocalError::NotAnswering { url: base.url(), why };
    let response = base.get("/models", NAMED_TIMEOUT).map_err(|e| not_answering(e.to_string()))?;
    let models: Option<Models> = read(&response.body);
    let model = match (model, response.status, models) {
        (Some(model), 200, Some(models)) => {
            if !models.data.iter().any(|listed| listed.id == model) {
                tracing::warn!(model, "the server at {} does not list this model", base.url());
            }
            model.to_owned()
        }
        // Some servers have no model list. This one answers, and the model is configured.
        (Some(model), 404 | 405, _) => model.to_owned(),
        (None, 200, Some(models)) => match models.data.into_iter().next() {
            Some(model) => model.id,
            None => return Err(LocalError::NoModel { url: base.url() }),
        },
        (_, 200, None) => {
            return Err(not_answering("/models did not give OpenAI's list of models".into()));
        }
        (_, 401 | 403, _) => {
            return Err(not_answering(
                "it wants a key; give it as a provider with a base URL and a key instead".into(),
            ));
        }
        (_, status, _) => return Err(not_answering(format!("/models gave HTTP status {status}"))),
    };
    Ok(Found { what: "the server named by EXTRACT_LOCAL_URL", base, model })
}

/// Returns a running Ollama or llama.cpp server. Fails with the answers of all servers that were
/// tried.
pub(crate) fn running(options: &Options) -> Result<Found, Vec<String>> {
    let wanted = options.model.as_deref();
    let mut looked = Vec::new();
    for (what, port, look) in [
        (
            "Ollama",
            options.ollama_port,
            ollama as fn(&Base, Option<&str>) -> Result<String, String>,
        ),
        ("llama.cpp", options.llama_cpp_port, llama_cpp),
    ] {
        let base = Base::local(port);
        match look(&base, wanted) {
            Ok(model) => return Ok(Found { what, base, model }),
            Err(why) => looked.push(format!("{what} at {}: {why}", base.url())),
        }
    }
    tracing::debug!("no running server: {}", looked.join("; "));
    Err(looked)
}

fn ollama(base: &Base, wanted: Option<&str>) -> Result<String, String> {
    let tags: Tags = ask(base.get_path("/api/tags", GUESS_TIMEOUT), "not an Ollama")?;
    let mut usable = tags.models.into_iter().filter(|tag| {
        // Ollama also lists embedding models, and models that run on another host for a fee.
        let embeds = tag.details.family.contains("bert") || tag.name.contains("embed");
        !embeds && tag.remote_host.as_deref().unwrap_or_default().is_empty()
    });
    match wanted {
        None => usable.next().map(|tag| tag.name).ok_or_else(|| "it has no model".to_owned()),
        Some(wanted) => usable
            .find(|tag| tag.name == wanted || tag.name.strip_suffix(":latest") == Some(wanted))
            .map(|tag| tag.name)
            .ok_or_else(|| "it does not have the model".to_owned()),
    }
}

fn llama_cpp(base: &Base, wanted: Option<&str>) -> Result<String, String> {
    const NOT: &str = "not a llama.cpp server";
    let models: Models = ask(base.get("/models", GUESS_TIMEOUT), NOT)?;
    if models.data.iter().any(|model| model.owned_by != "llamacpp") {
        return Err(NOT.to_owned());
    }
    let mut ids = models.data.into_iter().map(|model| model.id);
    match wanted {
        None => ids.next().ok_or_else(|| "it has no model".to_owned()),
        Some(wanted) => {
            ids.find(|id| id == wanted).ok_or_else(|| "it does not have the model".to_owned())
        }
    }
}

fn ask<T: DeserializeOwned>(
    response: std::io::Result<crate::http::Response>,
    not: &str,
) -> Result<T, String> {
    let response = response.map_err(|error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    })?;
    match response.status {
        200 => read(&response.body).ok_or_else(|| not.to_owned()),
        503 => Err("it is not ready".to_owned()),
        _ => Err(not.to_owned()),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// Returns whether the server at this base URL answers.
pub(crate) fn answers(base: &Base) -> bool {
    base.get("/models", GUESS_TIMEOUT).is_ok_and(|response| response.status < 500)
}

/// Checks that the server at this base URL lists this model. Fails with a description of the
/// problem.
pub(crate) fn lists(base_url: &str, model: &str) -> Result<(), String> {
    let base = Base::parse(base_url)?;
    let response = base.get("/models", NAMED_TIMEOUT).map_err(|error| error.to_string())?;
    if response.status != 200 {
        return Err(format!("/models gave HTTP status {}", response.status));
    }
    match read::<Models>(&response.body) {
        Some(models) if models.data.iter().any(|listed| listed.id == model) => Ok(()),
        Some(_) => Err(format!("/models does not list {model}")),
        None => Err("/models did not give OpenAI's list of models".to_owned()),
    }
}
