//! A server that speaks the protocol of OpenAI, and answers each request by a function.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use extract_llm::model::Protocol;
use extract_llm::scripted::reply;
use serde_json::{Value, json};

/// The answer to a request.
pub(crate) enum Answer {
    /// A value, after a wait.
    Value(Value, Duration),
    /// An error.
    Status(u16),
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self::Value(value, Duration::ZERO)
    }
}

/// A server on a loopback socket.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    /// Starts a server that answers each request by its body.
    pub(crate) fn start(answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || serve(socket.unwrap(), &kept, &*answer));
            }
        });
        Self { port, requests }
    }

    /// Starts a server that makes a [`ticket`](super::ticket) of each text.
    pub(crate) fn of_tickets() -> Self {
        Self::start(|request| super::ticket(&text_of(request)).into())
    }

    /// Starts a server that waits before it makes a ticket of each text.
    pub(crate) fn slow(wait: Duration) -> Self {
        Self::start(move |request| Answer::Value(super::ticket(&text_of(request)), wait))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Returns the bodies of the requests so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// Returns the text that a request is about, without its marks.
pub(crate) fn text_of(request: &Value) -> String {
    let messages = request["messages"].as_array().unwrap();
    let users = messages.iter().filter(|message| message["role"] == "user");
    let content = &users.clone().next().unwrap()["content"];
    let text = content.as_str().unwrap_or_else(|| content[0]["text"].as_str().unwrap());
    let text = text.trim_start_matches("<text>").trim_start_matches("[text]");
    text.trim_end_matches("</text>").trim_end_matches("[/text]").trim().to_owned()
}

fn serve(mut socket: TcpStream, kept: &Mutex<Vec<Value>>, answer: &dyn Fn(&Value) -> Answer) {
    let Some((_, body)) = read(&socket) else { return };
    let Ok(request) = serde_json::from_slice::<Value>(&body) else { return };
    kept.lock().unwrap().push(request.clone());
    let (status, body) = match answer(&request) {
        Answer::Value(value, wait) => {
            std::thread::sleep(wait);
            (200, reply(&request, &value))
        }
        Answer::Status(status) => (status, json!({"error": {"message": "no", "type": "x"}})),
    };
    write(&mut socket, status, &body.to_string());
}

/// Writes a response.
pub(super) fn write(socket: &mut TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The command may have been killed.
    let _ = socket.write_all((head + body).as_bytes());
}

/// Reads a request: its first line, and its body.
pub(super) fn read(socket: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut input = BufReader::new(socket);
    let mut length = 0;
    let mut first = String::new();
    input.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some((first, body))
}

/// Returns the reply with a value, in the form that the request asks for.
pub(super) fn reply(request: &Value, value: &Value) -> Value {
    let reply = match request["tools"][0]["function"]["name"].as_str() {
        Some(name) => reply::call(name, value.clone()),
        None => reply::json(value.clone()),
    };
    let form = reply.usage(100, 10).wire_form(Protocol::Chat).unwrap();
    let mut body: Value = serde_json::from_slice(&form.body.unwrap()).unwrap();
    body["model"] = request["model"].clone();
    body
}
