//! `dead`: the rows of a journal that failed.

use crate::run::journal_at;

use crate::args::DeadArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::say::print;

/// Prints the rows that failed, as JSON Lines.
pub(crate) fn dead(args: &DeadArgs) -> Result<Exit, CliError> {
    for letter in journal_at(&args.journal).dead_letters()? {
        let line = serde_json::to_string(&letter).map_err(|error| {
            CliError::usage(format!("the row {} cannot be written as JSON: {error}", letter.id))
        })?;
        print(&format!("{line}\n"))?;
    }
    Ok(Exit::Done)
}
