//! The library's use of environment variables. Every case runs in a child process, because all
//! tests share this process's environment.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use extract_llm::{Client, extract};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// Runs [`child`] in a child process with exactly these variables, and returns its output.
fn with_environment(variables: &[(&str, &str)]) -> String {
    run_child("environment::child", variables)
}

/// Runs a test in a child process with exactly these variables, and returns its output.
fn run_child(test: &str, variables: &[(&str, &str)]) -> String {
    let Output { stdout, stderr, .. } = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env_clear()
        .env("EXTRACT_TEST_CHILD", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))
}

/// The body of the cases below, run in the child process. Does nothing in a normal run.
#[test]
fn child() {
    if std::env::var_os("EXTRACT_TEST_CHILD").is_none() {
        return;
    }
    let client = match std::env::var("EXTRACT_TEST_KEY") {
        Ok(key) => Client::builder().model("openai/gpt-6-luna").api_key(key).build(),
        Err(_) => Client::from_env(),
    };
    match client {
        Ok(client) => println!("client: {client:?}"),
        Err(error) => println!("error: {error}"),
    }
}

#[test]
fn the_error_for_a_missing_key_names_its_variable() {
    let said = with_environment(&[("EXTRACT_MODEL", "openai/gpt-6-luna")]);
    assert!(
        said.contains("error: no key for `openai`") && said.contains("OPENAI_API_KEY"),
        "{said}"
    );
    let said =
        with_environment(&[("EXTRACT_MODEL", "openai/gpt-6-luna"), ("OPENAI_API_KEY", "  ")]);
    assert!(said.contains("OPENAI_API_KEY"), "{said}");
}

#[test]
fn a_key_in_the_environment_is_found_and_not_shown() {
    let said = with_environment(&[
        ("EXTRACT_MODEL", "openai/gpt-6-luna"),
        ("OPENAI_API_KEY", "sk-secret-secret"),
    ]);
    assert!(said.contains("client:") && said.contains("gpt-6-luna"), "{said}");
    assert!(!said.contains("sk-secret"), "{said}");
}

#[test]
fn a_blank_key_is_not_replaced_by_the_environment() {
    let there = ("OPENAI_API_KEY", "sk-secret-secret");
    for blank in ["", " \t"] {
        let said = with_environment(&[("EXTRACT_TEST_KEY", blank), there]);
        assert!(said.contains("error: the key that was given for `openai` is blank"), "{said}");
    }
    let said = with_environment(&[("EXTRACT_TEST_KEY", "sk-other"), there]);
    assert!(said.contains("client:"), "{said}");
}

#[test]
fn bedrock_takes_an_api_key_or_the_credentials_of_aws() {
    let model = ("EXTRACT_MODEL", "bedrock/amazon.nova-lite-v1:0");
    let (id, secret) =
        (("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t-s3cr3t"));
    let said = with_environment(&[model, ("AWS_REGION", "eu-central-1")]);
    let both = said.contains("AWS_BEARER_TOKEN_BEDROCK") && said.contains("AWS_ACCESS_KEY_ID");
    assert!(said.contains("error: no key") && both, "{said}");
    let said = with_environment(&[model, id, secret]);
    assert!(said.contains("error") && said.contains("AWS_REGION"), "{said}");
    for region in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let said = with_environment(&[model, id, secret, (region, "eu-central-1")]);
        assert!(said.contains("client:") && said.contains("nova-lite"), "{said}");
        assert!(!said.contains("s3cr3t"), "{said}");
    }
}

#[test]
fn local_servers_and_custom_base_urls_need_no_key() {
    let said = with_environment(&[("EXTRACT_MODEL", "ollama/qwen3")]);
    assert!(said.contains("client:") && said.contains("qwen3"), "{said}");
    let said = with_environment(&[
        ("EXTRACT_MODEL", "org/some-model"),
        ("EXTRACT_BASE_URL", "http://127.0.0.1:9/v1"),
    ]);
    assert!(said.contains("client:") && said.contains("org/some-model"), "{said}");
}

#[test]
fn a_base_url_without_a_model_is_an_error_that_names_the_variable() {
    let said = with_environment(&[("EXTRACT_BASE_URL", "http://127.0.0.1:9/v1")]);
    assert!(said.contains("EXTRACT_MODEL is not"), "{said}");
}

