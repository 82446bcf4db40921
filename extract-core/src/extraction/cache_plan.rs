//! The cache points of a request: behind the tools, the system prompt and the examples, and those that the
//! caller set. A provider takes a few of them only.

use crate::conversation::{CacheSupport, Message, Part, Request, Role};
use crate::model::Profile;

/// The cache points of a request.
pub(super) struct CachePlan {
    /// Whether a cache point follows the tools.
    pub(super) on_tools: bool,
}

impl CachePlan {
    /// Sets the cache points that `prompt_cache` asks for, and removes those that the provider does not
    /// take. `has_tools` is whether the request offers tools, and `examples` is the number of messages up
    /// to the end of the examples; 0 without examples.
    pub(super) fn of(
        request: &mut Request,
        has_tools: bool,
        examples: usize,
        profile: &Profile,
        notes: &mut Vec<String>,
    ) -> Self {
        let is_on = request.settings.caches_prompt();
        let mut note = |text: String| {
            if is_on {
                notes.push(format!("`prompt_cache` {text}"));
            }
        };
        let mut plan = Self { on_tools: false };
        let (limit, on_tools) = match profile.cache {
            CacheSupport::ByItself => return plan,
            CacheSupport::None => {
                note(format!("has no effect: no prompt cache of {} is known", profile.provider));
                return plan;
            }
            CacheSupport::Marks { limit, on_tools } => (limit, on_tools),
        };
        let messages = &mut request.messages;
        if is_on {
            plan.on_tools = has_tools && on_tools;
            let system = messages.first_mut().filter(|message| message.role == Role::System);
            system.into_iter().for_each(mark);
            let example = examples.checked_sub(1).and_then(|last| messages.get_mut(last));
            example.into_iter().for_each(mark);
        }
        if !plan.on_tools && count(messages) == 0 {
            note("marks nothing: there is no system prompt and no example".to_owned());
        }
        plan.keep_within(limit, messages, profile, notes);
        plan
    }

    /// Removes cache points above the limit. The first is kept, which most requests share, and the last
    /// ones, which cover everything before them. The one on tools goes first: all others cover it.
    fn keep_within(
        &mut self,
        limit: usize,
        messages: &mut [Message],
        profile: &Profile,
        notes: &mut Vec<String>,
    ) {
        let marks = count(messages);
        let provider = &profile.provider;
        let mut note = |dropped: &str| {
            notes
                .push(format!("{provider} takes at most {limit} cache points: not sent {dropped}"));
        };
        if self.on_tools && marks >= limit {
            self.on_tools = false;
            note("behind the tools");
        }
        let (first, last) = (1, marks.saturating_sub(limit.saturating_sub(1)));
        let mut at = 0;
        for (number, message) in messages.iter_mut().enumerate() {
            let before = at;
            message.parts.retain(|part| {
                if *part != Part::CachePoint {
                    return true;
                }
                at += 1;
                at <= first || at > last
            });
            let is_dropped = (before + 1..=at).any(|mark| mark > first && mark <= last);
            if is_dropped {
                note(&format!("in message {}", number + 1));
            }
        }
    }
}

/// Appends a cache point, unless there is one.
fn mark(message: &mut Message) {
    if message.parts.last() != Some(&Part::CachePoint) {
        message.parts.push(Part::CachePoint);
    }
}

/// Returns the number of cache points.
fn count(messages: &[Message]) -> usize {
    let parts = messages.iter().flat_map(|message| &message.parts);
    parts.filter(|part| **part == Part::CachePoint).count()
}
