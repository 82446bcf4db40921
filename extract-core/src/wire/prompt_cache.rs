//! Cache points and cache keys of a request, in the forms of the providers.

use serde::Serialize;

use super::object::Object;
use super::quirks::{CacheForm, CacheKeyField, Quirks};
use super::tool_offer::ToolOffer;
use crate::conversation::{Message, Output, Part, PromptCache, Request, Role, Settings};

/// The form of a request's cache points.
#[derive(Clone, Copy)]
pub(super) struct CacheMarks {
    form: CacheForm,
    is_long: bool,
}

/// The value of `cache_control`, of Anthropic and OpenRouter.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "type", rename = "ephemeral")]
pub(super) struct CacheControl {
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

/// The value of `cachePoint`, of Bedrock.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "type", rename = "default")]
pub(super) struct CachePoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

/// The value of `prompt_cache_breakpoint`, of OpenAI.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "mode", rename = "explicit")]
pub(super) struct Breakpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl CacheMarks {
    /// Returns the form for a request with these settings.
    pub(super) fn of(settings: &Settings, quirks: &Quirks) -> Self {
        let is_off = settings.prompt_cache == Some(PromptCache::Off);
        Self {
            form: if is_off { CacheForm::Unmarked } else { quirks.cache },
            is_long: settings.prompt_cache == Some(PromptCache::Long),
        }
    }

    /// Returns the life of an entry. `None` for the provider's default.
    fn life(self, long: &'static str) -> Option<&'static str> {
        (self.is_long && self.form != CacheForm::MarkedMessages).then_some(long)
    }

    /// Returns the mark of Anthropic and OpenRouter. `None` in other forms.
    pub(super) fn cache_control(self) -> Option<CacheControl> {
        (self.form == CacheForm::Marked).then_some(CacheControl { ttl: self.life("1h") })
    }

    /// Returns the mark of Bedrock. `None` in other forms.
    pub(super) fn cache_point(self) -> Option<CachePoint> {
        let is_marked = matches!(self.form, CacheForm::Marked | CacheForm::MarkedMessages);
        is_marked.then_some(CachePoint { ttl: self.life("1h") })
    }

    /// Returns the mark of OpenAI, with this long life. `None` in other forms.
    pub(super) fn breakpoint(self, long: Option<&'static str>) -> Option<Breakpoint> {
        let ttl = long.and_then(|long| self.life(long));
        (self.form == CacheForm::Breakpoint).then_some(Breakpoint { ttl })
    }

    /// Adds the cache point of the offer to the definitions of its tools, as `cache_control`.
    pub(super) fn on_tools(self, offer: &ToolOffer<'_>, mut tools: Vec<Object>) -> Vec<Object> {
        let place = offer.marked.and_then(|index| tools.get_mut(index));
        if let (Some(mark), Some(tool)) = (self.cache_control(), place) {
            *tool = std::mem::take(tool).with("cache_control", mark);
        }
        tools
    }

    /// Adds the cache point of the offer behind the definition of its tool, as `cachePoint`.
    pub(super) fn between_tools(self, offer: &ToolOffer<'_>, tools: Vec<Object>) -> Vec<Object> {
        let mark = self.cache_point().filter(|_| self.form == CacheForm::Marked);
        let mut all = Vec::with_capacity(tools.len() + 1);
        for (index, tool) in tools.into_iter().enumerate() {
            all.push(tool);
            if let Some(mark) = mark.filter(|_| offer.marked == Some(index)) {
                all.push(Object::new().with("cachePoint", mark));
            }
        }
        all
    }
}

/// Returns OpenAI's `prompt_cache_options`. Only marked prefixes are cached if there are any: the end of
/// the newest message is of one use, and its write costs more than plain input. `None` if they are not
/// sent.
pub(super) fn options(request: &Request, quirks: &Quirks) -> Option<Object> {
    let has_marks = || request.messages.iter().any(has_mark);
    let is_explicit = match request.settings.prompt_cache? {
        PromptCache::Off => true,
        PromptCache::Short | PromptCache::Long => has_marks(),
    };
    let is_known = quirks.cache == CacheForm::Breakpoint;
    (is_known && is_explicit).then(|| Object::new().with("mode", "explicit"))
}

/// Whether a message has a cache point.
pub(super) fn has_mark(message: &Message) -> bool {
    message.parts.contains(&Part::CachePoint)
}

/// Returns the key of a request in the body. `None` if there is none, or it is sent in a header.
pub(super) fn key_in_body(request: &Request, quirks: &Quirks) -> Option<String> {
    if quirks.cache_key == CacheKeyField::PromptCacheKey { cache_key(request) } else { None }
}

/// Returns the key that leads requests with the same prefix to the same cache: that of the settings, or
/// the checksums of the system prompt and of the schema if the prompt is to be cached.
pub(crate) fn cache_key(request: &Request) -> Option<String> {
    let settings = &request.settings;
    if let Some(key) = &settings.prompt_cache_key {
        return Some(key.clone());
    }
    if !settings.caches_prompt() {
        return None;
    }
    let mut rules = crc32fast::Hasher::new();
    for message in request.messages.iter().take_while(|message| message.role == Role::System) {
        rules.update(message.text().as_bytes());
    }
    let mut schema = crc32fast::Hasher::new();
    let tools = match &request.output {
        // Tools behind the cache point are of one request.
        Output::Tools(tools) => match tools.tools.get(..tools.cached) {
            Some(cached @ [_, ..]) => cached,
            _ => &tools.tools,
        },
        Output::JsonSchema(tool) => std::slice::from_ref(tool),
        Output::JsonObject | Output::Text => &[],
    };
    for tool in tools {
        schema.update(tool.name.as_bytes());
        schema.update(tool.schema.to_string().as_bytes());
    }
    Some(format!("extract-{:08x}-{:08x}", rules.finalize(), schema.finalize()))
}
