//! The switch against real calls. Each case runs in a process of its own, because the switch is for good.

use std::process::Command;

use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, model};
use serde_json::json;

/// The body of the cases, run in the child process. Does nothing in a normal run.
#[tokio::test]
async fn child() {
    let Ok(case) = std::env::var("EXTRACT_TEST_FORBID") else { return };
    match case.as_str() {
        "real" => model::forbid_real_calls(),
        "all" => model::forbid_all_calls(),
        _ => {}
    }
    let scripted = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    println!("script: {:?}", scripted.extract::<u8>("7").await.is_ok());
    // No server listens at this port: a call that is allowed fails to connect.
    for (name, url) in [("loopback", "http://127.0.0.1:9/v1"), ("other", "http://192.0.2.1:9/v1")] {
        let client = Client::builder().base_url(url).model("m").transport_retries(0);
        let client = client.connect_timeout(std::time::Duration::from_millis(50)).build().unwrap();
        println!("{name}: {}", client.extract::<u8>("7").await.unwrap_err());
        let stream = client.extract::<u8>("7").stream().finish().await;
        println!("{name} streamed: {}", stream.unwrap_err());
    }
}

/// Runs the child and returns its output.
fn output(case: &str, variable: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let path = name.rsplit_once("::").map_or("", |(path, _)| path);
    command.args(["--exact", &format!("{path}::child"), "--nocapture"]);
    command.env("EXTRACT_TEST_FORBID", case).env_remove("EXTRACT_FORBID_CALLS");
    if let Some(value) = variable {
        command.env("EXTRACT_FORBID_CALLS", value);
    }
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// Asserts which calls are forbidden, and by which switch.
#[track_caller]
fn assert_forbidden(output: &str, loopback: bool, other: bool, by: &str) {
    assert!(output.contains("script: true"), "{output}");
    for (name, forbidden) in [("loopback", loopback), ("other", other)] {
        for name in [name.to_owned(), format!("{name} streamed")] {
            let start = format!("{name}: ");
            let line = output.lines().find_map(|line| line.split_once(&start)).expect(output).1;
            assert_eq!(line.contains("real calls are forbidden"), forbidden, "{output}");
            assert_eq!(line.contains(&format!("`{by}`")), forbidden, "{output}");
        }
    }
}

#[test]
fn the_program_forbids_calls_to_other_machines() {
    assert_forbidden(&output("real", None), false, true, "forbid_real_calls");
}

#[test]
fn the_program_forbids_all_calls() {
    assert_forbidden(&output("all", None), true, true, "forbid_all_calls");
}

#[test]
fn the_environment_forbids_calls() {
    assert_forbidden(&output("", Some("1")), false, true, "EXTRACT_FORBID_CALLS");
    for value in ["all", "yes"] {
        assert_forbidden(&output("", Some(value)), true, true, "EXTRACT_FORBID_CALLS");
    }
}

#[test]
fn calls_are_allowed_without_the_switch() {
    for value in [None, Some("0"), Some("")] {
        assert_forbidden(&output("", value), false, false, "nothing");
    }
}
