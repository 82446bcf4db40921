//! The command `extract-llm`: checked values from files of texts, with language models.

mod args;
mod ask;
mod dead;
mod error;
mod eval;
mod exit;
mod input;
mod output;
mod plan;
mod report;
mod run;
mod say;
mod schema;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::error::CliError;
use crate::exit::Exit;
use crate::say::tell;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = !error.use_stderr();
            // Without a terminal to write to, there is nobody to tell.
            let _ = error.print();
            return if is_help { Exit::Done } else { Exit::Failed }.into();
        }
    };
    match execute(cli.command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            tell(format_args!("error: {error}"));
            Exit::Failed.into()
        }
    }
}

fn execute(command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Run(args) => on_runtime(run::run(&args)),
        Command::RetryDead(args) => on_runtime(run::retry_dead(&args)),
        Command::Plan(args) => on_runtime(plan::plan(&args)),
        Command::Dead(args) => dead::dead(&args),
        Command::Eval(args) => on_runtime(eval::eval(&args)),
        Command::Schema(args) => schema::schema(&args),
    }
}

/// Runs a future on a new runtime, whose threads do not hold up the end of the process.
fn on_runtime(future: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| CliError::usage(format!("the runtime cannot be started: {error}")))?;
    let exit = runtime.block_on(future);
    runtime.shutdown_background();
    exit
}
