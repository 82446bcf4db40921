//! The confidence of the values of one reply: each value's place in the text, and the tokens there.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::choice::{Choice, Weight, plain_log};
use super::fields::fields_of;
use super::tokens::TokenMap;
use super::{Confidence, ConfidenceSource};
use crate::contract::{Contract, LoweredContract, Shape};
use crate::conversation::Reply;
use crate::extraction::ask::{AnswerText, read_answer};
use crate::reading::{Level, spans};

/// The known confidences of a value by their pointers, each with the field that it is of.
pub(in crate::extraction) type Known = HashMap<String, (Value, Confidence)>;

/// The confidences of the values in one reply.
pub(in crate::extraction) struct Weighed {
    /// The value of the reply, in the shape of its contract.
    pub(in crate::extraction) value: Value,
    known: HashMap<String, Confidence>,
}

impl Weighed {
    /// Weighs the values of a reply that was asked for by a contract. The reply is read once more.
    ///
    /// # Errors
    /// Returns the reason why no confidence is known.
    pub(in crate::extraction) fn of(
        reply: &Reply,
        contract: &Contract,
        form: Option<&LoweredContract>,
        level: Level,
        is_answer: impl Fn(&Value) -> bool,
    ) -> Result<Self, &'static str> {
        if reply.tool_calls().next().is_some() {
            return Err("log-probabilities do not cover the arguments of tools");
        }
        let text = reply.text();
        let tokens = TokenMap::of(reply, &text)?;
        let answer = AnswerText::Text(text);
        let mut first = None;
        // A model may answer in the shape of the type although the sent schema has another one.
        for form in std::iter::once(form).chain(form.map(|_| None)) {
            let Some(weighed) = Self::read(&answer, &tokens, contract, form, level) else {
                continue;
            };
            if is_answer(&weighed.value) {
                return Ok(weighed);
            }
            first = first.or(Some(weighed));
        }
        first.ok_or("the places of the values in the text are not known")
    }

    /// Reads the text in one form. `None` if that fails, or if no place is known.
    fn read(
        answer: &AnswerText,
        tokens: &TokenMap<'_>,
        contract: &Contract,
        form: Option<&LoweredContract>,
        level: Level,
    ) -> Option<Self> {
        let shape = contract.shape(form);
        let (name, text) = (contract.name(), answer.text());
        let reading = read_answer(answer, shape, name, level).ok()?;
        let spans = spans(text, shape, &reading)?;
        let sent = reading.value.clone();
        let value = contract.restore_reading(form, reading).value;
        let fields = fields_of(&value);
        let pointers = fields.iter().map(|(pointer, _)| pointer.as_str());
        let sent_pointers = contract.sent_pointers(form, &value, pointers);
        let mut known = HashMap::new();
        for ((pointer, field), at) in fields.iter().zip(sent_pointers) {
            // A part that is sent as text has no tokens of its own.
            let is_itself = sent.pointer(&at).is_some_and(|sent| sent == *field);
            let place = spans.get(&at).filter(|_| is_itself);
            let permitted = || permitted(shape, &at, &sent);
            let confidence = place.and_then(|place| weigh(text, tokens, place, &permitted()));
            if let Some(confidence) = confidence {
                known.insert(pointer.clone(), confidence);
            }
        }
        (!known.is_empty()).then_some(Self { value, known })
    }
}

/// Returns the confidences of the fields that a value took over from a reply. `place` translates a pointer in
/// the reply's value to one in the whole value.
pub(in crate::extraction) fn adopt(
    weighed: &Weighed,
    whole: &Value,
    place: impl Fn(&str) -> String,
) -> Known {
    let mut adopted = Known::new();
    for (pointer, confidence) in &weighed.known {
        let at = place(pointer);
        let taken = weighed.value.pointer(pointer).filter(|own| whole.pointer(&at) == Some(*own));
        if let Some(field) =
            taken.filter(|_| has_same_lists(&weighed.value, whole, pointer, &place))
        {
            adopted.insert(at, (field.clone(), *confidence));
        }
    }
    adopted
}

/// Whether the lists around a field have as many elements in both values. Elements that were left out shift the
/// others.
fn has_same_lists(
    own: &Value,
    whole: &Value,
    pointer: &str,
    place: impl Fn(&str) -> String,
) -> bool {
    let ends = pointer.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|end| pointer.get(..end)).all(|around| match own.pointer(around) {
        Some(Value::Array(items)) => {
            let others = whole.pointer(&place(around)).and_then(Value::as_array);
            others.is_some_and(|others| others.len() == items.len())
        }
        _ => true,
    })
}

/// Returns the values that the schema permits, as JSON texts; empty if there are many.
fn permitted(shape: &Shape, pointer: &str, value: &Value) -> Vec<String> {
    let values = shape.permitted(pointer, value).unwrap_or_default();
    values.iter().map(Value::to_string).collect()
}

/// Returns the confidence of the value at a place of the text. `None` if it is unknown.
fn weigh(
    text: &str,
    tokens: &TokenMap<'_>,
    place: &Range<usize>,
    permitted: &[String],
) -> Option<Confidence> {
    let mut logs = Vec::new();
    if let Some(choice) = Choice::of(permitted, text, place.clone()) {
        for (own, token) in tokens.overlapping(choice.deciding()) {
            match choice.weigh(&own, token) {
                Weight::Forced => {}
                Weight::Log(log) => logs.push(log),
                Weight::Unknown => return None,
            }
        }
    } else {
        for (_, token) in tokens.overlapping(own_bytes(text, place)?) {
            logs.push(plain_log(token)?);
        }
        if logs.is_empty() {
            return None;
        }
    }
    Some(summed(&logs))
}

/// Returns the bytes of a value that are its own: a string without its quotation marks. Of an empty string,
/// list or object, it is the mark that closes it.
fn own_bytes(text: &str, place: &Range<usize>) -> Option<Range<usize>> {
    let written = text.get(place.clone())?;
    let last = written.chars().next_back()?;
    let closing = place.end - last.len_utf8()..place.end;
    let first = written.chars().next()?;
    if matches!(first, '{' | '[') {
        return Some(closing);
    }
    if !matches!(first, '"' | '\'' | '`' | '“' | '‘') || written.len() <= first.len_utf8() {
        return Some(place.clone());
    }
    let inside = place.start + first.len_utf8()..closing.start;
    Some(if inside.is_empty() { closing } else { inside })
}

/// Returns the confidence of tokens.
#[expect(clippy::cast_precision_loss, reason = "numbers of tokens")]
fn summed(logs: &[f64]) -> Confidence {
    let source = ConfidenceSource::LogProbabilities;
    if logs.is_empty() {
        return Confidence { mean: 1.0, least: 1.0, tokens: 0, source };
    }
    let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    let least = logs.iter().copied().fold(0.0, f64::min).exp();
    Confidence { mean, least, tokens: logs.len(), source }
}
