//! Runs the cases in child processes, so that a case that aborts its process is reported as a
//! finding and the others are still examined.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use conformance::schemas::{Class, Finding};

/// The maximum number of concurrent processes.
const PROCESSES: usize = 2;

/// A child process that answers one line after another.
struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start(kind: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_examine_schemas"));
        command.arg(kind).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    /// Returns the findings about a line, or `None` if the process ended without an answer.
    fn ask(&mut self, line: &str) -> Option<Vec<Finding>> {
        let mut answer = String::new();
        writeln!(self.input, "{line}").ok()?;
        self.output.read_line(&mut answer).ok()?;
        serde_json::from_str(&answer).ok()
    }

    /// Waits for the process and returns its exit status as text.
    fn end(mut self) -> String {
        drop(self.input);
        self.child.wait().unwrap().to_string()
    }
}

/// Returns the findings about each line, in the order of the lines.
pub(crate) fn examine(kind: &str, lines: &[String]) -> Vec<Vec<Finding>> {
    let next = AtomicUsize::new(0);
    let findings = Mutex::new(vec![Vec::new(); lines.len()]);
    thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                let mut worker = Worker::start(kind);
                while let Some((at, line)) = following(lines, &next) {
                    let found = worker.ask(line).unwrap_or_else(|| {
                        let ended = std::mem::replace(&mut worker, Worker::start(kind)).end();
                        let dialect = String::new();
                        vec![Finding { class: Class::Abort, dialect, detail: ended }]
                    });
                    findings.lock().unwrap()[at] = found;
                }
                worker.end();
            });
        }
    });
    findings.into_inner().unwrap()
}

fn following<'l>(lines: &'l [String], next: &AtomicUsize) -> Option<(usize, &'l str)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    lines.get(at).map(|line| (at, line.as_str()))
}
