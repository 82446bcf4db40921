//! The file of a cassette, and its exchanges.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::difference::differences;
use super::exchange::{RecordedRequest, RecordedResponse};
use super::stored::{StoredCassette, StoredExchange, StoredResponse, VERSION};

/// The most differences that an error lists.
const MOST_DIFFERENCES: usize = 8;

/// The exchanges of one file, shared by all clones of a cassette.
pub(super) struct Store {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_open: bool,
    exchanges: Vec<Exchange>,
    /// The failure of a write, which the next request reports.
    failure: Option<String>,
}

struct Exchange {
    request: RecordedRequest,
    response: RecordedResponse,
    /// Whether it was replayed.
    is_used: bool,
}

impl Store {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), state: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a failure with the path in front.
    fn failure(&self, reason: impl std::fmt::Display) -> String {
        format!("{}: {reason}", self.path.display())
    }

    /// Replaces the file by an empty one, the first time.
    pub(super) fn create(&self) -> Result<(), String> {
        let mut state = self.state();
        if !state.is_open {
            self.write(&state.exchanges)?;
            state.is_open = true;
        }
        Ok(())
    }

    /// Reads the file, the first time.
    pub(super) fn read(&self) -> Result<(), String> {
        let mut state = self.state();
        if state.is_open {
            return Ok(());
        }
        let text = fs::read_to_string(&self.path).map_err(|error| {
            let advice = "record it with `Cassette::record`, or `EXTRACT_CASSETTE=record`";
            self.failure(format!("{error}; {advice}"))
        })?;
        let stored: StoredCassette =
            serde_json::from_str(&text).map_err(|error| self.failure(error))?;
        if stored.version != VERSION {
            let found = stored.version;
            return Err(self.failure(format!("expected version {VERSION}, found {found}")));
        }
        for StoredExchange { request, response } in stored.exchanges {
            let response = response.response().map_err(|reason| self.failure(reason))?;
            state.exchanges.push(Exchange { request, response, is_used: false });
        }
        state.is_open = true;
        Ok(())
    }

    pub(super) fn left(&self) -> usize {
        self.state().exchanges.iter().filter(|exchange| !exchange.is_used).count()
    }

    /// Returns the failure of an earlier write.
    pub(super) fn earlier_failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// Adds an exchange and writes the file. A failure is kept for the next request.
    pub(super) fn add(&self, request: RecordedRequest, response: RecordedResponse) {
        let mut state = self.state();
        state.exchanges.push(Exchange { request, response, is_used: false });
        if let Err(failure) = self.write(&state.exchanges) {
            tracing::error!(%failure, "the cassette could not be written");
            state.failure.get_or_insert(failure);
        }
    }

    /// Keeps a failure for the next request.
    pub(super) fn fail(&self, reason: &str) {
        let failure = self.failure(reason);
        tracing::error!(%failure, "the exchange was not recorded");
        self.state().failure.get_or_insert(failure);
    }

    /// Writes the file beside its place, and moves it there.
    fn write(&self, exchanges: &[Exchange]) -> Result<(), String> {
        let stored = exchanges.iter().map(|exchange| StoredExchange {
            request: exchange.request.clone(),
            response: StoredResponse::of(&exchange.response),
        });
        let cassette = StoredCassette { version: VERSION, exchanges: stored.collect() };
        let mut text =
            serde_json::to_string_pretty(&cassette).map_err(|error| self.failure(error))?;
        text.push('\n');
        let mut beside = self.path.clone().into_os_string();
        beside.push(".part");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, &self.path))
            .map_err(|error| self.failure(error))
    }

    /// Returns the first recorded response to a request that was not replayed yet. Returns the reason if there
    /// is none.
    pub(super) fn take(&self, request: &RecordedRequest) -> Result<RecordedResponse, String> {
        let mut state = self.state();
        let mut same = state.exchanges.iter_mut().filter(|exchange| exchange.request.is(request));
        if let Some(exchange) = same.find(|exchange| !exchange.is_used) {
            exchange.is_used = true;
            return Ok(exchange.response.clone());
        }
        Err(self.failure(why_missing(&state.exchanges, request)))
    }
}

/// Returns the reason why no exchange is left for a request.
fn why_missing(exchanges: &[Exchange], request: &RecordedRequest) -> String {
    let RecordedRequest { method, path, .. } = request;
    let again = "record it again with `EXTRACT_CASSETTE=record` or `Cassette::record`";
    let same = exchanges.iter().filter(|exchange| exchange.request.is(request)).count();
    if same > 0 {
        return format!(
            "{method} {path}: the request is recorded {same} times, and came once more; {again}"
        );
    }
    let of_path = exchanges.iter().enumerate().filter(|(_, exchange)| {
        exchange.request.method == *method && exchange.request.path == *path
    });
    let compared = of_path.map(|(index, exchange)| {
        (index, exchange.is_used, differences(&exchange.request.body, &request.body))
    });
    // Of equally near requests, one that was not replayed is meant.
    let nearest = compared.min_by_key(|(_, is_used, all)| (all.len(), *is_used));
    let Some((index, _, all)) = nearest else {
        let paths: Vec<String> = exchanges
            .iter()
            .take(MOST_DIFFERENCES)
            .map(|exchange| format!("{} {}", exchange.request.method, exchange.request.path))
            .collect();
        let known = if paths.is_empty() { String::from("nothing") } else { paths.join(", ") };
        return format!(
            "{method} {path}: expected a request to a recorded path, which are: {known}; {again}"
        );
    };
    let count = match all.len() {
        1 => "1 difference".to_owned(),
        more => format!("{more} differences"),
    };
    let mut reason = format!("{method} {path}: {count} from recorded exchange {}:", index + 1);
    for difference in all.iter().take(MOST_DIFFERENCES) {
        reason += &format!("\n  {difference}");
    }
    if all.len() > MOST_DIFFERENCES {
        reason += &format!("\n  and {} more", all.len() - MOST_DIFFERENCES);
    }
    format!("{reason}\nIf the change is meant, {again}")
}
