//! Reads serde's attributes as far as they decide the JSON: names, representation, skipped fields. Only the
//! generated checks and walks need them. serde and schemars write the deserializer and the schema.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote_spanned};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Meta, MetaNameValue, Path, Token, Type,
};

use crate::syntax::foreign_items;

/// The JSON representation of an enum's variants.
#[derive(Default)]
pub(crate) enum Representation {
    /// `{"Variant": fields}`
    #[default]
    External,
    /// `{"tag": "Variant", ..fields}`
    Internal { tag: String },
    /// `{"tag": "Variant", "content": fields}`
    Adjacent { tag: String, content: String },
    /// `fields`
    Untagged,
}

/// The type that decides the shape of the JSON.
#[derive(Default, PartialEq)]
pub(crate) enum Shape {
    /// The type itself: its fields or variants.
    #[default]
    Own,
    /// `transparent`: the type of the only field.
    OfField,
    /// `from` or `try_from`: another type.
    OfOther,
}

/// serde's attributes of a type.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) name: Option<String>,
    pub(crate) representation: Representation,
    pub(crate) shape: Shape,
    /// The type of `from` or `try_from`.
    pub(crate) other: Option<Type>,
    pub(crate) remote: Option<Meta>,
    /// The item `content`.
    pub(crate) content: Option<Meta>,
    /// Whether schemars describes another type instead of this one.
    pub(crate) described: bool,
    pub(crate) own_crate: bool,
    pub(crate) own_bound: bool,
    fields: Case,
    variants: Case,
    variant_fields: Case,
}

/// serde's attributes of a variant.
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) skipped: bool,
    pub(crate) untagged: bool,
    /// Whether an attribute gives a function or a type that replaces the fields.
    pub(crate) replaced: bool,
    fields: Case,
}

/// serde's attributes of a field.
#[expect(clippy::struct_excessive_bools, reason = "each is one item of the attribute")]
pub(crate) struct Field {
    /// The name in a JSON object; `None` for a field of a tuple.
    pub(crate) name: Option<String>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) skipped: bool,
    pub(crate) flattened: bool,
    pub(crate) borrowed: Option<Meta>,
    /// The item `with` or `deserialize_with`.
    pub(crate) reader: Option<Meta>,
    /// The item `with` and its path.
    pub(crate) module: Option<(Meta, Path)>,
    /// Whether schemars' `with` or `schema_with` sets the schema.
    pub(crate) schema_given: bool,
    /// Whether there is a `with` or `serialize_with`.
    pub(crate) writer: bool,
    /// Whether the schema comes from an attribute (`with`, `schema_with`), not from the field's type.
    pub(crate) described: bool,
    /// Whether schemars leaves the field out of the schema.
    pub(crate) undescribed: bool,
}

impl Container {
    /// Reads the attributes of a type.
    pub(crate) fn read(attrs: &[Attribute], is_enum: bool) -> Self {
        let described = foreign_items(attrs, "schemars").iter().any(|item| {
            matches!(word(item).as_str(), "with" | "schema_with" | "from" | "try_from" | "into")
        });
        let mut container = Self { described, ..Self::default() };
        let (mut tag, mut content) = (None, None);
        for item in foreign_items(attrs, "serde") {
            match word(&item).as_str() {
                "rename" => container.name = reading(&item).map(|name| name.value()),
                "rename_all" if is_enum => container.variants = Case::read(&item),
                "rename_all" => container.fields = Case::read(&item),
                "rename_all_fields" => container.variant_fields = Case::read(&item),
                "tag" => tag = reading(&item).map(|name| name.value()),
                "content" => {
                    content = reading(&item).map(|name| name.value());
                    container.content = Some(item);
                }
                "untagged" => container.representation = Representation::Untagged,
                "transparent" => container.shape = Shape::OfField,
                "from" | "try_from" => {
                    container.shape = Shape::OfOther;
                    container.other = reading(&item).and_then(|ty| ty.parse().ok());
                }
                "crate" => container.own_crate = true,
                "bound" => container.own_bound = true,
                "remote" => container.remote = Some(item),
                _ => {}
            }
        }
        match (tag, content) {
            (Some(tag), Some(content)) => {
                container.representation = Representation::Adjacent { tag, content };
            }
            (Some(tag), None) => container.representation = Representation::Internal { tag },
            (None, _) => {}
        }
        container
    }
}

impl Variant {
    /// Reads the attributes of a variant.
    pub(crate) fn read(attrs: &[Attribute], ident: &Ident, container: &Container) -> Self {
        let mut variant = Self {
            name: container.variants.of_variant(&ident.unraw().to_string()),
            aliases: Vec::new(),
            skipped: false,
            untagged: false,
            replaced: foreign_items(attrs, "schemars")
                .iter()
                .any(|item| matches!(word(item).as_str(), "with" | "schema_with" | "skip")),
            fields: container.variant_fields,
        };
        for item in foreign_items(attrs, "serde") {
            match word(&item).as_str() {
                "rename" => variant.name = reading(&item).map_or(variant.name, |name| name.value()),
                "alias" => variant.aliases.extend(reading(&item)),
                "rename_all" => variant.fields = Case::read(&item),
                "skip" | "skip_deserializing" => variant.skipped = true,
                "untagged" => variant.untagged = true,
                "with" | "deserialize_with" => variant.replaced = true,
                _ => {}
            }
        }
        variant
    }
}

