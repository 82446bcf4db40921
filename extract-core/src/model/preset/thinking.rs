//! What families of models can be told about their thinking. Facts are of November 2026.

use crate::conversation::Effort::{self, High, Low, Max, Medium, Minimal, XHigh};
use crate::wire::{ThinkingForm, ThinkingOff, ThinkingSupport};

/// A model without thinking: `Off` is what it does.
pub(super) const NEVER_THINKS: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::Unsaid, ..ThinkingSupport::NONE };

// OpenAI. A level is said in its field; `Adaptive` is what the model does when it is told nothing.

pub(super) const LOW_TO_HIGH: ThinkingSupport = always(&[Low, Medium, High]);
pub(super) const MINIMAL_TO_HIGH: ThinkingSupport = always(&[Minimal, Low, Medium, High]);
pub(super) const LOW_TO_XHIGH: ThinkingSupport = always(&[Low, Medium, High, XHigh]);
pub(super) const LOW_TO_MAX: ThinkingSupport = always(&[Low, Medium, High, XHigh, Max]);
pub(super) const MEDIUM_TO_XHIGH: ThinkingSupport = always(&[Medium, High, XHigh]);
pub(super) const MEDIUM: ThinkingSupport = always(&[Medium]);
pub(super) const HIGH: ThinkingSupport = always(&[High]);
pub(super) const OFF_TO_XHIGH: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::Said, ..LOW_TO_XHIGH };
pub(super) const OFF_TO_MAX: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::Said, ..LOW_TO_MAX };
pub(super) const UNLESS_TOLD_TO_HIGH: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::Said, adaptive: false, by_default: false, ..LOW_TO_HIGH };
pub(super) const UNLESS_TOLD_TO_XHIGH: ThinkingSupport =
    ThinkingSupport { efforts: LOW_TO_XHIGH.efforts, ..UNLESS_TOLD_TO_HIGH };

/// A model that always thinks, at one of these levels.
const fn always(efforts: &'static [Effort]) -> ThinkingSupport {
    ThinkingSupport { adaptive: true, efforts, by_default: true, ..ThinkingSupport::NONE }
}

// Anthropic.

/// Fable, Mythos and Opus 5.5. Assumed for unknown models.
pub(super) const ALWAYS_ADAPTIVE: ThinkingSupport = LOW_TO_MAX;
/// Opus 5, Sonnet 5 and Haiku 5.5.
pub(super) const ADAPTIVE_UNLESS_OFF: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::Said, ..LOW_TO_MAX };
/// Sonnet 5.5.
pub(super) const OFF_BETWEEN_TOOLS: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::BetweenTools, ..LOW_TO_MAX };
/// Claude 4.7 and 4.8.
pub(super) const ADAPTIVE_IF_TOLD: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::Unsaid, by_default: false, ..LOW_TO_MAX };
/// Claude 4.6.
pub(super) const ADAPTIVE_OR_BUDGET: ThinkingSupport =
    ThinkingSupport { efforts: &[Low, Medium, High, Max], budget: true, ..ADAPTIVE_IF_TOLD };
/// Claude 3.7 to 4.5.
pub(super) const BUDGET: ThinkingSupport = ThinkingSupport { budget: true, ..NEVER_THINKS };
/// Opus 4.5.
pub(super) const BUDGET_OR_EFFORT: ThinkingSupport =
    ThinkingSupport { efforts: LOW_TO_HIGH.efforts, ..BUDGET };

// Google.

/// Gemini 3 and later. No level turns thinking off.
pub(super) const GEMINI_LEVELS: ThinkingSupport = MINIMAL_TO_HIGH;
pub(super) const LEVELS_FROM_LOW: ThinkingSupport = LOW_TO_HIGH;
pub(super) const LEVELS_TO_XHIGH: ThinkingSupport = always(&[Minimal, Low, Medium, High, XHigh]);
/// Gemini 2.5.
pub(super) const GEMINI_BUDGET: ThinkingSupport = ThinkingSupport {
    form: ThinkingForm::Budget,
    off: ThinkingOff::Said,
    budget: true,
    ..GEMINI_LEVELS
};
/// Gemini 2.5 Pro.
pub(super) const GEMINI_BUDGET_ALWAYS: ThinkingSupport =
    ThinkingSupport { off: ThinkingOff::Never, ..GEMINI_BUDGET };

// Others.

/// A switch without levels.
pub(super) const SWITCH: ThinkingSupport = ThinkingSupport {
    form: ThinkingForm::Switch,
    off: ThinkingOff::Said,
    adaptive: true,
    by_default: true,
    ..ThinkingSupport::NONE
};
/// Cohere: a switch and a budget.
pub(super) const SWITCH_OR_BUDGET: ThinkingSupport = ThinkingSupport { budget: true, ..SWITCH };
/// An unknown server of Anthropic's protocol: every form is sent.
pub(super) const EVERY_FORM: ThinkingSupport =
    ThinkingSupport { adaptive: true, budget: true, ..ThinkingSupport::LEVELS };
/// OpenRouter: every form. It translates them for the model.
pub(super) const ROUTED: ThinkingSupport =
    ThinkingSupport { form: ThinkingForm::Reasoning, ..EVERY_FORM };
/// Ollama's native chat: a switch, or a level for models that have levels.
pub(super) const OLLAMA: ThinkingSupport = ThinkingSupport {
    off: ThinkingOff::Said,
    adaptive: true,
    efforts: LOW_TO_HIGH.efforts,
    ..ThinkingSupport::NONE
};
