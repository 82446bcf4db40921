//! Servers that already run, simulated by a loopback listener.

use std::time::{Duration, Instant};

use crate::support::{Playing, closed_port};
use extract_local::{LocalError, Options, Source, Which, connect};

/// Options for running servers only, on these ports.
fn look(ollama: u16, llama_cpp: u16) -> Options {
    Options::default().which(Which::Found).ollama_port(ollama).llama_cpp_port(llama_cpp).quiet()
}

const OLLAMA: &[(&str, u16, &str)] = &[(
    "/api/tags",
    200,
    r#"{"models":[
        {"name":"nomic-embed-text:latest","model":"nomic-embed-text:latest","details":{"family":"nomic-bert"}},
        {"name":"big:120b-cloud","remote_host":"https://ollama.com","details":{"family":""}},
        {"name":"qwen2.5:0.5b","size":397821319,"details":{"family":"qwen2","families":["qwen2"]}},
        {"name":"llama3.2:latest","details":{"family":"llama"}}]}"#,
)];

const LLAMA_CPP: &[(&str, u16, &str)] = &[(
    "/v1/models",
    200,
    r#"{"object":"list","data":[{"id":"my.gguf","object":"model","owned_by":"llamacpp"}]}"#,
)];

#[test]
fn a_running_ollama_is_used_with_a_model_that_chats_here() {
    let server = Playing::answering(OLLAMA);
    let found = connect(&look(server.port, closed_port())).unwrap();
    assert_eq!(found.base_url(), server.url());
    assert_eq!(found.model(), "qwen2.5:0.5b");
    assert_eq!(found.source(), Source::Found("Ollama"));
    assert!(found.is_running());
}

