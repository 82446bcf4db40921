//! [`InputError`]: an invalid call.

/// An error of the call: of the input, the tools or the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The input is empty or blank. Messages of [`examples`](crate::Extraction::examples) are not
    /// counted.
    #[error("the input is empty: there is nothing to extract from")]
    Empty,
    /// There are user tools, but the model has no mode with tools, or another mode is set.
    #[error("there are user tools, but the mode of the request has no tools")]
    NoTools,
    /// Two tools have the same name, or one has the name of the value's tool.
    #[error("duplicate tool name `{0}`: rename one of the tools with `named`")]
    ToolName(String),
    /// A setting is NaN or infinite, which JSON cannot represent.
    #[error("`{setting}` must be a finite number")]
    NotFinite {
        /// The name of the setting: `temperature`, `top_p`, `cost_budget` or `budget`.
        setting: &'static str,
    },
    /// A page of a [document](crate::document::Document) starts at a byte where none can start: the first page
    /// starts at 0, and each later one behind the start of the page before it, at the start of a character.
    #[error("no page can start at byte {byte}")]
    PageStart {
        /// The first such byte.
        byte: usize,
    },
    /// A [key](crate::document::Merge::key) or another rule for merging names a place that the type does not
    /// have.
    #[error("the rule for merging {pointer:?} names no {expected} of the type")]
    MergeRule {
        /// The JSON pointer of the rule.
        pointer: String,
        /// The expected kind of place.
        expected: &'static str,
    },
    /// An expected number of elements ([`expect_items`](crate::Extraction::expect_items)) is about the whole
    /// list, but the value is asked for in parts: by
    /// [`extract_document`](crate::Client::extract_document) or
    /// [`split_fields`](crate::Extraction::split_fields). A validator can check the number.
    #[error(
        "a number of elements cannot be expected where the value is asked for in parts: check it with a validator"
    )]
    ExpectedInParts,
    /// The stream has ended with an error, which was returned before.
    #[error("the stream has ended: its error was returned before")]
    Ended,
    /// The type has no list at the pointer of [`items_of`](crate::Extraction::items_of) or
    /// [`items_at`](crate::Extraction::items_at). Or the type is no list, and
    /// [`bad_items`](crate::Extraction::bad_items) sets a policy for elements.
    #[error("{}", no_list(pointer.as_deref()))]
    NoList {
        /// The JSON pointer. `None` if the list that a closure returned has none, because it is not
        /// reached through fields, newtypes and tuples alone.
        pointer: Option<String>,
    },
    /// No element of the list can be the type of [`items_at`](crate::Extraction::items_at): their schemas
    /// allow different JSON kinds.
    #[error(
        "no element of the list at {pointer:?} can be read as `{name}`: it is {found}, and has to be {expected}"
    )]
    OtherElements {
        /// The JSON pointer of the list.
        pointer: String,
        /// The name of the type.
        name: String,
        /// The JSON kinds of the type, in English.
        expected: String,
        /// The JSON kinds of the elements, in English.
        found: String,
    },
}

/// Describes the missing list.
fn no_list(pointer: Option<&str>) -> String {
    match pointer {
        Some("") => "the value is no list; one inside of it is named by `items_of`".to_owned(),
        Some(pointer) => format!("the type has no list at {pointer:?}"),
        None => "what the closure gave is no list that the fields of the type lead to".to_owned(),
    }
}
