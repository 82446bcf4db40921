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
use crate::syntax::{Form, Mistakes, Word, extract_words, nearest};
use crate::wire;

/// The type that carries the derive, with its attributes read.
pub(crate) struct Container {
    pub(crate) input: DeriveInput,
    pub(crate) words: ContainerWords,
    pub(crate) wire: wire::Container,
    pub(crate) body: Body,
}

/// The `#[extract(..)]` items of a type.
#[expect(clippy::struct_excessive_bools, reason = "each is one item of the attribute")]
pub(crate) struct ContainerWords {
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
    pub(crate) words: FieldWords,
    pub(crate) wire: wire::Field,
}

impl Field {
    /// Returns the function that deserializes the field, or `None` if the type's `Deserialize` does.
    pub(crate) fn reader(&self) -> Option<TokenStream> {
        match &self.words.with {
            Some((_, module)) => Some(quote_spanned!(module.span()=> #module::deserialize)),
            None => self.wire.reader(),
        }
    }
}

/// The `#[extract(..)]` items of a field.
#[derive(Default)]
pub(crate) struct FieldWords {
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
    let words = container_words(&input.attrs, mistakes);
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
                "a union does not know which of its fields it holds, so it cannot be extracted; \
                 use an enum",
            ));
        }
    };
    Ok(Container { input, words, wire, body })
}

fn read_variant(
    variant: &syn::Variant,
    container: &wire::Container,
    mistakes: &mut Mistakes,
) -> Variant {
    let mut description = None;
    for word in extract_words(&variant.attrs, mistakes) {
        if word.is("description") {
            expression(&word, &mut description, mistakes);
        } else {
            unknown(&word, Place::Variant, mistakes);
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
            words: field_words(&field.attrs, mistakes),
            wire: wire(field),
        })
        .collect()
}

