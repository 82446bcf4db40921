//! A conversation that is shortened to a number of tokens.

use super::{Conversation, Message, Part, Role};

/// A conversation that fits: see [`Conversation::fit`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fitted {
    /// The messages that are kept, in their order.
    pub conversation: Conversation,
    /// The number of messages that were left out.
    pub left_out: usize,
    /// The tokens of the messages that are kept.
    pub tokens: u64,
}

/// The error of a conversation whose necessary messages are too long: see [`Conversation::fit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the messages that must stay have {needed} tokens, and at most {limit} fit: the system messages, the \
     source text, the last message of the user and the latest turn"
)]
#[non_exhaustive]
pub struct DoesNotFit {
    /// The tokens of the messages that must stay.
    pub needed: u64,
    /// The limit that was given.
    pub limit: u64,
}

impl Conversation {
    /// Leaves out the oldest messages, so that the rest has at most `max_tokens` tokens by
    /// [`approximate_tokens`](Message::approximate_tokens). [`fit_by`](Self::fit_by) takes an exact counter.
    ///
    /// System messages, the source text, the last message of the user and the latest turn always stay. Before
    /// that, exchanges are kept whole, the most recent ones first: a message of the user with the turns that
    /// follow it. Calls stay with their results. No message is shortened.
    ///
    /// The schema of the answer, and settings such as [`system`](crate::Extraction::system), are not part of
    /// the conversation: leave room for them, for the reply, and for the error of the approximation.
    ///
    /// Fails with the tokens that are needed, if the messages that must stay have more than `max_tokens`.
    ///
    /// ```
    /// use extract_llm::{Conversation, Message};
    ///
    /// let mut messages = vec![Message::system("You read orders.")];
    /// for order in 1..100 {
    ///     messages.push(Message::user(format!("Order {order}: seven chairs.")));
    ///     messages.push(Message::assistant("Seven chairs are noted."));
    /// }
    /// messages.push(Message::user("How many chairs in all?"));
    ///
    /// let fitted = Conversation::from(messages).fit(300)?;
    /// assert!(fitted.tokens <= 300);
    /// assert_eq!(fitted.conversation.messages()[0].text(), "You read orders.");
    /// assert!(fitted.left_out > 100);
    /// # Ok::<(), extract_llm::conversation::DoesNotFit>(())
    /// ```
    pub fn fit(self, max_tokens: u64) -> Result<Fitted, DoesNotFit> {
        self.fit_by(max_tokens, Message::approximate_tokens)
    }

    /// Does the same as [`fit`](Self::fit), with a counter of your own, such as a tokenizer. It is called
    /// once for each message.
    pub fn fit_by(
        self,
        max_tokens: u64,
        count: impl Fn(&Message) -> u64,
    ) -> Result<Fitted, DoesNotFit> {
        let has_source = self.has_source();
        let messages = self.into_messages();
        let blocks = Blocks::of(&messages, has_source, count);
        let needed = blocks.tokens_that_stay();
        if needed > max_tokens {
            return Err(DoesNotFit { needed, limit: max_tokens });
        }
        let (kept, tokens) = blocks.choose(needed, max_tokens);
        let before = messages.len();
        let mut kept = kept.into_iter();
        let messages: Vec<Message> =
            messages.into_iter().filter(|_| kept.next().unwrap_or_default()).collect();
        let left_out = before.saturating_sub(messages.len());
        let whole = Conversation::from(messages);
        let conversation = if has_source { whole.with_source() } else { whole };
        Ok(Fitted { conversation, left_out, tokens })
    }
}

/// One message with its place in the conversation.
struct Place {
    tokens: u64,
    /// The number of its exchange: a message of the user, and the turns behind it.
    exchange: usize,
    /// The number of its turn: a message, or a message with calls and their results.
    turn: usize,
    /// Whether it is kept in any case.
    stays: bool,
}

/// The messages of a conversation, in turns and exchanges.
struct Blocks(Vec<Place>);

impl Blocks {
    fn of(messages: &[Message], has_source: bool, count: impl Fn(&Message) -> u64) -> Self {
        let (mut exchange, mut turn) = (0, 0);
        let mut last_role = Role::System;
        let mut places = Vec::with_capacity(messages.len());
        for (at, message) in messages.iter().enumerate() {
            let is_system = message.role == Role::System;
            if message.role == Role::User && last_role != Role::User && !holds_result(message) {
                exchange += 1;
            }
            if !holds_result(message) {
                turn += 1;
            }
            if !is_system {
                last_role = message.role;
            }
            let stays = is_system || (at == 0 && has_source);
            places.push(Place { tokens: count(message), exchange, turn, stays });
        }
        let is_of_user = |message: &Message| message.role == Role::User && !holds_result(message);
        let last_of_user = messages.iter().rposition(is_of_user);
        let latest = messages.iter().rposition(|message| message.role != Role::System);
        let latest = latest.and_then(|at| places.get(at)).map(|place| place.turn);
        for (at, place) in places.iter_mut().enumerate() {
            place.stays |= Some(at) == last_of_user || Some(place.turn) == latest;
        }
        Self(places)
    }

    fn tokens_that_stay(&self) -> u64 {
        sum(self.0.iter().filter(|place| place.stays))
    }

