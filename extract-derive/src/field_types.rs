//! Writes the assertions that the fields' types can be extracted. They come first in the expansion, so the
//! compiler reports a missing derive there, at the field, before its errors in serde's and schemars' code.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Expr, GenericArgument, GenericParam, PathArguments, PathSegment, Type, TypeArray, TypePath,
    parse_quote,
};

use crate::bounds;
use crate::model::{Body, Container, Field};
use crate::syntax::foreign_items;
use crate::wire::Shape;

/// One part of a field's type that is checked by itself.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// A type that must implement the traits.
    Type(&'a Type),
    /// An `Rc` or `Arc`, which needs a feature of serde.
    Shared(&'a Type),
    /// An array whose length must be supported.
    Array(&'a TypeArray),
}

/// Splits a type at the containers of the standard library: an error names `Line`, not `Vec<Line>`.
pub(crate) fn parts(ty: &Type) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    split(ty, &mut parts);
    parts
}

fn split<'a>(ty: &'a Type, parts: &mut Vec<Part<'a>>) {
    match ty {
        // A type from a `macro_rules!` argument is in a group.
        Type::Group(group) => split(&group.elem, parts),
        Type::Paren(paren) => split(&paren.elem, parts),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| split(ty, parts)),
        Type::Array(array) => {
            split(&array.elem, parts);
            parts.push(Part::Array(array));
        }
        Type::Path(path) => split_path(ty, path, parts),
        _ => parts.push(Part::Type(ty)),
    }
}

fn split_path<'a>(ty: &'a Type, path: &'a TypePath, parts: &mut Vec<Part<'a>>) {
    let segment = path.path.segments.last().filter(|_| path.qself.is_none());
    let Some(segment) = segment else { return parts.push(Part::Type(ty)) };
    match (segment.ident.to_string().as_str(), arguments(segment).as_slice()) {
        ("PhantomData", _) => {}
        ("Option" | "Vec" | "VecDeque" | "LinkedList" | "BTreeSet" | "BinaryHeap", [inner])
        | ("HashSet" | "IndexSet", [inner] | [inner, _]) => split(inner, parts),
        ("BTreeMap", [key, value]) | ("HashMap" | "IndexMap", [key, value] | [key, value, _]) => {
            split(key, parts);
            split(value, parts);
        }
        ("Box", [Type::Slice(slice)]) => split(&slice.elem, parts),
        ("Box", [inner]) if !is_unsized(inner) => split(inner, parts),
        ("Rc" | "Arc", [inner]) if !is_unsized(inner) => {
            split(inner, parts);
            parts.push(Part::Shared(ty));
        }
        _ => parts.push(Part::Type(ty)),
    }
}

/// Returns the type arguments of a path; empty for other types.
fn type_arguments(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(arguments).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Returns whether the type is a name of an unsized type of the standard library, or a slice.
fn is_unsized(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            ["str", "Path", "OsStr", "CStr"].iter().any(|name| last.ident == name)
        }),
        _ => false,
    }
}

fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(list) = &segment.arguments else { return Vec::new() };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Returns the trait that the generated code needs of the field's type, as the type that requires it, or
/// `None` if it needs none.
fn requirement(field: &Field, container: &Container) -> Option<&'static str> {
    let items = &field.items;
    let deserialized = field.reader().is_none() && !container.items.skip_deserialize;
    let described = !container.wire.described
        && items.with.is_none()
        && items.schema_with.is_none()
        && !field.wire.described
        && !field.wire.undescribed
        && !container.items.skip_json_schema;
    match (deserialized, described) {
        (true, true) => Some("Field"),
        (true, false) => Some("FieldWithSchema"),
        (false, true) => Some("FieldWithReader"),
        (false, false) => None,
    }
}

