//! [`Limits`]: the settings of the limits, and the governors that they share.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::HeaderMap;

use super::governor::Governor;
use super::limit_settings::LimitSettings;

/// How many requests, and how many tokens, are sent to a provider.
///
/// Requests wait for their turn in the order in which they came. When the server says that it is too much,
/// all of them wait, and fewer run at the same time afterwards. Limits are on by default;
/// [`off`](Self::off) turns them off.
///
/// The limits hold for one provider, API key and model. A clone shares them, so clients that are built with
/// clones of one value share its limits, if they use the same key and model. Each method returns limits of
/// their own that are shared with nobody yet.
///
/// ```
/// use extract_llm::Client;
/// use extract_llm::model::Limits;
///
/// let limits = Limits::default().requests_per_minute(500).tokens_per_minute(200_000);
/// let builder = || Client::builder().base_url("http://127.0.0.1:8000/v1").model("my-model");
/// let one = builder().limits(limits.clone()).build()?;
/// let other = builder().limits(limits).validation_retries(5).build()?; // 500 a minute for both
/// # Ok::<(), extract_llm::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Limits {
    /// `None` if the limits are off.
    settings: Option<LimitSettings>,
    governors: Arc<Governors>,
}

impl Default for Limits {
    /// At most 256 requests at the same time, beginning with 32, and the limits on requests and tokens that
    /// the server states in its headers.
    fn default() -> Self {
        Self::with(LimitSettings::default())
    }
}

impl Limits {
    fn with(settings: LimitSettings) -> Self {
        Self { settings: Some(settings), governors: Arc::default() }
    }

    /// No limits: every request is sent at once. A request that the server refuses is sent again by its
    /// own [`RetryPolicy`](crate::model::RetryPolicy) alone.
    pub fn off() -> Self {
        Self { settings: None, governors: Arc::default() }
    }

    /// Whether the limits are off.
    pub fn is_off(&self) -> bool {
        self.settings.is_none()
    }

    fn change(self, change: impl FnOnce(&mut LimitSettings)) -> Self {
        let mut settings = self.settings.unwrap_or_default();
        change(&mut settings);
        Self::with(settings)
    }

    /// Sets the most requests at the same time. 0 counts as 1. The default is 256.
    ///
    /// It begins with 32, or this number if it is lower. While all places are taken, each answer adds an
    /// eighth of a place. A refusal halves the number, down to 1. A place is taken until the reply has
    /// ended, or was dropped.
    pub fn concurrency(self, requests: u32) -> Self {
        self.change(|settings| settings.concurrency = requests)
    }

    /// Sets the most requests in any minute. 0 counts as 1. Transport retries and re-asks count as well.
    /// The default is the limit that the server states in its headers, or else none.
    pub fn requests_per_minute(self, requests: u32) -> Self {
        self.change(|settings| settings.requests_per_minute = Some(requests))
    }

    /// Sets the most tokens in any minute, input and output together. 0 counts as 1. The default is the
    /// limit that the server states in its headers, or else none.
    ///
    /// Before a request is sent, its tokens are estimated: those of its input
    /// [approximately](crate::conversation::approximate_tokens), and
    /// [`max_tokens`](crate::Extraction::max_tokens), but at most 4,096, for the reply; without
    /// `max_tokens` 1,024. The reported usage replaces the estimate. A request above the limit is sent when
    /// nothing else was sent for a minute.
    pub fn tokens_per_minute(self, tokens: u64) -> Self {
        self.change(|settings| settings.tokens_per_minute = Some(tokens))
    }

    /// Sets how long a request waits while the server refuses it, or refuses all requests. After that time, a
    /// refusal counts as a transport retry. The default is 5 minutes.
    ///
    /// It limits no wait in the queue while other requests are answered. A
    /// [`deadline`](crate::Extraction::deadline) limits both.
    pub fn max_wait(self, wait: Duration) -> Self {
        self.change(|settings| settings.max_wait = wait)
    }

    #[cfg(test)]
    pub(super) fn settings(&self) -> Option<&LimitSettings> {
        self.settings.as_ref()
    }

    /// Returns the governor of a provider, key and model. `None` if the limits are off.
    pub(in crate::model) fn governor(
        &self,
        base_url: &str,
        headers: &HeaderMap,
        model: &str,
    ) -> Option<Arc<Governor>> {
        let settings = self.settings?;
        Some(self.governors.of(base_url, headers, model, settings))
    }
}

/// The governors by provider, key and model, as long as a client uses them.
#[derive(Debug, Default)]
struct Governors {
    /// The key of the map is a hash, so that no API key is kept here.
    hasher: RandomState,
    governors: Mutex<HashMap<u64, Weak<Governor>>>,
}

impl Governors {
    fn of(
        &self,
        base_url: &str,
        headers: &HeaderMap,
        model: &str,
        settings: LimitSettings,
    ) -> Arc<Governor> {
        let mut values: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        values.sort_unstable();
        let key = self.hasher.hash_one((base_url, values, model));
        let mut governors = self.governors.lock().unwrap_or_else(PoisonError::into_inner);
        governors.retain(|_, governor| governor.strong_count() > 0);
        match governors.entry(key) {
            Entry::Occupied(mut entry) => entry.get().upgrade().unwrap_or_else(|| {
                let governor = Arc::new(Governor::new(settings));
                entry.insert(Arc::downgrade(&governor));
                governor
            }),
            Entry::Vacant(entry) => {
                let governor = Arc::new(Governor::new(settings));
                entry.insert(Arc::downgrade(&governor));
                governor
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::AUTHORIZATION, http::HeaderValue::from_static(key))])
    }

    #[test]
    fn clones_share_the_limits_of_one_provider_key_and_model() {
        let limits = Limits::default();
        let of = |limits: &Limits, url, secret, model| limits.governor(url, &key(secret), model);
        let one = of(&limits, "https://h/v1", "k", "m").unwrap();
        let same = of(&limits.clone(), "https://h/v1", "k", "m").unwrap();
        assert!(Arc::ptr_eq(&one, &same));
        for (url, secret, model) in
            [("https://h/v2", "k", "m"), ("https://h/v1", "l", "m"), ("https://h/v1", "k", "n")]
        {
            assert!(!Arc::ptr_eq(&one, &of(&limits, url, secret, model).unwrap()));
        }
        let changed = limits.clone().concurrency(5);
        assert!(!Arc::ptr_eq(&one, &of(&changed, "https://h/v1", "k", "m").unwrap()));
        assert!(of(&Limits::off(), "https://h/v1", "k", "m").is_none());
        drop((one, same));
        assert!(of(&limits, "https://h/v1", "k", "m").is_some());
    }

    #[test]
    fn a_setting_turns_limits_on() {
        assert!(Limits::off().is_off());
        assert!(!Limits::off().concurrency(3).is_off());
    }
}
