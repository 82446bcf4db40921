//! Extractions that are dropped at every point at which they wait: polled n times and then dropped, for each
//! n until they end. Afterwards the place in the limits is free, no task is left, and no connection is open.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use extract_core::conversation::Mode;
use extract_core::model::RetryPolicy;
use extract_core::{Client, Error};
use futures_util::future::{Either, LocalBoxFuture, select};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::server::{chunk, read_request};

const MILLIS: Duration = Duration::from_millis(1);

/// Returns the pieces of the answer to a request, by the number of earlier requests of the same item.
type Script = fn(earlier: usize) -> Vec<Vec<u8>>;

/// A server on a runtime of its own, so that the tasks of the client can be counted.
struct Server {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The number of requests by item.
    requests: Mutex<HashMap<String, usize>>,
    open: AtomicUsize,
    /// Whether requests of the item `held` are answered.
    released: AtomicBool,
}

impl Server {
    fn start(script: Script) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((socket, _)) = listener.accept().await {
                    tokio::spawn(serve(socket, script, Arc::clone(&kept)));
                }
            });
        });
        Self { url, shared }
    }

    /// Returns a client with one place in the limits.
    fn client(&self) -> Client {
        let retries = RetryPolicy::times(2).first_wait(MILLIS).longest_wait(MILLIS);
        let builder = Client::builder().base_url(&self.url).model("m").mode(Mode::Text);
        builder.concurrency(1).retry_policy(retries).build().unwrap()
    }

    fn requests(&self, item: &str) -> usize {
        self.shared.requests.lock().unwrap().get(item).copied().unwrap_or(0)
    }
}

/// Answers the requests of one connection.
async fn serve(mut socket: TcpStream, script: Script, shared: Arc<Shared>) {
    shared.open.fetch_add(1, Ordering::SeqCst);
    let _ = socket.set_nodelay(true);
    loop {
        let request = read_request(&mut socket).await;
        if request.is_empty() {
            break;
        }
        let item = request.split_once("item-").map_or("", |(_, rest)| rest);
        let item: String = item.chars().take_while(char::is_ascii_alphanumeric).collect();
        let earlier = {
            let mut requests = shared.requests.lock().unwrap();
            let count = requests.entry(item.clone()).or_default();
            *count += 1;
            *count - 1
        };
        while item == "held" && !shared.released.load(Ordering::SeqCst) {
            tokio::time::sleep(MILLIS).await;
        }
        for piece in script(earlier) {
            if socket.write_all(&piece).await.is_err() {
                break;
            }
            tokio::time::sleep(MILLIS).await;
        }
    }
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

fn whole(status: u16, headers: &str, body: &str) -> Vec<Vec<u8>> {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    let (one, other) = body.as_bytes().split_at(body.len() / 2);
    vec![head.into_bytes(), one.to_vec(), other.to_vec()]
}

fn reply(text: &str) -> Vec<Vec<u8>> {
    let reply =
        serde_json::json!({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]});
    whole(200, "", &reply.to_string())
}

fn streamed(pieces: &[&str]) -> Vec<Vec<u8>> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let event = |delta: &str, stop: Option<&str>| {
        let choice =
            serde_json::json!({"index": 0, "delta": {"content": delta}, "finish_reason": stop});
        chunk(format!("data: {}\n\n", serde_json::json!({"choices": [choice]})).as_bytes())
    };
    let mut stream = vec![head.as_bytes().to_vec()];
    stream.extend(pieces.iter().map(|piece| event(piece, None)));
    stream.extend([event("", Some("stop")), chunk(b"data: [DONE]\n\n"), b"0\r\n\r\n".to_vec()]);
    stream
}

/// Polls a future so many times. Returns its output if it ended before.
async fn poll_times<F: Future>(mut future: Pin<&mut F>, times: usize) -> Option<F::Output> {
    let mut left = times;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Waits until a condition holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(5 * MILLIS).await;
    }
    panic!("never: {what}");
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// An extraction that is dropped.
type Call = for<'c> fn(&'c Client, item: String) -> LocalBoxFuture<'c, Result<(), Error>>;