impl Field {
    /// Reads the attributes of a field of a struct.
    pub(crate) fn of_struct(field: &syn::Field, container: &Container) -> Self {
        Self::read(field, container.fields)
    }

    /// Reads the attributes of a field of a variant.
    pub(crate) fn of_variant(field: &syn::Field, variant: &Variant) -> Self {
        Self::read(field, variant.fields)
    }

    /// Returns the function that serde reads the field with, or `None` if serde uses the type's
    /// `Deserialize`.
    pub(crate) fn reader(&self) -> Option<TokenStream> {
        let reader = self.reader.as_ref()?;
        let path: ExprPath = reading(reader)?.parse().ok()?;
        let is_module = word(reader) == "with";
        let function = quote_spanned!(path.span()=> #path::deserialize);
        Some(if is_module { function } else { path.into_token_stream() })
    }

    fn read(field: &syn::Field, case: Case) -> Self {
        let name = field.ident.as_ref().map(|ident| case.of_field(&ident.unraw().to_string()));
        let schemars = foreign_items(&field.attrs, "schemars");
        let schema_given =
            schemars.iter().any(|item| matches!(word(item).as_str(), "with" | "schema_with"));
        let mut read = Self {
            name,
            aliases: Vec::new(),
            skipped: false,
            flattened: false,
            borrowed: None,
            reader: None,
            module: None,
            schema_given,
            writer: false,
            described: schema_given,
            undescribed: schemars.iter().any(|item| word(item) == "skip"),
        };
        for item in foreign_items(&field.attrs, "serde") {
            match word(&item).as_str() {
                "rename" if read.name.is_some() => {
                    read.name = reading(&item).map(|name| name.value()).or(read.name);
                }
                "alias" => read.aliases.extend(reading(&item)),
                "skip" | "skip_deserializing" => read.skipped = true,
                "flatten" => read.flattened = true,
                "borrow" => read.borrowed = Some(item),
                "with" => {
                    let path = reading(&item).and_then(|path| path.parse().ok());
                    read.module = path.map(|path| (item.clone(), path));
                    read.reader = Some(item);
                    read.writer = true;
                    read.described = true;
                }
                "deserialize_with" => read.reader = Some(item),
                "serialize_with" => read.writer = true,
                _ => {}
            }
        }
        read
    }
}

/// Returns the name of an item, or an empty string if it is a path of several segments.
fn word(item: &Meta) -> String {
    item.path().get_ident().map(Ident::to_string).unwrap_or_default()
}

/// Returns the string of `word = ".."` or of `word(deserialize = "..")`, or `None`.
fn reading(item: &Meta) -> Option<LitStr> {
    match item {
        Meta::NameValue(MetaNameValue {
            value: Expr::Lit(ExprLit { lit: Lit::Str(text), .. }),
            ..
        }) => Some(text.clone()),
        Meta::List(list) => {
            let inner = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            inner.ok()?.iter().find(|inner| inner.path().is_ident("deserialize")).and_then(reading)
        }
        _ => None,
    }
}

/// serde's `rename_all`.
#[derive(Clone, Copy, Default)]
enum Case {
    #[default]
    AsWritten,
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    fn read(item: &Meta) -> Self {
        match reading(item).map(|rule| rule.value()).as_deref() {
            Some("lowercase") => Self::Lower,
            Some("UPPERCASE") => Self::Upper,
            Some("PascalCase") => Self::Pascal,
            Some("camelCase") => Self::Camel,
            Some("snake_case") => Self::Snake,
            Some("SCREAMING_SNAKE_CASE") => Self::ScreamingSnake,
            Some("kebab-case") => Self::Kebab,
            Some("SCREAMING-KEBAB-CASE") => Self::ScreamingKebab,
            _ => Self::AsWritten,
        }
    }

    /// Renames a field, whose name is assumed to be in snake case.
    fn of_field(self, name: &str) -> String {
        match self {
            Self::AsWritten | Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal => name.split('_').map(capitalised).collect(),
            Self::Camel => uncapitalised(&Self::Pascal.of_field(name)),
        }
    }

    /// Renames a variant, whose name is assumed to be in Pascal case.
    fn of_variant(self, name: &str) -> String {
        match self {
            Self::AsWritten | Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => uncapitalised(name),
            Self::Snake => {
                let mut snake = String::new();
                for c in name.chars() {
                    if c.is_uppercase() && !snake.is_empty() {
                        snake.push('_');
                    }
                    snake.push(c.to_ascii_lowercase());
                }
                snake
            }
            Self::ScreamingSnake => Self::Snake.of_variant(name).to_ascii_uppercase(),
            Self::Kebab => Self::Snake.of_variant(name).replace('_', "-"),
            Self::ScreamingKebab => Self::ScreamingSnake.of_variant(name).replace('_', "-"),
        }
    }
}

fn capitalised(item: &str) -> String {
    with_first(item, char::to_ascii_uppercase)
}

fn uncapitalised(item: &str) -> String {
    with_first(item, char::to_ascii_lowercase)
}

fn with_first(item: &str, change: fn(&char) -> char) -> String {
    let mut letters = item.chars();
    letters.next().iter().map(change).chain(letters).collect()
}