/// Writes the assertions; nothing if no field needs one.
pub(crate) fn write(container: &Container) -> TokenStream {
    if container.wire.shape == Shape::OfOther {
        return TokenStream::new();
    }
    let fields: Vec<&Field> = match &container.body {
        Body::Struct(fields) => fields.iter().collect(),
        Body::Enum(variants) => variants
            .iter()
            .filter(|variant| !variant.wire.skipped && !variant.wire.replaced)
            .flat_map(|variant| &variant.fields)
            .collect(),
    };
    // serde reads one field of a transparent struct. It needs no more than a default of the others.
    let is_transparent = container.wire.shape == Shape::OfField;
    if is_transparent && fields.iter().filter(|field| !field.wire.skipped).count() > 1 {
        return TokenStream::new();
    }
    let generics = Generics::of(container);
    let mut known = HashSet::new();
    let mut parameters = TokenStream::new();
    for field in fields.into_iter().filter(|field| !field.wire.skipped) {
        let Some(requirement) = requirement(field, container) else { continue };
        for part in parts(&field.ty) {
            let (requirement, tokens) = match part {
                Part::Type(ty) if is_scalar(ty) => continue,
                Part::Type(ty) => match type_arguments(ty).as_slice() {
                    [argument] if requirement == "Field" && !is_scalar(argument) => {
                        ("GenericField", quote!(#ty, #argument))
                    }
                    _ => (requirement, ty.to_token_stream()),
                },
                // Only deserialization needs the feature.
                Part::Shared(_) if requirement == "FieldWithReader" => continue,
                Part::Shared(ty) => ("SharedField", ty.to_token_stream()),
                Part::Array(array) if is_short(&array.len) => continue,
                Part::Array(array) => {
                    let length = &array.len;
                    ("FieldArray", quote!([(); #length]))
                }
            };
            let mut is_new = || known.insert(format!("{requirement}<{tokens}>"));
            if generics.allow(&tokens) && is_new() {
                let at = match part {
                    Part::Type(ty) | Part::Shared(ty) => ty.to_token_stream(),
                    Part::Array(array) => array.to_token_stream(),
                };
                parameters.extend(parameter(requirement, &tokens, at, container));
            }
        }
    }
    if parameters.is_empty() {
        return parameters;
    }
    let bounds =
        if generics.bounds { bounds::of_extract(container) } else { syn::Generics::default() };
    let (impl_generics, _, where_clause) = bounds.split_for_impl();
    let name = Ident::new("fields", Span::mixed_site());
    quote! {
        #[allow(deprecated, dead_code, redundant_lifetimes, clippy::all, clippy::pedantic)]
        const _: () = {
            fn #name #impl_generics (#parameters) #where_clause {}
        };
    }
}

/// Writes the parameter whose type requires the trait. Its span is that of the tokens `at`.
fn parameter(
    requirement: &str,
    ty: &TokenStream,
    at: TokenStream,
    container: &Container,
) -> TokenStream {
    let krate = &container.items.krate;
    let spans: Vec<Span> = at.into_iter().map(|token: TokenTree| token.span()).collect();
    let first = spans.first().copied().unwrap_or_else(Span::call_site);
    let last = spans.last().copied().unwrap_or_else(Span::call_site);
    let requirement = Ident::new(requirement, first);
    // With the user's hygiene, the compiler shows the field alone, not the derive.
    let is_default = *krate == parse_quote!(::extract_llm);
    let krate: TokenStream = krate
        .to_token_stream()
        .into_iter()
        .map(|mut token| {
            // A path of the user keeps its hygiene, for `$crate`.
            let span = if is_default { first } else { token.span().located_at(first) };
            token.set_span(span);
            token
        })
        .collect();
    let path = quote_spanned!(first=> #krate::__private::field_type::#requirement<);
    let end = quote_spanned!(last=> >);
    quote!(_: #path #ty #end,)
}

/// The generic parameters of the type, as far as the assertions can use them.
struct Generics {
    /// The names in types that no assertion can use.
    refused: Vec<String>,
    /// Whether the assertions have the parameters and their bounds.
    bounds: bool,
}

impl Generics {
    fn of(container: &Container) -> Self {
        let schemars = foreign_items(&container.input.attrs, "schemars");
        // With bounds of the user, the implementations have different bounds.
        let bounds = container.items.bounds.is_none()
            && !container.wire.own_bound
            && !schemars.iter().any(|item| item.path().is_ident("bound"))
            && !container.input.generics.params.is_empty();
        let params = container.input.generics.params.iter();
        let refused = params.filter_map(|param| match param {
            GenericParam::Lifetime(param) if !bounds => Some(param.lifetime.ident.to_string()),
            GenericParam::Type(param) if !bounds => Some(param.ident.to_string()),
            GenericParam::Const(param) => Some(param.ident.to_string()),
            _ => None,
        });
        Self { refused: refused.chain([String::from("Self")]).collect(), bounds }
    }

    fn allow(&self, tokens: &TokenStream) -> bool {
        tokens.clone().into_iter().all(|token| match token {
            TokenTree::Ident(ident) => !self.refused.iter().any(|name| ident == name),
            TokenTree::Group(group) => self.allow(&group.stream()),
            _ => true,
        })
    }
}

/// Returns whether the type is a scalar of the prelude, which needs no assertion.
fn is_scalar(ty: &Type) -> bool {
    const SCALARS: [&str; 15] = [
        "bool", "char", "String", "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64",
        "isize", "f32", "f64",
    ];
    matches!(ty, Type::Path(path) if SCALARS.iter().any(|name| path.path.is_ident(name)))
}

/// Returns whether the length of an array is a literal: `check` refuses one that is too large.
fn is_short(length: &Expr) -> bool {
    matches!(length, Expr::Lit(_))
}
