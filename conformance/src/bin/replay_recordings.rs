//! `replay_recordings DIR` decodes every exchange of every `*.jsonl` in a directory with the
//! library, and prints the outcome of each as one JSON line.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use conformance::recordings::{line, replay};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("usage: replay_recordings DIR");
        return ExitCode::from(2);
    };
    match run(Path::new(&directory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", Path::new(&directory).display());
            ExitCode::FAILURE
        }
    }
}

fn run(directory: &Path) -> std::io::Result<()> {
    let mut files: Vec<_> = std::fs::read_dir(directory)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for path in files {
        let kind = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for read in BufReader::new(std::fs::File::open(&path)?).lines() {
            let read = read?;
            if read.trim().is_empty() {
                continue;
            }
            let written = match serde_json::from_str::<Value>(&read) {
                Ok(mut exchange) => {
                    if exchange["kind"].is_null() {
                        exchange["kind"] = kind.clone().into();
                    }
                    line(&exchange, &replay(&exchange))
                }
                Err(error) => json!({"kind": kind, "error": {
                    "class": "malformed", "retryable": false, "wait_s": null,
                    "message": format!("the line is not JSON: {error}"),
                }}),
            };
            writeln!(out, "{written}")?;
        }
    }
    out.flush()
}
