//! Prints a value as JSON, with its problems as comments on their lines. Leaves out the correct parts of
//! a long value.

use std::collections::HashMap;

use serde_json::Value;

use crate::contract::{Problem, excerpt};
use crate::schema::segments;

/// Size in bytes up to which a value is shown whole.
const SHORT: usize = 600;

/// Size in bytes up to which a part that holds a problem is shown whole, at any depth.
const SURROUNDINGS: usize = 200;

/// Returns a value as JSON, with the problems as comments on the lines of the nodes.
///
/// Of a long value, only the nodes with problems and their surroundings are shown; `…` marks the parts
/// left out.
///
/// Returns `None` if the text would be longer than `most` bytes, if the value is neither an object nor an
/// array, or if no problem is inside the value.
///
/// ```
/// use extract_core::check::annotate;
/// use extract_llm::Problem;
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
    // A problem of the root alone has no line to be shown on.
    if root.inside.is_empty() || !(value.is_object() || value.is_array()) {
        return None;
    }
    let whole = size(value) <= SHORT;
    let mut page = Page { text: String::new(), most };
    page.write(None, value, &root, whole, 0, false)?;
    Some(page.text)
}

/// The problems of a node and of the nodes inside it.
#[derive(Default)]
struct Marks<'a> {
    here: Vec<&'a Problem>,
    inside: HashMap<String, Marks<'a>>,
    /// The keys of `inside`, in the order of the problems.
    order: Vec<String>,
}

impl<'a> Marks<'a> {
    /// Adds a problem at its pointer.
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

    /// Returns the problems of parts that do not exist, and of the nodes inside these.
    fn missing<'m>(&'m self, is_there: impl Fn(&str) -> bool) -> Vec<&'a Problem> {
        let absent = self.order.iter().filter(|name| !is_there(name));
        absent.filter_map(|name| self.inside.get(name)).flat_map(Marks::all).collect()
    }

    /// Returns the problems of the node and of all nodes inside it.
    fn all(&self) -> Vec<&'a Problem> {
        let inside = self.order.iter().filter_map(|name| self.inside.get(name));
        self.here.iter().copied().chain(inside.flat_map(Marks::all)).collect()
    }
}

/// The text so far, and the limit on its length in bytes.
struct Page {
    text: String,
    most: usize,
}

impl Page {
    /// Writes a value, with its name, on lines of its own. Returns `None` if the text exceeds the limit.
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

    /// Writes how many elements were left out, if any, and resets the count.
    fn skipped(&mut self, depth: usize, count: &mut usize) -> Option<()> {
        let count = std::mem::take(count);
        match count {
            0 => Some(()),
            1 => self.line(depth, "… 1 element", &[]),
            _ => self.line(depth, &format!("… {count} elements"), &[]),
        }
    }

    /// Writes one line with its problems as a comment. Returns `None` if the text exceeds the limit.
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
            // A comment cannot contain line breaks.
            self.text += &problem.to_string().replace(['\n', '\r'], " ");
        }
        self.text.push('\n');
        (self.text.len() <= self.most).then_some(())
    }
}

/// Returns the length in bytes of a value as JSON text.
fn size(value: &Value) -> usize {
    value.to_string().len()
}
