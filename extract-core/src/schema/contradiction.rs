//! Finds constraints in a type's schema that no value meets, or that do not apply to the type of their
//! field. The derive cannot see these in the tokens, because they lie behind an alias, a newtype or a
//! constant. No value is read here.

use serde_json::Value;

use super::Kinds;
use super::decimal::Decimal;
use super::node::BOUNDS;
use super::tree::Tree;
use super::validator::bounds;
use super::written::WrittenSchema;

/// The most references that are followed from a field to its type.
const FOLLOWED: usize = 16;

/// The keywords that limit a count, with the text around the numbers in a message.
const COUNTS: [(&str, &str, &str, &str); 3] = [
    ("minLength", "maxLength", "a text of at least", "characters"),
    ("minItems", "maxItems", "at least", "elements"),
    ("minProperties", "maxProperties", "at least", "members"),
];

/// Returns the pointer and the message of the first fault, in the order of pointers.
pub(crate) fn find(tree: &Tree) -> Option<(String, String)> {
    let all = (0..).take(tree.written_count()).map(|id| tree.written(id));
    let found = all.filter_map(|schema| Some((schema.pointer.clone(), fault(tree, schema)?)));
    found.min_by(|(one, _), (other, _)| one.cmp(other))
}

/// Returns the message for a fault of one schema; `None` if it has none.
fn fault(tree: &Tree, schema: &WrittenSchema) -> Option<String> {
    let words = &schema.notes.misplaced;
    if !words.is_empty() {
        return Some(format!("`{}` has no meaning for the type of this field", words.join("`, `")));
    }
    let mut text = WrittenBounds::default();
    text.add(tree, schema, FOLLOWED);
    text.meaningless(schema).or_else(|| text.contradiction())
}

/// The bounds of the values of one schema, including those of the type it refers to.
#[derive(Default)]
struct WrittenBounds {
    /// The kinds allowed; `None` if no `type` restricts them.
    kinds: Option<Kinds>,
    least: Option<Bound>,
    most: Option<Bound>,
    /// The least and the greatest count for every entry of [`COUNTS`].
    counts: [(Option<u64>, Option<u64>); 3],
}

/// A number, whether that number itself is excluded, and the number as the schema writes it.
type Bound = (Decimal, bool, String);

impl WrittenBounds {
    /// Adds the bounds of a schema, and of the type it refers to, following at most `left` references.
    fn add(&mut self, tree: &Tree, schema: &WrittenSchema, left: usize) {
        let Some(left) = left.checked_sub(1) else { return };
        let text = &schema.constraints;
        self.kinds = schema.kinds.or(self.kinds);
        for (word, is_outside) in [("minimum", false), ("exclusiveMinimum", true)] {
            self.narrow_least(text.get(word), is_outside);
        }
        for (word, is_outside) in [("maximum", false), ("exclusiveMaximum", true)] {
            self.narrow_most(text.get(word), is_outside);
        }
        let format = text.get("format").and_then(Value::as_str);
        if let Some((least, most)) = format.and_then(bounds) {
            self.narrow_least(Some(&least), false);
            self.narrow_most(Some(&most), false);
        }
        for ((least, most, ..), known) in COUNTS.iter().zip(&mut self.counts) {
            let count = |word: &str| text.get(word).and_then(Value::as_u64);
            known.0 = known.0.max(count(least));
            known.1 = [known.1, count(most)].into_iter().flatten().min();
        }
        if let Some(reference) = schema.reference {
            self.add(tree, tree.written(reference), left);
        }
        for (_, branches) in schema.unions() {
            let all = branches.iter().map(|&id| tree.written(id));
            let mut others = all.filter(|branch| branch.kinds != Some(Kinds::NULL));
            // One branch beside null is an optional value. Several branches have separate bounds.
            if let (Some(only), None) = (others.next(), others.next()) {
                self.add(tree, only, left);
            }
        }
    }

    /// Replaces the lower bound if `bound` is higher.
    fn narrow_least(&mut self, bound: Option<&Value>, is_outside: bool) {
        let Some(new) = read(bound, is_outside) else { return };
        if self.least.as_ref().is_none_or(|old| (&old.0, old.1) < (&new.0, new.1)) {
            self.least = Some(new);
        }
    }

    /// Replaces the upper bound if `bound` is lower.
    fn narrow_most(&mut self, bound: Option<&Value>, is_outside: bool) {
        let Some(new) = read(bound, is_outside) else { return };
        if self.most.as_ref().is_none_or(|old| (&old.0, !old.1) > (&new.0, !new.1)) {
            self.most = Some(new);
        }
    }

    /// Returns the message for a keyword beside a reference that does not apply to the type there. A
    /// keyword beside a `type` was checked when it was written.
    fn meaningless(&self, schema: &WrittenSchema) -> Option<String> {
        if schema.kinds.is_some() {
            return None;
        }
        let kinds = self.kinds?;
        let counts = COUNTS.iter().flat_map(|(least, most, ..)| [*least, *most]);
        let counts: Vec<&str> = counts.collect();
        let counted = Kinds::STRING.or(Kinds::PARTED);
        let meant: [(&[&str], Kinds); 3] =
            [(BOUNDS, Kinds::NUMBER), (&counts, counted), (&["pattern"], Kinds::STRING)];
        let word = meant.into_iter().find_map(|(words, wanted)| {
            let word = words.iter().find(|word| schema.constraints.contains_key(**word))?;
            (!kinds.meets(wanted)).then_some(*word)
        })?;
        Some(format!("`{word}` has no meaning for the type of this field"))
    }

    /// Returns the message for bounds that exclude every value.
    fn contradiction(&self) -> Option<String> {
        if let (Some((least, above, low)), Some((most, below, high))) = (&self.least, &self.most) {
            if least > most || (least == most && (*above || *below)) {
                let low = format!("{} {low}", if *above { "more than" } else { "at least" });
                let high = format!("{} {high}", if *below { "less than" } else { "at most" });
                return Some(format!("no value fits: {low} and {high}"));
            }
        }
        let mut counts = COUNTS.iter().zip(&self.counts);
        counts.find_map(|((.., words, unit), (least, most))| {
            let (least, most) = (least.as_ref()?, most.as_ref()?);
            let of = if words.starts_with("a text") { "of " } else { "" };
            (least > most)
                .then(|| format!("no value fits: {words} {least} and {of}at most {most} {unit}"))
        })
    }
}

/// Reads a bound; `None` if it is no number.
fn read(bound: Option<&Value>, is_outside: bool) -> Option<Bound> {
    let written = bound?.as_number()?.to_string();
    Some((Decimal::parse(&written)?, is_outside, written))
}