/// Drops a call after each number of polls, and checks that nothing is left of it.
fn drop_everywhere(script: Script, call: Call) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start(script);
    let mut points = 0;
    runtime.block_on(async {
        loop {
            let client = server.client();
            let ended = {
                let mut dropped = pin!(call(&client, format!("item-{points}")));
                poll_times(dropped.as_mut(), points).await
            };
            // The only place is free.
            let next = call(&client, format!("item-{points}next"));
            let next = tokio::time::timeout(Duration::from_secs(30), next).await;
            next.unwrap_or_else(|_| panic!("no place after {points} polls")).unwrap();
            drop(client);
            until("no task is left", || alive_tasks() == 0).await;
            until("no connection is open", || server.shared.open.load(Ordering::SeqCst) == 0).await;
            if let Some(ended) = ended {
                ended.unwrap();
                break;
            }
            points += 1;
            assert!(points < 1_000, "the call does not end");
        }
    });
    assert!(points >= 3, "the call was dropped at {points} points only");
}

fn extracts(client: &Client, item: String) -> LocalBoxFuture<'_, Result<(), Error>> {
    Box::pin(async move { client.extract::<u32>(item).await.map(|_| ()) })
}

fn streams_items(client: &Client, item: String) -> LocalBoxFuture<'_, Result<(), Error>> {
    Box::pin(async move {
        let mut items = client.extract::<Vec<u32>>(item).items();
        while let Some(item) = items.next().await {
            item?;
        }
        Ok(())
    })
}

#[test]
fn a_whole_reply() {
    drop_everywhere(|_| reply("{\"value\": 7}"), extracts);
}

#[test]
fn a_streamed_reply() {
    drop_everywhere(|_| streamed(&["{\"value\": [", "1, 2", ", 3]", "}"]), streams_items);
}

#[test]
fn a_reask() {
    drop_everywhere(
        |earlier| reply(if earlier == 0 { "{\"value\": -7}" } else { "{\"value\": 7}" }),
        extracts,
    );
}

#[test]
fn a_reask_of_a_stream() {
    drop_everywhere(
        |earlier| {
            let last = if earlier == 0 { "-2]}" } else { "2]}" };
            streamed(&["{\"value\": [1, ", last])
        },
        streams_items,
    );
}

#[test]
fn a_retry_after_a_failure() {
    drop_everywhere(
        |earlier| match earlier {
            0 => whole(500, "", r#"{"error": {"message": "Broken."}}"#),
            _ => reply("{\"value\": 7}"),
        },
        extracts,
    );
}

#[test]
fn a_wait_in_the_limits_after_a_refusal() {
    drop_everywhere(
        |earlier| match earlier {
            0 => whole(429, "retry-after-ms: 5\r\n", r#"{"error": {"message": "Slow down."}}"#),
            _ => reply("{\"value\": 7}"),
        },
        extracts,
    );
}

/// Another call has the only place. It ends while the dropped call waits for it, or afterwards.
#[test]
fn the_queue_of_the_limits() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start(|_| reply("{\"value\": 7}"));
    for releases in [false, true] {
        let mut points = 0;
        loop {
            let ended = runtime.block_on(async {
                server.shared.released.store(false, Ordering::SeqCst);
                let client = server.client();
                let before = server.requests("held");
                let mut holder = pin!(extracts(&client, "item-held".to_owned()));
                let arrived =
                    pin!(until("the holder has sent", || server.requests("held") > before));
                let first = select(holder.as_mut(), arrived).await;
                assert!(matches!(first, Either::Right(_)), "the holder waits");
                let ended = {
                    let queued = extracts(&client, format!("item-queued{releases}{points}"));
                    let mut queued = pin!(queued);
                    server.shared.released.store(releases, Ordering::SeqCst);
                    // The holder ends in between, if it is released.
                    let polling = poll_times(queued.as_mut(), points);
                    let mut polling = pin!(tokio::time::timeout(200 * MILLIS, polling));
                    match select(polling.as_mut(), holder.as_mut()).await {
                        Either::Left((ended, _)) => {
                            server.shared.released.store(true, Ordering::SeqCst);
                            holder.as_mut().await.unwrap();
                            ended.unwrap_or(None)
                        }
                        Either::Right((held, _)) => {
                            held.unwrap();
                            polling.await.unwrap_or(None)
                        }
                    }
                };
                let next = extracts(&client, format!("item-next{releases}{points}"));
                let next = tokio::time::timeout(Duration::from_secs(30), next).await;
                next.unwrap_or_else(|_| panic!("no place after {points} polls")).unwrap();
                ended
            });
            points += 1;
            if ended.is_some() || (!releases && points > 3) {
                break;
            }
            assert!(points < 1_000, "the queued call does not end");
        }
    }
    runtime.block_on(until("no task is left", || alive_tasks() == 0));
}
