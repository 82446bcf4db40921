//! A server with the batch service of OpenAI, which makes a ticket of each text.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::server::{read, reply, write};
use super::{text_of, ticket};

#[derive(Default)]
struct State {
    files: HashMap<String, String>,
    /// The id of the file of each batch, and its number of requests.
    batches: Vec<(String, usize)>,
    is_ended: bool,
}

/// A server with a batch service.
pub(crate) struct BatchServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl BatchServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let Some((first, body)) = read(&socket) else { continue };
                let answer =
                    shared.lock().unwrap().answer(&first, &String::from_utf8(body).unwrap());
                write(&mut socket, 200, &answer);
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Ends all batches, those of later as well.
    pub(crate) fn end(&self) {
        self.state.lock().unwrap().is_ended = true;
    }

    /// Returns the number of requests of each batch.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.state.lock().unwrap().batches.iter().map(|(_, requests)| *requests).collect()
    }
}

impl State {
    fn answer(&mut self, first: &str, body: &str) -> String {
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let path = path.split('?').next().unwrap();
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["files"]) => {
                let id = format!("file-{}", self.files.len());
                let lines: Vec<&str> = body.lines().filter(|line| line.starts_with('{')).collect();
                self.files.insert(id.clone(), lines.join("\n"));
                json!({ "id": id }).to_string()
            }
            ("DELETE", ["files", _]) => json!({"deleted": true}).to_string(),
            ("GET", ["files", id, "content"]) => self.results(id),
            ("POST", ["batches"]) => {
                let body: Value = serde_json::from_str(body).unwrap();
                let file = body["input_file_id"].as_str().unwrap().to_owned();
                let requests = self.files[&file].lines().count();
                self.batches.push((file, requests));
                self.batch(self.batches.len())
            }
            ("GET", ["batches", id]) => {
                self.batch(id.strip_prefix("batch-").unwrap().parse().unwrap())
            }
            _ => panic!("{first}"),
        }
    }

    fn batch(&self, number: usize) -> String {
        let (file, requests) = &self.batches[number - 1];
        let status = if self.is_ended { "completed" } else { "in_progress" };
        json!({
            "id": format!("batch-{number}"), "status": status, "input_file_id": file,
            "output_file_id": file, "request_counts": {"completed": requests, "failed": 0},
        })
        .to_string()
    }

    fn results(&self, file: &str) -> String {
        let result = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            let body = reply(&line["body"], &ticket(&text_of(&line["body"])));
            let response = json!({"status_code": 200, "body": body});
            json!({"custom_id": line["custom_id"], "response": response, "error": null}).to_string()
        };
        self.files[file].lines().map(result).collect::<Vec<_>>().join("\n")
    }
}
