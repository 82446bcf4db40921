//! The switch that forbids real calls in tests.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use super::loopback::is_loopback;
use crate::conversation::{ProviderError, ProviderErrorKind, redacted_url};

/// The environment variable that forbids calls from the start of the process.
const VARIABLE: &str = "EXTRACT_FORBID_CALLS";

/// All calls are allowed.
const NONE: u8 = 0;
/// Calls to other machines are forbidden.
const REAL: u8 = 1;
/// All calls are forbidden.
const ALL: u8 = 2;

/// The calls that the program forbids.
static FORBIDDEN: AtomicU8 = AtomicU8::new(NONE);

/// The calls that the environment forbids, read once.
static OF_ENVIRONMENT: OnceLock<u8> = OnceLock::new();

/// Forbids calls to other machines in the whole process, for good: every request to a provider fails with
/// [`ProviderErrorKind::CallForbidden`] before a connection is opened. Servers on this machine are still
/// reached, by `localhost` or a loopback address, because test servers run there.
/// [`forbid_all_calls`] excludes them too. Models that open no connections, such as
/// [`Scripted`](crate::model::Scripted) and a replayed [`Cassette`](crate::model::Cassette), are not affected.
/// The download of the embedded model is no call to a model, and is not affected either.
///
/// The environment variable `EXTRACT_FORBID_CALLS=1` has the same effect from the start of the process, and
/// `EXTRACT_FORBID_CALLS=all` that of [`forbid_all_calls`]. Any other value forbids all calls as well.
///
/// ```standalone_crate
/// use extract_llm::conversation::ProviderErrorKind;
/// use extract_llm::model::forbid_real_calls;
/// use extract_llm::{Client, ErrorKind};
///
/// forbid_real_calls();
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let client = Client::builder().model("openai/gpt-6-luna").api_key("sk-…").build()?;
/// let error = client.extract::<u8>("Seven.").await.unwrap_err();
/// let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
/// assert_eq!(error.kind, ProviderErrorKind::CallForbidden);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
pub fn forbid_real_calls() {
    FORBIDDEN.fetch_max(REAL, Ordering::SeqCst);
}

/// Forbids all calls in the whole process, for good, also those to servers on this machine. See
/// [`forbid_real_calls`].
///
/// ```standalone_crate
/// use extract_llm::model::forbid_all_calls;
/// use extract_llm::Client;
///
/// forbid_all_calls();
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let client = Client::builder().base_url("http://127.0.0.1:8000/v1").model("my-model").build()?;
/// let error = client.extract::<u8>("Seven.").await.unwrap_err();
/// assert!(error.to_string().contains("forbid_all_calls"), "{error}");
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
pub fn forbid_all_calls() {
    FORBIDDEN.fetch_max(ALL, Ordering::SeqCst);
}

/// Returns the calls that the environment forbids.
fn of_environment() -> u8 {
    *OF_ENVIRONMENT.get_or_init(|| match std::env::var(VARIABLE).as_deref().map(str::trim) {
        Err(std::env::VarError::NotPresent) | Ok("" | "0") => NONE,
        Ok("1") => REAL,
        // An unknown value must not allow a call.
        _ => ALL,
    })
}

/// Fails if calls to this URL are forbidden.
pub(crate) fn check_allowed(url: &reqwest::Url) -> Result<(), ProviderError> {
    let (program, environment) = (FORBIDDEN.load(Ordering::SeqCst), of_environment());
    let by = match (program.max(environment), is_loopback(url)) {
        (NONE, _) | (REAL, true) => return Ok(()),
        _ if environment >= program => VARIABLE,
        _ if program == REAL => "forbid_real_calls",
        _ => "forbid_all_calls",
    };
    let url = redacted_url(url.as_str());
    let message = format!(
        "`{by}` forbids the call to {url}; nothing was sent. Use a `Scripted` model or a `Cassette`"
    );
    let mut error = ProviderError::new(ProviderErrorKind::CallForbidden, message);
    error.should_retry = Some(false);
    Err(error)
}
