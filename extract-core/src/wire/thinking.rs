//! What a model can be told about its thinking, as data. The provider table assigns it to models; each
//! protocol's encoder writes it.

use crate::conversation::{Effort, Settings, Thinking};

/// The fields that carry the setting `thinking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThinkingForm {
    /// The protocol's own fields, such as `reasoning_effort` or Anthropic's `thinking` and
    /// `output_config`.
    Protocol,
    /// `reasoning: {…}`, for OpenRouter.
    Reasoning,
    /// `thinking: {"type": "enabled"}` or `"disabled"`, for DeepSeek.
    Switch,
    /// `thinkingConfig: {"thinkingBudget": …}`, for Gemini before its third generation. Levels are
    /// translated to budgets.
    Budget,
    /// Anthropic's fields in `additionalModelRequestFields`, for Claude on Bedrock.
    Additional,
}

/// How thinking is turned off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThinkingOff {
    /// The model always thinks.
    Never,
    /// By the field.
    Said,
    /// By leaving the field out: the model thinks only when it is told to.
    Unsaid,
    /// By `thinking: {"type": "between_tools"}`, for Claude Sonnet 5.5.
    BetweenTools,
}

/// What a model can be told about its thinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThinkingSupport {
    /// The fields.
    pub form: ThinkingForm,
    /// How [`Thinking::Off`] is said.
    pub off: ThinkingOff,
    /// Whether [`Thinking::Adaptive`] can be said.
    pub adaptive: bool,
    /// The levels of [`Thinking::Effort`].
    pub efforts: &'static [Effort],
    /// Whether [`Thinking::Budget`] can be said.
    pub budget: bool,
    /// Whether the model thinks if it is told nothing.
    pub by_default: bool,
}

/// The levels from `Minimal` to `Max`.
const EFFORTS: [Effort; 6] =
    [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::XHigh, Effort::Max];

impl ThinkingSupport {
    /// A model that never thinks, or cannot be told anything about it.
    pub const NONE: Self = Self {
        form: ThinkingForm::Protocol,
        off: ThinkingOff::Never,
        adaptive: false,
        efforts: &[],
        budget: false,
        by_default: false,
    };

    /// An unknown model: every level is sent, and the server decides.
    pub const LEVELS: Self = Self { off: ThinkingOff::Said, efforts: &EFFORTS, ..Self::NONE };

    /// Whether the model thinks under these settings.
    pub fn thinks(&self, settings: &Settings) -> bool {
        match settings.thinking {
            None => self.by_default,
            Some(Thinking::Off) => false,
            Some(_) => true,
        }
    }

    /// Whether the model can be told this.
    pub fn takes(&self, thinking: Thinking) -> bool {
        match thinking {
            Thinking::Off => self.off != ThinkingOff::Never,
            Thinking::Adaptive => self.adaptive,
            Thinking::Effort(effort) => self.efforts.contains(&effort),
            Thinking::Budget(_) => self.budget,
        }
    }

    /// Returns the nearest that the model can be told: the nearest level, or the lowest one in place of
    /// `Off`. `None` if nothing is near.
    pub(crate) fn nearest(&self, thinking: Thinking) -> Option<Thinking> {
        let effort = match thinking {
            Thinking::Off => self.efforts.first(),
            Thinking::Effort(wanted) => {
                let distance = |effort: &&Effort| (**effort as i8).abs_diff(wanted as i8);
                self.efforts.iter().min_by_key(distance)
            }
            Thinking::Adaptive | Thinking::Budget(_) => None,
        };
        effort.copied().map(Thinking::Effort)
    }

    /// Returns what the model can be told, in the words of the settings.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.off != ThinkingOff::Never {
            words.push(String::from("`Off`"));
        }
        if self.adaptive {
            words.push(String::from("`Adaptive`"));
        }
        if self.efforts.len() == EFFORTS.len() {
            words.push(String::from("every `Effort`"));
        } else {
            words.extend(self.efforts.iter().map(|effort| format!("`Effort::{effort:?}`")));
        }
        if self.budget {
            words.push(String::from("`Budget`"));
        }
        if words.is_empty() { String::from("none of them") } else { words.join(", ") }
    }
}
