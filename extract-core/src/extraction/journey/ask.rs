//! Asking: one request and its reply, entered in the ledger. What no re-ask can mend is an end.

use std::time::{Duration, Instant};

use super::{Ending, Journey};
use crate::conversation::{Block, Mode, Prices, ProviderError, Reply, StopReason};
use crate::extraction::ledger::{Attempt, Outcome};

impl<T> Journey<T> {
    /// One request and its reply, entered in the ledger. What no re-ask can mend is an end.
    pub(super) async fn ask(&mut self) -> Result<Reply, Ending> {
        let number =
            u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let mode = self.request.output.mode();
        // Entered before the request, so that a deadline that cuts it off finds it there.
        self.ledger.attempts.push(Attempt::begun(number, self.asked.clone(), mode));
        let asked = Instant::now();
        let answered = self.task.client.model.respond(&self.request).await;
        let Some(attempt) = self.ledger.attempts.last_mut() else {
            unreachable!("an attempt was pushed above")
        };
        attempt.latency = asked.elapsed();
        let reply = match answered {
            Ok(reply) => reply,
            // The provider's own check stands in for ours: what the model wrote may still be read.
            Err(ProviderError { generation: Some(written), request_id, resent, .. }) => {
                let mut reply = Reply::new(vec![Block::Text(written)], StopReason::Unstated);
                reply.request_id = request_id;
                reply.resent = resent;
                reply
            }
            Err(error) => {
                attempt.request_id.clone_from(&error.request_id);
                attempt.error = Some(error.to_string());
                attempt.resent = error.resent;
                tracing::debug!(attempt = number, %error, "no reply");
                return Err(Ending::Provider(error));
            }
        };
        attempt.enter(&reply, self.task.options.prices.as_ref());
        tracing::debug!(
            attempt = number,
            stop = %reply.stop,
            request_id = reply.request_id.as_deref(),
            "a reply"
        );
        let ending = match (&reply.stop, reply.refusal()) {
            (_, Some(words)) => Some((Outcome::Refused, Ending::Refused(words.to_owned()))),
            (StopReason::Refusal, None) => Some((Outcome::Refused, Ending::Refused(reply.text()))),
            (StopReason::ContentFilter, _) => {
                Some((Outcome::Filtered, Ending::Filtered(attempt.reply.clone())))
            }
            (StopReason::Length, _) => {
                Some((Outcome::Truncated, Ending::Truncated(attempt.reply.clone())))
            }
            _ => None,
        };
        match ending {
            Some((outcome, ending)) => {
                attempt.outcome = outcome;
                Err(ending)
            }
            None => Ok(reply),
        }
    }
}

impl Attempt {
    fn begun(number: u32, asked: String, mode: Mode) -> Self {
        Self {
            number,
            asked,
            mode,
            model: None,
            outcome: Outcome::Failed,
            stop: None,
            reply: String::new(),
            repairs: Vec::new(),
            problems: Vec::new(),
            usage: None,
            cost: None,
            latency: Duration::ZERO,
            request_id: None,
            resent: 0,
            error: None,
        }
    }

    fn enter(&mut self, reply: &Reply, prices: Option<&Prices>) {
        self.model.clone_from(&reply.model);
        self.stop = Some(reply.stop.clone());
        self.usage = reply.usage;
        self.cost = reply.cost.or_else(|| Some(prices?.cost(reply.usage.as_ref()?)));
        self.request_id.clone_from(&reply.request_id);
        self.resent = reply.resent;
        let mut parts: Vec<String> =
            Some(reply.text()).filter(|text| !text.is_empty()).into_iter().collect();
        parts.extend(reply.tool_calls().map(|call| call.arguments.clone()));
        self.reply = parts.join("\n");
    }
}
