//! [`Compare`]: when a value of an answer equals the expected one.

use super::error::EvaluationError;
use super::place::Place;
use crate::schema::segments;

/// When a value of an answer equals the expected one. The type decides most of it; the settings change it for
/// single fields.
///
/// Without settings:
/// - **Numbers** are equal if their values are: `1` equals `1.0`.
/// - **Texts** are equal apart from white space and case: `" ACME  Ltd"` equals `"Acme ltd"`. Composed and
///   decomposed letters are equal (NFC). The case counts in URLs and in base64.
/// - **Dates and times** (`format` in the schema) are equal if they are the same moment: `10:00:00Z` equals
///   `12:00:00+02:00`. Without an offset they have to show the same time.
/// - **Enums and booleans** are equal if they are the same value.
/// - **Lists** have no order: each expected element is paired with an element of the answer, equal ones first,
///   then those that have the largest share of equal fields. Tuples are compared by position.
/// - **Unions** of objects are compared member by member, beside the name of the variant.
/// - `null`, an absent member and an empty list are the same: no value.
///
/// Pointers are JSON pointers into the value, with `*` for every index and every key of a map:
/// `/items/*/price`. A setting also holds for the fields inside; of several, the one with the longest pointer
/// counts, and of equals the last. A pointer that the type does not have is an error of the evaluation
/// ([`EvaluationError::Rule`]).
///
/// ```
/// use extract_llm::evaluation::Compare;
///
/// let compare = Compare::new()
///     .tolerance("/total", 0.01)
///     .key("/items", "/sku")
///     .ignore("/notes")
///     .exact_case("/name");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compare {
    tolerances: Vec<(String, Tolerance)>,
    texts: Vec<(String, TextRule)>,
    keys: Vec<(String, String)>,
    ordered: Vec<String>,
    ignored: Vec<String>,
    is_only_labelled: bool,
}

/// The distance within which two numbers are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tolerance {
    /// In the unit of the number.
    Absolute(f64),
    /// As a share of the expected number.
    Relative(f64),
}

/// The differences that count in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TextRule {
    /// Neither white space nor case.
    #[default]
    Folded,
    /// The case, and not the white space.
    Case,
    /// Every character.
    Exact,
}

impl Compare {
    /// Creates the default rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the numbers at `pointer` differ by at most `most`, in their own unit. The default is 0. Texts that
    /// are numbers, such as those of decimal types, are then compared as numbers.
    pub fn tolerance(mut self, pointer: impl Into<String>, most: f64) -> Self {
        self.tolerances.push((pointer.into(), Tolerance::Absolute(most)));
        self
    }

    /// Lets the numbers at `pointer` differ by at most this share of the expected number: 0.01 is one percent.
    /// Texts that are numbers are then compared as numbers.
    pub fn relative_tolerance(mut self, pointer: impl Into<String>, share: f64) -> Self {
        self.tolerances.push((pointer.into(), Tolerance::Relative(share)));
        self
    }

    /// Lets the case count in the texts at `pointer`. White space still does not.
    pub fn exact_case(mut self, pointer: impl Into<String>) -> Self {
        self.texts.push((pointer.into(), TextRule::Case));
        self
    }

    /// Lets every character count in the texts at `pointer`.
    pub fn exact_text(mut self, pointer: impl Into<String>) -> Self {
        self.texts.push((pointer.into(), TextRule::Exact));
        self
    }

    /// Pairs the elements of the list at `list` whose values at `key` are equal. `key` is a pointer into an
    /// element, or the name of a member. Several keys of a list together make a pair. Elements without a key are
    /// paired as without this setting.
    pub fn key(mut self, list: impl Into<String>, key: impl Into<String>) -> Self {
        let key = key.into();
        let key = if key.is_empty() || key.starts_with('/') { key } else { format!("/{key}") };
        self.keys.push((list.into(), key));
        self
    }

