//! The library's use of environment variables. Every case runs in a child process, because all
//! tests share this process's environment.

use std::process::{Command, Output};

use extract_llm::Client;

/// Runs [`child`] in a child process with exactly these variables, and returns its output.
fn with_environment(variables: &[(&str, &str)]) -> String {
    let Output { stdout, stderr, .. } = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::child", "--nocapture"])
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
