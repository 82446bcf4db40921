//! [`Confidences`]: the confidence of each field of a value.

use std::collections::HashMap;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Confidence, ConfidenceSource, Doubt};
use crate::schema::push_segment;

/// The confidence of each field of a value, in the order of the value. Empty if no confidence was
/// [asked for](crate::Extraction::confidence), or if none is known.
///
/// As JSON, it is an object with the pointers as names. The confidence of a field is null if it is unknown.
///
/// ```
/// use extract_llm::extraction::Confidences;
///
/// let confidences: Confidences = serde_json::from_str(
///     r#"{"/lines/0": {"mean": 0.9, "least": 0.8, "tokens": 2},
///         "/lines/1": {"mean": 0.9, "least": 0.6, "tokens": 2},
///         "/total": null}"#,
/// )?;
/// assert_eq!(confidences.get("/lines/1").unwrap().least, 0.6);
/// assert_eq!(confidences.get("/lines").unwrap().least, 0.6);
/// assert_eq!(confidences.get("/lines").unwrap().tokens, 4);
/// assert_eq!(confidences.get("/total"), None);
/// assert_eq!(confidences.get(""), None); // `/total` is a part of it
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Confidences {
    /// The pointers of scalars and empty containers.
    fields: Vec<(String, Option<Confidence>)>,
}

impl Confidences {
    /// Returns the confidence of the value at a JSON pointer; the empty pointer is the whole value. An object or
    /// a list has the mean over all tokens of its values, and the least of them. `None` if there is no such
    /// value, or if the confidence of it, or of any value inside it, is unknown.
    pub fn get(&self, pointer: &str) -> Option<Confidence> {
        let mut inside = self.fields.iter().filter(|(field, _)| {
            let rest = field.strip_prefix(pointer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let first = inside.next()?.1?;
        inside.try_fold(Sum::of(first), |sum, (_, field)| Some(sum.and((*field)?))).map(Sum::mean)
    }

    /// Returns the fields with a known confidence, in the order of the value: scalars, and lists and objects
    /// without values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Confidence)> {
        let known = self.fields.iter();
        known.filter_map(|(pointer, known)| Some((pointer.as_str(), (*known)?)))
    }

    /// Returns the pointers of the fields whose confidence is unknown.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        let unknown = self.fields.iter().filter(|(_, known)| known.is_none());
        unknown.map(|(pointer, _)| pointer.as_str())
    }

    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns the fields whose mean is smaller than `below`, the least sure first.
    pub fn below(&self, below: f64) -> Vec<Doubt> {
        let doubtful = self.iter().filter(|(_, confidence)| confidence.mean < below);
        let mut doubts: Vec<Doubt> = doubtful
            .map(|(pointer, confidence)| Doubt { pointer: pointer.to_owned(), confidence })
            .collect();
        doubts.sort_by(|one, other| one.confidence.mean.total_cmp(&other.confidence.mean));
        doubts
    }

    /// Makes the confidences of fields from shares of samples.
    pub(in crate::extraction) fn of_shares<'p>(
        shares: impl Iterator<Item = (&'p str, f64)>,
    ) -> Self {
        let source = ConfidenceSource::Agreement;
        let fields = shares.map(|(pointer, share)| {
            let confidence = Confidence { mean: share, least: share, tokens: 0, source };
            (pointer.to_owned(), Some(confidence))
        });
        Self { fields: fields.collect() }
    }

    /// Makes the confidences of a value from those that are known.
    pub(in crate::extraction) fn of(
        value: &Value,
        known: impl Fn(&str, &Value) -> Option<Confidence>,
    ) -> Self {
        let fields = fields_of(value).into_iter().map(|(pointer, field)| {
            let confidence = known(&pointer, field);
            (pointer, confidence)
        });
        Self { fields: fields.collect() }
    }
}

/// The confidences of several fields together.
struct Sum {
    first: Confidence,
    /// The sum of the logarithms of all tokens, or of the shares.
    sum: f64,
    least: f64,
    tokens: usize,
    fields: usize,
}

#[expect(clippy::cast_precision_loss, reason = "numbers of tokens and fields")]
impl Sum {
    fn of(first: Confidence) -> Self {
        let (least, tokens) = (first.least, first.tokens);
        Self { first, sum: Self::part(&first), least, tokens, fields: 1 }
    }

    /// Returns the part of a field in the sum.
    fn part(field: &Confidence) -> f64 {
        match field.source {
            ConfidenceSource::Agreement => field.mean,
            // 0 tokens with a mean of 0 would be no number.
            ConfidenceSource::LogProbabilities if field.tokens == 0 => 0.0,
            ConfidenceSource::LogProbabilities => field.mean.ln() * field.tokens as f64,
        }
    }

    fn and(self, other: Confidence) -> Self {
        Self {
            sum: self.sum + Self::part(&other),
            least: self.least.min(other.least),
            tokens: self.tokens + other.tokens,
            fields: self.fields + 1,
            ..self
        }
    }

    fn mean(self) -> Confidence {
        let mean = match self.first.source {
            _ if self.fields == 1 => self.first.mean,
            ConfidenceSource::Agreement => self.sum / self.fields as f64,
            ConfidenceSource::LogProbabilities if self.tokens == 0 => 1.0,
            ConfidenceSource::LogProbabilities => (self.sum / self.tokens as f64).exp(),
        };
        Confidence { mean, least: self.least, tokens: self.tokens, source: self.first.source }
    }
}

/// Returns the scalars and the empty containers of a value, with their pointers.
pub(super) fn fields_of(value: &Value) -> Vec<(String, &Value)> {
    let mut fields = Vec::new();
    collect(value, &mut String::new(), &mut fields);
    fields
}

fn collect<'v>(value: &'v Value, pointer: &mut String, into: &mut Vec<(String, &'v Value)>) {
    let here = pointer.len();
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                push_segment(pointer, name);
                collect(value, pointer, into);
                pointer.truncate(here);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                push_segment(pointer, &index.to_string());
                collect(value, pointer, into);
                pointer.truncate(here);
            }
        }
        field => into.push((pointer.clone(), field)),
    }
}

impl Serialize for Confidences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.iter().map(|(pointer, known)| (pointer, known)))
    }
}

impl<'de> Deserialize<'de> for Confidences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Confidences;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with JSON pointers as names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut known = HashMap::new();
                let mut fields = Vec::new();
                while let Some((pointer, confidence)) = map.next_entry::<String, _>()? {
                    if known.insert(pointer.clone(), ()).is_none() {
                        fields.push((pointer, confidence));
                    }
                }
                Ok(Confidences { fields })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}
