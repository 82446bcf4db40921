//! The checks of one call, in addition to those of the type: synchronous and asynchronous closures.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use crate::contract::{CheckError, CheckFailure, Context};

/// The result of a check.
pub(super) type CheckResult = Result<(), CheckError>;

/// An asynchronous check: an `async` closure, or an `async fn`, of the value and a [`Context`].
/// [`Extraction::check`](crate::Extraction::check) takes it.
///
/// It is implemented for all such functions; there is no need to implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a check of `{T}`",
    label = "expected an `async` function of `&{T}` and a `Context` whose future is `Send`",
    note = "expected `async |value: &{T}, cx: Context<'_>| -> Result<(), impl Into<CheckError>>`",
    note = "variables that live across an `.await` must be `Send`; `Rc` and the lock guards of `std` are not"
)]
pub trait Check<'a, T: 'a>: FnOnce(&'a T, Context<'a>) -> Self::Running {
    /// The future of the check.
    type Running: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// The error of a check that rejects the value or fails.
    type Error: Into<CheckError>;
}

impl<'a, T, F, R, E> Check<'a, T> for F
where
    T: 'a,
    F: FnOnce(&'a T, Context<'a>) -> R,
    R: Future<Output = Result<(), E>> + Send + 'a,
    E: Into<CheckError>,
{
    type Running = R;
    type Error = E;
}

/// A synchronous check.
pub(super) type Validator<T> = Arc<dyn Fn(&T, Context<'_>) -> CheckResult + Send + Sync>;

/// An asynchronous check.
trait AsyncCheck<T>: Send + Sync {
    /// Starts the check of a value.
    fn start<'a>(&self, value: &'a T, context: Context<'a>) -> BoxFuture<'a, CheckResult>;
}

/// The closure is cloned for each value, so that the future owns everything that the closure captured.
impl<T, F> AsyncCheck<T> for F
where
    T: 'static,
    F: for<'a> Check<'a, T> + Clone + Send + Sync,
{
    fn start<'a>(&self, value: &'a T, context: Context<'a>) -> BoxFuture<'a, CheckResult> {
        let running = self.clone()(value, context);
        Box::pin(async move { running.await.map_err(Into::into) })
    }
}

/// The running checks. The future returns the value that they check, if there is one, and their results.
pub(super) type CheckedValue<'a, T> = BoxFuture<'a, (Option<T>, Vec<CheckResult>)>;
/// Runs the asynchronous checks of a value.
type Run<T> =
    for<'a> fn(&'a [Arc<dyn AsyncCheck<T>>], Option<T>, Context<'a>) -> CheckedValue<'a, T>;

/// The checks of one call.
pub(crate) struct Rules<T> {
    validators: Vec<Validator<T>>,
    /// The asynchronous checks.
    waiting: Vec<Arc<dyn AsyncCheck<T>>>,
    /// The function that runs the asynchronous checks; `None` if there are none. It is made in a function
    /// that requires `T: Send`, so that extractions of other types without such checks need no such
    /// bound.
    run: Option<Run<T>>,
}

impl<T> Default for Rules<T> {
    fn default() -> Self {
        Self { validators: Vec::new(), waiting: Vec::new(), run: None }
    }
}

impl<T> Clone for Rules<T> {
    fn clone(&self) -> Self {
        let (validators, waiting) = (self.validators.clone(), self.waiting.clone());
        Self { validators, waiting, run: self.run }
    }
}

impl<T> fmt::Debug for Rules<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("validators", &self.validators.len())
            .field("checks", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

impl<T: 'static> Rules<T> {
    /// Adds a synchronous check.
    pub(crate) fn add_validator<E: Into<CheckError>>(
        &mut self,
        validate: impl Fn(&T, Context<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) {
        let validate = move |value: &T, cx: Context<'_>| validate(value, cx).map_err(Into::into);
        self.validators.push(Arc::new(validate));
    }

    /// Adds an asynchronous check.
    pub(crate) fn add_check<F>(&mut self, check: F)
    where
        T: Send + Sync,
        F: for<'a> Check<'a, T> + Clone + Send + Sync + 'static,
    {
        self.waiting.push(Arc::new(check));
        self.run = Some(|waiting, value, context| {
            Box::pin(async move {
                let Some(value) = value else { return (None, Vec::new()) };
                let running = waiting.iter().map(|check| guarded(&**check, &value, context));
                let answers = join_all(running).await;
                (Some(value), answers)
            })
        });
    }

    /// Returns the synchronous checks.
    pub(super) fn validators(&self) -> impl Iterator<Item = &Validator<T>> {
        self.validators.iter()
    }

    /// Returns a function that runs all asynchronous checks concurrently and returns their results in the
    /// order of the checks. Returns `None` if there are no such checks.
    pub(super) fn async_checks<'a>(
        &'a self,
    ) -> Option<impl FnOnce(Option<T>, Context<'a>) -> CheckedValue<'a, T> + Send + use<'a, T>>
    {
        let (run, waiting) = (self.run?, &self.waiting[..]);
        Some(move |value, context| run(waiting, value, context))
    }
}

/// Runs a check. A panic becomes a failure of the check.
async fn guarded<'a, T>(
    check: &dyn AsyncCheck<T>,
    value: &'a T,
    context: Context<'a>,
) -> CheckResult {
    let started = std::panic::catch_unwind(AssertUnwindSafe(|| check.start(value, context)));
    let ended = match started {
        Ok(running) => AssertUnwindSafe(running).catch_unwind().await,
        Err(panic) => Err(panic),
    };
    ended.unwrap_or_else(|panic| Err(CheckError::Failed(CheckFailure::panicked(&*panic))))
}
