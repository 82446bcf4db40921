//! `plan`: an estimate of the tokens, the cost and the time of a run.

use extract_llm::pipeline::RunError;

use crate::args::PlanArgs;
use crate::ask::{Asked, contract};
use crate::error::CliError;
use crate::exit::Exit;
use crate::input::{Input, feed};
use crate::output::check_apart;
use crate::run::prepare;
use crate::say::{print, tell};
use crate::signals;

/// Prints the plan of a run.
pub(crate) async fn plan(args: &PlanArgs) -> Result<Exit, CliError> {
    let contract = contract(&args.ask.schema)?;
    let asked = Asked::new(&args.ask)?;
    check_apart(&[
        ("--input", args.input.input.as_ref()),
        ("--journal", args.journal.journal.as_ref()),
    ])?;
    let Input { items, total } = Input::open(&args.input)?;
    let (rows, mut fed) = feed(items, total);
    let mut run = prepare(&asked, &contract, rows, &args.journal, None);
    let signals = signals::watch(run.stopper(), signals::ROWS_END_FIRST, false)?;
    if args.asked.is_some() && args.journal.journal.is_none() {
        tell("note: without --journal, the values of the rows that are asked are not kept");
    }
    let mut bad = 0_u64;
    let planned = {
        let planning = async {
            match args.asked {
                Some(asked) if asked > 0 => run.plan_asking(asked).await,
                _ => run.plan(args.sample).await,
            }
        };
        tokio::pin!(planning);
        loop {
            tokio::select! {
                planned = &mut planning => break planned,
                Some(_) = fed.bad.recv() => bad += 1,
            }
        }
    };
    while fed.bad.try_recv().is_ok() {
        bad += 1;
    }
    if let Some(error) = fed.take_failure() {
        return Err(error);
    }
    if signals.have_stopped() {
        return Ok(Exit::Stopped);
    }
    let plan = planned.map_err(|error: RunError| CliError::from(error))?;
    if args.json {
        let json = serde_json::to_string(&plan)
            .map_err(|error| CliError::usage(format!("the plan is no JSON: {error}")))?;
        print(&format!("{json}\n"))?;
    } else {
        print(&format!("{plan}\n"))?;
    }
    if bad > 0 {
        tell(format_args!("{bad} of the first rows have no text, and are not part of the plan"));
    }
    Ok(Exit::Done)
}
