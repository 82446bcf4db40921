//! [`FallbackOn`]: what lets the next model take over.

use crate::conversation::{ProviderError, ProviderErrorKind as Kind};

/// What lets another model take over: see [`fallback_to`](crate::Extraction::fallback_to).
///
/// The default is a failure of the provider, after its transport retries: a rate limit or a quota, an
/// overload, a failure of the server, no connection, a timeout, a reply that is incomplete or does not
/// follow the protocol, and an input that is too long for the model. An error that the next model would
/// hide, such as a wrong key, ends the extraction.
///
/// ```
/// use extract_llm::Client;
/// use extract_llm::extraction::FallbackOn;
///
/// let server = |url| Client::builder().base_url(url).model("my-model");
/// let second = server("http://127.0.0.1:8001/v1").build()?;
/// // Also if the first model refuses to answer, or gives two invalid answers.
/// let on = FallbackOn::default().refusals().failed_checks(2);
/// let client = server("http://127.0.0.1:8000/v1").fallback_to(&second, on).build()?;
/// # Ok::<(), extract_llm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FallbackOn {
    failures: bool,
    refusals: bool,
    all_errors: bool,
    failed_checks: Option<u32>,
}

impl Default for FallbackOn {
    /// Failures of the provider.
    fn default() -> Self {
        Self { failures: true, ..Self::nothing() }
    }
}

impl FallbackOn {
    /// Nothing yet: the start of a narrower choice, such as [`failed_checks`](Self::failed_checks) alone.
    pub const fn nothing() -> Self {
        Self { failures: false, refusals: false, all_errors: false, failed_checks: None }
    }

    /// Adds refusals of the model, and replies or prompts that a content filter stopped.
    pub const fn refusals(mut self) -> Self {
        self.refusals = true;
        self
    }

    /// Adds all other errors of the provider: a key that is not accepted, a model that does not exist, a
    /// request that is not valid or not supported. The ledger still says what happened.
    pub const fn all_errors(mut self) -> Self {
        self.failures = true;
        self.all_errors = true;
        self
    }

    /// Adds answers that failed their checks: the model takes over after this number of them, 0 counting
    /// as 1, or when the same problems come back as often as
    /// [`stop_unchanged`](crate::Extraction::stop_unchanged) allows.
    pub const fn failed_checks(mut self, after: u32) -> Self {
        self.failed_checks = Some(if after == 0 { 1 } else { after });
        self
    }

    /// Returns the number of failed answers after which the model takes over.
    pub(in crate::extraction) fn after_failed_checks(self) -> Option<u32> {
        self.failed_checks
    }

    /// Whether a refusal lets the model take over.
    pub(in crate::extraction) fn is_for_refusals(self) -> bool {
        self.refusals
    }

    /// Whether failures of the provider let the model take over.
    pub(in crate::extraction) fn is_for_failures(self) -> bool {
        self.failures
    }

    /// Whether this error lets the model take over.
    pub(in crate::extraction) fn is_for(self, error: &ProviderError) -> bool {
        match error.kind {
            Kind::ContentFiltered => self.refusals,
            Kind::ContextTooLong => self.failures,
            Kind::Runtime | Kind::Pending | Kind::CallForbidden | Kind::NotRecorded => false,
            kind if is_outage(kind) => self.failures,
            _ => self.all_errors,
        }
    }
}

/// Whether an error says that the provider cannot answer at the moment, whatever it is asked.
pub(super) fn is_outage(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::RateLimited
            | Kind::QuotaExceeded
            | Kind::Overloaded
            | Kind::Server
            | Kind::RejectedAnswer
            | Kind::Connect
            | Kind::Timeout
            | Kind::Interrupted
            | Kind::TooLarge
            | Kind::Malformed
            | Kind::Local
            | Kind::Deadline
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_for(on: FallbackOn, kind: Kind) -> bool {
        on.is_for(&ProviderError::new(kind, ""))
    }

    #[test]
    fn each_error_has_its_choice() {
        let (failures, refusals) = (FallbackOn::default(), FallbackOn::nothing().refusals());
        let all = FallbackOn::nothing().all_errors();
        for (kind, choices) in [
            (Kind::RateLimited, [true, false, true]),
            (Kind::QuotaExceeded, [true, false, true]),
            (Kind::Overloaded, [true, false, true]),
            (Kind::Server, [true, false, true]),
            (Kind::Timeout, [true, false, true]),
            (Kind::Connect, [true, false, true]),
            (Kind::Interrupted, [true, false, true]),
            (Kind::Deadline, [true, false, true]),
            (Kind::ContextTooLong, [true, false, true]),
            (Kind::Authentication, [false, false, true]),
            (Kind::NotFound, [false, false, true]),
            (Kind::InvalidRequest, [false, false, true]),
            (Kind::Unsupported, [false, false, true]),
            (Kind::ContentFiltered, [false, true, false]),
            // Another model would fail in the same way.
            (Kind::Runtime, [false, false, false]),
            (Kind::CallForbidden, [false, false, false]),
            (Kind::NotRecorded, [false, false, false]),
        ] {
            assert_eq!([failures, refusals, all].map(|on| is_for(on, kind)), choices, "{kind:?}");
        }
        assert_eq!(FallbackOn::nothing().failed_checks(0).after_failed_checks(), Some(1));
    }
}
