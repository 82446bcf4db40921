//! The checks of one call, beside those of the type: closures, with and without waiting.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use crate::contract::{CheckError, CheckFailure, Context};

/// What a check answers.
pub(super) type CheckResult = Result<(), CheckError>;

/// An asynchronous check: an `async` closure, or an `async fn`, of the value and a
/// [`Context`]. See [`Extraction::check`](crate::Extraction::check), which takes them.
///
/// It is implemented for all of them; there is nothing to implement by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no check of `{T}`",
    label = "not an `async` function of `&{T}` and a `Context`, or one that cannot be sent between threads",
    note = "a check is `async |value: &{T}, cx: Context<'_>| -> Result<(), impl Into<CheckError>>`",
    note = "what it holds across an `.await` has to be `Send`; `Rc` and locks of `std` are not"
)]
pub trait Check<'a, T: 'a>: FnOnce(&'a T, Context<'a>) -> Self::Running {
    /// The check under way.
    type Running: Future<Output = Result<(), Self::Error>> + Send + 'a;
    /// What it says where it does not say yes.
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

/// A check that does not wait.
pub(super) type Validator<T> = Arc<dyn Fn(&T, Context<'_>) -> CheckResult + Send + Sync>;

/// A check that may wait.
trait AsyncCheck<T>: Send + Sync {
    fn start<'a>(&self, value: &'a T, context: Context<'a>) -> BoxFuture<'a, CheckResult>;
}

/// A closure is cloned for each value: its future owns what the closure captured.
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

/// The checks under way, and the value that they look at, if there is one: it comes back with what
/// they say.
pub(super) type CheckedValue<'a, T> = BoxFuture<'a, (Option<T>, Vec<CheckResult>)>;
type Run<T> =
    for<'a> fn(&'a [Arc<dyn AsyncCheck<T>>], Option<T>, Context<'a>) -> CheckedValue<'a, T>;

/// The checks of one call.
pub(crate) struct Rules<T> {
    validators: Vec<Validator<T>>,
    waiting: Vec<Arc<dyn AsyncCheck<T>>>,
    /// How the waiting ones are run. It is made where the value is known to be `Send`, so that values
    /// which are not can be extracted by futures that are.
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
    pub(crate) fn add_validator<E: Into<CheckError>>(
        &mut self,
        validate: impl Fn(&T, Context<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) {
        let validate = move |value: &T, cx: Context<'_>| validate(value, cx).map_err(Into::into);
        self.validators.push(Arc::new(validate));
    }

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

    /// The checks that do not wait.
    pub(super) fn validators(&self) -> impl Iterator<Item = &Validator<T>> {
        self.validators.iter()
    }

    /// How the checks that may wait are run, all at once: with their answers in the order of the checks.
    /// None where there are none.
    pub(super) fn waiting<'a>(
        &'a self,
    ) -> Option<impl FnOnce(Option<T>, Context<'a>) -> CheckedValue<'a, T> + Send + use<'a, T>>
    {
        let (run, waiting) = (self.run?, &self.waiting[..]);
        Some(move |value, context| run(waiting, value, context))
    }
}

/// A check whose panic is an answer.
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