#[test]
fn an_empty_environment_selects_the_embedded_model() {
    let said = with_environment(&[]);
    assert!(said.contains("client:") && said.contains("local"), "{said}");
    let said = with_environment(&[("EXTRACT_MODEL", "local")]);
    assert!(said.contains("client:") && said.contains("local"), "{said}");
}

/// A server that answers 7 to every request and keeps its connections open.
struct KeepAlive {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl KeepAlive {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (opened, answered) = (Arc::clone(&connections), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                opened.fetch_add(1, Ordering::SeqCst);
                let answered = Arc::clone(&answered);
                thread::spawn(move || serve(stream, &answered));
            }
        });
        Self { address, connections, requests }
    }

    fn counts(&self) -> (usize, usize) {
        (self.connections.load(Ordering::SeqCst), self.requests.load(Ordering::SeqCst))
    }
}

/// Answers the requests of one connection until the client closes it.
fn serve(mut stream: TcpStream, answered: &AtomicUsize) {
    let message = json!({"role": "assistant", "content": json!({"value": 7}).to_string()});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    let body = json!({"id": "1", "object": "chat.completion", "choices": [choice]}).to_string();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line.trim().is_empty() => break,
                Ok(_) => {}
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut request = vec![0; length];
        reader.read_exact(&mut request).unwrap();
        let _: Value = serde_json::from_slice(&request).unwrap();
        answered.fetch_add(1, Ordering::SeqCst);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Extracts with the function `extract` in three runtimes, one after the other. Run in a child process. Does
/// nothing in a normal run.
#[test]
fn child_extracts() {
    if std::env::var_os("EXTRACT_TEST_CHILD").is_none() {
        return;
    }
    let ten = async {
        for _ in 0..10 {
            let n: u8 =
                tokio::time::timeout(Duration::from_secs(60), extract("seven").into_future())
                    .await
                    .expect("it does not hang")
                    .unwrap();
            assert_eq!(n, 7);
        }
        println!("ten");
    };
    let first = runtime();
    first.block_on(ten);
    // Created outside of a runtime, and awaited in it.
    let late = extract::<u8>("seven");
    assert_eq!(first.block_on(late.into_future()).unwrap(), 7);
    let second = runtime();
    assert_eq!(second.block_on(extract::<u8>("seven").into_future()).unwrap(), 7);
    drop(second);
    // Still there after another one.
    assert_eq!(first.block_on(extract::<u8>("seven").into_future()).unwrap(), 7);
    drop(first);
    let workers = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    workers.block_on(async {
        for _ in 0..5 {
            assert_eq!(
                tokio::spawn(extract::<u8>("seven").into_future()).await.unwrap().unwrap(),
                7
            );
        }
    });
    println!("all");
}

#[test]
fn calls_of_extract_share_the_connections_of_their_runtime() {
    let server = KeepAlive::start();
    let url = format!("http://{}/v1", server.address);
    let variables = [("EXTRACT_MODEL", "m"), ("EXTRACT_BASE_URL", url.as_str())];
    let said = run_child("environment::child_extracts", &variables);
    assert!(said.contains("all"), "{said}");
    // Ten calls and two later ones in the first runtime, one in the second, five in the third.
    let (connections, calls) = server.counts();
    assert_eq!(calls, 18, "{said}");
    // A connection is free again a moment after its reply. A call in that moment opens another one.
    assert!((3..=6).contains(&connections), "{connections} connections: {said}");
}

#[test]
fn an_error_of_the_embedded_model_names_the_alternative() {
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path().to_str().unwrap();
    let said =
        run_child("environment::child_asks", &[("PATH", "/nowhere"), ("EXTRACT_CACHE_DIR", cache)]);
    let line =
        said.lines().find(|line| line.contains("error: ")).unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains("looked for python3, python, "), "{line}");
    let alternative = ", or set EXTRACT_MODEL=openai/gpt-6-luna and OPENAI_API_KEY";
    assert!(line.contains(&format!("EXTRACT_PYTHON{alternative}")), "{line}");
    // The same for another error.
    let said = run_child("environment::child_asks", &[("EXTRACT_LOCAL", "found, please")]);
    assert!(said.contains(alternative), "{said}");
}

/// Asks the model of the environment, and prints the error. Run in a child process. Does nothing in a normal
/// run.
#[test]
fn child_asks() {
    if std::env::var_os("EXTRACT_TEST_CHILD").is_none() {
        return;
    }
    let asked = extract::<u8>("seven").into_future();
    println!("error: {}", runtime().block_on(asked).unwrap_err());
}
