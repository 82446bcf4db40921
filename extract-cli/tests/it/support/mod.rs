//! The command, a folder for its files, and a server for its requests.

#[cfg(unix)]
pub(crate) mod batches;
mod server;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

pub(crate) use server::{Answer, Server, text_of};

/// A folder with the files of one test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// Makes a folder with a schema in it.
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("s.json", &schema().to_string());
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    /// Reads JSON Lines.
    pub(crate) fn rows(&self, name: &str) -> Vec<Value> {
        rows(&self.read(name))
    }

    /// Returns the command in this folder.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_extract-llm"));
        command.current_dir(self.path()).args(arguments.split_whitespace());
        for name in ["EXTRACT_MODEL", "EXTRACT_BASE_URL", "OPENAI_API_KEY"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Returns the command with a server.
    pub(crate) fn asking(&self, server: &Server, arguments: &str) -> Command {
        self.asking_at(&server.url(), "test-model", arguments)
    }

    /// Returns the command with a model at a URL.
    pub(crate) fn asking_at(&self, url: &str, model: &str, arguments: &str) -> Command {
        let mut command = self.command(arguments);
        command.args(["--schema", "s.json", "--model", model, "--base-url", url]);
        command
    }

    /// Runs the command with a server to its end.
    pub(crate) fn run(&self, server: &Server, arguments: &str) -> Ended {
        ended(self.asking(server, arguments).spawn().unwrap())
    }

    /// Runs the command with a server and a text on stdin.
    pub(crate) fn run_on(&self, server: &Server, arguments: &str, stdin: &str) -> Ended {
        let mut child = self.asking(server, arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        ended(child)
    }
}

/// The end of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn rows(&self) -> Vec<Value> {
        rows(&self.stdout)
    }
}

/// Waits for the end of a command.
pub(crate) fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn rows(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The schema of the tests.
pub(crate) fn schema() -> Value {
    json!({
        "title": "Ticket",
        "type": "object",
        "properties": {
            "product": {"type": "string"},
            "is_urgent": {"type": "boolean"},
            "parts": {"type": "array", "items": {
                "type": "object",
                "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}},
                "required": ["sku", "count"],
            }},
            "rating": {"type": ["number", "null"]},
            "due": {"type": "string", "format": "date"},
            "other": {},
        },
        "required": ["product", "is_urgent"],
    })
}

/// The value that the server of [`Server::of_tickets`] gives for a text.
pub(crate) fn ticket(text: &str) -> Value {
    let product = text.split_whitespace().next().unwrap_or_default();
    json!({
        "product": product,
        "is_urgent": text.contains("urgent"),
        "parts": [{"sku": "A-1", "count": 2}],
        "rating": null,
        "due": "2026-03-01",
        "other": {"n": [1]},
    })
}

/// Returns rows of JSON Lines with the ids `r0`, `r1`, ….
pub(crate) fn inputs(count: usize) -> String {
    let row = |number: usize| {
        format!(
            "{}\n",
            json!({"id": format!("r{number}"), "text": format!("kettle{number} leaks")})
        )
    };
    (0..count).map(row).collect()
}
