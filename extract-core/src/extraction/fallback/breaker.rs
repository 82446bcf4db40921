//! [`CircuitBreaker`]: a model whose provider fails again and again is passed over for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::on::is_outage;
use crate::conversation::ProviderErrorKind;

/// The longest time that a circuit stays open, as a multiple of the first.
const LONGEST: u32 = 16;

/// When a model whose provider fails is passed over. It needs another model to
/// [fall back to](crate::Extraction::fallback_to): the last one that is left is always asked.
///
/// After `failures` extractions in a row that the provider failed, the circuit is open: new extractions begin
/// with the next model. After `open_for`, one extraction tries the model again, while the others still pass it
/// over. If it is answered, the circuit is closed; if not, it stays open twice as long, up to 16 times
/// `open_for`. An invalid answer is an answer. All clones of a client share the circuit.
///
/// ```
/// use std::time::Duration;
/// use extract_llm::Client;
/// use extract_llm::extraction::{CircuitBreaker, FallbackOn};
///
/// let server = |url| Client::builder().base_url(url).model("my-model");
/// let second = server("http://127.0.0.1:8001/v1").build()?;
/// let client = server("http://127.0.0.1:8000/v1")
///     .circuit_breaker(CircuitBreaker::after(3).open_for(Duration::from_secs(10)))
///     .fallback_to(&second, FallbackOn::default())
///     .build()?;
/// # Ok::<(), extract_llm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// `None` if it never opens.
    failures: Option<u32>,
    open_for: Duration,
}

impl Default for CircuitBreaker {
    /// After 5 failures in a row, for 30 seconds.
    fn default() -> Self {
        Self { failures: Some(5), open_for: Duration::from_secs(30) }
    }
}

impl CircuitBreaker {
    /// Opens the circuit after this number of failures in a row; 0 counts as 1.
    pub fn after(failures: u32) -> Self {
        Self { failures: Some(failures.max(1)), ..Self::default() }
    }

    /// No circuit breaker: the model is always asked first.
    pub fn off() -> Self {
        Self { failures: None, ..Self::default() }
    }

    /// Sets how long the circuit is open at first. The default is 30 seconds.
    pub fn open_for(mut self, time: Duration) -> Self {
        self.open_for = time;
        self
    }
}

/// The circuit of one client, shared by its clones.
#[derive(Debug, Default)]
pub(in crate::extraction) struct Breaker {
    settings: CircuitBreaker,
    circuit: Mutex<Circuit>,
}

#[derive(Debug, Default)]
struct Circuit {
    /// The failures since the last answer.
    failures: u32,
    /// The time when the next extraction may try the model, if the circuit is open.
    open_until: Option<Instant>,
    /// How often the circuit was opened without an answer in between.
    opened: u32,
    is_probing: bool,
}

/// Whether a model may be asked.
#[derive(Debug)]
pub(in crate::extraction) enum Admission {
    /// It may be asked.
    Closed,
    /// This extraction tries it.
    Probe(Probe),
    /// It is passed over.
    Open,
}

/// The permission to try a model whose circuit is open. Dropping it lets the next extraction try.
#[derive(Debug)]
pub(in crate::extraction) struct Probe(Arc<Breaker>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.circuit().is_probing = false;
    }
}

impl Breaker {
    pub(in crate::extraction) fn new(settings: CircuitBreaker) -> Self {
        Self { settings, circuit: Mutex::default() }
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a model may be asked now.
    pub(in crate::extraction) fn admit(self: &Arc<Self>) -> Admission {
        let mut circuit = self.circuit();
        match circuit.open_until {
            None => Admission::Closed,
            Some(until) if Instant::now() >= until && !circuit.is_probing => {
                circuit.is_probing = true;
                Admission::Probe(Probe(Arc::clone(self)))
            }
            Some(_) => Admission::Open,
        }
    }

    /// Counts an answer, which closes the circuit.
    pub(in crate::extraction) fn answered(&self) {
        let mut circuit = self.circuit();
        *circuit = Circuit { is_probing: circuit.is_probing, ..Circuit::default() };
    }

    /// Counts an error, if it is a failure of the provider. Opens the circuit if they are enough.
    pub(in crate::extraction) fn failed(&self, kind: ProviderErrorKind) {
        let Some(enough) = self.settings.failures.filter(|_| is_outage(kind)) else { return };
        let mut circuit = self.circuit();
        circuit.failures = circuit.failures.saturating_add(1);
        let now = Instant::now();
        // Extractions that began before the circuit opened say nothing new.
        let is_open = circuit.open_until.is_some_and(|until| now < until);
        if circuit.failures < enough || is_open {
            return;
        }
        let times = 1_u32.checked_shl(circuit.opened).unwrap_or(LONGEST).min(LONGEST);
        circuit.opened = circuit.opened.saturating_add(1);
        let longest = Duration::from_secs(365 * 24 * 3600);
        circuit.open_until = Some(now + self.settings.open_for.saturating_mul(times).min(longest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProviderErrorKind as Kind;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker(failures: u32) -> Arc<Breaker> {
        Arc::new(Breaker::new(CircuitBreaker::after(failures).open_for(SECOND * 10)))
    }

    fn is_closed(breaker: &Arc<Breaker>) -> bool {
        matches!(breaker.admit(), Admission::Closed)
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_one_extraction_tries_again() {
        let breaker = breaker(2);
        breaker.failed(Kind::Server);
        breaker.answered();
        breaker.failed(Kind::Timeout);
        // No failure of the provider.
        breaker.failed(Kind::InvalidRequest);
        breaker.failed(Kind::ContextTooLong);
        assert!(is_closed(&breaker));
        breaker.failed(Kind::Overloaded);
        assert!(matches!(breaker.admit(), Admission::Open));

        tokio::time::advance(SECOND * 10).await;
        let Admission::Probe(probe) = breaker.admit() else { panic!("no probe") };
        assert!(matches!(breaker.admit(), Admission::Open), "one probe at a time");
        // A probe that is dropped without an answer lets the next one try.
        drop(probe);
        let Admission::Probe(probe) = breaker.admit() else { panic!("no probe") };
        breaker.answered();
        drop(probe);
        assert!(is_closed(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn it_stays_open_twice_as_long_after_each_failed_probe() {
        let breaker = breaker(1);
        breaker.failed(Kind::Connect);
        for seconds in [10, 20, 40, 80, 160, 160] {
            // Late failures of extractions that began before.
            breaker.failed(Kind::Connect);
            tokio::time::advance(SECOND * (seconds - 1)).await;
            assert!(matches!(breaker.admit(), Admission::Open), "{seconds}");
            tokio::time::advance(SECOND).await;
            assert!(matches!(breaker.admit(), Admission::Probe(_)), "{seconds}");
            breaker.failed(Kind::Connect);
        }
    }

    #[test]
    fn it_can_be_off_and_open_for_ever() {
        let off = Arc::new(Breaker::new(CircuitBreaker::off()));
        (0..99).for_each(|_| off.failed(Kind::Server));
        assert!(is_closed(&off));
        let long = CircuitBreaker::after(0).open_for(Duration::MAX);
        let long = Arc::new(Breaker::new(long));
        (0..99).for_each(|_| long.failed(Kind::Server));
        assert!(matches!(long.admit(), Admission::Open));
    }
}
