//! `run` and `retry-dead`: the rows of the input through a run, and its results to the output.

mod any_run;
mod drive;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use extract_llm::contract::Contract;
use extract_llm::pipeline::{Batches, DeadLetter, FailedRows, Journal, Progress, Run};
use serde_json::Value;

use crate::args::{BatchArgs, FlowArgs, InputArgs, JournalArgs, OutputArgs, RetryArgs, RunArgs};
use crate::ask::{Asked, contract};
use crate::error::CliError;
use crate::exit::Exit;
use crate::input::{BadRow, Fed, Feed, Input, InputRow, Item, RowId, feed, feed_rows};
use crate::output::{Output, check_apart};
use crate::report;
use crate::say::tell;
use any_run::AnyRun;
use drive::{Drive, Ended};

/// The time between two lines of progress on a stderr that is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Asks for a value for each row of the input.
pub(crate) async fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let contract = contract(&args.ask.schema)?;
    let asked = Asked::new(&args.ask)?;
    report::check(args.output.report.as_deref())?;
    check_files(&args.input, &args.output, &args.journal)?;
    let Input { items, total } = Input::open(&args.input)?;
    let output = Output::open(&args.output, &contract)?;
    let (rows, fed) = feed(items, total);
    let mut run = prepare(&asked, &contract, rows, &args.journal, args.output.doubt_below);
    if let Some(failed) = args.failed {
        run = run.failed_rows(failed.into());
    }
    finish(run, fed, output, &args.output, &args.flow, Some(&args.batches)).await?.exit
}

/// Asks again for the rows that failed.
pub(crate) async fn retry_dead(args: &RetryArgs) -> Result<Exit, CliError> {
    let Some(journal) = &args.journal.journal else {
        return Err(CliError::usage("name the journal of the run with --journal"));
    };
    let contract = contract(&args.ask.schema)?;
    let asked = Asked::new(&args.ask)?;
    report::check(args.output.report.as_deref())?;
    check_files(&args.input, &args.output, &args.journal)?;
    let letters = journal_at(journal).dead_letters()?;
    let failed = letters.len();
    let (rows, fed, which) = if args.input.input.is_some() {
        let Input { items, total } = Input::open(&args.input)?;
        let (rows, fed) = feed(items, total);
        (rows, fed, FailedRows::Only)
    } else {
        check_unused(&args.input)?;
        let most = args.input.head.and_then(|rows| usize::try_from(rows).ok());
        let letters = letters.into_iter().take(most.unwrap_or(usize::MAX));
        let (rows, fed) = feed_rows(letters.enumerate().map(row_of_letter).collect());
        (rows, fed, FailedRows::AskAgain)
    };
    let output = Output::open(&args.output, &contract)?;
    let run = prepare(&asked, &contract, rows, &args.journal, args.output.doubt_below);
    let run = run.failed_rows(which);
    let ended = finish(run, fed, output, &args.output, &args.flow, None).await?;
    let summary = &ended.summary;
    if failed > 0 && summary.passed_over > 0 && summary.done + summary.failed == 0 {
        return Err(CliError::usage(format!(
            "no row was asked, although {failed} rows of the journal have failed: give the schema, the model and \
             the settings of that run, or leave out --input to ask with others"
        )));
    }
    ended.exit
}

/// Makes a row of one that failed.
fn row_of_letter((position, letter): (usize, DeadLetter)) -> Item {
    let id = RowId { position: position as u64, id: letter.id };
    if letter.has_media {
        let message = "the row had media, which the journal does not hold: ask it again with the program \
                       that has made the journal";
        return Item::Bad(BadRow { id, line: None, message: message.to_owned() });
    }
    Item::Row(InputRow { id, text: letter.input })
}

/// Fails if arguments are given that have no effect without an input.
fn check_unused(input: &InputArgs) -> Result<(), CliError> {
    for (name, is_given) in [
        ("--input-format", input.input_format.is_some()),
        ("--text-field", input.text_field.is_some()),
        ("--id-field", input.id_field.is_some()),
        ("--prompt", input.prompt.is_some()),
        ("--delimiter", input.delimiter.is_some()),
    ] {
        if is_given {
            return Err(CliError::usage(format!(
                "{name} needs --input: without it, the texts come from the journal"
            )));
        }
    }
    Ok(())
}