#[test]
fn a_configured_model_is_used_from_any_server_that_has_it() {
    let (ollama, llama_cpp) = (Playing::answering(OLLAMA), Playing::answering(LLAMA_CPP));
    let options = look(ollama.port, llama_cpp.port);
    assert_eq!(connect(&options.clone().model("llama3.2")).unwrap().model(), "llama3.2:latest");
    let other = connect(&options.clone().model("my.gguf")).unwrap();
    assert_eq!((other.base_url(), other.model()), (llama_cpp.url().as_str(), "my.gguf"));
    // Neither another model nor the managed server is used silently.
    match connect(&options.model("absent")) {
        Err(LocalError::ModelNotFound { model, looked }) => {
            assert_eq!((model.as_str(), looked.len()), ("absent", 2));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn by_default_no_known_port_is_probed() {
    let (ollama, llama_cpp) = (Playing::answering(OLLAMA), Playing::answering(LLAMA_CPP));
    let options = Options::default()
        .ollama_port(ollama.port)
        .llama_cpp_port(llama_cpp.port)
        .python("/nowhere/python3")
        .cache_dir(tempfile::tempdir().unwrap().path())
        .quiet();
    let error = connect(&options).unwrap_err();
    assert!(matches!(error, LocalError::NoPython { .. }), "{error:?}");
    let error = connect(&options.model("llama3.2")).unwrap_err();
    assert!(matches!(&error, LocalError::OtherModel { model } if model == "llama3.2"), "{error:?}");
    assert!(error.to_string().contains("EXTRACT_LOCAL=found"), "{error}");
    assert!(ollama.asked.lock().unwrap().is_empty());
    assert!(llama_cpp.asked.lock().unwrap().is_empty());
}

#[test]
fn a_running_llama_cpp_is_used() {
    let server = Playing::answering(LLAMA_CPP);
    let found = connect(&look(closed_port(), server.port)).unwrap();
    assert_eq!(found.source(), Source::Found("llama.cpp"));
    assert_eq!((found.base_url(), found.model()), (server.url().as_str(), "my.gguf"));
}

#[test]
fn other_programs_on_those_ports_are_not_used() {
    const WEB: &[(&str, u16, &str)] =
        &[("/v1/models", 200, "<html>hello</html>"), ("/api/tags", 200, "{}")];
    const OTHER_LIST: &[(&str, u16, &str)] = &[
        ("/v1/models", 200, r#"{"object":"list","data":[{"id":"x","owned_by":"vllm"}]}"#),
        ("/api/tags", 200, r#"["a","b"]"#),
    ];
    const EMPTY: &[(&str, u16, &str)] = &[
        ("/v1/models", 200, r#"{"object":"list","data":[]}"#),
        ("/api/tags", 200, r#"{"models":[]}"#),
    ];
    const LOADING: &[(&str, u16, &str)] = &[("/v1/models", 503, "{}"), ("/api/tags", 503, "{}")];
    for (pages, why) in
        [(WEB, "not a"), (OTHER_LIST, "not a"), (EMPTY, "no model"), (LOADING, "not ready")]
    {
        let server = Playing::answering(pages);
        match connect(&look(server.port, server.port)) {
            Err(LocalError::NoneRunning { looked }) => {
                assert!(looked.iter().all(|line| line.contains(why)), "{why}: {looked:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_server_that_never_answers_does_not_delay_the_search() {
    let silent = Playing::with(|_, _| std::thread::sleep(Duration::from_secs(60)));
    let endless = Playing::with(|stream, _| {
        use std::io::Write as _;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    });
    let began = Instant::now();
    let error = connect(&look(silent.port, endless.port)).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(30));
    let text = error.to_string();
    assert!(text.contains("no answer in time") && text.contains("larger than"), "{text}");
}

#[test]
fn a_configured_server_is_used_as_it_is() {
    const PAGES: &[(&str, u16, &str)] =
        &[("/api/v1/models", 200, r#"{"object":"list","data":[{"id":"first"},{"id":"second"}]}"#)];
    let server = Playing::answering(PAGES);
    let url = format!("http://localhost:{}/api/v1/", server.port);
    let options = Options::default().url(&url).quiet();
    let found = connect(&options).unwrap();
    assert_eq!((found.base_url(), found.model()), (url.trim_end_matches('/'), "first"));
    assert_eq!(connect(&options.clone().model("second")).unwrap().model(), "second");
    // A server may accept models that it does not list.
    assert_eq!(connect(&options.model("hidden")).unwrap().model(), "hidden");
    // A server may have no model list.
    let bare = Playing::answering(&[]);
    let named = connect(&Options::default().url(bare.url()).model("m").quiet()).unwrap();
    assert_eq!(named.model(), "m");
}

#[test]
fn a_configured_url_without_a_server_is_an_error_and_no_other_is_tried() {
    const HTML: &[(&str, u16, &str)] = &[("/v1/models", 200, "<html></html>")];
    const KEY: &[(&str, u16, &str)] = &[("/v1/models", 401, "{}")];
    const NONE: &[(&str, u16, &str)] = &[("/v1/models", 200, r#"{"data":[]}"#)];
    let ollama = Playing::answering(OLLAMA);
    let try_url = |url: &str| {
        connect(&Options::default().url(url).ollama_port(ollama.port).quiet()).unwrap_err()
    };
    let closed = format!("http://127.0.0.1:{}/v1", closed_port());
    assert!(matches!(try_url(&closed), LocalError::NotAnswering { url, .. } if url == closed));
    for (pages, word) in [(HTML, "list of models"), (KEY, "key")] {
        let text = try_url(&Playing::answering(pages).url()).to_string();
        assert!(text.contains(word) && text.contains("EXTRACT_LOCAL_URL"), "{text}");
    }
    assert!(matches!(try_url(&Playing::answering(NONE).url()), LocalError::NoModel { .. }));
    for url in ["not a url", "https://example.com/v1", "http://"] {
        assert!(matches!(
            try_url(url),
            LocalError::Setting { name: "EXTRACT_LOCAL_URL", value, .. } if value == url
        ));
    }
    for url in ["http://me:hunter2@host/v1", "http://host/v1?key=hunter2", "me:hunter2@host"] {
        let options = Options::default().url(url);
        let shown = format!("{options:?} {0} {0:?}", try_url(url));
        assert!(!shown.contains("hunter2") && shown.contains("EXTRACT_LOCAL_URL"), "{shown}");
    }
    assert!(ollama.asked.lock().unwrap().is_empty());
}
