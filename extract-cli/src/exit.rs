//! [`Exit`]: the exit codes of the command.

use std::process::ExitCode;

/// The end of the command, apart from errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every row has a value, or the reader of the output has closed it.
    Done,
    /// The command was wrong, or the run stopped before its end.
    Failed,
    /// Some rows failed.
    SomeRowsFailed,
    /// An evaluation does not reach a threshold.
    BelowThreshold,
    /// Some rows wait in batches of the provider.
    SomeRowsWait,
    /// The run was stopped with Ctrl-C or SIGTERM.
    Stopped,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::SomeRowsFailed | Self::BelowThreshold => 2,
            Self::SomeRowsWait => 3,
            Self::Stopped => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
