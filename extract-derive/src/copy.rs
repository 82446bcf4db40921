//! Writes the copy of the type that serde's and schemars' derives read.
//!
//! The copy is in a separate block. It carries their derives and then the attribute `discard`, which
//! removes it after they have read it. The generated code names the type by its identifier, and without
//! the copy this identifier resolves to the user's type: so serde and schemars implement their traits for
//! the user's type. The copy carries attributes of serde and schemars that are translated from
//! `#[extract(..)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, Expr, ExprLit, GenericParam, Lit, LitStr, Path, parse_quote};

use crate::bounds::{self, Params};
use crate::model::{Body, Container, Described, Field, Variant};
use crate::syntax::foreign_items;
use crate::types;
use crate::wire::Representation;

/// Writes the copy and the imports that the derives' output needs; nothing if both derives are skipped.
pub(crate) fn write(container: &Container) -> TokenStream {
    let items = &container.items;
    let krate = &items.krate;
    let serde = (!items.skip_deserialize)
        .then(|| quote!(#krate::__private::extract_derives_this_too::Deserialize));
    let schemars = (!items.skip_json_schema)
        .then(|| quote!(#krate::__private::extract_derives_this_too::JsonSchema));
    let for_schemars = schemars.is_some();
    let derives: Vec<TokenStream> = serde.into_iter().chain(schemars).collect();
    if derives.is_empty() {
        return TokenStream::new();
    }

    let mut copy = container.input.clone();
    keep(&mut copy.attrs, for_schemars);
    copy.attrs.extend(on_type(container));
    match (&mut copy.data, &container.body) {
        (Data::Struct(data), Body::Struct(fields)) => {
            write_fields(&mut data.fields, fields, krate, for_schemars);
        }
        (Data::Enum(data), Body::Enum(variants)) => {
            for (variant, read) in data.variants.iter_mut().zip(variants) {
                keep(&mut variant.attrs, for_schemars);
                if for_schemars {
                    variant.attrs.extend(describe(read.description.as_ref()));
                    variant.attrs.extend(aliases(&read.wire.aliases));
                    variant.attrs.extend(open(read, container));
                    variant.attrs.extend(flattened(&read.fields, krate));
                }
                write_fields(&mut variant.fields, &read.fields, krate, for_schemars);
            }
        }
        _ => unreachable!("the model has the shape of the input"),
    }
    let imports = imports(container);
    quote! {
        #imports
        #[derive(#(#derives),*)]
        #[#krate::__private::discard]
        #copy
    }
}

/// Writes an import of `serde`, if a field has a `serialize_with`. For the default of such a field, schemars
/// writes code that names the crate `serde`, and the user need not depend on it.
fn imports(container: &Container) -> Option<TokenStream> {
    let fields: Vec<&Field> = match &container.body {
        Body::Struct(fields) => fields.iter().collect(),
        Body::Enum(variants) => variants.iter().flat_map(|variant| &variant.fields).collect(),
    };
    let krate = &container.items.krate;
    fields.iter().any(|field| field.wire.writer).then(|| {
        quote! {
            #[allow(unused_imports)]
            use #krate::__private::serde;
        }
    })
}

/// Removes the attributes that the derives on the copy do not read.
fn keep(attrs: &mut Vec<Attribute>, for_schemars: bool) {
    attrs.retain(|attr| {
        let is = |name: &&str| attr.path().is_ident(name);
        // schemars also reads the constraints of the crates `validator` and `garde`.
        ["doc", "deprecated", "repr", "serde"].iter().any(is)
            || for_schemars && ["schemars", "validate", "garde"].iter().any(is)
    });
}

/// Returns the attributes of serde and schemars to add to the type.
fn on_type(container: &Container) -> Vec<Attribute> {
    let items = &container.items;
    let krate = &items.krate;
    let home = |name: &str| {
        let path: Path = parse_quote!(#krate::__private);
        text(&format!("{}::{name}", written(&path)), krate.span())
    };
    let mut attrs: Vec<Attribute> = Vec::new();
    let bounds = bounds::stated(container)
        .map(|bounds| text(&bounds.to_token_stream().to_string(), container.input.ident.span()));
    if !items.skip_deserialize {
        if !container.wire.own_crate {
            let home = home("serde");
            attrs.push(parse_quote!(#[serde(crate = #home)]));
        }
        if let (Some(bounds), false) = (&bounds, container.wire.own_bound) {
            attrs.push(parse_quote!(#[serde(bound(deserialize = #bounds))]));
        }
    }
    if !items.skip_json_schema {
        let theirs = foreign_items(&container.input.attrs, "schemars");
        let has = |name: &str| theirs.iter().any(|item| item.path().is_ident(name));
        if !has("crate") {
            let home = home("schemars");
            attrs.push(parse_quote!(#[schemars(crate = #home)]));
        }
        if let (Some(bounds), false) = (&bounds, has("bound")) {
            attrs.push(parse_quote!(#[schemars(bound = #bounds)]));
        }
        if !has("rename") {
            attrs.extend(rename(container, has("bound") || items.bounds.is_some()));
        }
        attrs.extend(describe(items.description.as_ref()));
        attrs.extend(items.examples.iter().map(show));
        if let Body::Struct(fields) = &container.body {
            attrs.extend(flattened(fields, krate));
        }
    }
    attrs
}

/// Returns the attribute with the schema's name, or `None` if it is the type's name. The name comes from
/// `#[extract(name = ..)]`, or is `Page_for_{T}` for a generic type: instances have different schemas, so
/// they need different names.
fn rename(container: &Container, own_bounds: bool) -> Option<Attribute> {
    if let Some(name) = &container.items.name {
        return Some(parse_quote!(#[schemars(rename = #name)]));
    }
    // Without the bounds that schemars infers, a parameter need not be `JsonSchema`, and has no name.
    if own_bounds {
        return None;
    }
    let generics = &container.input.generics;
    let used = Params::used(generics, bounds::described_types(container));
    let names: Vec<String> = generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => used.bare.contains(&param.ident).then_some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        })
        .map(|param| format!("{{{param}}}"))
        .collect();
    if names.is_empty() {
        return None;
    }
    let ident = &container.input.ident;
    let own = container.wire.name.clone().unwrap_or_else(|| ident.unraw().to_string());
    let own = own.replace('{', "{{").replace('}', "}}");
    let name = text(&format!("{own}_for_{}", names.join("_and_")), ident.span());
    Some(parse_quote!(#[schemars(rename = #name)]))
}

/// Returns the transform for an internally tagged newtype variant. schemars writes only the tag if the
/// content may be any value; the transform allows other members.
fn open(variant: &Variant, container: &Container) -> Option<Attribute> {
    let krate = &container.items.krate;
    match (variant.fields.as_slice(), &container.wire.representation) {
        ([field], Representation::Internal { .. })
            if field.wire.name.is_none()
                && !variant.wire.untagged
                && types::has_own_schema(field) =>
        {
            let ty = &field.ty;
            Some(
                parse_quote!(#[schemars(transform = #krate::__private::contract::open_beside_tag::<#ty>)]),
            )
        }
        _ => None,
    }
}

/// Returns the transform for a struct or variant with flattened fields, or `None`. It rewrites the schemas
/// of unit variants that schemars writes for flattened enums.
fn flattened(fields: &[Field], krate: &Path) -> Option<Attribute> {
    let any = fields.iter().any(|field| field.wire.flattened && !field.wire.skipped);
    any.then(|| parse_quote!(#[schemars(transform = #krate::__private::contract::tidy_flattened)]))
}

fn write_fields(fields: &mut syn::Fields, read: &[Field], krate: &Path, for_schemars: bool) {
    for (field, read) in fields.iter_mut().zip(read) {
        keep(&mut field.attrs, for_schemars);
        let items = &read.items;
        if let Some((_, module)) = &items.with {
            let reader = member_of(module, "deserialize");
            field.attrs.push(parse_quote!(#[serde(deserialize_with = #reader)]));
        }
        if !for_schemars {
            continue;
        }
        field.attrs.extend(describe(items.description.as_ref()));
        field.attrs.extend(items.examples.iter().map(show));
        if let Some((_, module)) = &items.with {
            let schema = member_of(module, "json_schema");
            field.attrs.push(parse_quote!(#[schemars(schema_with = #schema)]));
        }
        if let Some((_, function)) = &items.schema_with {
            let schema = text(&written(function), function.span());
            field.attrs.push(parse_quote!(#[schemars(schema_with = #schema)]));
        }
        for constraint in &items.constraints {
            let transform = constraint.transform(krate);
            field.attrs.push(parse_quote!(#[schemars(transform = #transform)]));
        }
        if read.wire.name.is_some() && !read.wire.flattened {
            field.attrs.extend(aliases(&read.wire.aliases));
        }
    }
}

fn describe(description: Option<&Described>) -> Option<Attribute> {
    let expr = &description?.expr;
    Some(parse_quote!(#[schemars(description = #expr)]))
}

fn show(example: &Described) -> Attribute {
    match &example.expr {
        // schemars refuses a string literal that could be a path: older versions called that function.
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            parse_quote!(#[schemars(example = &#text)])
        }
        expr => parse_quote!(#[schemars(example = #expr)]),
    }
}

/// Returns the extension `x-aliases` with the names of `#[serde(alias = ..)]`, for the reader of replies.
/// It is not sent to the provider.
fn aliases(aliases: &[LitStr]) -> Option<Attribute> {
    (!aliases.is_empty()).then(|| parse_quote!(#[schemars(extend("x-aliases" = [#(#aliases),*]))]))
}

fn member_of(module: &Path, member: &str) -> LitStr {
    text(&format!("{}::{member}", written(module)), module.span())
}

fn written(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

fn text(text: &str, span: Span) -> LitStr {
    LitStr::new(text, span)
}
