//! Refuses contradictions between attributes, and types that cannot be extracted. Every error has the
//! span of the mistake and names a fix.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{GenericParam, LitStr, PathSegment, TypeReference};

use crate::model::{Body, Container, Field, FieldWords};
use crate::syntax::{Mistakes, foreign_items};
use crate::wire::Representation;
use crate::{fits, partial};

/// The maximum length of a tool's or schema's name, in characters, that providers accept.
const NAME_LENGTH: usize = 64;

/// Checks the type, its fields and its variants. Mistakes are added to `mistakes`.
pub(crate) fn check(container: &Container, mistakes: &mut Mistakes) {
    if let Some(name) = &container.words.name {
        check_name(name, container, mistakes);
    }
    if let Some(remote) = &container.wire.remote {
        mistakes.push(
            remote,
            "`remote` gives no `Deserialize` to the type it stands on: put the derive on a type \
             of your own, or give the field `#[extract(with = module)]`",
        );
    }
    if let (Some(name), true) = (&container.words.partial, container.words.skip_partial) {
        mistakes.push(name, "`skip(Partial)` writes no partial form to have a name: take one away");
    }
    if container.words.skip_json_schema {
        check_without_schema(container, mistakes);
    }
    let fields: Vec<&Field> = match &container.body {
        Body::Struct(fields) => fields.iter().collect(),
        Body::Enum(variants) => variants.iter().flat_map(|variant| &variant.fields).collect(),
    };
    for field in fields {
        check_field(field, container, mistakes);
    }
    check_names(container, mistakes);
}

/// Refuses two members or two variants of the same name: serde reads only one of them.
fn check_names(container: &Container, mistakes: &mut Mistakes) {
    match &container.body {
        Body::Struct(fields) => check_members(fields, mistakes),
        Body::Enum(variants) => {
            let read = variants.iter().filter(|variant| {
                !variant.wire.skipped
                    && !variant.wire.untagged
                    && !matches!(container.wire.representation, Representation::Untagged)
            });
            once_each(
                read.map(|variant| (&variant.ident, &*variant.wire.name, &*variant.wire.aliases)),
                "variants",
                mistakes,
            );
            for variant in variants.iter().filter(|variant| !variant.wire.skipped) {
                check_members(&variant.fields, mistakes);
            }
        }
    }
}

fn check_members(fields: &[Field], mistakes: &mut Mistakes) {
    let read = fields.iter().filter(|field| !field.wire.skipped && !field.wire.flattened);
    let members = read.filter_map(|field| {
        Some((&field.member, field.wire.name.as_deref()?, &*field.wire.aliases))
    });
    once_each(members, "members", mistakes);
}

fn once_each<'a, T: ToTokens>(
    all: impl Iterator<Item = (T, &'a str, &'a [LitStr])>,
    what: &str,
    mistakes: &mut Mistakes,
) {
    let mut known: Vec<String> = Vec::new();
    for (place, name, aliases) in all {
        let names = std::iter::once(name.to_owned()).chain(aliases.iter().map(LitStr::value));
        // An alias equal to the name of its field is superfluous, but no mistake.
        let names: Vec<String> = names.collect();
        if let Some(name) = names.iter().find(|name| known.contains(name)) {
            mistakes.push(
                place,
                format_args!("two {what} have the name `{name}` in JSON: rename one of them"),
            );
        }
        known.extend(names);
    }
}

fn check_name(name: &LitStr, container: &Container, mistakes: &mut Mistakes) {
    let mut fixed = name.value();
    for param in &container.input.generics.params {
        if let GenericParam::Type(_) | GenericParam::Const(_) = param {
            fixed = fixed.replace(&format!("{{{}}}", param_name(param)), "");
        }
    }
    if name.value().is_empty() {
        mistakes.push(name, "the name is empty: models call the tool by it");
    } else if let Some(c) =
        fixed.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
    {
        mistakes.push(
            name,
            format_args!("providers refuse {c:?} in a name: use letters, digits, `_` and `-`"),
        );
    } else if fixed.len() > NAME_LENGTH {
        mistakes.push(
            name,
            format_args!(
                "providers refuse names longer than {NAME_LENGTH} characters; this one has {}",
                fixed.len()
            ),
        );
    }
    let renamed = foreign_items(&container.input.attrs, "schemars");
    if let Some(rename) = renamed.iter().find(|item| item.path().is_ident("rename")) {
        mistakes.push(rename, "`#[extract(name = ..)]` names the schema already: keep one");
    }
}

fn param_name(param: &GenericParam) -> String {
    match param {
        GenericParam::Lifetime(param) => param.lifetime.to_string(),
        GenericParam::Type(param) => param.ident.to_string(),
        GenericParam::Const(param) => param.ident.to_string(),
    }
}

