//! The partial forms of [`Maybe`] and [`Answer`]. They correspond to the code that the derive writes for
//! an enum with data.

use std::fmt;

use serde::{Serialize, Serializer};

use super::enum_form::{EnumFields, PartialEnum};
use super::fields::{Field, Tagging, Variant, VariantContent};
use super::node::{PartialNode, Seed};
use super::{Partial, Streamed, output};
use crate::contract::{Answer, Extract, Maybe};

/// The partial form of [`Maybe`]. A `Partial<Maybe<T>>` dereferences to an `Option` of it, which is
/// `None` until the model has named the variant.
///
/// ```
/// use extract_llm::contract::Contract;
/// use extract_llm::Maybe;
/// use extract_llm::partial::MaybePartial;
/// use extract_llm::partial::Live;
///
/// type Names = Maybe<Vec<String>>;
/// let mut live = Live::<Names>::new(Contract::of::<Names>()?);
/// live.feed(r#"{"value": {"found": ["Ada", "Gra"#);
/// let Some(MaybePartial::Found(names)) = &**live.partial() else { panic!("it is found") };
/// assert_eq!(*names[1], "Gra");
///
/// live.start_over();
/// live.feed(r#"{"value": {"not_found": {"reason": "nobody is na"#);
/// assert_eq!(live.partial().as_ref().and_then(MaybePartial::reason), Some("nobody is na"));
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub enum MaybePartial<T> {
    /// The value found, as far as it has arrived.
    Found(Partial<T>),
    /// There is no value.
    NotFound {
        /// The model's reason, as far as it has arrived.
        reason: Partial<String>,
    },
}

impl<T> MaybePartial<T> {
    /// Returns the value so far; `None` for [`NotFound`](Self::NotFound).
    pub fn found(&self) -> Option<&Partial<T>> {
        match self {
            Self::Found(value) => Some(value),
            Self::NotFound { .. } => None,
        }
    }

    /// Returns the reason so far; `None` for [`Found`](Self::Found).
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Found(_) => None,
            Self::NotFound { reason } => Some(reason),
        }
    }
}

/// The partial form of [`Answer`]. A `Partial<Answer<T>>` dereferences to an `Option` of it, which is
/// `None` until the model has named the variant.
///
/// ```
/// use extract_llm::contract::Contract;
/// use extract_llm::Answer;
/// use extract_llm::partial::AnswerPartial;
/// use extract_llm::partial::Live;
///
/// type Seats = Answer<Vec<u8>>;
/// let mut live = Live::<Seats>::new(Contract::of::<Seats>()?);
/// live.feed(r#"{"value": {"text": "For how many "#);
/// assert_eq!(live.partial().as_ref().and_then(AnswerPartial::text), Some("For how many"));
///
/// live.start_over();
/// live.feed(r#"{"value": {"value": [4, 5"#);
/// let seats = live.partial().as_ref().and_then(AnswerPartial::value).unwrap();
/// assert_eq!(seats.len(), 1);
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub enum AnswerPartial<T> {
    /// The value that the request asks for, as far as it has arrived.
    Value(Partial<T>),
    /// The model's text instead of a value, as far as it has arrived.
    Text(Partial<String>),
}

impl<T> AnswerPartial<T> {
    /// Returns the value so far; `None` for [`Text`](Self::Text).
    pub fn value(&self) -> Option<&Partial<T>> {
        match self {
            Self::Value(value) => Some(value),
            Self::Text(_) => None,
        }
    }

    /// Returns the text so far; `None` for [`Value`](Self::Value).
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Text(text) => Some(text),
        }
    }
}

const REASON: &[Field] = &[Field::new("reason")];
const ONLY: &[Field] = &[Field::new("")];

/// Implements the partial form of an externally tagged enum with two variants: a value and a text.
macro_rules! ways_out {
    ($($whole:ident $partial:ident: $value:ident $key:literal,
        $words:ident $member:tt $other:literal $content:ident $fields:ident;)*) => {$(
        impl<T> Clone for $partial<T> {
            fn clone(&self) -> Self {
                match self {
                    Self::$value(value) => Self::$value(value.clone()),
                    Self::$words { $member: words } => Self::$words { $member: words.clone() },
                }
            }
        }

        impl<T: Extract> EnumFields for $partial<T> {
            const TAGGING: Tagging = Tagging::External;
            const VARIANTS: &'static [Variant] = &[
                Variant { name: $key, content: VariantContent::Newtype, fields: ONLY },
                Variant { name: $other, content: VariantContent::$content, fields: $fields },
            ];

            fn begin(variant: usize) -> Option<Self> {
                match variant {
                    0 => Some(Self::$value(Partial::new())),
                    1 => Some(Self::$words { $member: Partial::new() }),
                    _ => None,
                }
            }

            fn variant(&self) -> usize {
                usize::from(matches!(self, Self::$words { .. }))
            }

            fn at(&self, index: usize) -> Option<&PartialNode> {
                match self {
                    Self::$value(value) => (index == 0).then(|| value.node()),
                    Self::$words { $member: words } => (index == 0).then(|| words.node()),
                }
            }

            fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode> {
                match self {
                    Self::$value(value) => (index == 0).then(|| value.node_mut()),
                    Self::$words { $member: words } => (index == 0).then(|| words.node_mut()),
                }
            }

            fn seed(&self, _: usize) -> Seed {
                match self {
                    Self::$value(_) => T::seed(),
                    Self::$words { .. } => String::seed(),
                }
            }
        }

        impl<T: Extract> Streamed for $whole<T> {
            type Partial = Option<$partial<T>>;

            fn of(place: &PartialNode) -> &Self::Partial {
                place.parts::<PartialEnum<$partial<T>>>().map_or(const { &None }, PartialEnum::variant)
            }
        }

        impl<T: Extract> fmt::Debug for $partial<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                output::debug(&PartialEnum::new(self), f)
            }
        }

        impl<T: Extract> PartialEq for $partial<T> {
            fn eq(&self, other: &Self) -> bool {
                output::same(&PartialEnum::new(self), &PartialEnum::new(other))
            }
        }

        impl<T: Extract> Serialize for $partial<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                output::serialize(&PartialEnum::new(self), serializer)
            }
        }
    )*};
}

ways_out! {
    Maybe MaybePartial: Found "found", NotFound reason "not_found" Fields REASON;
    Answer AnswerPartial: Value "value", Text 0 "text" Newtype ONLY;
}
