//! What the model is told when its answer did not pass: every problem by its pointer, in a message
//! of bounded size.

use std::sync::Arc;

use crate::contract::Problems;
use crate::conversation::Mode;

/// The most bytes of problems that one message carries.
const MOST_BYTES: usize = 4096;

/// What a replacement of the feedback text is given: see
/// [`Extraction::feedback`](crate::Extraction::feedback).
///
/// ```
/// use extract_core::check::Feedback;
///
/// fn terse(feedback: &Feedback<'_>) -> String {
///     format!("Wrong: {}", feedback.problems)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Feedback<'a> {
    /// What is wrong.
    pub problems: &'a Problems,
    /// How the answer was asked for.
    pub mode: Mode,
    /// Which attempt failed, from 1.
    pub attempt: u32,
}

impl<'a> Feedback<'a> {
    /// Feedback on the problems of this attempt.
    pub fn new(problems: &'a Problems, mode: Mode, attempt: u32) -> Self {
        Self { problems, mode, attempt }
    }
}

/// A feedback text of the user's own.
pub(crate) type FeedbackFn = Arc<dyn Fn(&Feedback<'_>) -> String + Send + Sync>;

/// The feedback text that is sent unless the user sets another.
///
/// ```
/// use extract_core::check::{Feedback, render_feedback};
/// use extract_core::contract::{Problem, Problems};
/// use extract_core::conversation::Mode;
///
/// let problems = Problems::from(Problem::rule("/age", "at least 18").found("7"));
/// let text = render_feedback(&Feedback::new(&problems, Mode::Tools, 1));
/// assert!(text.contains("/age: expected at least 18, found 7"));
/// ```
pub fn render_feedback(feedback: &Feedback<'_>) -> String {
    let mut text = match feedback.problems.len() {
        1 => String::from("The answer has a problem:\n"),
        n => format!("The answer has {n} problems:\n"),
    };
    let mut left = feedback.problems.len();
    for problem in feedback.problems {
        let line = format!("- {problem}\n");
        if text.len() + line.len() > MOST_BYTES {
            break;
        }
        text += &line;
        left -= 1;
    }
    if left > 0 {
        text += &format!("… and {left} more of the kind.\n");
    }
    text += match feedback.mode {
        Mode::Tools => "Call the tool again with the whole answer, corrected.",
        _ => "Give the whole answer again as JSON, corrected, and nothing else.",
    };
    text
}
