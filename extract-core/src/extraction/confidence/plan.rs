//! [`LogprobPlan`]: whether a request asks for log-probabilities.

use crate::conversation::{Mode, Settings};
use crate::extraction::task::Task;
use crate::model::Profile;

/// The name of the setting, in refusals.
pub(in crate::extraction) const LOGPROBS: &str = "logprobs";

/// Whether a request asks for log-probabilities.
pub(in crate::extraction) struct LogprobPlan {
    is_asked: bool,
}

impl LogprobPlan {
    /// Asks for log-probabilities if the extraction wants them and the model gives them. Modes in which the
    /// answer is text then come first. Otherwise `notes` says why there are none.
    pub(in crate::extraction) fn of<T>(
        task: &Task<T>,
        profile: &mut Profile,
        settings: &mut Settings,
        notes: &mut Vec<String>,
    ) -> Self {
        if !task.options.wants_confidence() {
            return Self { is_asked: false };
        }
        let mut asked = Settings { logprobs: true, ..settings.clone() };
        let reason = task.client.refused.reason(LOGPROBS).or_else(|| {
            let said = task.client.model.fit_settings(&mut asked);
            let said = said.into_iter().find(|note| note.contains(LOGPROBS));
            said.filter(|_| !asked.logprobs)
        });
        if let Some(reason) = reason {
            let reason = reason.strip_prefix("`logprobs` is left out: ").unwrap_or(&reason);
            notes.push(format!("confidence is unknown: {reason}"));
            settings.logprobs = false;
            return Self { is_asked: false };
        }
        settings.logprobs = true;
        // The sort is stable.
        profile.modes.sort_by_key(|mode| *mode == Mode::Tools);
        Self { is_asked: true }
    }

    /// Leaves log-probabilities out of a request for calls of tools, with a note.
    pub(in crate::extraction) fn settle(
        &self,
        mode: Mode,
        settings: &mut Settings,
        notes: &mut Vec<String>,
    ) {
        if self.is_asked && mode == Mode::Tools {
            settings.logprobs = false;
            let reason = "log-probabilities do not cover the arguments of tools";
            notes.push(format!("confidence is unknown: {reason}"));
        }
    }
}
