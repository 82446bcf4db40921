//! The start of an extraction: chooses the mode and the schema's dialect, and builds the first request.

use std::sync::Arc;

use super::ask::{Ask, Whole};
use super::cache_plan::CachePlan;
use super::confidence::LogprobPlan;
use super::layout::Layout;
use super::options::Options;
use super::refused::Refused;
use super::request_tools::{RequestTools, SentUserTool};
use super::source_marks::marked;
use super::task::Task;
use crate::contract::{Contract, ContractError, LoweredContract};
use crate::conversation::{
    CacheSupport, Conversation, Message, Mode, Output, Part, PromptCache, Request, Role,
    ToolChoice, Tools,
};
use crate::model::{AskingForm, Profile};

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
        let mut profile = client.model.profile();
        let mut notes = Vec::new();
        let asked = match options.mode {
            Mode::Auto if wants_tools(task) && profile.modes.contains(&Mode::Tools) => Mode::Tools,
            mode => mode,
        };
        let mut settings = options.settings.clone().or(profile.settings.clone());
        if options.lenient_settings {
            notes.extend(client.refused.unset(&mut settings));
            notes.extend(client.model.fit_settings(&mut settings));
        }
        let logprobs = LogprobPlan::of(task, &mut profile, &mut settings, &mut notes);
        let (mode, form) = choose_form(contract, &profile, &client.refused, asked, &mut notes)?;
        logprobs.settle(mode, &mut settings, &mut notes);
        let describes_schema = form.is_none() || profile.schema_prompt.tells(mode);
        let mut tools = match (mode, &form) {
            (Mode::Tools, Some(form)) => Some(RequestTools::of(task, &profile, form, &mut notes)?),
            _ => None,
        };
        let is_forced = profile.forced_tools.under(&settings);
        let offered = tools.as_ref().filter(|_| !is_forced).map(RequestTools::tools);
        let call = offered.as_ref().and_then(call_instruction);
        let source = source_text(options, input);
        let members = match (profile.asking, &form, &options.instructions) {
            (AskingForm::MembersBehindText, None, None) if source.is_some() => {
                contract.member_list()
            }
            _ => None,
        };
        let is_told = (describes_schema && members.is_none()) || call.is_some();
        let instructions = is_told.then(|| match &options.instructions {
            Some(write) => write(contract),
            None => {
                let schema = describes_schema.then(|| schema_instruction(contract));
                schema.into_iter().chain(call).collect::<Vec<_>>().join("\n\n")
            }
        });
        let is_marked = matches!(profile.cache, CacheSupport::Marks { .. })
            && settings.prompt_cache != Some(PromptCache::Off);
        // Messages share their texts, so this copies no text.
        let mut messages = input.messages().to_vec();
        let marks = options.source_marks.then_some(profile.asking);
        let replaced = source.filter(|_| marks.is_some() || members.is_some());
        let place = replaced.and_then(|(at, text)| Some((messages.get_mut(at)?, text)));
        if let Some((message, text)) = place {
            message.parts = vec![Part::text(source_message(text, marks, members))];
        }
        let (messages, examples) =
            open_conversation(options, instructions.as_deref(), messages, is_marked);
        let mut request = Request::new(messages);
        request.settings = settings;
        let plan = CachePlan::of(&mut request, tools.is_some(), examples, &profile, &mut notes);
        let mut user_tools = Vec::new();
        if let Some(tools) = &mut tools {
            tools.is_cached = plan.on_tools;
            user_tools.clone_from(&tools.user_tools);
        }
        let ask = match (tools, form) {
            (Some(tools), Some(form)) => tools.into_ask(form),
            (_, form) => {
                let output = match (mode, &form) {
                    (Mode::JsonSchema, Some(form)) => Output::JsonSchema(Arc::clone(&form.tool)),
                    (Mode::JsonObject, _) => Output::JsonObject,
                    _ => Output::Text,
                };
                Ask::Whole(Whole { output, form, text_variants: None })
            }
        };
        request.output = ask.whole().output.clone();
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

