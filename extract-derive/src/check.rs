//! Refuses contradictions between attributes, and types that cannot be extracted. Every error has the
//! span of the mistake and names a fix.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, GenericParam, Lit, LitStr, PathSegment, Type, TypeArray, TypeReference};

use crate::field_types::{Part, parts};
use crate::model::{Body, Container, Field, FieldItems};
use crate::syntax::{Mistakes, foreign_items};
use crate::wire::{Representation, Shape};
use crate::{fits, partial};

/// The maximum length of a tool's or schema's name, in characters, that providers accept.
const NAME_LENGTH: usize = 64;

/// The longest array that serde and schemars support.
const ARRAY_LENGTH: usize = 32;

/// Checks the type, its fields and its variants. Mistakes are added to `mistakes`.
pub(crate) fn check(container: &Container, mistakes: &mut Mistakes) {
    if let Some(name) = &container.items.name {
        check_name(name, container, mistakes);
    }
    if let Some(remote) = &container.wire.remote {
        mistakes.push(
            remote,
            "`remote` implements no `Deserialize`, so this type cannot be extracted: remove \
             `remote`, or put `#[extract(with = module)]` on the field with the foreign type",
        );
    }
    if let (Some(name), true) = (&container.items.partial, container.items.skip_partial) {
        mistakes
            .push(name, "`skip(Partial)` writes no partial form: remove it, or remove `partial`");
    }
    if container.items.skip_json_schema {
        check_without_schema(container, mistakes);
    }
    let fields: Vec<&Field> = match &container.body {
        Body::Struct(fields) => fields.iter().collect(),
        Body::Enum(variants) => variants.iter().flat_map(|variant| &variant.fields).collect(),
    };
    for field in fields {
        check_field(field, container, mistakes);
    }
    check_variants(container, mistakes);
    check_names(container, mistakes);
}

/// Refuses an enum whose variants are all skipped, and variants that serde cannot read beside a tag.
fn check_variants(container: &Container, mistakes: &mut Mistakes) {
    let Body::Enum(variants) = &container.body else { return };
    if container.wire.shape == Shape::OfOther {
        return;
    }
    // An enum without variants may be a type argument that never has a value.
    if !variants.is_empty() && variants.iter().all(|variant| variant.wire.skipped) {
        let ident = &container.input.ident;
        mistakes.push(
            ident,
            format_args!("`{ident}` cannot be extracted: serde skips all of its variants"),
        );
    }
    if let (Representation::Adjacent { tag, content }, Some(item)) =
        (&container.wire.representation, &container.wire.content)
    {
        if tag == content {
            mistakes.push(
                item,
                format_args!("`tag` and `content` are both `{tag}`: rename one of them"),
            );
        }
    }
    if let Representation::Internal { tag } = &container.wire.representation {
        for variant in variants {
            if !variant.wire.skipped && !variant.wire.untagged && !variant.wire.replaced {
                fits::check_beside_tag(variant, tag, mistakes);
            }
        }
    }
}

/// Refuses two members or two variants of the same name: serde reads only one of them.
fn check_names(container: &Container, mistakes: &mut Mistakes) {
    let tag = match &container.wire.representation {
        Representation::Internal { tag } => Some(tag.as_str()),
        _ => None,
    };
    match &container.body {
        Body::Struct(fields) => check_members(fields, tag, mistakes),
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
                let tag = tag.filter(|_| !variant.wire.untagged);
                check_members(&variant.fields, tag, mistakes);
            }
        }
    }
}