    /// Chooses the messages to keep: from the end, the turns of the last exchange, then whole exchanges,
    /// until one does not fit. Returns them with their tokens.
    fn choose(&self, needed: u64, limit: u64) -> (Vec<bool>, u64) {
        let mut kept: Vec<bool> = self.0.iter().map(|place| place.stays).collect();
        let mut tokens = needed;
        let Some(last) = self.0.last().map(|place| place.exchange) else { return (kept, tokens) };
        // Turns of the last exchange, and exchanges before it, have numbers of one order.
        let block = |place: &Place| {
            if place.exchange == last { (place.exchange, place.turn) } else { (place.exchange, 0) }
        };
        let mut end = self.0.len();
        while let Some(newest) = end.checked_sub(1).and_then(|at| self.0.get(at)) {
            let number = block(newest);
            let rest = self.0.get(..end).unwrap_or_default();
            let before = rest.iter().rposition(|place| block(place) != number);
            let start = before.map_or(0, |at| at.saturating_add(1));
            let members = rest.get(start..).unwrap_or_default();
            let more = sum(members.iter().filter(|place| !place.stays));
            if tokens.saturating_add(more) > limit {
                break;
            }
            tokens = tokens.saturating_add(more);
            kept.get_mut(start..end).into_iter().flatten().for_each(|kept| *kept = true);
            end = start;
        }
        (kept, tokens)
    }
}

fn sum<'a>(places: impl Iterator<Item = &'a Place>) -> u64 {
    places.fold(0, |sum, place| sum.saturating_add(place.tokens))
}

/// Whether a message holds the result of a call.
fn holds_result(message: &Message) -> bool {
    message.role == Role::Tool
        || message.parts.iter().any(|part| matches!(part, Part::ToolResult(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{ToolCall, ToolResult};

    /// Returns a conversation of this form: `s` system, `u` user, `a` assistant, `c` a call, `r` its result.
    /// Each message counts as 10 tokens.
    fn conversation(form: &str) -> Conversation {
        let call = ToolCall::new("c1", "look", "{}");
        let messages = form.char_indices().map(|(at, kind)| match kind {
            's' => Message::system(at.to_string()),
            'u' => Message::user(at.to_string()),
            'a' => Message::assistant(at.to_string()),
            'c' => Message::new(
                Role::Assistant,
                [Part::text(at.to_string()), Part::ToolCall(call.clone())],
            ),
            _ => Message::tool(ToolResult::new(&call, at.to_string(), false)),
        });
        messages.collect::<Vec<_>>().into()
    }

    /// Returns the indices of the messages that are kept.
    fn kept(form: &str, limit: u64) -> Result<Vec<usize>, DoesNotFit> {
        let fitted = conversation(form).fit_by(limit, |_| 10)?;
        assert_eq!(fitted.tokens, 10 * fitted.conversation.messages().len() as u64);
        assert_eq!(fitted.left_out + fitted.conversation.messages().len(), form.len());
        let index = |message: &Message| match &message.parts[0] {
            Part::Text(text) => text.parse().unwrap(),
            Part::ToolResult(result) => result.content.parse().unwrap(),
            other => panic!("{other:?}"),
        };
        Ok(fitted.conversation.messages().iter().map(index).collect())
    }

    #[test]
    fn the_most_recent_exchanges_are_kept_whole() {
        for (form, limit, expected) in [
            ("suauau", 60, vec![0, 1, 2, 3, 4, 5]),
            ("suauau", 59, vec![0, 3, 4, 5]),
            ("suauau", 40, vec![0, 3, 4, 5]),
            ("suauau", 39, vec![0, 5]),
            ("suauau", 20, vec![0, 5]),
            // Calls stay with their results, and exchanges with both.
            ("sucrau", 60, vec![0, 1, 2, 3, 4, 5]),
            ("sucrau", 50, vec![0, 5]),
            // Several messages of the user in a row are one exchange, of which the last must stay.
            ("uuu", 20, vec![1, 2]),
            // The last exchange is an agent's: its latest turn stays, older turns go first.
            ("sucrcrcr", 80, vec![0, 1, 2, 3, 4, 5, 6, 7]),
            ("sucrcrcr", 79, vec![0, 1, 4, 5, 6, 7]),
            ("sucrcrcr", 60, vec![0, 1, 4, 5, 6, 7]),
            ("sucrcrcr", 59, vec![0, 1, 6, 7]),
            ("uaucrcrr", 60, vec![2, 3, 4, 5, 6, 7]),
            ("uaucrcrr", 59, vec![2, 5, 6, 7]),
            // System messages stay where they are.
            ("suasua", 50, vec![0, 3, 4, 5]),
            ("auau", 30, vec![1, 2, 3]),
            ("s", 10, vec![0]),
            ("", 0, vec![]),
        ] {
            assert_eq!(kept(form, limit), Ok(expected), "{form} {limit}");
        }
    }

    #[test]
    fn what_must_stay_and_does_not_fit_is_an_error() {
        for (form, limit, needed) in [
            ("suauau", 19, 20),
            ("sucrcrcr", 39, 40),
            ("sssu", 39, 40),
            ("u", 0, 10),
            ("sucr", 0, 40),
        ] {
            assert_eq!(kept(form, limit), Err(DoesNotFit { needed, limit }), "{form} {limit}");
        }
    }

    #[test]
    fn a_source_text_stays() {
        let asked = Conversation::from("The text.").user("One?").message(Message::assistant("1"));
        let fitted = asked.user("Two?").fit_by(20, |_| 10).unwrap();
        assert!(fitted.conversation.has_source());
        let texts: Vec<String> = fitted.conversation.messages().iter().map(Message::text).collect();
        assert_eq!(texts, ["The text.", "Two?"]);
    }

    #[test]
    fn a_long_history_is_fitted_in_linear_time() {
        let fitted = conversation(&"ua".repeat(50_000)).fit_by(500_000, |_| 10).unwrap();
        assert_eq!(fitted.left_out, 50_000);
    }
}
