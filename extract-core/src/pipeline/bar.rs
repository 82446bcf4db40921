//! [`Bar`]: the progress of a run on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::progress::Progress;

/// The time between two steps of the clock in the bar.
const TICK: Duration = Duration::from_millis(250);

/// A bar on stderr. It shows nothing if that is no terminal.
#[derive(Default)]
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    /// Shows the bar.
    pub(super) fn start(&mut self, total: Option<u64>) {
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{elapsed_precise} {bar:30} {pos}/{len} {percent}% {wide_msg}",
            ),
            None => (ProgressBar::new_spinner(), "{elapsed_precise} {spinner} {pos} {wide_msg}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        self.0 = Some(bar);
    }

    /// Shows the progress.
    pub(super) fn show(&self, progress: &Progress) {
        if let Some(bar) = &self.0 {
            bar.set_position(progress.ended());
            bar.set_message(progress.to_string());
        }
    }

    /// Leaves the bar as it is, and ends it.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.abandon();
        }
    }
}
