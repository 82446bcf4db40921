//! The request. A turn of the model that came over this protocol is replayed as its items; every other
//! turn is written as new items.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;

use super::item::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Output, Part, ProviderError, Role,
};
use crate::wire::descriptor::{Delivery, EncodeContext};
use crate::wire::function::{self, FunctionCall};
use crate::wire::media::{self, FileFields};
use crate::wire::object::Object;
use crate::wire::replay::{self, Replayable};
use crate::wire::sampling::SamplingFields;
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::turns;

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Message {
        role: &'static str,
        content: Content<'a>,
    },
    Call {
        r#type: &'static str,
        call_id: &'a str,
        #[serde(flatten)]
        function: FunctionCall<'a>,
    },
    CallOutput {
        r#type: &'static str,
        call_id: &'a str,
        output: &'a str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum ContentPart<'a> {
    #[serde(rename = "input_text")]
    Text { text: Cow<'a, str> },
    #[serde(rename = "input_image")]
    Image {
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
        detail: &'static str,
    },
    #[serde(rename = "input_file")]
    File(FileFields<'a>),
}

const SAMPLING: SamplingFields =
    SamplingFields { max_tokens: Some("max_output_tokens"), stop: None, ..SamplingFields::COMMON };

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, model, quirks, delivery } = *context;
    let settings = &request.settings;
    let input = turns::encode_all(&request.messages, items)?;
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    // Without `strict`, the server enforces the schema by default, or refuses it.
    let tools = offer.definitions(|tool| function::flat(tool, Some(quirks.strict && tool.strict)));
    let tool_choice = match offer.demand {
        ToolDemand::Named(name) => Some(json!({"type": "function", "name": name})),
        ToolDemand::Any => Some("required".into()),
        ToolDemand::Auto => Some("auto".into()),
        ToolDemand::Unspecified => None,
    };
    let format = match &request.output {
        Output::JsonSchema(tool) => {
            let schema = function::named_schema(tool, quirks.strict.then_some(tool.strict));
            Some(Object::new().with("type", "json_schema").with_all(schema))
        }
        Output::JsonObject => Some(Object::new().with("type", "json_object")),
        _ => None,
    };
    let effort = settings.thinking.and_then(|thinking| function::effort_keyword(thinking, quirks));
    // Reasoning that the server does not store comes back encrypted, to be sent again. A model that does
    // not think refuses to be asked for it.
    let encrypted = quirks.stateless && quirks.thinking.thinks(settings);
    Ok(Object::new()
        .with("model", model)
        .with("input", input)
        .with_list("tools", &tools)
        .with_some("tool_choice", tool_choice)
        .with_some("parallel_tool_calls", offer.parallel_tool_calls(quirks))
        .with_object("text", Object::new().with_some("format", format))
        .with_all(SAMPLING.object(settings))
        .with_some("reasoning", effort.map(|effort| json!({"effort": effort})))
        .with_some("store", quirks.stateless.then_some(false))
        .with_some("include", encrypted.then_some(["reasoning.encrypted_content"]))
        .with_some("service_tier", settings.service_tier.as_deref())
        .with_some("stream", (delivery == Delivery::Streamed).then_some(true)))
}

/// Appends the items of a message.
fn items<'a>(
    message: &'a Message,
    into: &mut Vec<Replayable<Item<'a>>>,
) -> Result<(), ProviderError> {
    if replay::elements(message, STATE, into) {
        return Ok(());
    }
    let mut parts = Vec::new();
    let mut others = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => {
                parts.push(ContentPart::Text { text: Cow::Borrowed(text) });
            }
            Part::Media(media) => parts.push(media_part(media)?),
            Part::ToolCall(call) => others.push(Replayable::New(Item::Call {
                r#type: "function_call",
                call_id: &call.id,
                function: FunctionCall { name: &call.name, arguments: &call.arguments },
            })),
            Part::ToolResult(result) => others.push(Replayable::New(Item::CallOutput {
                r#type: "function_call_output",
                call_id: &result.call_id,
                output: &result.content,
            })),
            Part::State(_) | Part::CachePoint => {}
        }
    }
    let role = match message.role {
        Role::System => "system",
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    };
    if !parts.is_empty() {
        let content = content_of(message.role, parts);
        into.push(Replayable::New(Item::Message { role, content }));
    }
    into.append(&mut others);
    Ok(())
}

/// Returns the content of a message. A single text is written as a string. Several texts of the model are
/// joined, because the elements of a list would need the ids that the server assigned.
fn content_of(role: Role, parts: Vec<ContentPart<'_>>) -> Content<'_> {
    match parts.as_slice() {
        [ContentPart::Text { text: Cow::Borrowed(text) }] => Content::Text(Cow::Borrowed(text)),
        several if role == Role::Assistant => {
            let texts = several.iter().filter_map(|part| match part {
                ContentPart::Text { text } => Some(&**text),
                _ => None,
            });
            Content::Text(texts.collect())
        }
        _ => Content::Parts(parts),
    }
}

/// Returns the content part of a piece of media.
///
/// # Errors
/// The protocol carries no audio.
fn media_part(media: &Media) -> Result<ContentPart<'_>, ProviderError> {
    if let Some(text) = media::document_text(media) {
        return Ok(ContentPart::Text { text: Cow::Owned(text) });
    }
    match (media.kind, &media.source) {
        (MediaKind::Image, source) => {
            let file_id = match source {
                MediaSource::Id(id) => Some(&**id),
                _ => None,
            };
            Ok(ContentPart::Image { image_url: media::url(media), file_id, detail: "auto" })
        }
        (MediaKind::Document, _) => Ok(ContentPart::File(FileFields::of(media))),
        (MediaKind::Audio, _) => Err(media::unsupported(media, "Responses")),
    }
}
