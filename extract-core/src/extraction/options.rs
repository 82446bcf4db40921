//! The settings of an extraction, and the default settings of a client's extractions.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::bad_items::BadItems;
use super::budget::Budget;
use super::events::{BeforeRequest, Listener};
use super::judgements::Judgements;
use super::kept_reply::KeptReply;
use super::layout::Layout;
use super::lists::ListPolicy;
use super::policy::Policy;
use super::trace::TraceContent;
use crate::cache::Cache;
use crate::check::FeedbackFn;
use crate::contract::{CheckContext, Contract};
use crate::conversation::{Conversation, Message, Mode, Prices, Settings, are_blank};
use crate::reading::Level;

/// A user-defined text that describes the schema in the prompt.
pub(super) type InstructionsFn = Arc<dyn Fn(&Contract) -> String + Send + Sync>;

/// The settings of an extraction.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) mode: Mode,
    pub(super) layout: Layout,
    pub(super) validation_retries: u32,
    /// The most replies that may call tools that the loop runs.
    pub(super) max_steps: u32,
    pub(super) deadline: Option<Duration>,
    /// For streams: the limits on the time before the first delta, and between two deltas.
    pub(super) first_token: Option<Duration>,
    pub(super) idle: Option<Duration>,
    /// The time after which the next model is asked as well.
    pub(super) hedge_after: Option<Duration>,
    pub(super) bad_items: BadItems,
    pub(super) reading: Level,
    /// When lists are continued.
    pub(super) lists: ListPolicy,
    pub(super) settings: Settings,
    /// Whether a setting that the model refuses is changed or left out, with a note.
    pub(super) lenient_settings: bool,
    /// Whether the confidence of fields is computed; `None` if `doubt_below` decides.
    pub(super) confidence: Option<bool>,
    /// The limit below which the confidence of a field is a doubt.
    pub(super) doubt_below: Option<f64>,
    pub(super) prices: Option<Prices>,
    pub(super) system: Vec<Arc<str>>,
    pub(super) instructions: Option<InstructionsFn>,
    /// Whether a source text is sent between marks.
    pub(super) source_marks: bool,
    pub(super) feedback: Option<FeedbackFn>,
    pub(super) policy: Policy,
    /// The budgets that are shared with other calls, and those of the call once it is a task.
    pub(super) budgets: Vec<Budget>,
    pub(super) cache: Cache,
    /// Keeps the accepted reply for a run over many inputs, and may hold one to read.
    pub(super) kept_reply: Option<Arc<KeptReply>>,
    /// The time before which an answer in a batch is too old.
    pub(super) answers_after: Option<SystemTime>,
    /// The tokens of the model's context window, if the user names them.
    pub(super) context_window: Option<u64>,
    /// The listeners of events.
    pub(super) listeners: Vec<Listener>,
    /// The functions that change the settings of a request before it is sent.
    pub(super) before_request: Vec<BeforeRequest>,
    /// Whether texts are part of traces.
    /// Whether no request may be sent.
    pub(super) offline: bool,
    pub(super) trace_content: Option<TraceContent>,
    #[cfg(feature = "metrics")]
    pub(super) metric_names: super::trace::MetricNames,
    /// The number of this sample among those of the same request, from 0.
    pub(super) sample: usize,
    /// The user's context for checks.
    pub(super) context: CheckContext,
    /// The number of messages before the input. They are not part of the source.
    pub(super) before_input: usize,
}

impl Options {
    /// Returns the context of the checks of one extraction.
    pub(super) fn check_context_for(&self, input: &Conversation) -> CheckContext {
        self.context
            .clone()
            .messages(self.source(input))
            .value(Judgements::new(self.budgets.clone()))
    }

    /// Whether the confidence of fields is computed from log-probabilities.
    pub(super) fn wants_confidence(&self) -> bool {
        self.confidence.unwrap_or(self.doubt_below.is_some())
    }

    /// Whether the input is blank, regardless of the messages before it.
    pub(super) fn is_blank(&self, input: &Conversation) -> bool {
        are_blank(self.source(input))
    }

    /// Returns the messages of the input, without those before it.
    fn source<'a>(&self, input: &'a Conversation) -> &'a [Message] {
        input.messages().get(self.before_input..).unwrap_or_default()
    }

    /// Returns the name of a setting that is not a finite number, if there is one.
    pub(super) fn not_finite(&self) -> Option<&'static str> {
        let budget = if self.policy.cost.is_some_and(|limit| limit.0.is_nan()) {
            Some("cost_budget")
        } else {
            self.budgets.iter().any(Budget::is_not_a_number).then_some("budget")
        };
        let is_nan = |limit: &f64| limit.is_nan();
        let doubt = self.doubt_below.filter(is_nan).map(|_| "doubt_below");
        self.settings.not_finite().or(budget).or(doubt)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Auto,
            layout: Layout::Auto,
            validation_retries: 2,
            max_steps: 10,
            deadline: None,
            first_token: None,
            idle: None,
            hedge_after: None,
            bad_items: BadItems::default(),
            reading: Level::default(),
            lists: ListPolicy::default(),
            settings: Settings::default(),
            lenient_settings: false,
            confidence: None,
            doubt_below: None,
            prices: None,
            system: Vec::new(),
            instructions: None,
            source_marks: true,
            feedback: None,
            policy: Policy::default(),
            budgets: Vec::new(),
            cache: Cache::off(),
            kept_reply: None,
            answers_after: None,
            context_window: None,
            offline: false,
            trace_content: None,
            #[cfg(feature = "metrics")]
            metric_names: super::trace::MetricNames::Current,
            listeners: Vec::new(),
            before_request: Vec::new(),
            sample: 0,
            context: CheckContext::new(),
            before_input: 0,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("mode", &self.mode)
            .field("validation_retries", &self.validation_retries)
            .field("deadline", &self.deadline)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
