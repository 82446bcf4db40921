//! A server on a loopback socket that enforces rate limits by counting in fixed windows, and makes faults.
//! It answers each request with the number behind `item-` in it. The example `load` uses it as well.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server says about its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Says {
    /// Nothing but the status 429.
    Nothing,
    /// The wait, in the header `retry-after` of a 429, in whole seconds.
    #[allow(dead_code, reason = "only the example uses it")]
    WholeSeconds,
    /// The wait, in the header `retry-after-ms` of a 429.
    Millis,
    /// Limit, rest and reset of the first window in each response, and the wait.
    #[allow(dead_code, reason = "only the example uses it")]
    All,
}

/// The rules of a server.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The most requests in each window of this length.
    pub(crate) limits: Vec<(u32, Duration)>,
    pub(crate) says: Says,
    /// The time that an answer takes.
    pub(crate) latency: Duration,
    /// Whether 2 % of requests get a 429, 1 % a 500, 1 % a reset, 2 % an answer that is no JSON, and 1 %
    /// an answer after a second.
    pub(crate) faults: bool,
}

/// What a server has counted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) received: usize,
    /// Requests above a limit.
    pub(crate) refused: usize,
    /// Other faults.
    pub(crate) faults: usize,
    /// The number of answers to each item.
    pub(crate) answers: HashMap<u64, u32>,
    /// The requests under way, and the most of them.
    pub(crate) running: usize,
    pub(crate) most_running: usize,
    /// The arrivals of requests that were not refused.
    pub(crate) accepted: Vec<Instant>,
}

#[derive(Debug)]
struct Shared {
    rules: Rules,
    counts: Mutex<Counts>,
    windows: Mutex<Vec<(Instant, u32)>>,
}

impl Shared {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap()
    }

    /// Counts a request in all windows. Returns the wait if a window is full, and the headers.
    fn admit(&self) -> (Option<Duration>, String) {
        let now = Instant::now();
        let mut windows = self.windows.lock().unwrap();
        let mut wait = None;
        for ((limit, length), (start, count)) in self.rules.limits.iter().zip(windows.iter_mut()) {
            while now >= *start + *length {
                (*start, *count) = (*start + *length, 0);
            }
            if *count >= *limit {
                wait = wait.max(Some(*start + *length - now));
            }
        }
        if wait.is_none() {
            windows.iter_mut().for_each(|(_, count)| *count += 1);
        }
        let mut headers = String::new();
        if let (Says::All, Some((limit, length)), Some((start, count))) =
            (self.rules.says, self.rules.limits.first(), windows.first())
        {
            let reset = (*start + *length).saturating_duration_since(now).as_millis();
            headers = format!(
                "x-ratelimit-limit-requests: {limit}\r\nx-ratelimit-remaining-requests: {}\r\nx-ratelimit-reset-requests: {reset}ms\r\n",
                limit - count
            );
        }
        if let Some(wait) = wait {
            match self.rules.says {
                Says::Nothing => {}
                Says::WholeSeconds => {
                    headers += &format!("retry-after: {}\r\n", wait.as_secs_f64().ceil());
                }
                Says::Millis | Says::All => {
                    headers += &format!("retry-after-ms: {}\r\n", wait.as_millis() + 1);
                }
            }
        }
        (wait, headers)
    }
}

/// A server with rate limits.
#[derive(Debug, Clone)]
pub(crate) struct LimitedServer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl LimitedServer {
    pub(crate) async fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let windows = Mutex::new(vec![(Instant::now(), 0); rules.limits.len()]);
        let shared = Arc::new(Shared { rules, counts: Mutex::default(), windows });
        let server = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let _ = socket.set_nodelay(true);
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.shared.counts().clone()
    }
}

/// Answers the requests of one connection.
async fn serve(mut socket: TcpStream, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    while let Some(item) = next_item(&mut socket, &mut buffer).await {
        let number = {
            let mut counts = shared.counts();
            counts.received += 1;
            counts.running += 1;
            counts.most_running = counts.most_running.max(counts.running);
            counts.received
        };
        let response = respond(&shared, item, number).await;
        shared.counts().running -= 1;
        let Some(response) = response else {
            let _ = socket.set_zero_linger();
            return;
        };
        if socket.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Returns the response, or `None` for a reset.
async fn respond(shared: &Shared, item: u64, number: usize) -> Option<String> {
    let (wait, headers) = shared.admit();
    if wait.is_some() {
        shared.counts().refused += 1;
        return Some(response(429, &headers, r#"{"error":{"message":"Slow down."}}"#));
    }
    // Spread over the requests, the same in each run.
    let fault = if shared.rules.faults { (number * 37) % 100 } else { 100 };
    if fault < 7 {
        shared.counts().faults += 1;
    }
    match fault {
        0 | 1 => {
            let body = r#"{"error":{"message":"Slow down.","code":"rate_limit_exceeded"}}"#;
            return Some(response(429, "retry-after-ms: 100\r\n", body));
        }
        2 => return Some(response(500, "", r#"{"error":{"message":"Broken."}}"#)),
        3 => return None,
        6 => tokio::time::sleep(Duration::from_secs(1)).await,
        _ => tokio::time::sleep(shared.rules.latency).await,
    }
    let content = match fault {
        4 | 5 => String::from("There were several."),
        _ => format!(r#"{{\"value\": {item}}}"#),
    };
    {
        let mut counts = shared.counts();
        *counts.answers.entry(item).or_default() += 1;
        counts.accepted.push(Instant::now());
    }
    let body = format!(
        r#"{{"model":"m","choices":[{{"message":{{"content":"{content}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":50,"completion_tokens":5}}}}"#
    );
    Some(response(200, &headers, &body))
}

fn response(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Reads the next request and returns its item. `None` at the end of the connection.
async fn next_item(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<u64> {
    let mut piece = [0; 8192];
    loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            let whole = end + 4 + length;
            if buffer.len() >= whole {
                let body = String::from_utf8_lossy(&buffer[end + 4..whole]).into_owned();
                buffer.drain(..whole);
                let item = body.split_once("item-").map_or("0", |(_, rest)| rest);
                let digits: String = item.chars().take_while(char::is_ascii_digit).collect();
                return Some(digits.parse().unwrap_or(0));
            }
        }
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => buffer.extend_from_slice(&piece[..read]),
            _ => return None,
        }
    }
}
