//! Reads the type that carries the derive into a typed model of its `#[extract(..)]` items. Items are
//! read one by one here; `check` refuses contradictions between them.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, LitStr, Member, Path, Token, Type, WherePredicate,
    parse_quote,
};

use crate::constraint::{self, Constraint, listed};
use crate::syntax::{AttributeItem, ItemSyntax, Mistakes, extract_words, nearest};
use crate::wire;

/// The type that carries the derive, with its attributes read.
pub(crate) struct Container {
    pub(crate) input: DeriveInput,
    pub(crate) items: ContainerItems,
    pub(crate) wire: wire::Container,
    pub(crate) body: Body,
}

/// The `#[extract(..)]` items of a type.
#[expect(clippy::struct_excessive_bools, reason = "each is one item of the attribute")]
pub(crate) struct ContainerItems {
    pub(crate) krate: Path,
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<Described>,
    pub(crate) examples: Vec<Described>,
    pub(crate) validators: Vec<Validator>,
    /// The other crates (`garde`, `validator`) whose rules are checked.
    pub(crate) rules: Vec<Rules>,
    pub(crate) bounds: Option<Bounds>,
    pub(crate) skip_deserialize: bool,
    pub(crate) skip_json_schema: bool,
    pub(crate) skip_partial: bool,
    /// The name of the partial form; `None` for the default, the type's name with `Partial` appended.
    pub(crate) partial: Option<Ident>,
    pub(crate) stream_whole: bool,
}

/// The bounds that the user writes for the type's parameters.
pub(crate) type Bounds = Punctuated<WherePredicate, Token![,]>;

/// An expression of a `description` or `example`, with the identifier of the item.
pub(crate) struct Described {
    pub(crate) word: Ident,
    pub(crate) expr: Expr,
}

/// A function that validates a value: `validate` or `validate_with`.
pub(crate) struct Validator {
    pub(crate) path: Path,
    /// Whether the function also takes the context (`validate_with`).
    pub(crate) with_context: bool,
}

/// The validation rules of another crate: `garde` or `validator`.
pub(crate) struct Rules {
    pub(crate) word: Ident,
    /// The type of the context that the rules need, from `validator(context = Type)`.
    pub(crate) context: Option<Path>,
}

/// The fields of a struct, or the variants of an enum.
pub(crate) enum Body {
    Struct(Vec<Field>),
    Enum(Vec<Variant>),
}

/// A variant of an enum.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) description: Option<Described>,
    pub(crate) wire: wire::Variant,
    pub(crate) fields: Vec<Field>,
}

/// A field of a struct or of a variant.
pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    pub(crate) items: FieldItems,
    pub(crate) wire: wire::Field,
}