    /// Pairs the elements of the list at `list` by their position.
    pub fn in_order(mut self, list: impl Into<String>) -> Self {
        self.ordered.push(list.into());
        self
    }

    /// Leaves out the field at `pointer` and everything inside it.
    pub fn ignore(mut self, pointer: impl Into<String>) -> Self {
        self.ignored.push(pointer.into());
        self
    }

    /// Leaves out the members that the expected value does not have, for golden rows that hold some fields only.
    /// A member that is `null` is not left out. By default, a member that is not expected counts against the
    /// precision.
    pub fn only_labelled(mut self) -> Self {
        self.is_only_labelled = true;
        self
    }

    pub(super) fn skips_unlabelled(&self) -> bool {
        self.is_only_labelled
    }

    pub(super) fn ignores(&self, field: &str) -> bool {
        self.ignored.iter().any(|pattern| pattern == field)
    }

    pub(super) fn is_ordered(&self, list: &str) -> bool {
        self.ordered.iter().any(|pattern| pattern == list)
    }

    pub(super) fn keys_of<'r>(&'r self, list: &str) -> Vec<&'r str> {
        let keys = self.keys.iter().filter(|(pattern, _)| pattern == list);
        keys.map(|(_, key)| key.as_str()).collect()
    }

    pub(super) fn tolerance_of(&self, field: &str) -> Option<Tolerance> {
        nearest(&self.tolerances, field)
    }

    pub(super) fn text_rule(&self, field: &str) -> Option<TextRule> {
        nearest(&self.texts, field)
    }

    /// Fails if the type has no such places, or if a tolerance is not a number from 0 on.
    pub(super) fn check(&self, root: &Place<'_>) -> Result<(), EvaluationError> {
        let wrong = |pointer: &str, message: &str| {
            let (pointer, message) = (pointer.to_owned(), message.to_owned());
            Err(EvaluationError::Rule { pointer, message })
        };
        for (pointer, tolerance) in &self.tolerances {
            let (Tolerance::Absolute(most) | Tolerance::Relative(most)) = tolerance;
            if !(most.is_finite() && *most >= 0.0) {
                return wrong(pointer, "expected a finite tolerance of at least 0");
            }
        }
        let lists = self.keys.iter().map(|(list, _)| list).chain(&self.ordered);
        for list in lists {
            if !find(root, list).is_some_and(|place| place.may_be_list()) {
                return wrong(list, "expected a list of the type");
            }
        }
        for (list, key) in &self.keys {
            let element = find(root, &format!("{list}/*"));
            if element.and_then(|element| find(&element, key)).is_none() {
                return wrong(&format!("{list}/*{key}"), "expected a field of the type");
            }
        }
        let fields = self.tolerances.iter().map(|(pointer, _)| pointer);
        let fields = fields.chain(self.texts.iter().map(|(pointer, _)| pointer));
        for pointer in fields.chain(&self.ignored) {
            if find(root, pointer).is_none() {
                return wrong(pointer, "expected a field of the type");
            }
        }
        Ok(())
    }
}

/// Returns the place at a pointer. `None` if no value can be there.
fn find<'t>(from: &Place<'t>, pointer: &str) -> Option<Place<'t>> {
    if !(pointer.is_empty() || pointer.starts_with('/')) {
        return None;
    }
    let mut place = from.clone();
    for segment in segments(pointer) {
        place = place.inside(&segment)?;
    }
    Some(place)
}

/// Returns the setting with the longest pointer that holds for a field.
fn nearest<R: Copy>(rules: &[(String, R)], field: &str) -> Option<R> {
    let holding = rules.iter().filter(|(pattern, _)| covers(pattern, field));
    holding.max_by_key(|(pattern, _)| pattern.len()).map(|(_, rule)| *rule)
}

/// Returns whether a field is at a pointer, or inside the value there.
fn covers(pattern: &str, field: &str) -> bool {
    field.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
