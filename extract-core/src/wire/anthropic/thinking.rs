//! The fields about thinking, which Bedrock passes on to Claude as well.

use serde_json::{Value, json};

use crate::conversation::{Settings, Thinking};
use crate::wire::quirks::{Quirks, ToolChoiceForm};
use crate::wire::thinking::{ThinkingOff, ThinkingSupport};

/// Returns the form of the tool choice. A model that thinks within a budget refuses a forced call.
pub(in crate::wire) fn tool_choice_form(settings: &Settings, quirks: &Quirks) -> ToolChoiceForm {
    match settings.thinking {
        Some(Thinking::Budget(_)) => ToolChoiceForm::Auto,
        _ => quirks.tool_choice,
    }
}

/// Returns the keyword of the effort, if one is set.
pub(in crate::wire) fn effort(settings: &Settings) -> Option<&'static str> {
    match settings.thinking {
        Some(Thinking::Effort(effort)) => Some(effort.as_str()),
        _ => None,
    }
}

/// Returns the field that turns thinking on or off. `None` if the model does so by itself.
pub(in crate::wire) fn thinking(settings: &Settings, support: &ThinkingSupport) -> Option<Value> {
    Some(match (settings.thinking?, support.off) {
        (Thinking::Off, ThinkingOff::Said) => json!({"type": "disabled"}),
        (Thinking::Off, ThinkingOff::BetweenTools) => json!({"type": "between_tools"}),
        (Thinking::Budget(tokens), _) => json!({"type": "enabled", "budget_tokens": tokens}),
        (Thinking::Adaptive, _) => json!({"type": "adaptive"}),
        // An effort alone does not turn thinking on.
        (Thinking::Effort(_), _) if support.adaptive && !support.by_default => {
            json!({"type": "adaptive"})
        }
        (Thinking::Off | Thinking::Effort(_), _) => return None,
    })
}