/// Refuses two fields of the same name in JSON, and a field of the name of the tag in the same object.
fn check_members(fields: &[Field], tag: Option<&str>, mistakes: &mut Mistakes) {
    let read = || fields.iter().filter(|field| !field.wire.skipped && !field.wire.flattened);
    let members = read().filter_map(|field| {
        Some((&field.member, field.wire.name.as_deref()?, &*field.wire.aliases))
    });
    once_each(members, "fields", mistakes);
    for field in read() {
        let names = field.wire.aliases.iter().map(LitStr::value).chain(field.wire.name.clone());
        if names.into_iter().any(|name| Some(name.as_str()) == tag) {
            mistakes.push(
                &field.member,
                format_args!(
                    "this field and the tag both have the name `{}` in JSON: rename one of them",
                    tag.unwrap_or_default()
                ),
            );
        }
    }
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
        mistakes.push(name, "the name must not be empty");
    } else if let Some(c) =
        fixed.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
    {
        mistakes.push(
            name,
            format_args!("expected only letters, digits, `_` and `-` in the name, found {c:?}"),
        );
    } else if fixed.len() > NAME_LENGTH {
        mistakes.push(
            name,
            format_args!(
                "the name must have at most {NAME_LENGTH} characters, found {}",
                fixed.len()
            ),
        );
    }
    let renamed = foreign_items(&container.input.attrs, "schemars");
    if let Some(rename) = renamed.iter().find(|item| item.path().is_ident("rename")) {
        mistakes.push(rename, "`#[extract(name = ..)]` also sets the name: remove one");
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
    let mut refuse = |item: &dyn ToTokens| {
        mistakes.push(
            item,
            "this has no effect, because `skip(JsonSchema)` leaves the schema to another derive: use \
             `#[schemars(..)]`",
        );
    };
    let items = &container.items;
    if let Some(name) = &items.name {
        refuse(name);
    }
    for described in items.description.iter().chain(&items.examples) {
        refuse(&described.word);
    }
    let mut refuse_of_fields = |fields: &[Field]| {
        for item in fields.iter().flat_map(|field| schema_items(&field.items)) {
            refuse(item);
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
fn schema_items(items: &FieldItems) -> impl Iterator<Item = &Ident> {
    let described = items.description.iter().chain(&items.examples);
    let constraints = items.constraints.iter().map(|constraint| &constraint.word);
    let given = items.schema_with.iter().chain(&items.with).map(|(word, _)| word);
    described.map(|described| &described.word).chain(constraints).chain(given)
}

fn check_field(field: &Field, container: &Container, mistakes: &mut Mistakes) {
    let items = &field.items;
    if field.wire.skipped {
        for item in schema_items(items) {
            mistakes.push(
                item,
                format_args!("`{item}` has no effect, because serde skips this field: remove one"),
            );
        }
        if let Some(item) = &items.stream {
            mistakes
                .push(item, "`stream` has no effect, because serde skips this field: remove one");
        }
        let paths = items.validators.iter().map(|validator| validator.path.to_token_stream());
        let grounded = items.grounded.iter().map(ToTokens::to_token_stream);
        for check in paths.chain(grounded) {
            mistakes.push(
                check,
                "this check has no effect, because serde skips this field: remove one",
            );
        }
        return;
    }
    check_stream(field, container, mistakes);
    if field.wire.flattened {
        for item in schema_items(items) {
            mistakes.push(
                item,
                format_args!(
                    "`{item}` does not apply to a flattened field: put it on the fields of the \
                     flattened type"
                ),
            );
        }
    }
    check_constraints(items, mistakes);
    fits::check(field, mistakes);
    check_with_conflicts(field, container, mistakes);
    check_serde_with(field, container, mistakes);
    if field.reader().is_none() && !container.items.skip_deserialize {
        for part in parts(&field.ty) {
            match part {
                Part::Type(ty) => check_type(ty, mistakes),
                Part::Shared(_) => {}
                Part::Array(array) => check_array(array, mistakes),
            }
        }
    }
    Borrows { mistakes: &mut *mistakes }.visit_type(&field.ty);
    if let Some(borrow) = &field.wire.borrowed {
        mistakes.push(borrow, BORROWED);
    }
}

/// Refuses `stream(..)` on a field that is never shown before its object is complete.
fn check_stream(field: &Field, container: &Container, mistakes: &mut Mistakes) {
    let Some(item) = &field.items.stream else { return };
    if field.wire.flattened {
        mistakes.push(
            item,
            "`stream` does not apply to a flattened field, which appears when the object around it is \
             complete: remove it",
        );
    } else if !partial::has_partial(container) {
        mistakes.push(
            item,
            "`stream` has no effect, because a value of this type appears only when it is complete: \
             remove it",
        );
    }
}

fn check_constraints(items: &FieldItems, mistakes: &mut Mistakes) {
    for (index, constraint) in items.constraints.iter().enumerate() {
        let earlier = items.constraints[..index]
            .iter()
            .find(|other| other.slot() == constraint.slot() && other.depth == constraint.depth);
        if let Some(earlier) = earlier {
            let item = &constraint.word;
            if earlier.word == *item {
                mistakes.push(item, format_args!("duplicate `{item}`: remove one"));
            } else {
                mistakes.push(
                    item,
                    format_args!(
                        "`{item}` and `{}` set the same keyword of the schema: remove one, and \
                         check it by `validate = path`",
                        earlier.word
                    ),
                );
            }
        }
    }
}

/// Refuses a second source of the field's deserializer or schema beside `with`.
fn check_with_conflicts(field: &Field, container: &Container, mistakes: &mut Mistakes) {
    let items = &field.items;
    let Some((with, _)) = &items.with else { return };
    if let Some((schema_with, _)) = &items.schema_with {
        mistakes.push(
            schema_with,
            "`with` also sets the schema, by the function `json_schema`: remove one",
        );
    }
    if let Some(reader) = &field.wire.reader {
        mistakes.push(reader, "`#[extract(with = ..)]` also sets the deserializer: remove one");
    }
    if container.items.skip_deserialize {
        mistakes.push(
            with,
            "`skip(Deserialize)` leaves `Deserialize` to another derive: use `#[serde(with = ..)]` \
             for it, and `#[extract(schema_with = ..)]` here",
        );
    }
}

/// Refuses serde's `with = "module"` without a schema: schemars takes the module for a type.
fn check_serde_with(field: &Field, container: &Container, mistakes: &mut Mistakes) {
    let Some((with, path)) = &field.wire.module else { return };
    let is_described = field.items.schema_with.is_some() || field.wire.schema_given;
    // By convention, a module is in snake case, and a type is not.
    let last = path.segments.last();
    let is_module = last.is_some_and(|last| {
        last.arguments.is_none() && last.ident.to_string().starts_with(|c: char| c.is_lowercase())
    });
    if is_module && !is_described && field.items.with.is_none() && !container.items.skip_json_schema
    {
        let module = path.to_token_stream().to_string().replace(' ', "");
        mistakes.push(
            with,
            format_args!(
                "`with` sets no schema for this field: add `#[schemars(with = \"String\")]` with the \
                 type whose JSON it has, or replace it by `#[extract(with = {module})]` and write \
                 the function `{module}::json_schema`"
            ),
        );
    }
}

/// Refuses a type that no JSON value can be read as.
fn check_type(ty: &Type, mistakes: &mut Mistakes) {
    let message = match ty {
        Type::TraitObject(_) => {
            "a `dyn` type cannot be extracted, because JSON does not name the type to create: use an \
             enum with one variant for each type"
        }
        Type::ImplTrait(_) => {
            "an `impl` type cannot be the type of a field: write the name of a type, or add a type \
             parameter"
        }
        Type::FnPtr(_) => {
            "a function pointer cannot be extracted: put `#[serde(skip)]` on the field, or remove it"
        }
        Type::Ptr(_) => "a raw pointer cannot be extracted: use `Box<T>` or the type itself",
        Type::Slice(_) => "a slice cannot be extracted: use `Vec<T>`",
        Type::Path(path) if path.path.is_ident("str") => "`str` cannot be extracted: use `String`",
        _ => return,
    };
    mistakes.push(ty, message);
}

/// Refuses an array with a literal length that serde and schemars do not support.
fn check_array(array: &TypeArray, mistakes: &mut Mistakes) {
    let Expr::Lit(ExprLit { lit: Lit::Int(length), .. }) = &array.len else { return };
    if length.base10_parse::<usize>().is_ok_and(|length| length > ARRAY_LENGTH) {
        let element = array.elem.to_token_stream().to_string().replace(' ', "").replace(',', ", ");
        mistakes.push(
            array,
            format_args!(
                "arrays of more than {ARRAY_LENGTH} elements cannot be extracted: use \
                 `Vec<{element}>` with `#[extract(length(equal = {}))]`",
                length.base10_digits()
            ),
        );
    }
}

const BORROWED: &str = "a field cannot borrow, because the response is dropped: use `String`, or \
                        `Cow` without `borrow`";

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
