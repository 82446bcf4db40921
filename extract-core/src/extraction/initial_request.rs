//! The start of an extraction: chooses the mode and the schema's dialect, and builds the first request.

use std::sync::Arc;

use super::ask::{Ask, Whole};
use super::layout::Layout;
use super::refused::Refused;
use super::request_tools::{RequestTools, SentUserTool};
use super::task::Task;
use crate::contract::{Contract, ContractError, LoweredContract};
use crate::conversation::{Conversation, Message, Mode, Output, Request, Role, ToolChoice};
use crate::model::Profile;

/// The first request, and the data to read its reply.
pub(super) struct InitialRequest {
    pub(super) request: Request,
    pub(super) ask: Ask,
    pub(super) user_tools: Vec<SentUserTool>,
    /// Deviations from the settings.
    pub(super) notes: Vec<String>,
}

impl InitialRequest {
    /// Builds the first request of a task. Fails if no mode can express the contract.
    pub(super) fn of<T>(task: &Task<T>) -> Result<Self, ContractError> {
        let Task { client, contract, input, options, .. } = task;
        let profile = client.model.profile();
        let mut notes = Vec::new();
        let asked = match options.mode {
            Mode::Auto if wants_tools(task) && profile.modes.contains(&Mode::Tools) => Mode::Tools,
            mode => mode,
        };
        let (mode, form) = choose_form(contract, &profile, &client.refused, asked, &mut notes)?;
        let describes_schema = form.is_none() || profile.schema_prompt.tells(mode);
        let mut settings = options.settings.clone().or(profile.settings.clone());
        if options.lenient_settings {
            notes.extend(client.refused.unset(&mut settings));
            notes.extend(client.model.fit_settings(&mut settings));
        }
        let mut user_tools = Vec::new();
        let ask = match (mode, form) {
            (Mode::Tools, Some(form)) => {
                let tools = RequestTools::of(task, &profile, &form, &mut notes)?;
                user_tools.clone_from(&tools.user_tools);
                tools.into_ask(form)
            }
            (mode, form) => {
                let output = match (mode, &form) {
                    (Mode::JsonSchema, Some(form)) => Output::JsonSchema(Arc::clone(&form.tool)),
                    (Mode::JsonObject, _) => Output::JsonObject,
                    _ => Output::Text,
                };
                Ask::Whole(Whole { output, form, text_variants: None })
            }
        };
        let output = ask.whole().output.clone();
        let is_forced = profile.forced_tools.under(&settings);
        let call = if is_forced { None } else { call_instruction(&output) };
        let is_told = describes_schema || call.is_some();
        let instructions = is_told.then(|| match &options.instructions {
            Some(write) => write(contract),
            None => {
                let schema = describes_schema.then(|| schema_instruction(contract));
                schema.into_iter().chain(call).collect::<Vec<_>>().join("\n\n")
            }
        });
        let mut request = Request::new(open_conversation(&options.system, instructions, input));
        request.settings = settings;
        request.output = output;
        tracing::debug!(
            provider = %profile.provider,
            model = %profile.model,
            contract = contract.name(),
            %mode,
            "a conversation is opened"
        );
        Ok(Self { request, ask, user_tools, notes })
    }
}

/// Whether the extraction is about tool calls, so that `Auto` prefers tools.
fn wants_tools<T>(task: &Task<T>) -> bool {
    task.options.layout == Layout::Each || !task.user_tools.is_empty()
}

/// Chooses the mode, and the schema that is sent in it: the first mode whose dialect can express the
/// type. If there is none, the schema is sent without enforcement; if that is impossible too, the prompt
/// describes it. Only `Auto` may choose another mode than `chosen`.
fn choose_form(
    contract: &Arc<Contract>,
    profile: &Profile,
    refused: &Refused,
    chosen: Mode,
    notes: &mut Vec<String>,
) -> Result<(Mode, Option<Arc<LoweredContract>>), ContractError> {
    let carries = |mode: &Mode| matches!(mode, Mode::Tools | Mode::JsonSchema);
    let modes: Vec<Mode> = match chosen {
        Mode::Auto => refused.remaining(&profile.modes, contract),
        chosen => vec![chosen],
    };
    let first = modes.first().copied().unwrap_or(Mode::Text);
    if !carries(&first) {
        return Ok((first, None));
    }
    let mut unsaid = None;
    for mode in modes.iter().copied().filter(carries) {
        match contract.lowered(profile.dialect_for(mode), profile.strict_for(mode)) {
            Ok(form) => {
                if let Some(error) = unsaid {
                    notes.push(format!("the mode is {mode} instead of {first}: {error}"));
                }
                return Ok((mode, Some(form)));
            }
            Err(error) => unsaid = unsaid.or(Some(error)),
        }
    }
    let Some(error) = unsaid else { return Ok((first, None)) };
    for mode in modes.iter().copied().filter(carries) {
        let loose = profile.dialect_for(mode).loose();
        if let Some(Ok(form)) = loose.map(|dialect| contract.lowered(dialect, false)) {
            notes.push(format!("the schema is sent without enforcement ({mode}): {error}"));
            return Ok((mode, Some(form)));
        }
    }
    let Some(in_words) = modes.iter().copied().find(|mode| !carries(mode)) else {
        return Err(error);
    };
    notes.push(format!("the prompt describes the schema ({in_words}): {error}"));
    Ok((in_words, None))
}

/// Returns the default prompt text that describes the schema.
fn schema_instruction(contract: &Contract) -> String {
    let schema = contract.prompt_schema();
    format!("Answer with one JSON value of this type, and nothing else:\n\n{schema}")
}

/// Returns the default prompt text that asks for a call of a tool, for models that cannot be forced to call
/// one. `None` if the answer need not be a call.
fn call_instruction(output: &Output) -> Option<String> {
    let Output::Tools(tools) = output else { return None };
    match (tools.choice, &*tools.tools) {
        (ToolChoice::Auto, _) => None,
        (_, [only]) => Some(format!("Answer with a call of the tool `{}`.", only.name)),
        _ if tools.parallel => Some(String::from("Answer with calls of the tools.")),
        _ => Some(String::from("Answer with a call of one of the tools.")),
    }
}

/// Returns the messages of the first request. All leading instructions become one system message, because
/// many servers accept only one, and only as the first message.
fn open_conversation(
    system: &[Arc<str>],
    instructions: Option<String>,
    input: &Conversation,
) -> Vec<Message> {
    // Messages share their texts, so this copies no text.
    let mut rest = input.messages().to_vec();
    let leading = rest.iter().take_while(|message| message.role == Role::System).count();
    let mut texts: Vec<String> = system.iter().map(ToString::to_string).collect();
    texts.extend(rest.drain(..leading).map(|message| message.text()));
    texts.extend(instructions);
    let mut messages = Vec::with_capacity(rest.len() + 1);
    if !texts.is_empty() {
        messages.push(Message::system(texts.join("\n\n")));
    }
    messages.append(&mut rest);
    messages
}
