//! Flaws of an answer, by name.

use serde_json::{Value, json};

use super::generator::Site;
use crate::schema::{Kinds, NodeKind, OtherMembers, Plain, Tree};

/// A way in which an answer of a [`Fake`](super::Fake) model is invalid.
///
/// ```
/// use extract_llm::scripted::{Fake, Flaw};
///
/// let one_in_five = Fake::seeded(7).flaw_rate(Flaw::MissingField, 0.2);
/// ```
///
/// A type need not have a place for each flaw: one without enums has no unknown variant. The request then
/// fails, with an error that names the flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flaw {
    /// A required field is absent.
    MissingField,
    /// A value has another type.
    WrongType,
    /// A number is outside its bounds, or a text, a list or a map is too short or too long.
    OutOfRange,
    /// The value of an enum, or a tag, is none of its variants.
    UnknownVariant,
    /// Objects have a field that the type does not know. Only types that deny unknown fields reject it; the others
    /// are read without it.
    ExtraField,
    /// A sentence in place of the JSON.
    BadJson,
    /// The first half of the answer, cut off at the limit of tokens.
    Truncated,
    /// A refusal.
    Refusal,
}

impl Flaw {
    /// All flaws.
    pub const ALL: [Self; 8] = [
        Self::MissingField,
        Self::WrongType,
        Self::OutOfRange,
        Self::UnknownVariant,
        Self::ExtraField,
        Self::BadJson,
        Self::Truncated,
        Self::Refusal,
    ];

    /// Whether the answer is JSON that does not fit.
    pub(super) fn is_of_data(self) -> bool {
        !matches!(self, Self::BadJson | Self::Truncated | Self::Refusal)
    }
}

/// The places at which a value may get a flaw.
pub(super) struct Flawed<'a> {
    pub(super) tree: &'a Tree,
    pub(super) sites: Vec<Site>,
    pub(super) flaw: Flaw,
}

impl Flawed<'_> {
    /// Returns the value with the flaw. `None` if no place gives a value that is invalid.
    pub(super) fn find(&self, value: &Value, is_invalid: impl Fn(&Value) -> bool) -> Option<Value> {
        if self.flaw == Flaw::ExtraField {
            return Some(self.with_extra_fields(value)).filter(is_invalid);
        }
        // Places inside others come later, and make the smaller flaw.
        self.sites.iter().rev().find_map(|site| {
            let NodeKind::Plain(plain) = &self.tree.node(site.node).kind else { return None };
            let found = value.pointer(&site.pointer)?;
            self.changes(plain, found).into_iter().find_map(|changed| {
                let mut flawed = value.clone();
                *flawed.pointer_mut(&site.pointer)? = changed;
                is_invalid(&flawed).then_some(flawed)
            })
        })
    }

    /// Returns the values that may have the flaw, in place of this one.
    fn changes(&self, plain: &Plain, found: &Value) -> Vec<Value> {
        match self.flaw {
            Flaw::MissingField => self.without_a_member(plain, found),
            Flaw::WrongType => {
                let of_another_type = match found {
                    Value::Object(_) => json!([true, [false]]),
                    _ => json!({"unexpected": true, "members": [[]]}),
                };
                let kinds = plain.implied_kinds().unwrap_or(Kinds::ALL);
                if kinds.meets(Kinds::of(&of_another_type)) {
                    vec![]
                } else {
                    vec![of_another_type]
                }
            }
            Flaw::OutOfRange => out_of_range(plain, found),
            Flaw::UnknownVariant => match (&plain.constants, found) {
                (Some(_), Value::String(_)) => vec![json!("zzz-unknown-variant")],
                _ => vec![],
            },
            Flaw::ExtraField | Flaw::BadJson | Flaw::Truncated | Flaw::Refusal => vec![],
        }
    }

    /// Returns the value with an unknown field in every object that is closed in the sent schema. Dialects close
    /// objects whose type ignores unknown fields, and the schema does not say which.
    fn with_extra_fields(&self, value: &Value) -> Value {
        let mut flawed = value.clone();
        for site in &self.sites {
            let is_closed = self
                .tree
                .plain(site.node)
                .is_some_and(|plain| plain.other_members == OtherMembers::Closed);
            if let Some(Value::Object(members)) =
                flawed.pointer_mut(&site.pointer).filter(|_| is_closed)
            {
                members.insert(String::from("zzz_unknown_field"), json!("unexpected"));
            }
        }
        flawed
    }

    /// Returns the object without one of its required members. A member that may be null is read as null if
    /// it is absent, and a tag can be inferred from the other members.
    fn without_a_member(&self, plain: &Plain, found: &Value) -> Vec<Value> {
        let Value::Object(members) = found else { return vec![] };
        let is_tag = |id| self.tree.plain(id).is_some_and(|plain| plain.is_const);
        let required = plain.members.iter().filter(|member| {
            member.required && !self.tree.takes_null(member.node) && !is_tag(member.node)
        });
        required
            .map(|member| {
                let mut rest = members.clone();
                rest.shift_remove(&member.name);
                Value::Object(rest)
            })
            .collect()
    }
}

/// Returns values of the same type outside the bounds.
fn out_of_range(plain: &Plain, found: &Value) -> Vec<Value> {
    match found {
        Value::Number(_) => {
            let bounds = plain.bounds();
            let edges = [bounds.min, bounds.above].map(|low| low - 1.0);
            let edges = edges.into_iter().chain([bounds.max, bounds.below].map(|high| high + 1.0));
            let far = [json!(-9_007_199_254_740_991_i64), json!(9_007_199_254_740_991_i64)];
            let near = edges.filter(|edge| edge.is_finite()).map(whole_or_fraction);
            near.chain(far).collect()
        }
        Value::String(_) => {
            let lengths = plain.text_lengths();
            let long = lengths.max.checked_add(1).filter(|long| *long <= super::text::LONGEST);
            let short = (lengths.min > 0).then(String::new);
            short.into_iter().chain(long.map(|long| "x".repeat(long))).map(Value::String).collect()
        }
        Value::Array(items) => {
            let lengths = plain.list_lengths();
            let mut changed = Vec::new();
            if lengths.min > 0 {
                changed.push(json!([]));
            }
            if let (Some(first), true) = (items.first(), lengths.max <= super::text::LONGEST) {
                changed.push(vec![first.clone(); lengths.max + 1].into());
            }
            changed
        }
        Value::Object(_) if plain.member_counts().min > 0 => {
            vec![json!({})]
        }
        _ => vec![],
    }
}

/// Returns a number, without a fraction if it has none.
fn whole_or_fraction(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked")]
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}