fn check_files(
    input: &InputArgs,
    output: &OutputArgs,
    journal: &JournalArgs,
) -> Result<(), CliError> {
    let report: Option<&PathBuf> = output.report.as_ref();
    check_apart(&[
        ("--input", input.input.as_ref()),
        ("--journal", journal.journal.as_ref()),
        ("--output", output.output.as_ref()),
        ("--errors", output.errors.as_ref()),
        ("--report", report),
    ])
}

/// Makes a run of the rows.
pub(crate) fn prepare(
    asked: &Asked,
    contract: &Arc<Contract>,
    rows: Feed,
    journal: &JournalArgs,
    doubt_below: Option<f64>,
) -> Run<Value, RowId> {
    let contract = Arc::clone(contract);
    let each = move |row: extract_llm::Extraction<Value>| {
        let row = row.contract(Arc::clone(&contract));
        match doubt_below {
            Some(limit) => row.doubt_below(limit),
            None => row,
        }
    };
    let mut run = asked.client.extract_many::<Value, _>(rows).each(each);
    if let Some(rows) = asked.concurrency {
        run = run.concurrency(rows);
    }
    if let Some(budget) = &asked.budget {
        run = run.budget(budget);
    }
    if let Some(path) = &journal.journal {
        let file = journal_at(path);
        run = run.journal(if journal.keep_replies { file.keep_replies() } else { file });
    }
    if journal.reread { run.reread() } else { run }
}

/// Runs all rows, and says what came of them.
async fn finish(
    mut run: Run<Value, RowId>,
    fed: Fed,
    output: Output,
    args: &OutputArgs,
    flow: &FlowArgs,
    batches: Option<&BatchArgs>,
) -> Result<Ended, CliError> {
    if args.in_order {
        run = run.in_order();
    }
    if let Some(retries) = flow.row_retries {
        run = run.row_retries(retries);
    }
    let run = with_progress(run, args);
    let run = match batches.and_then(folder) {
        Some(batches) => AnyRun::InBatches(run.in_batches(batches)),
        None => AnyRun::Single(run),
    };
    let drive = Drive::new(run, fed, output, args.in_order, flow.max_failures, args.quiet)?;
    let ended = drive.run().await;
    if !args.quiet {
        tell(&ended.summary);
        for note in &ended.notes {
            tell(note);
        }
    }
    if let Some(path) = &args.report {
        report::write(&ended.summary, path)?;
    }
    Ok(ended)
}

/// Returns the folder of the batches with its settings, if there is one.
fn folder(args: &BatchArgs) -> Option<Batches> {
    let mut batches = Batches::new(args.batches.as_ref()?);
    if let Some(requests) = args.batch_requests {
        batches = batches.max_requests(usize::try_from(requests).unwrap_or(usize::MAX));
    }
    if let Some(time) = args.poll_every {
        batches = batches.poll_every(time);
    }
    Some(if args.no_wait { batches.without_waiting() } else { batches })
}

/// Shows the progress, if it is wanted.
fn with_progress(run: Run<Value, RowId>, args: &OutputArgs) -> Run<Value, RowId> {
    let is_stdout = args.output.as_deref().is_none_or(|path| path == Path::new("-"));
    // A bar between the rows of a terminal helps nobody.
    let is_free = !(is_stdout && std::io::stdout().is_terminal());
    let is_terminal = std::io::stderr().is_terminal();
    if args.quiet || args.no_progress {
        run
    } else if is_terminal && (is_free || args.progress) {
        run.progress_bar()
    } else if args.progress {
        let mut last = Instant::now();
        run.on_progress(move |progress: &Progress| {
            if last.elapsed() >= BETWEEN_LINES {
                last = Instant::now();
                tell(progress);
            }
        })
    } else {
        run
    }
}

/// Returns the journal at a path: a file, or a folder that several processes share.
pub(crate) fn journal_at(path: &Path) -> Journal {
    if path.is_dir() { Journal::shared(path) } else { Journal::new(path) }
}
