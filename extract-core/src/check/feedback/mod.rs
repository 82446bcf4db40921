//! What the model is told when its answer did not pass: every problem by its pointer, beside its own
//! JSON, in a message of bounded size.

mod annotate;
mod fold;

use std::sync::Arc;

use serde_json::Value;

pub use annotate::annotate;
pub use fold::{Folded, fold};

use crate::contract::{Problems, ReaskParts};
use crate::conversation::Mode;

/// The most bytes of problems that one message carries.
const MOST_BYTES: usize = 4096;

/// What a replacement of the feedback text is given: see
/// [`Extraction::feedback`](crate::Extraction::feedback).
///
/// ```
/// use extract_llm::check::Feedback;
///
/// fn terse(feedback: &Feedback<'_>) -> String {
///     let lines: Vec<String> = feedback.folded().iter().map(ToString::to_string).collect();
///     format!("Wrong:\n{}\nCorrect it.", lines.join("\n"))
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Feedback<'a> {
    /// What is wrong, by pointers into the answer as the model was asked for it.
    pub problems: &'a Problems,
    /// The answer itself, as the model was asked for it; none where it could not be read.
    pub value: Option<&'a Value>,
    /// How the answer was asked for.
    pub mode: Mode,
    /// Which attempt failed, from 1.
    pub attempt: u32,
    /// How often exactly these problems came back.
    pub unchanged: u32,
    /// The parts that are asked for now; none where it is the whole.
    pub parts: Option<&'a ReaskParts>,
    /// The tool that gives the whole, where others are offered beside it.
    pub tool: Option<&'a str>,
}

impl<'a> Feedback<'a> {
    /// Feedback on the problems of this attempt.
    pub fn new(problems: &'a Problems, mode: Mode, attempt: u32) -> Self {
        Self { problems, value: None, mode, attempt, unchanged: 0, parts: None, tool: None }
    }

    /// Sets the answer that the problems are in.
    pub fn value(mut self, value: &'a Value) -> Self {
        self.value = Some(value);
        self
    }

    /// Sets how often exactly these problems came back.
    pub fn unchanged(mut self, times: u32) -> Self {
        self.unchanged = times;
        self
    }

    /// Sets the parts that are asked for now.
    pub fn parts(mut self, parts: &'a ReaskParts) -> Self {
        self.parts = Some(parts);
        self
    }

    /// The problems, equal ones folded.
    pub fn folded(&self) -> Vec<Folded<'a>> {
        fold(self.problems)
    }
}

/// A feedback text of the user's own.
pub(crate) type FeedbackFn = Arc<dyn Fn(&Feedback<'_>) -> String + Send + Sync>;

/// The feedback text that is sent unless the user sets another.
///
/// Equal problems are [folded](fold) into one line; the others are marked in the model's own JSON (see
/// [`annotate`]) where that is not too long, and listed where it is. The problems take no more than
/// 4 KiB.
///
/// ```
/// use extract_llm::check::{Feedback, render_feedback};
/// use extract_llm::contract::{Problem, Problems};
/// use extract_llm::conversation::Mode;
/// use serde_json::json;
///
/// let problems = Problems::from(Problem::rule("/age", "at least 18").found("7"));
/// let text = render_feedback(&Feedback::new(&problems, Mode::Tools, 1));
/// assert!(text.contains("- /age: expected at least 18, found 7"));
///
/// let value = json!({"name": "Ada", "age": 7});
/// let text = render_feedback(&Feedback::new(&problems, Mode::Tools, 1).value(&value));
/// assert!(text.contains(r#""age": 7 // /age: expected at least 18, found 7"#));
/// ```
pub fn render_feedback(feedback: &Feedback<'_>) -> String {
    let mut text = match feedback.problems.len() {
        1 => String::from("The answer has a problem"),
        n => format!("The answer has {n} problems"),
    };
    if feedback.unchanged > 0 {
        text += ", the same as before";
    }
    text += &told(feedback);
    match (feedback.mode, feedback.parts) {
        (Mode::Tools, None) => {
            let tool = feedback.tool.map_or_else(|| "the tool".into(), |tool| format!("`{tool}`"));
            text += &format!("Call {tool} again with the whole answer, corrected.");
        }
        (_, None) => text += "Give the whole answer again as JSON, corrected, and nothing else.",
        (Mode::Tools, Some(parts)) => {
            text += &format!("Call `{}` with these parts alone", parts.contract().name());
            text += &requested_parts(parts);
        }
        (_, Some(parts)) => {
            text += "Give these parts alone, as the members of one JSON object, and nothing else";
            text += &requested_parts(parts);
        }
    }
    text
}

/// The names of parts and where they belong.
fn requested_parts(parts: &ReaskParts) -> String {
    let each = parts.iter().map(|part| format!("\n- `{}`: {}", part.name, part.sent_pointer));
    format!(", corrected; everything else is kept as it is:{}", each.collect::<String>())
}

/// The problems: what is folded as a list, and what stands alone in the value.
fn told(feedback: &Feedback<'_>) -> String {
    let folded = feedback.folded();
    let (inside, listed): (Vec<&Folded<'_>>, Vec<&Folded<'_>>) = folded
        .iter()
        .partition(|folded| folded.alone().is_some_and(|problem| !problem.pointer.is_empty()));
    let (list, left) = list(listed, MOST_BYTES);
    if left == 0 {
        let alone = inside.iter().filter_map(|folded| folded.alone());
        let room = MOST_BYTES.saturating_sub(list.len());
        let marked = feedback.value.and_then(|value| annotate(value, alone, room));
        match marked {
            Some(marked) if list.is_empty() => return format!(", marked in it:\n{marked}"),
            Some(marked) => return format!(":\n{list}In the answer:\n{marked}"),
            None => {}
        }
    }
    let (list, left) = self::list(&folded, MOST_BYTES);
    match left {
        0 => format!(":\n{list}"),
        _ => format!(":\n{list}… and {left} more.\n"),
    }
}

/// One line for each, as far as there is room, and how many problems are left out.
fn list<'a>(folded: impl IntoIterator<Item = &'a Folded<'a>>, most: usize) -> (String, usize) {
    let (mut list, mut left) = (String::new(), 0);
    for folded in folded {
        let line = format!("- {folded}\n");
        if left > 0 || list.len() + line.len() > most {
            left += folded.problems.len();
        } else {
            list += &line;
        }
    }
    (list, left)
}
