//! The tools of an extraction's requests: one tool for the value or one for each of its variants, and the
//! user tools.

use std::sync::Arc;

use super::ask::{Ask, Calls, Whole};
use super::bad_items::BadItems;
use super::layout::Layout;
use super::task::Task;
use super::tools::OfferedTool;
use crate::contract::{ContractError, LoweredContract, VariantTools, Variants};
use crate::conversation::{Mode, Output, Tool, ToolChoice, Tools};
use crate::model::{Profile, SchemaPrompt};

/// The tools of an extraction, with the meaning of their calls.
#[derive(Debug, Clone)]
pub(super) struct RequestTools {
    /// The tool for the whole value. Not sent if there is a tool for each variant.
    whole: Arc<Tool>,
    /// The tools for the variants, if the value is split.
    split: Option<VariantTools>,
    /// The variants with a text, if a text is an answer and the whole value is one tool.
    text_variants: Option<Arc<Variants>>,
    /// The user tools.
    pub(super) user_tools: Vec<SentUserTool>,
    /// Whether parallel calls are allowed.
    parallel: bool,
    /// Whether a cache point follows them.
    pub(super) is_cached: bool,
}

/// A user tool, in the dialect in which it is sent.
#[derive(Debug, Clone)]
pub(super) struct SentUserTool {
    pub(super) tool: OfferedTool,
    pub(super) form: Arc<LoweredContract>,
    sent: Arc<Tool>,
}

impl RequestTools {
    /// Returns the tools of a task. `form` is the contract of the whole value in its dialect.
    pub(super) fn of<T>(
        task: &Task<T>,
        profile: &Profile,
        form: &LoweredContract,
        notes: &mut Vec<String>,
    ) -> Result<Self, ContractError> {
        let user_tools = task.user_tools.iter().map(|tool| SentUserTool::of(tool, profile));
        let user_tools: Vec<SentUserTool> = user_tools.collect::<Result<_, ContractError>>()?;
        let split = split(task, profile, &user_tools, notes);
        let parallel = match &split {
            Some(split) if split.variants.is_list() => true,
            _ => !user_tools.is_empty() && profile.parallel_tools,
        };
        let text_variants = match split {
            None => task.contract.variants().filter(|variants| variants.has_text()).cloned(),
            Some(_) => None,
        };
        Ok(Self {
            whole: Arc::clone(&form.tool),
            split,
            text_variants,
            user_tools,
            parallel,
            is_cached: false,
        })
    }

    /// Returns the request for the value with these tools. `form` is the contract of the whole value in
    /// its dialect.
    pub(super) fn into_ask(self, form: Arc<LoweredContract>) -> Ask {
        let output = Output::Tools(self.tools());
        match self.split {
            Some(split) => Ask::Calls(Calls::new(split, output)),
            None => {
                Ask::Whole(Whole { output, form: Some(form), text_variants: self.text_variants })
            }
        }
    }

    /// Returns the tools as they are sent.
    pub(super) fn tools(&self) -> Tools {
        let mut tools = Tools::default();
        match &self.split {
            Some(split) => tools.tools.extend(split.forms.iter().map(|form| form.tool.clone())),
            None => tools.tools.push(Arc::clone(&self.whole)),
        }
        tools.tools.extend(self.user_tools.iter().map(|tool| Arc::clone(&tool.sent)));
        let split = self.split.as_ref().map(|split| &split.variants);
        let variants = split.or(self.text_variants.as_ref());
        let may_be_uncalled = variants.is_some_and(|variants| variants.may_be_uncalled());
        tools.choice = if may_be_uncalled { ToolChoice::Auto } else { ToolChoice::Any };
        tools.parallel = self.parallel;
        tools.user_tools = self.user_tools.len();
        tools.cached = if self.is_cached { tools.tools.len() } else { 0 };
        tools
    }
}

impl SentUserTool {
    /// Lowers a user tool, without enforcement if the strict dialect cannot express it. Fails if no
    /// dialect can.
    fn of(offered: &OfferedTool, profile: &Profile) -> Result<Self, ContractError> {
        let dialect = profile.dialect_for(Mode::Tools);
        let contract = offered.tool.contract();
        let form =
            match (contract.lowered(dialect, profile.strict_for(Mode::Tools)), dialect.loose()) {
                (Err(_), Some(loose)) => contract.lowered(loose, false)?,
                (form, _) => form?,
            };
        let sent = offered.tool.with_schema_of(&form.tool);
        Ok(Self { tool: offered.clone(), form, sent })
    }
}

/// Returns one tool for each variant of a type, or `None` if the value is requested as one tool.
fn split<T>(
    task: &Task<T>,
    profile: &Profile,
    user_tools: &[SentUserTool],
    notes: &mut Vec<String>,
) -> Option<VariantTools> {
    let Task { client, contract, options, .. } = task;
    let layout = options.layout;
    if layout == Layout::Whole || client.refused.has_split(contract) {
        return None;
    }
    let each = layout == Layout::Each;
    let mut note = |why: &dyn std::fmt::Display| {
        if each {
            notes.push(format!("the value is asked for as one tool: {why}"));
        }
        None
    };
    let Some(variants) = contract.variants() else {
        return note(&"the type is no enum with data, and no list of objects");
    };
    if task.channel.is_some() || task.options.bad_items != BadItems::AskAgain {
        return note(&"the reply is streamed, or `bad_items` is set");
    }
    if !task.expected.is_empty() {
        return note(&"a number of elements is expected");
    }
    if variants.is_list() && !profile.parallel_tools {
        return note(&"the model has no known support for parallel tool calls");
    }
    // The prompt describes the whole schema as well, which matches one tool only.
    let describes_schema = profile.schema_prompt == SchemaPrompt::Always;
    if !each && (describes_schema || !variants.is_choice()) {
        return None;
    }
    let taken = |user_tools: &SentUserTool| {
        variants.iter().any(|variant| variant.name() == user_tools.tool.tool.name())
    };
    if user_tools.iter().any(taken) {
        return note(&"a user tool has the name of a variant");
    }
    let (dialect, strict) = (profile.dialect_for(Mode::Tools), profile.strict_for(Mode::Tools));
    match VariantTools::of(contract, dialect, strict)? {
        Ok(split) => Some(split),
        Err(error) => {
            notes.push(format!("the value is asked for as one tool: {error}"));
            None
        }
    }
}
