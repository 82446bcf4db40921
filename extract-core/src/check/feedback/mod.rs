//! The feedback about a rejected answer, as text for the model: each problem with its pointer, beside the
//! answer's JSON, in a message of bounded size.

mod annotate;
mod fold;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use annotate::annotate;
pub use fold::{FoldedProblem, fold};

use crate::contract::{Contract, Problems, ReaskParts};
use crate::conversation::Mode;

/// Limit on the length in bytes of the problems in one message.
const MOST_BYTES: usize = 4096;

/// A rejected answer and its problems, as the argument of a feedback function: see
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
    /// The problems, with pointers into the answer in the form that the model sees.
    pub problems: &'a Problems,
    /// The answer in the form that the model sees; `None` if it could not be read.
    pub value: Option<&'a Value>,
    /// The mode of the request.
    pub mode: Mode,
    /// The number of the failed attempt, from 1.
    pub attempt: u32,
    /// The number of attempts in a row that repeated exactly these problems; 0 if they are new.
    pub unchanged: u32,
    /// The parts that the re-ask is limited to; `None` if it is about the whole value.
    pub parts: Option<&'a ReaskParts>,
    /// The name of the tool that takes the whole value, if the request offers other tools too.
    pub tool: Option<&'a str>,
    /// The list that is continued; `None` if the request is not for more elements. `problems` is then empty,
    /// unless an answer with more elements could not be read.
    pub rest: Option<RestOfList<'a>>,
}

/// A list whose next elements are asked for: see
/// [`continue_lists`](crate::Extraction::continue_lists). The message before the feedback shows its last
/// elements.
#[derive(Debug)]
#[non_exhaustive]
pub struct RestOfList<'a> {
    /// The JSON pointer of the list in the whole answer, in the form that the model sees.
    pub pointer: String,
    /// The number of elements that were given.
    pub given: usize,
    /// The number of last elements that the message before shows.
    pub shown: usize,
    /// The number of elements of the whole list, if it is known.
    pub expected: Option<usize>,
    /// The name of the list in the answer that is asked for, an object with this member alone.
    pub member: String,
    /// The contract of that answer. Its name is that of the tool.
    pub contract: &'a Contract,
    /// Whether the answer before began with elements that may have been given already.
    pub is_unclear: bool,
}

impl<'a> Feedback<'a> {
    /// Creates feedback on the problems of an attempt, with no answer, no parts, no tool and `unchanged`
    /// 0.
    pub fn new(problems: &'a Problems, mode: Mode, attempt: u32) -> Self {
        Self {
            problems,
            value: None,
            mode,
            attempt,
            unchanged: 0,
            parts: None,
            tool: None,
            rest: None,
        }
    }

    /// Sets the answer. The default is `None`.
    pub fn value(mut self, value: &'a Value) -> Self {
        self.value = Some(value);
        self
    }

    /// Sets the number of attempts in a row that repeated exactly these problems. The default is 0.
    pub fn unchanged(mut self, times: u32) -> Self {
        self.unchanged = times;
        self
    }

    /// Sets the parts that the re-ask is limited to. The default is `None`: the whole value.
    pub fn parts(mut self, parts: &'a ReaskParts) -> Self {
        self.parts = Some(parts);
        self
    }

    /// Returns the problems, equal ones folded.
    pub fn folded(&self) -> Vec<FoldedProblem<'a>> {
        fold(self.problems)
    }
}

/// A user-defined feedback text.
pub(crate) type FeedbackFn = Arc<dyn Fn(&Feedback<'_>) -> String + Send + Sync>;

/// The default feedback text.
///
/// Equal problems are [folded](Feedback::folded) into one line. The others are marked in the model's JSON, or
/// listed if that text would be too long. The problems take at most 4 KiB.
///
/// ```
/// use extract_llm::check::Feedback;
/// use extract_llm::{Mode, Problem, Problems};
/// use serde_json::json;
///
/// let problems = Problems::from(Problem::rule("/age", "at least 18").found("7"));
/// let text = Feedback::new(&problems, Mode::Tools, 1).to_string();
/// assert!(text.contains("- /age: expected at least 18, found 7"));
///
/// let value = json!({"name": "Ada", "age": 7});
/// let text = Feedback::new(&problems, Mode::Tools, 1).value(&value).to_string();
/// assert!(text.contains(r#""age": 7 // /age: expected at least 18, found 7"#));
/// ```
impl fmt::Display for Feedback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&default_text(self))
    }
}

fn default_text(feedback: &Feedback<'_>) -> String {
    let Some(rest) = &feedback.rest else { return whole_text(feedback) };
    let request = rest_text(rest, feedback.mode);
    if feedback.problems.is_empty() {
        return request;
    }
    let (list, _) = list(&feedback.folded(), MOST_BYTES);
    format!("The answer has a problem:\n{list}{request}")
}

/// Returns the request for the next elements of a list.
fn rest_text(rest: &RestOfList<'_>, mode: Mode) -> String {
    let RestOfList { pointer, given, shown, member, .. } = rest;
    let mut text = match rest.expected {
        Some(expected) => {
            format!("The list at {pointer} has {given} of its {expected} elements so far. ")
        }
        None => format!("The list at {pointer} has its first {given} elements so far. "),
    };
    text += &match shown {
        1 => String::from("Only the last of them stands above. "),
        _ => format!("Only the last {shown} of them stand above. "),
    };
    if rest.is_unclear {
        text += "The answer before began with elements that the list has already. Give such an element \
                 only if it comes once more, behind the last one. ";
    }
    text += &match mode {
        Mode::Tools => format!("Call `{}` with", rest.contract.name()),
        _ => format!("Give one JSON object with the member `{member}`, and nothing else:"),
    };
    text += " the elements that come next, behind the last one, in the order of the text. Do not repeat \
             elements. If there are no more, the list is empty.";
    text
}

/// Returns the text about a whole value or its parts.
fn whole_text(feedback: &Feedback<'_>) -> String {
    let mut text = match feedback.problems.len() {
        1 => String::from("The answer has a problem"),
        n => format!("The answer has {n} problems"),
    };
    if feedback.unchanged > 0 {
        text += ", the same as before";
    }
    text += &problem_text(feedback);
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

/// Returns the names of the parts and their pointers.
fn requested_parts(parts: &ReaskParts) -> String {
    let each = parts.iter().map(|part| format!("\n- `{}`: {}", part.name, part.sent_pointer));
    format!(", corrected; everything else is kept as it is:{}", each.collect::<String>())
}

/// Returns the problems as text: folded problems as a list, others as comments in the answer.
fn problem_text(feedback: &Feedback<'_>) -> String {
    let folded = feedback.folded();
    let (inside, listed): (Vec<&FoldedProblem<'_>>, Vec<&FoldedProblem<'_>>) = folded
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

/// Returns one line for each problem, up to `most` bytes, and the number of problems left out.
fn list<'a>(
    folded: impl IntoIterator<Item = &'a FoldedProblem<'a>>,
    most: usize,
) -> (String, usize) {
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
