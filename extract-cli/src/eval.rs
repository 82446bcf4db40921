//! `eval`: golden rows through the model, and the values against the expected ones.

use std::path::Path;
use std::sync::Arc;

use extract_llm::Extraction;
use extract_llm::evaluation::{Compare, Evaluation, Golden};
use serde_json::Value;

use crate::args::{CompareArgs, EvalArgs};
use crate::ask::{Asked, contract};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::check_apart;
use crate::report;
use crate::run::journal_at;
use crate::say::{print, tell};
use crate::signals;

/// Prints an evaluation. The exit code says whether it reaches the thresholds.
pub(crate) async fn eval(args: &EvalArgs) -> Result<Exit, CliError> {
    let contract = contract(&args.ask.schema)?;
    let asked = Asked::new(&args.ask)?;
    report::check(args.report.as_deref())?;
    check_apart(&[
        ("--golden", Some(&args.golden)),
        ("--baseline", args.baseline.as_ref()),
        ("--journal", args.journal.journal.as_ref()),
        ("--report", args.report.as_ref()),
    ])?;
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let golden = Golden::read(&args.golden)?;
    let mut evaluate = asked
        .client
        .evaluate::<Value>(golden)
        .contract(Arc::clone(&contract))
        .compare(rules(&args.compare));
    if let Some(rows) = asked.concurrency {
        evaluate = evaluate.concurrency(rows);
    }
    if let Some(budget) = &asked.budget {
        evaluate = evaluate.budget(budget);
    }
    if let Some(path) = &args.journal.journal {
        let file = journal_at(path);
        evaluate =
            evaluate.journal(if args.journal.keep_replies { file.keep_replies() } else { file });
    }
    if args.offline {
        evaluate = evaluate.each(Extraction::offline);
    }
    if args.journal.reread {
        evaluate = evaluate.reread();
    }
    let mut signals = signals::listen()?;
    let evaluation = tokio::select! {
        evaluation = evaluate.run() => evaluation?,
        // The journal has the rows that ended.
        () = signals.next() => return Ok(Exit::Stopped),
    };
    if let Some(path) = &args.report {
        evaluation.html(path)?;
    }
    show(args, &evaluation)?;
    Ok(judge(args, &evaluation, baseline.as_ref()))
}

/// Makes the rules of the comparison.
fn rules(args: &CompareArgs) -> Compare {
    let mut compare = Compare::new();
    for (pointer, most) in &args.tolerance {
        compare = compare.tolerance(pointer, *most);
    }
    for (pointer, share) in &args.relative_tolerance {
        compare = compare.relative_tolerance(pointer, *share);
    }
    for (list, key) in &args.key {
        compare = compare.key(list, key);
    }
    for list in &args.in_order {
        compare = compare.in_order(list);
    }
    for pointer in &args.ignore {
        compare = compare.ignore(pointer);
    }
    for pointer in &args.exact_case {
        compare = compare.exact_case(pointer);
    }
    for pointer in &args.exact_text {
        compare = compare.exact_text(pointer);
    }
    if args.only_labelled { compare.only_labelled() } else { compare }
}

/// Reads the JSON of an earlier evaluation.
fn read_baseline(path: &Path) -> Result<Evaluation, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| CliError::read(path, error))?;
    serde_json::from_str(&text).map_err(|error| {
        CliError::usage(format!(
            "{} is no evaluation: {error}. Expected the output of `extract-llm eval --json`",
            path.display()
        ))
    })
}

fn show(args: &EvalArgs, evaluation: &Evaluation) -> Result<(), CliError> {
    if !args.json {
        return print(&format!("{evaluation}\n"));
    }
    let json = serde_json::to_string(evaluation)
        .map_err(|error| CliError::usage(format!("the evaluation is no JSON: {error}")))?;
    print(&format!("{json}\n"))
}

/// Compares the evaluation with the thresholds and the baseline.
fn judge(args: &EvalArgs, evaluation: &Evaluation, baseline: Option<&Evaluation>) -> Exit {
    let mut exit = Exit::Done;
    if let Some(baseline) = baseline {
        let diff = evaluation.diff(baseline);
        tell(&diff);
        if args.no_worse && diff.is_worse() {
            exit = Exit::BelowThreshold;
        }
    }
    let whole = args.min_f1.map(|least| evaluation.require(least));
    let fields =
        args.field_min.iter().map(|(pointer, least)| evaluation.require_field(pointer, *least));
    for missed in whole.into_iter().chain(fields).filter_map(Result::err) {
        tell(format_args!("below the threshold: {missed}"));
        exit = Exit::BelowThreshold;
    }
    exit
}
