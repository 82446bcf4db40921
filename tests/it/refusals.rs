//! Configurations and inputs that are refused before anything is sent, their messages, and that
//! these contain no secrets.

use extract_core::http::HttpRequest;
use extract_core::model::{Provider, ProviderOptions};
use extract_llm::extraction::InputError;
use extract_llm::model::ConfigError;
use extract_llm::reqwest::header::HeaderMap;
use extract_llm::scripted::reply;
use extract_llm::{Client, Error, ErrorKind, Extract, Message};
use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::scripted::scripted as client;

fn config_error(client: Result<Client, Error>) -> ConfigError {
    match client.map_err(Error::into_kind) {
        Err(ErrorKind::Config(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Returns the base URL as the error shows it.
fn refused_url(url: &str) -> String {
    let error = config_error(Client::builder().model("m").base_url(url).build());
    let told = format!("{error} {error:?}");
    assert!(!told.contains("hunter2") && !told.contains("root"), "{told}");
    match error {
        ConfigError::BaseUrl { url, .. } => url,
        other => panic!("{other}"),
    }
}

#[test]
fn the_error_for_a_base_url_shows_no_secrets() {
    for (url, shown) in [
        ("https://root:hunter2@host/v1", "https://…@host/v1"),
        ("ftp://root:hunter2@host/v1", "ftp://…@host/v1"),
        ("root:hunter2@host/v1", "…@host/v1"),
        ("//root:hunter2@host", "…@host"),
        ("https://root:hunter2@host:99999/v1", "https://…@host:99999/v1"),
        ("https://root:h/hunter2@host/v1", "https://…@host/v1"),
        ("https://root:h?hunter2@host/v1", "https://…"),
        ("https://host:99999/v1?key=hunter2", "https://host:99999/v1?…"),
        ("ftp://host/v1#hunter2", "ftp://host/v1#…"),
        ("https://host:99999/v1", "https://host:99999/v1"),
    ] {
        assert_eq!(refused_url(url), shown);
    }
}

#[test]
fn no_debug_output_shows_the_secrets_of_a_url() {
    for url in ["https://root:hunter2@host/v1", "https://host/v1?key=hunter2", "host#hunter2"] {
        let builder = Client::builder().model("m").base_url(url);
        let shown = format!("{builder:?}");
        assert!(!shown.contains("hunter2") && shown.contains("host"), "{shown}");
    }
    let mut options = ProviderOptions::default();
    options.model = "m".into();
    options.base_url = Some("https://host/v1?key=hunter2".into());
    let shown = format!("{options:?} {:?}", Provider::new(options.clone()).unwrap());
    assert_eq!(shown.matches("https://host/v1?…").count(), 2, "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");

    let url = "https://host/v1?key=hunter2".parse().unwrap();
    let shown = format!("{:?}", HttpRequest::post(url, HeaderMap::new(), "a document"));
    assert!(shown.contains("https://host/v1?…") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_key_in_a_url_that_a_server_echoes_is_redacted() {
    let server = MockServer::start().await;
    let page = "nothing at /v1/chat/completions?api-version=2024-10-21&key=hunter2-hunter2";
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(404).set_body_string(page))
        .mount(&server)
        .await;
    let url = format!("{}/v1?api-version=2024-10-21&key=hunter2-hunter2", server.uri());
    let client = Client::builder().model("m").base_url(url).build().unwrap();
    let error = client.extract::<u8>("Seven.").await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("2024-10-21") && shown.contains("[secret]"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_error_for_a_missing_model_shows_the_format() {
    for spec in ["openai", "openai/", " OpenAI / "] {
        let error = config_error(Client::new(spec));
        assert!(matches!(error, ConfigError::NoModel { .. }), "{spec}: {error:?}");
        let told = error.to_string();
        assert!(told.contains("`openai/model-name`") && !told.contains("unknown"), "{told}");
    }
    let error = config_error(Client::new("  "));
    assert!(error.to_string().contains("provider/model"), "{error}");
}

#[test]
fn the_error_for_a_missing_provider_suggests_one() {
    for (spec, full) in [
        ("gpt-4o", "`openai/gpt-4o`"),
        (" claude-opus-5-5", "`anthropic/claude-opus-5-5`"),
        ("/gemini-3.5-flash", "`google/gemini-3.5-flash`"),
        ("nobody-knows", "`provider/nobody-knows`"),
    ] {
        let error = config_error(Client::new(spec));
        assert!(matches!(error, ConfigError::NoProvider { .. }), "{spec}: {error:?}");
        assert!(error.to_string().contains(full), "{error}");
    }
}

#[test]
fn provider_names_are_case_insensitive() {
    for spec in ["OpenAI/gpt-4o", " openai/gpt-4o\n", "openai / gpt-4o"] {
        let client = Client::builder().model(spec).api_key("k").build().unwrap();
        let profile = client.model().profile();
        assert_eq!((&*profile.provider, &*profile.model), ("openai", "gpt-4o"));
    }
    // With a custom base URL, the prefix is more likely a part of the model's name.
    let own = Client::builder().model("Groq/Llama-3").base_url("http://host/v1").build().unwrap();
    assert_eq!(own.model().profile().model, "Groq/Llama-3");
}

#[test]
fn the_embedded_model_is_selected_by_local_alone() {
    for spec in ["local", " Local "] {
        assert_eq!(Client::new(spec).unwrap().model().profile().provider, "local");
    }
    let error = config_error(Client::new("local/qwen3"));
    assert!(error.to_string().contains("Client::new(\"local\")"), "{error}");
    let ConfigError::UnknownProvider { known, name } = config_error(Client::new("nosuch/model"))
    else {
        panic!()
    };
    assert_eq!(name, "nosuch");
    for (typed, meant) in
        [("antropic/m", "anthropic"), ("OpenIA/m", "openai"), ("olama/m", "ollama")]
    {
        let error = config_error(Client::new(typed)).to_string();
        assert!(error.contains(&format!("did you mean \"{meant}\"?")), "{error}");
    }
    assert!(!config_error(Client::new("nosuch/model")).to_string().contains("did you mean"));
    assert!(known.contains(&"local") && known.contains(&"openai"), "{known:?}");
}

#[test]
fn a_blank_key_counts_as_missing() {
    for key in ["", " \t\n"] {
        let error = config_error(Client::builder().model("openai/gpt-4o").api_key(key).build());
        let ConfigError::MissingKey { provider, variables } = &error else { panic!("{error:?}") };
        assert_eq!((*provider, variables.len()), ("openai", 0));
        assert!(error.to_string().contains("blank"), "{error}");
    }
    // Servers that need no key are sent none.
    assert!(Client::builder().model("ollama/qwen3").api_key("").build().is_ok());
    assert!(Client::builder().model("m").base_url("http://host/v1").api_key("").build().is_ok());
}

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    age: u8,
}

#[tokio::test]
async fn an_empty_input_is_refused_with_examples_too() {
    let example =
        [Message::user("Maria is 34."), Message::assistant(r#"{"name": "Maria", "age": 34}"#)];
    let (client, model) = client([reply::tool(json!({"name": "Maria", "age": 34}))]);
    let extract = |input: Vec<Message>| client.extract::<Person>(input);
    for blank in [
        client.extract::<Person>("").examples(&example),
        client.extract::<Person>(" \n").examples(&example).examples(&example),
        extract(Vec::new()).examples(&example),
        extract(vec![Message::system("Extract the person."), Message::user("")]),
        extract(vec![Message::system("Extract the person."), Message::user("")]).examples(&example),
    ] {
        let error = blank.await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Input(InputError::Empty)), "{error}");
    }
    assert_eq!(model.seen().len(), 0);

    let person = client.extract::<Person>("Maria again").examples(&example).await.unwrap();
    assert_eq!(person.name, "Maria");
    assert_eq!(model.seen().len(), 1);
}
