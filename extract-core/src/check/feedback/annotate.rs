//! Annotating: a value as JSON with its problems as comments at their lines. What is right is left
//! out where the value is long.

use std::collections::HashMap;

use serde_json::Value;

use crate::contract::{Problem, excerpt};
use crate::schema::segments;

/// A value of no more bytes than this is shown as a whole.
const SHORT: usize = 600;

/// What holds a problem and has no more bytes than this is shown as a whole, wherever it stands.
const SURROUNDINGS: usize = 200;

/// A value as JSON, with these problems as comments at the lines where they are; `None` where that
/// takes more than `most` bytes, or nothing would stand beside the problems.
///
/// Of a long value only what has problems is shown, with what is directly around it; `…` stands for
/// the rest.
///
/// ```
/// use extract_llm::check::annotate;
/// use extract_llm::contract::Problem;
/// use serde_json::json;
///
/// let value = json!({"customer": "Ada", "lines": [{"sku": "A-1", "quantity": "two"}]});
/// let problem = Problem::rule("/lines/0/quantity", "a number");
/// let text = annotate(&value, [&problem], 4_000).unwrap();
/// assert_eq!(text, r#"{
///   "customer": "Ada",
///   "lines": [
///     {
///       "sku": "A-1",
///       "quantity": "two" // /lines/0/quantity: a number
///     }
///   ]
/// }
/// "#);
/// ```
pub fn annotate<'a>(
    value: &Value,
    problems: impl IntoIterator<Item = &'a Problem>,
    most: usize,
) -> Option<String> {
    let mut root = Marks::default();
    for problem in problems {
        root.mark(problem);
    }
    // A problem with the whole has no line of its own.
    if root.inside.is_empty() || !(value.is_object() || value.is_array()) {
        return None;
    }
    let whole = size(value) <= SHORT;
    let mut page = Page { text: String::new(), most };
    page.write(None, value, &root, whole, 0, false)?;
    Some(page.text)
}

/// The problems of a place and of what is inside of it.
#[derive(Default)]
struct Marks<'a> {
    here: Vec<&'a Problem>,
    inside: HashMap<String, Marks<'a>>,
    /// The names of `inside`, in the order in which they came.
    order: Vec<String>,
}

impl<'a> Marks<'a> {
    fn mark(&mut self, problem: &'a Problem) {
        let mut marks = self;
        for segment in segments(&problem.pointer) {
            if !marks.inside.contains_key(&segment) {
                marks.order.push(segment.clone());
            }
            marks = marks.inside.entry(segment).or_default();
        }
        marks.here.push(problem);
    }

    /// The problems of places that are not there, with those inside of them.
    fn missing<'m>(&'m self, is_there: impl Fn(&str) -> bool) -> Vec<&'a Problem> {
        let absent = self.order.iter().filter(|name| !is_there(name));
        absent.filter_map(|name| self.inside.get(name)).flat_map(Marks::all).collect()
    }

    fn all(&self) -> Vec<&'a Problem> {
        let inside = self.order.iter().filter_map(|name| self.inside.get(name));
        self.here.iter().copied().chain(inside.flat_map(Marks::all)).collect()
    }
}

struct Page {
    text: String,
    most: usize,
}

impl Page {
    /// Writes a value under its name on lines of its own; `None` where there is no more room.
    fn write(
        &mut self,
        name: Option<&str>,
        value: &Value,
        marks: &Marks<'_>,
        whole: bool,
        depth: usize,
        comma: bool,
    ) -> Option<()> {
        let whole = whole || size(value) <= SURROUNDINGS;
        let head = match name {
            Some(name) => format!("{}: ", Value::from(name)),
            None => String::new(),
        };
        let comma = if comma { "," } else { "" };
        match value {
            Value::Object(members) if !marks.inside.is_empty() => {
                self.line(depth, &format!("{head}{{"), &marks.here)?;
                let mut left_out = false;
                for (index, (name, member)) in members.iter().enumerate() {
                    let comma = index + 1 < members.len();
                    match marks.inside.get(name) {
                        Some(marks) => {
                            self.write(Some(name), member, marks, whole, depth + 1, comma)?;
                            left_out = false;
                        }
                        None if whole => {
                            let none = Marks::default();
                            self.write(Some(name), member, &none, whole, depth + 1, comma)?;
                        }
                        None if left_out => {}
                        None => {
                            self.line(depth + 1, "…", &[])?;
                            left_out = true;
                        }
                    }
                }
                for problem in marks.missing(|name| members.contains_key(name)) {
                    self.line(depth + 1, "", &[problem])?;
                }
                self.line(depth, &format!("}}{comma}"), &[])
            }
            Value::Array(items) if !marks.inside.is_empty() => {
                self.line(depth, &format!("{head}["), &marks.here)?;
                let mut left_out = 0;
                for (index, item) in items.iter().enumerate() {
                    let own = marks.inside.get(&index.to_string());
                    if own.is_none() && !whole {
                        left_out += 1;
                        continue;
                    }
                    self.skipped(depth + 1, &mut left_out)?;
                    let none = Marks::default();
                    let comma = index + 1 < items.len();
                    self.write(None, item, own.unwrap_or(&none), whole, depth + 1, comma)?;
                }
                self.skipped(depth + 1, &mut left_out)?;
                let is_there =
                    |name: &str| name.parse::<usize>().is_ok_and(|index| index < items.len());
                for problem in marks.missing(is_there) {
                    self.line(depth + 1, "", &[problem])?;
                }
                self.line(depth, &format!("]{comma}"), &[])
            }
            leaf => {
                let text = if whole { leaf.to_string() } else { excerpt(leaf) };
                self.line(depth, &format!("{head}{text}{comma}"), &marks.all())
            }
        }
    }

    fn skipped(&mut self, depth: usize, count: &mut usize) -> Option<()> {
        let count = std::mem::take(count);
        match count {
            0 => Some(()),
            1 => self.line(depth, "… 1 element", &[]),
            _ => self.line(depth, &format!("… {count} elements"), &[]),
        }
    }

    fn line(&mut self, depth: usize, text: &str, problems: &[&Problem]) -> Option<()> {
        self.text.extend(std::iter::repeat_n("  ", depth));
        self.text += text;
        for (index, problem) in problems.iter().enumerate() {
            let separator = match (index, text) {
                (0, "") => "// ",
                (0, _) => " // ",
                _ => "; ",
            };
            self.text += separator;
            // A comment ends with its line.
            self.text += &problem.to_string().replace(['\n', '\r'], " ");
        }
        self.text.push('\n');
        (self.text.len() <= self.most).then_some(())
    }
}

/// The bytes of a value as JSON text.
fn size(value: &Value) -> usize {
    value.to_string().len()
}