fn container_words(attrs: &[Attribute], mistakes: &mut Mistakes) -> ContainerWords {
    let mut words = ContainerWords {
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
    for word in extract_words(attrs, mistakes) {
        match word.name.to_string().as_str() {
            "crate" => once(&word, &mut krate, mistakes, |word| word.path("crate = ::extract_llm")),
            "name" => {
                once(&word, &mut words.name, mistakes, |word| word.text(r#"name = "invoice""#));
            }
            "description" => expression(&word, &mut words.description, mistakes),
            "example" => words.examples.extend(example(&word, mistakes)),
            "validate" | "validate_with" => words.validators.extend(validator(&word, mistakes)),
            "garde" | "validator" => words.rules.extend(rules(&word, mistakes)),
            "bound" => once(&word, &mut words.bounds, mistakes, |word| {
                let bounds = word.text(r#"bound = "T: Extract""#)?;
                bounds.parse_with(Bounds::parse_terminated)
            }),
            "skip" => skip(&word, &mut words, mistakes),
            "partial" => once(&word, &mut words.partial, mistakes, |word| {
                let path = word.path("partial = DraftInvoice")?;
                path.get_ident().cloned().ok_or_else(|| {
                    syn::Error::new_spanned(
                        &path,
                        "the partial form stands beside the type: give a name without a path",
                    )
                })
            }),
            "stream" => stream(&word, &mut words.stream_whole, None, mistakes),
            _ => unknown(&word, Place::Container, mistakes),
        }
    }
    if let Some(krate) = krate {
        words.krate = krate;
    }
    words
}

fn rules(word: &Word, mistakes: &mut Mistakes) -> Option<Rules> {
    let mut context = None;
    let read = match &word.form {
        // Only `validator` takes a context: `garde` declares the type of its context itself.
        Form::List(_) if word.is("validator") => {
            word.list("validator(context = Type)").map(|inner| {
                for inner in inner {
                    if inner.is("context") {
                        once(&inner, &mut context, mistakes, |inner| inner.path("context = Type"));
                    } else {
                        mistakes.push(&inner.name, "write it as `validator(context = Type)`");
                    }
                }
            })
        }
        _ => word.bare(),
    };
    match read {
        Ok(()) => Some(Rules { word: word.name.clone(), context }),
        Err(error) => {
            mistakes.take(error);
            None
        }
    }
}

fn skip(word: &Word, words: &mut ContainerWords, mistakes: &mut Mistakes) {
    let skipped = match word.list("skip(Deserialize, JsonSchema)") {
        Ok(skipped) => skipped,
        Err(error) => return mistakes.take(error),
    };
    for skipped in skipped {
        if skipped.is("Deserialize") {
            words.skip_deserialize = true;
        } else if skipped.is("JsonSchema") {
            words.skip_json_schema = true;
        } else if skipped.is("Partial") {
            words.skip_partial = true;
        } else {
            mistakes.push(
                &skipped.name,
                "what can be skipped is `Deserialize` and `JsonSchema`, for a type that has its \
                 own, and `Partial`",
            );
        }
    }
}

/// Reads `stream(whole)` and, if `required` is a slot (on a field), `stream(required)`.
fn stream(word: &Word, whole: &mut bool, mut required: Option<&mut bool>, mistakes: &mut Mistakes) {
    let example = if required.is_some() { "stream(whole, required)" } else { "stream(whole)" };
    let said = match word.list(example) {
        Ok(said) => said,
        Err(error) => return mistakes.take(error),
    };
    for said in said {
        let slot = match (said.name.to_string().as_str(), &mut required) {
            ("whole", _) => &mut *whole,
            ("required", Some(required)) => &mut **required,
            ("required", None) => {
                mistakes.push(
                    &said.name,
                    "`required` belongs on a field: the object around it is shown only when the \
                     field has a value",
                );
                continue;
            }
            _ => {
                mistakes.push(
                    &said.name,
                    "what can be said of a value that is still arriving is `whole` (shown only \
                     when it is complete) and, of a field, `required` (the object around it is \
                     shown only when it has a value)",
                );
                continue;
            }
        };
        if std::mem::replace(slot, true) {
            mistakes.push(&said.name, format_args!("`{}` is given twice: keep one", said.name));
        }
        if let Err(error) = said.bare() {
            mistakes.take(error);
        }
    }
}

fn field_words(attrs: &[Attribute], mistakes: &mut Mistakes) -> FieldWords {
    let mut words = FieldWords::default();
    for word in extract_words(attrs, mistakes) {
        match word.name.to_string().as_str() {
            "description" => expression(&word, &mut words.description, mistakes),
            "example" => words.examples.extend(example(&word, mistakes)),
            "validate" | "validate_with" => words.validators.extend(validator(&word, mistakes)),
            "grounded" => once(&word, &mut words.grounded, mistakes, |word| {
                word.bare().map(|()| word.name.clone())
            }),
            "schema_with" => once(&word, &mut words.schema_with, mistakes, |word| {
                Ok((word.name.clone(), word.path("schema_with = path::to::function")?))
            }),
            "with" => once(&word, &mut words.with, mistakes, |word| {
                Ok((word.name.clone(), word.path("with = path::to::module")?))
            }),
            "stream" => {
                words.stream = Some(word.name.clone());
                let required = Some(&mut words.stream_required);
                stream(&word, &mut words.stream_whole, required, mistakes);
            }
            name if constraint::WORDS.contains(&name) => {
                words.constraints.extend(constraint::read(&word, 0, mistakes));
            }
            _ => unknown(&word, Place::Field, mistakes),
        }
    }
    words
}

/// Reads an item that may occur once. A second one is a mistake.
fn once<T>(
    word: &Word,
    slot: &mut Option<T>,
    mistakes: &mut Mistakes,
    read: impl FnOnce(&Word) -> syn::Result<T>,
) {
    if slot.is_some() {
        mistakes.push(&word.name, format_args!("`{}` is given twice: keep one", word.name));
        return;
    }
    match read(word) {
        Ok(value) => *slot = Some(value),
        Err(error) => mistakes.take(error),
    }
}

fn expression(word: &Word, slot: &mut Option<Described>, mistakes: &mut Mistakes) {
    once(word, slot, mistakes, |word| {
        let expr = word.value(r#"description = "What it is.""#)?.clone();
        Ok(Described { word: word.name.clone(), expr })
    });
}

fn example(word: &Word, mistakes: &mut Mistakes) -> Option<Described> {
    match word.value("example = value") {
        Ok(expr) => Some(Described { word: word.name.clone(), expr: expr.clone() }),
        Err(error) => {
            mistakes.take(error);
            None
        }
    }
}

fn validator(word: &Word, mistakes: &mut Mistakes) -> Option<Validator> {
    let with_context = word.is("validate_with");
    match word.path(&format!("{} = path::to::function", word.name)) {
        Ok(path) => Some(Validator { path, with_context }),
        Err(error) => {
            mistakes.take(error);
            None
        }
    }
}

/// The kind of item that an attribute is on: a type, a variant or a field.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Container,
    Variant,
    Field,
}

impl Place {
    const ALL: [Self; 3] = [Self::Container, Self::Variant, Self::Field];

    fn words(self) -> Vec<&'static str> {
        let mut words = vec!["description"];
        match self {
            Self::Container => {
                words.extend([
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
                words.extend([
                    "example",
                    "validate",
                    "validate_with",
                    "grounded",
                    "with",
                    "schema_with",
                ]);
                words.extend(["stream"]);
                words.extend(constraint::WORDS);
            }
        }
        words
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

fn unknown(word: &Word, place: Place, mistakes: &mut Mistakes) {
    let name = word.name.to_string();
    if SERDE_WORDS.contains(&name.as_str()) || name == "skip" {
        let value = match word.form {
            Form::Bare => "",
            Form::Value(_) => " = ..",
            Form::List(_) => "(..)",
        };
        mistakes.push(
            &word.name,
            format_args!("`{name}` is a word of serde's: write `#[serde({name}{value})]`"),
        );
        return;
    }
    let known = place.words();
    if let Some(home) = Place::ALL.into_iter().find(|home| home.words().contains(&name.as_str())) {
        mistakes.push(
            &word.name,
            format_args!("`{name}` belongs on {}, not on {}", home.name(), place.name()),
        );
        return;
    }
    let mend = nearest(&name, known.iter().copied()).map_or_else(
        || format!("the words for {} are {}", place.name(), listed(&known)),
        |word| format!("did you mean `{word}`?"),
    );
    mistakes.push(&word.name, format_args!("there is no word `{name}` here; {mend}"));
}
