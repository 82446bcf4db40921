//! Waiting without `async`: outside of a runtime, and inside every kind of one.

use std::thread;
use std::time::Duration;

use extract_core::Client;
use extract_core::blocking::{Wait, WaitEach};
use extract_core::conversation::Mode;
use extract_core::extraction::Step;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::support::server::{Act, Server, answer};

fn schema() -> Value {
    json!({"type": "object", "title": "Person", "required": ["age"], "additionalProperties": false,
        "properties": {"age": {"type": "integer"}}})
}

/// Starts a server in a runtime of its own, which answers each request with an age.
fn served(acts: Vec<Act>) -> (Runtime, Client) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::start(acts));
    let client = Client::builder().base_url(server.url()).model("m").build().unwrap();
    (runtime, client)
}

fn age() -> Act {
    let message = json!({"role": "assistant", "content": r#"{"age": 41}"#});
    let body = json!({"choices": [{"message": message, "finish_reason": "stop"}]});
    answer(200, "", &body.to_string())
}

fn waited(client: &Client) -> u64 {
    let value = client.extract_value(schema(), "aged 41").mode(Mode::JsonSchema).wait().unwrap();
    value["age"].as_u64().unwrap()
}

#[test]
fn a_call_is_waited_for_outside_and_inside_of_every_runtime() {
    let (_runtime, client) = served(vec![age()]);
    assert_eq!(waited(&client), 41);

    // The future itself need not move to another thread.
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || waited(&client))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 41));

    let single = Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(single.block_on(async { waited(&client) }), 41);
    let bare = Builder::new_current_thread().build().unwrap();
    assert_eq!(bare.block_on(async { waited(&client) }), 41);
    let several = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    assert_eq!(several.block_on(async { waited(&client) }), 41);
    let (inner, outer) = (client.clone(), client.clone());
    assert_eq!(several.block_on(several.spawn(async move { waited(&inner) })).unwrap(), 41);
    let task = several.spawn_blocking(move || waited(&outer));
    assert_eq!(several.block_on(task).unwrap(), 41);

    // An async call of the same client still works, before and after.
    let async_call = async { client.extract_value(schema(), "aged 41").await.unwrap() };
    assert_eq!(several.block_on(async_call)["age"], 41);
    assert_eq!(waited(&client), 41);
}

#[test]
fn streams_are_iterated_and_finished() {
    let chunk = |text: &str| {
        let data = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
        format!("data: {data}\n\n")
    };
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let body =
        chunk(r#"{"value": [1, "#) + &chunk("2]}") + &format!("data: {end}\n\ndata: [DONE]\n\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let (_runtime, client) = served(vec![Act::Answer((head.to_owned() + &body).into_bytes())]);
    let mut numbers = client.extract::<Vec<u8>>("one, two").items();
    let seen: Vec<u8> = numbers.wait_each().map(Result::unwrap).collect();
    assert_eq!(seen, [1, 2]);
    assert_eq!(numbers.finish().wait().unwrap(), [1, 2]);

    let mut deltas = client.extract::<Vec<u8>>("one, two").stream();
    let mut count = 0;
    while let Some(partial) = deltas.next().wait() {
        partial.unwrap();
        count += 1;
    }
    assert!(count > 0);
    assert_eq!(deltas.finish().wait().unwrap(), [1, 2]);
}

#[test]
fn every_kind_of_call_can_be_waited_for() {
    let (_runtime, client) = served(vec![age()]);
    let call = || client.extract_value(schema(), "aged 41").mode(Mode::JsonSchema);

    let done = call().report().wait().unwrap();
    assert_eq!(done.value["age"], 41);
    let next = client.extract_value(schema(), done.conversation.user("And now?"));
    assert_eq!(next.mode(Mode::JsonSchema).wait().unwrap()["age"], 41);
    assert_eq!(call().agree(3).wait().unwrap().share("/age"), Some(1.0));
    let step = call().mode(Mode::Auto).tools([]).step();
    assert!(matches!(step.wait().unwrap(), Step::Value(done) if done.value["age"] == 41));
    let checked = call().check(async |value: &Value, _| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if value["age"] == 41 { Ok(()) } else { Err("41") }
    });
    assert_eq!(checked.wait().unwrap()["age"], 41);
}

#[test]
fn the_rows_of_a_run_can_be_waited_for() {
    let (_runtime, client) = served(vec![age()]);
    let texts = [(1, "aged 41"), (2, "41 years")];
    let mut run = client
        .extract_many::<Value, _>(texts)
        .each(|row| row.contract(schema()).mode(Mode::JsonSchema))
        .in_order();
    let ids = run.wait_each().map(|row| {
        let row = row.unwrap();
        assert_eq!(row.result.unwrap().value["age"], 41);
        row.id
    });
    assert_eq!(ids.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(run.summary().done, 2);
}

#[test]
fn a_client_goes_on_after_the_end_of_a_runtime() {
    let (_runtime, client) = served(vec![age()]);
    for _ in 0..3 {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let call = client.extract_value(schema(), "aged 41").mode(Mode::JsonSchema);
        assert_eq!(runtime.block_on(call.into_future()).unwrap()["age"], 41);
        drop(runtime);
        assert_eq!(waited(&client), 41);
    }
}

#[test]
fn many_waits_in_one_poll_of_a_task_do_not_stop() {
    let (_runtime, client) = served(vec![age()]);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let task = runtime.spawn(async move {
        // tokio lets a task take 128 steps before it has to yield, and this one never yields.
        for _ in 0..200 {
            async { tokio::time::sleep(Duration::ZERO).await }.wait();
        }
        waited(&client)
    });
    assert_eq!(runtime.block_on(task).unwrap(), 41);
}

#[test]
fn the_serving_thread_can_wait_too() {
    let (_runtime, client) = served(vec![age()]);
    let nested = async move {
        // It runs on the thread that serves the outer wait.
        tokio::spawn(async move { waited(&client) }).await.unwrap()
    };
    assert_eq!(nested.wait(), 41);
}

#[test]
fn a_deadline_ends_a_call_that_is_waited_for() {
    let (_runtime, client) = served(vec![Act::Hang(Vec::new())]);
    let call = client.extract_value(schema(), "aged 41");
    let error = call.deadline(Duration::from_millis(50)).wait().unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
}
