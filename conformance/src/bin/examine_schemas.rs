//! `examine_schemas schemas|suite` is a filter. An input line is a schema with its instances, or a
//! test of the JSON-Schema-Test-Suite. An output line is the list of findings about it.
//!
//! All work runs in a thread with a small stack. A schema that overflows it ends the process, and
//! the caller starts another process behind that line.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::thread;

use conformance::schemas::{Examiner, judge};

/// The size in bytes of the stack on which every schema must be handled.
const STACK: usize = 512 * 1024;

/// The exit code after a panic, equal to a Rust program's.
const PANICKED: u8 = 101;

fn main() -> ExitCode {
    let is_suite = match std::env::args().nth(1).as_deref() {
        Some("suite") => true,
        Some("schemas") => false,
        _ => {
            eprintln!("usage: examine_schemas schemas|suite");
            return ExitCode::from(2);
        }
    };
    let worker = thread::Builder::new().stack_size(STACK).spawn(move || run(is_suite));
    match worker.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) | Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) => ExitCode::from(PANICKED),
    }
}

fn run(is_suite: bool) -> io::Result<()> {
    let examiner = Examiner::new()?;
    let mut output = io::stdout();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let findings = if is_suite {
            judge(&serde_json::from_str(&line)?)
        } else {
            examiner.examine(&serde_json::from_str(&line)?)
        };
        writeln!(output, "{}", serde_json::to_string(&findings)?)?;
        output.flush()?;
    }
    Ok(())
}
