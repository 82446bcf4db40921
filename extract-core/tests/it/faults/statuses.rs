//! Every status with every form of a wait, in all protocols, whole and streamed.

use std::collections::BTreeMap;
use std::sync::Arc;

use extract_core::conversation::Mode;
use extract_core::wire::Protocol::Gemini;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::case::{Case, answers, sized};
use super::row::{Fault, Outcome, RETRIES};
use super::server::Script;
use super::{Setup, run};

/// The statuses that servers and gateways send.
const STATUSES: [u16; 31] = [
    300, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 413, 415, 418, 422, 424, 425, 429, 451,
    499, 500, 501, 502, 503, 504, 520, 522, 524, 529, 530, 599,
];

/// A form of a wait: its title, the headers, and whether it is in the body.
pub(super) struct Wait {
    pub(super) title: &'static str,
    headers: &'static str,
    in_body: bool,
}

pub(super) const WAITS: [Wait; 9] = [
    Wait { title: "none", headers: "", in_body: false },
    Wait { title: "`retry-after: 0.01`", headers: "retry-after: 0.01\r\n", in_body: false },
    Wait { title: "`retry-after-ms: 5`", headers: "retry-after-ms: 5\r\n", in_body: false },
    Wait {
        title: "`retry-after`: a past date",
        headers: "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
        in_body: false,
    },
    Wait { title: "`retry-after: soon`", headers: "retry-after: soon\r\n", in_body: false },
    Wait { title: "in the body", headers: "", in_body: true },
    Wait { title: "`retry-after: 3600`", headers: "retry-after: 3600\r\n", in_body: false },
    Wait { title: "`x-should-retry: true`", headers: "x-should-retry: true\r\n", in_body: false },
    Wait { title: "`x-should-retry: false`", headers: "x-should-retry: false\r\n", in_body: false },
];

/// The outcomes of a status: one for each form of a wait.
pub(super) type Statuses = BTreeMap<u16, Vec<Outcome>>;

fn script(case: Case, status: u16, wait: &Wait) -> Script {
    let body = match (wait.in_body, case.protocol()) {
        (false, _) => case.failure("api_error", None, "It failed."),
        (true, Gemini) => json!({"error": {"message": "It failed.",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.01s"}]}}),
        (true, _) => case.failure("api_error", None, "It failed. Please try again in 10ms."),
    };
    let headers = format!("content-type: application/json\r\n{}", wait.headers);
    answers(sized(status, &headers, body.to_string().as_bytes()))
}

/// Runs all statuses. Every protocol has the same outcome, whole and streamed.
pub(super) async fn outcomes(parallel: usize) -> Statuses {
    let permits = Arc::new(Semaphore::new(parallel));
    let setup = Setup { mode: Mode::Text, is_impatient: false };
    let mut runs = JoinSet::new();
    for status in STATUSES {
        for (at, wait) in WAITS.iter().enumerate() {
            // A quarter of the cases, another one each time: all of them for each status and for each form.
            let turn = usize::from(status) + at;
            let cases = Case::all().filter(|case| {
                case.index % 4 == turn % 4
                    && (case.index / 4 + turn / 4) % 2 == usize::from(case.streamed)
            });
            for case in cases {
                let permits = Arc::clone(&permits);
                runs.spawn(async move {
                    let _permit = permits.acquire_owned().await.unwrap();
                    let fault = Fault::Plain(script(case, status, wait));
                    let always = run(fault.clone(), setup, case, true).await;
                    assert!(
                        always.faults.is_empty(),
                        "{status} {}: {:?}",
                        wait.title,
                        always.faults
                    );
                    let outcome = always.outcome;
                    if outcome.requests > 1 {
                        assert_eq!(outcome.requests, RETRIES + 1, "{status} {}", wait.title);
                        let first = run(fault, setup, case, false).await;
                        assert_eq!(
                            first.outcome,
                            Outcome::new("value", 2),
                            "{status} {}",
                            wait.title
                        );
                    }
                    (status, at, case, outcome)
                });
            }
        }
    }
    let mut found: BTreeMap<(u16, usize), (Case, Outcome)> = BTreeMap::new();
    while let Some(done) = runs.join_next().await {
        let (status, at, case, outcome) = done.expect("a cell panicked");
        let (other, known) = found.entry((status, at)).or_insert_with(|| (case, outcome.clone()));
        assert_eq!(*known, outcome, "{status} {}: {other:?} and {case:?}", WAITS[at].title);
    }
    let mut statuses = Statuses::new();
    for ((status, _), (_, outcome)) in found {
        statuses.entry(status).or_default().push(outcome);
    }
    statuses
}