impl Field {
    /// Returns the function that deserializes the field, or `None` if the type's `Deserialize` does.
    pub(crate) fn reader(&self) -> Option<TokenStream> {
        match &self.items.with {
            Some((_, module)) => Some(quote_spanned!(module.span()=> #module::deserialize)),
            None => self.wire.reader(),
        }
    }
}

/// The `#[extract(..)]` items of a field.
#[derive(Default)]
pub(crate) struct FieldItems {
    pub(crate) description: Option<Described>,
    pub(crate) examples: Vec<Described>,
    pub(crate) validators: Vec<Validator>,
    /// The item `grounded`: the field's text must occur in the source.
    pub(crate) grounded: Option<Ident>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) schema_with: Option<(Ident, Path)>,
    pub(crate) with: Option<(Ident, Path)>,
    pub(crate) stream: Option<Ident>,
    pub(crate) stream_whole: bool,
    pub(crate) stream_required: bool,
}

/// Reads the type and its attributes. Mistakes in attributes are added to `mistakes`. Fails for a union.
pub(crate) fn read(input: DeriveInput, mistakes: &mut Mistakes) -> syn::Result<Container> {
    let is_enum = matches!(input.data, Data::Enum(_));
    let items = container_words(&input.attrs, mistakes);
    let wire = wire::Container::read(&input.attrs, is_enum);
    let body = match &input.data {
        Data::Struct(data) => Body::Struct(fields(&data.fields, mistakes, |field| {
            wire::Field::of_struct(field, &wire)
        })),
        Data::Enum(data) => {
            let read = |variant| read_variant(variant, &wire, mistakes);
            Body::Enum(data.variants.iter().map(read).collect())
        }
        Data::Union(data) => {
            return Err(syn::Error::new_spanned(
                data.union_token,
                "a union cannot be extracted: use an enum",
            ));
        }
    };
    Ok(Container { input, items, wire, body })
}

fn read_variant(
    variant: &syn::Variant,
    container: &wire::Container,
    mistakes: &mut Mistakes,
) -> Variant {
    let mut description = None;
    for item in extract_words(&variant.attrs, mistakes) {
        if item.is("description") {
            expression(&item, &mut description, mistakes);
        } else {
            unknown(&item, AttributeTarget::Variant, mistakes);
        }
    }
    let wire = wire::Variant::read(&variant.attrs, &variant.ident, container);
    let fields = fields(&variant.fields, mistakes, |field| wire::Field::of_variant(field, &wire));
    Variant { ident: variant.ident.clone(), description, wire, fields }
}

fn fields(
    fields: &Fields,
    mistakes: &mut Mistakes,
    wire: impl Fn(&syn::Field) -> wire::Field,
) -> Vec<Field> {
    fields
        .members()
        .zip(fields)
        .map(|(member, field)| Field {
            member,
            ty: field.ty.clone(),
            items: field_items(&field.attrs, mistakes),
            wire: wire(field),
        })
        .collect()
}

fn container_words(attrs: &[Attribute], mistakes: &mut Mistakes) -> ContainerItems {
    let mut items = ContainerItems {
        krate: parse_quote!(::extract_llm),
        name: None,
        description: None,
        examples: Vec::new(),
        validators: Vec::new(),
        rules: Vec::new(),
        bounds: None,
        skip_deserialize: false,
        skip_json_schema: false,
        skip_partial: false,
        partial: None,
        stream_whole: false,
    };
    let mut krate = None;
    for item in extract_words(attrs, mistakes) {
        match item.name.to_string().as_str() {
            "crate" => once(&item, &mut krate, mistakes, |item| item.path("crate = ::extract_llm")),
            "name" => {
                once(&item, &mut items.name, mistakes, |item| item.text(r#"name = "invoice""#));
            }
            "description" => expression(&item, &mut items.description, mistakes),
            "example" => items.examples.extend(example(&item, mistakes)),
            "validate" | "validate_with" => items.validators.extend(validator(&item, mistakes)),
            "garde" | "validator" => items.rules.extend(rules(&item, mistakes)),
            "bound" => once(&item, &mut items.bounds, mistakes, |item| {
                let bounds = item.text(r#"bound = "T: Extract""#)?;
                bounds.parse_with(Bounds::parse_terminated)
            }),
            "skip" => skip(&item, &mut items, mistakes),
            "partial" => once(&item, &mut items.partial, mistakes, |item| {
                let path = item.path("partial = DraftInvoice")?;
                path.get_ident().cloned().ok_or_else(|| {
                    syn::Error::new_spanned(
                        &path,
                        "expected a name without a path: the partial form is in the module of the type",
                    )
                })
            }),
            "stream" => stream(&item, &mut items.stream_whole, None, mistakes),
            _ => unknown(&item, AttributeTarget::Container, mistakes),
        }
    }
    if let Some(krate) = krate {
        items.krate = krate;
    }
    items
}

fn rules(item: &AttributeItem, mistakes: &mut Mistakes) -> Option<Rules> {
    let mut context = None;
    let read = match &item.form {
        // Only `validator` takes a context: `garde` declares the type of its context itself.
        ItemSyntax::List(_) if item.is("validator") => {
            item.list("validator(context = Type)").map(|inner| {
                for inner in inner {
                    if inner.is("context") {
                        once(&inner, &mut context, mistakes, |inner| inner.path("context = Type"));
                    } else {
                        mistakes.push(&inner.name, "expected `validator(context = Type)`");
                    }
                }
            })
        }
        _ => item.bare(),
    };
    match read {
        Ok(()) => Some(Rules { word: item.name.clone(), context }),
        Err(error) => {
            mistakes.add(error);
            None
        }
    }
}

fn skip(item: &AttributeItem, words: &mut ContainerItems, mistakes: &mut Mistakes) {
    let skipped = match item.list("skip(Deserialize, JsonSchema)") {
        Ok(skipped) => skipped,
        Err(error) => return mistakes.add(error),
    };
    for skipped in skipped {
        if skipped.is("Deserialize") {
            words.skip_deserialize = true;
        } else if skipped.is("JsonSchema") {
            words.skip_json_schema = true;
        } else if skipped.is("Partial") {
            words.skip_partial = true;
        } else {
            mistakes.push(&skipped.name, "expected `Deserialize`, `JsonSchema` or `Partial`");
        }
    }
}

/// Reads `stream(whole)` and, if `required` is a slot (on a field), `stream(required)`.
fn stream(
    item: &AttributeItem,
    whole: &mut bool,
    mut required: Option<&mut bool>,
    mistakes: &mut Mistakes,
) {
    let example = if required.is_some() { "stream(whole, required)" } else { "stream(whole)" };
    let said = match item.list(example) {
        Ok(said) => said,
        Err(error) => return mistakes.add(error),
    };
    for said in said {
        let slot = match (said.name.to_string().as_str(), &mut required) {
            ("whole", _) => &mut *whole,
            ("required", Some(required)) => &mut **required,
            ("required", None) => {
                mistakes.push(&said.name, "`stream(required)` is for a field, not for a type");
                continue;
            }
            _ => {
                mistakes.push(
                    &said.name,
                    "expected `whole` (a partial value appears only when it is complete) or, on a \
                     field, `required` (the partial object appears only when the field has a \
                     value)",
                );
                continue;
            }
        };
        if std::mem::replace(slot, true) {
            mistakes.push(&said.name, format_args!("duplicate `{}`: remove one", said.name));
        }
        if let Err(error) = said.bare() {
            mistakes.add(error);
        }
    }
}

fn field_items(attrs: &[Attribute], mistakes: &mut Mistakes) -> FieldItems {
    let mut items = FieldItems::default();
    for item in extract_words(attrs, mistakes) {
        match item.name.to_string().as_str() {
            "description" => expression(&item, &mut items.description, mistakes),
            "example" => items.examples.extend(example(&item, mistakes)),
            "validate" | "validate_with" => items.validators.extend(validator(&item, mistakes)),
            "grounded" => once(&item, &mut items.grounded, mistakes, |item| {
                item.bare().map(|()| item.name.clone())
            }),
            "schema_with" => once(&item, &mut items.schema_with, mistakes, |item| {
                Ok((item.name.clone(), item.path("schema_with = path::to::function")?))
            }),
            "with" => once(&item, &mut items.with, mistakes, |item| {
                Ok((item.name.clone(), item.path("with = path::to::module")?))
            }),
            "stream" => {
                items.stream = Some(item.name.clone());
                let required = Some(&mut items.stream_required);
                stream(&item, &mut items.stream_whole, required, mistakes);
            }
            name if constraint::WORDS.contains(&name) => {
                items.constraints.extend(constraint::read(&item, 0, mistakes));
            }
            _ => unknown(&item, AttributeTarget::Field, mistakes),
        }
    }
    items
}

/// Reads an item that may occur once. A second one is a mistake.
fn once<T>(
    item: &AttributeItem,
    slot: &mut Option<T>,
    mistakes: &mut Mistakes,
    read: impl FnOnce(&AttributeItem) -> syn::Result<T>,
) {
    if slot.is_some() {
        mistakes.push(&item.name, format_args!("duplicate `{}`: remove one", item.name));
        return;
    }
    match read(item) {
        Ok(value) => *slot = Some(value),
        Err(error) => mistakes.add(error),
    }
}

fn expression(item: &AttributeItem, slot: &mut Option<Described>, mistakes: &mut Mistakes) {
    once(item, slot, mistakes, |item| {
        let expr = item.value(r#"description = "What it is.""#)?.clone();
        Ok(Described { word: item.name.clone(), expr })
    });
}

fn example(item: &AttributeItem, mistakes: &mut Mistakes) -> Option<Described> {
    match item.value("example = value") {
        Ok(expr) => Some(Described { word: item.name.clone(), expr: expr.clone() }),
        Err(error) => {
            mistakes.add(error);
            None
        }
    }
}

fn validator(item: &AttributeItem, mistakes: &mut Mistakes) -> Option<Validator> {
    let with_context = item.is("validate_with");
    match item.path(&format!("{} = path::to::function", item.name)) {
        Ok(path) => Some(Validator { path, with_context }),
        Err(error) => {
            mistakes.add(error);
            None
        }
    }
}

/// The kind of item that an attribute is on: a type, a variant or a field.
#[derive(Clone, Copy, PartialEq)]
enum AttributeTarget {
    Container,
    Variant,
    Field,
}

impl AttributeTarget {
    const ALL: [Self; 3] = [Self::Container, Self::Variant, Self::Field];

    fn words(self) -> Vec<&'static str> {
        let mut items = vec!["description"];
        match self {
            Self::Container => {
                items.extend([
                    "name",
                    "example",
                    "validate",
                    "validate_with",
                    "garde",
                    "validator",
                    "bound",
                    "skip",
                    "crate",
                    "partial",
                    "stream",
                ]);
            }
            Self::Variant => {}
            Self::Field => {
                items.extend([
                    "example",
                    "validate",
                    "validate_with",
                    "grounded",
                    "with",
                    "schema_with",
                ]);
                items.extend(["stream"]);
                items.extend(constraint::WORDS);
            }
        }
        items
    }

    fn name(self) -> &'static str {
        match self {
            Self::Container => "a type",
            Self::Variant => "a variant",
            Self::Field => "a field",
        }
    }
}

/// Attributes of serde that `#[extract(..)]` does not repeat.
const SERDE_WORDS: [&str; 15] = [
    "rename",
    "rename_all",
    "rename_all_fields",
    "alias",
    "default",
    "flatten",
    "deny_unknown_fields",
    "transparent",
    "tag",
    "content",
    "untagged",
    "from",
    "try_from",
    "deserialize_with",
    "other",
];

fn unknown(item: &AttributeItem, place: AttributeTarget, mistakes: &mut Mistakes) {
    let name = item.name.to_string();
    if SERDE_WORDS.contains(&name.as_str()) || name == "skip" {
        let value = match item.form {
            ItemSyntax::Bare => "",
            ItemSyntax::Value(_) => " = ..",
            ItemSyntax::List(_) => "(..)",
        };
        mistakes.push(
            &item.name,
            format_args!("`{name}` is an attribute of serde: write `#[serde({name}{value})]`"),
        );
        return;
    }
    let known = place.words();
    if let Some(home) =
        AttributeTarget::ALL.into_iter().find(|home| home.words().contains(&name.as_str()))
    {
        mistakes.push(
            &item.name,
            format_args!("`{name}` is for {}, not for {}", home.name(), place.name()),
        );
        return;
    }
    let mend = nearest(&name, known.iter().copied()).map_or_else(
        || format!("expected one of {}", listed(&known)),
        |item| format!("did you mean `{item}`?"),
    );
    mistakes.push(&item.name, format_args!("unknown item `{name}`; {mend}"));
}