/// Refuses items that change the schema of a type with `skip(JsonSchema)`: another derive writes it.
fn check_without_schema(container: &Container, mistakes: &mut Mistakes) {
    let mut refuse = |word: &dyn ToTokens| {
        mistakes.push(
            word,
            "`skip(JsonSchema)` leaves the schema to another derive: say this in \
             `#[schemars(..)]`",
        );
    };
    let words = &container.words;
    if let Some(name) = &words.name {
        refuse(name);
    }
    for described in words.description.iter().chain(&words.examples) {
        refuse(&described.word);
    }
    let mut refuse_of_fields = |fields: &[Field]| {
        for word in fields.iter().flat_map(|field| schema_words(&field.words)) {
            refuse(word);
        }
    };
    match &container.body {
        Body::Struct(fields) => refuse_of_fields(fields),
        Body::Enum(variants) => {
            for variant in variants {
                refuse_of_fields(&variant.fields);
            }
            for described in variants.iter().filter_map(|variant| variant.description.as_ref()) {
                refuse(&described.word);
            }
        }
    }
}

/// Returns the items that change the field's schema.
fn schema_words(words: &FieldWords) -> impl Iterator<Item = &Ident> {
    let described = words.description.iter().chain(&words.examples);
    let constraints = words.constraints.iter().map(|constraint| &constraint.word);
    let given = words.schema_with.iter().chain(&words.with).map(|(word, _)| word);
    described.map(|described| &described.word).chain(constraints).chain(given)
}

fn check_field(field: &Field, container: &Container, mistakes: &mut Mistakes) {
    let words = &field.words;
    if field.wire.skipped {
        for word in schema_words(words) {
            mistakes.push(
                word,
                format_args!("serde skips this field, so `{word}` has no effect: take one away"),
            );
        }
        if let Some(word) = &words.stream {
            mistakes.push(word, "serde skips this field, so `stream` has no effect: take one away");
        }
        let paths = words.validators.iter().map(|validator| validator.path.to_token_stream());
        let grounded = words.grounded.iter().map(ToTokens::to_token_stream);
        for check in paths.chain(grounded) {
            mistakes.push(
                check,
                "serde skips this field, so the model never fills it and there is nothing to \
                 validate: take one away",
            );
        }
        return;
    }
    check_stream(field, container, mistakes);
    if field.wire.flattened {
        for word in schema_words(words) {
            mistakes.push(
                word,
                format_args!(
                    "a flattened field has no schema of its own for `{word}` to stand in: put it \
                     on the fields of the flattened type"
                ),
            );
        }
    }
    check_constraints(words, mistakes);
    fits::check(field, mistakes);
    check_given(field, container, mistakes);
    Borrows { mistakes: &mut *mistakes }.visit_type(&field.ty);
    if let Some(borrow) = &field.wire.borrowed {
        mistakes.push(borrow, BORROWED);
    }
}

/// Refuses `stream(..)` on a field that is never shown before its object is complete.
fn check_stream(field: &Field, container: &Container, mistakes: &mut Mistakes) {
    let Some(word) = &field.words.stream else { return };
    if field.wire.flattened {
        mistakes.push(
            word,
            "a flattened field appears with the end of the object that it stands in: take \
             `stream` away",
        );
    } else if !partial::has_partial(container) {
        mistakes.push(
            word,
            "this type is shown only when it is complete, so `stream` has no effect on its \
             fields: take it away",
        );
    }
}

fn check_constraints(words: &FieldWords, mistakes: &mut Mistakes) {
    for (index, constraint) in words.constraints.iter().enumerate() {
        let earlier = words.constraints[..index]
            .iter()
            .find(|other| other.slot() == constraint.slot() && other.depth == constraint.depth);
        if let Some(earlier) = earlier {
            let word = &constraint.word;
            if earlier.word == *word {
                mistakes.push(word, format_args!("`{word}` is given twice: keep one"));
            } else {
                mistakes.push(
                    word,
                    format_args!(
                        "`{word}` and `{}` fill the same place in the schema: keep one, and check \
                         the other by `validate = path`",
                        earlier.word
                    ),
                );
            }
        }
    }
}

/// Refuses a second source of the field's deserializer or schema beside `with`.
fn check_given(field: &Field, container: &Container, mistakes: &mut Mistakes) {
    let words = &field.words;
    let Some((with, _)) = &words.with else { return };
    if let Some((schema_with, _)) = &words.schema_with {
        mistakes.push(schema_with, "`with` gives the schema already, by its `json_schema`");
    }
    if let Some(reader) = &field.wire.reader {
        mistakes.push(reader, "`#[extract(with = ..)]` says already how the field is read");
    }
    if container.words.skip_deserialize {
        mistakes.push(
            with,
            "`skip(Deserialize)` leaves `Deserialize` to another derive: use `#[serde(with = ..)]` \
             for it, and `#[extract(schema_with = ..)]` here",
        );
    }
}

const BORROWED: &str = "what is read from a reply owns its text, it cannot borrow: use `String`, \
                        or `Cow` without `borrow`";

/// Refuses references in a type, except inside `PhantomData`.
struct Borrows<'a> {
    mistakes: &'a mut Mistakes,
}

impl<'ast> Visit<'ast> for Borrows<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        self.mistakes.push(reference, BORROWED);
    }

    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        if segment.ident != "PhantomData" {
            visit::visit_path_segment(self, segment);
        }
    }
}
