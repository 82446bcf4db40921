//! [`Line`]: an attempt in one line for people.

use std::fmt;

use crate::extraction::ledger::Attempt;

/// An attempt in one line: model, tokens in and out, reason to stop, time, cost, request id, outcome.
pub(super) struct Line<'a>(pub(super) &'a Attempt);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempt = self.0;
        f.write_str(&attempt.address)?;
        match &attempt.usage {
            Some(usage) if usage.cached_input_tokens > 0 => write!(
                f,
                ": {} in ({} cached), {} out",
                usage.input_tokens, usage.cached_input_tokens, usage.output_tokens
            )?,
            Some(usage) => write!(f, ": {} in, {} out", usage.input_tokens, usage.output_tokens)?,
            None => f.write_str(": tokens unknown")?,
        }
        match &attempt.stop {
            Some(stop) => write!(f, ", {stop}")?,
            None => f.write_str(", no reply")?,
        }
        write!(f, ", {} ms", attempt.latency.as_millis())?;
        match attempt.cost {
            Some(cost) => write!(f, ", {cost}")?,
            None => f.write_str(", cost unknown")?,
        }
        if let Some(id) = &attempt.request_id {
            write!(f, ", {id}")?;
        }
        write!(f, ": {}", attempt.outcome)?;
        match attempt.problems.len() {
            0 => Ok(()),
            1 => f.write_str(" (1 problem)"),
            more => write!(f, " ({more} problems)"),
        }
    }
}