/// Returns the source text of the input, and the index of its message. `None` if the input was made from
/// messages.
fn source_text<'a>(options: &Options, input: &'a Conversation) -> Option<(usize, &'a str)> {
    let at = options.before_input;
    let message = input.messages().get(at).filter(|_| input.has_source())?;
    match message.parts.as_slice() {
        [Part::Text(text)] => Some((at, text)),
        _ => None,
    }
}

/// Returns a source text as it is sent: between marks, and with the members of the type behind it if the
/// model is asked for them there.
fn source_message(text: &str, marks: Option<AskingForm>, members: Option<&str>) -> String {
    let text = marks.map_or_else(|| text.to_owned(), |form| marked(text, form));
    match members {
        None => text,
        Some(members) => {
            format!("Text:\n{text}\n\nas a JSON object with {members}.\n\nJSON:")
        }
    }
}

/// Returns the default prompt text that asks for a call of a tool, for models that cannot be forced to call
/// one. `None` if the answer need not be a call.
fn call_instruction(tools: &Tools) -> Option<String> {
    match (tools.choice, &*tools.tools) {
        (ToolChoice::Auto, _) => None,
        (_, [only]) => Some(format!("Answer with a call of the tool `{}`.", only.name)),
        _ if tools.parallel => Some(String::from("Answer with calls of the tools.")),
        _ => Some(String::from("Answer with a call of one of the tools.")),
    }
}

/// Returns the messages of the first request, and the number of them up to the end of the examples; 0
/// without examples. All leading instructions become one system message, because many servers accept only
/// one, and only as the first message. The input comes last. `is_marked` is whether the system message
/// keeps its cache points.
fn open_conversation(
    options: &Options,
    instructions: Option<&str>,
    mut examples: Vec<Message>,
    is_marked: bool,
) -> (Vec<Message>, usize) {
    let mut rest = examples.split_off(options.before_input.min(examples.len()));
    let mut system = SystemPrompt { is_marked, ..SystemPrompt::default() };
    for text in &options.system {
        system.add(text);
    }
    for messages in [&mut examples, &mut rest] {
        let leading = messages.iter().take_while(|message| message.role == Role::System).count();
        messages.drain(..leading).for_each(|message| system.add_message(&message));
    }
    if let Some(text) = instructions {
        system.add(text);
    }
    let mut messages: Vec<Message> = system.into_message().into_iter().collect();
    let end_of_examples = if examples.is_empty() { 0 } else { messages.len() + examples.len() };
    messages.append(&mut examples);
    messages.append(&mut rest);
    (messages, end_of_examples)
}

/// A system prompt under construction: texts that cache points separate.
#[derive(Default)]
struct SystemPrompt {
    /// Whether it keeps cache points.
    is_marked: bool,
    parts: Vec<Part>,
    /// The text behind the last cache point.
    text: String,
    has_text: bool,
}

impl SystemPrompt {
    /// Adds a text, as a paragraph of its own.
    fn add(&mut self, text: &str) {
        if self.has_text || !self.parts.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(text);
        self.has_text = true;
    }

    /// Adds the texts and the cache points of a message.
    fn add_message(&mut self, message: &Message) {
        let mut texts: Vec<&str> = Vec::new();
        for part in &message.parts {
            match part {
                Part::CachePoint if self.is_marked => {
                    if !texts.is_empty() {
                        self.add(&texts.join("\n"));
                        texts.clear();
                    }
                    self.end_text();
                    self.parts.push(Part::CachePoint);
                }
                part => texts.extend(part.as_text()),
            }
        }
        if !texts.is_empty() {
            self.add(&texts.join("\n"));
        }
    }

    fn end_text(&mut self) {
        if std::mem::take(&mut self.has_text) {
            self.parts.push(Part::text(std::mem::take(&mut self.text)));
        }
    }

    /// Returns the system message. `None` without a text.
    fn into_message(mut self) -> Option<Message> {
        self.end_text();
        let has_text = self.parts.iter().any(|part| part.as_text().is_some());
        has_text.then(|| Message::new(Role::System, self.parts))
    }
}
