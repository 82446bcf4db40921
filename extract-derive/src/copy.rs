//! The copy of the type that serde's and schemars' derives read.
//!
//! It stands in a block of its own, with their derives on it, followed by an attribute that
//! removes it once they have read it. What they wrote names the type by its identifier, and with
//! the copy gone that is the user's own type: they implement their traits as if they stood on it
//! themselves. So they do their own job, with the user's own tokens, and the copy can carry
//! attributes that the user wrote in other words.

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

/// Writes the copy, and what the code around it needs in scope.
pub(crate) fn write(container: &Container) -> TokenStream {
    let words = &container.words;
    let krate = &words.krate;
    let serde = (!words.skip_deserialize)
        .then(|| quote!(#krate::__private::extract_derives_this_too::Deserialize));
    let schemars = (!words.skip_json_schema)
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

/// What schemars writes for the default of a field with a `serialize_with` names serde's traits
/// as if the user depended on serde.
fn imports(container: &Container) -> Option<TokenStream> {
    let fields: Vec<&Field> = match &container.body {
        Body::Struct(fields) => fields.iter().collect(),
        Body::Enum(variants) => variants.iter().flat_map(|variant| &variant.fields).collect(),
    };
    let krate = &container.words.krate;
    fields.iter().any(|field| field.wire.writer).then(|| {
        quote! {
            #[allow(unused_imports)]
            use #krate::__private::serde;
        }
    })
}

/// Keeps the attributes that the derives on the copy read.
fn keep(attrs: &mut Vec<Attribute>, for_schemars: bool) {
    attrs.retain(|attr| {
        let is = |name: &&str| attr.path().is_ident(name);
        // schemars reads the constraints of the crates `validator` and `garde` as its own.
        ["doc", "deprecated", "repr", "serde"].iter().any(is)
            || for_schemars && ["schemars", "validate", "garde"].iter().any(is)
    });
}

fn on_type(container: &Container) -> Vec<Attribute> {
    let words = &container.words;
    let krate = &words.krate;
    let home = |name: &str| {
        let path: Path = parse_quote!(#krate::__private);
        text(&format!("{}::{name}", written(&path)), krate.span())
    };
    let mut attrs: Vec<Attribute> = Vec::new();
    let bounds = bounds::stated(container)
        .map(|bounds| text(&bounds.to_token_stream().to_string(), container.input.ident.span()));
    if !words.skip_deserialize {
        if !container.wire.own_crate {
            let home = home("serde");
            attrs.push(parse_quote!(#[serde(crate = #home)]));
        }
        if let (Some(bounds), false) = (&bounds, container.wire.own_bound) {
            attrs.push(parse_quote!(#[serde(bound(deserialize = #bounds))]));
        }
    }
    if !words.skip_json_schema {
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
            attrs.extend(rename(container, has("bound") || words.bounds.is_some()));
        }
        attrs.extend(describe(words.description.as_ref()));
        attrs.extend(words.examples.iter().map(show));
        if let Body::Struct(fields) = &container.body {
            attrs.extend(flattened(fields, krate));
        }
    }
    attrs
}

/// The schema's name, where it is not the type's own: two instances of a generic type have
/// different schemas, so they have different names.
fn rename(container: &Container, own_bounds: bool) -> Option<Attribute> {
    if let Some(name) = &container.words.name {
        return Some(parse_quote!(#[schemars(rename = #name)]));
    }
    // Without the bounds that schemars infers, a parameter's schema may have no name to ask for.
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

/// What a variant of any value holds beside its tag: schemars writes no more than the tag.
fn open(variant: &Variant, container: &Container) -> Option<Attribute> {
    let krate = &container.words.krate;
    match (variant.fields.as_slice(), &container.wire.representation) {
        ([field], Representation::Internal { .. })
            if field.wire.name.is_none()
                && !variant.wire.untagged
                && types::has_own_schema(field) =>
        {
            let ty = &field.ty;
            Some(parse_quote!(#[schemars(transform = #krate::contract::open_beside_tag::<#ty>)]))
        }
        _ => None,
    }
}

/// What schemars writes for flattened enums, in words that all of our dialects understand.
fn flattened(fields: &[Field], krate: &Path) -> Option<Attribute> {
    let any = fields.iter().any(|field| field.wire.flattened && !field.wire.skipped);
    any.then(|| parse_quote!(#[schemars(transform = #krate::contract::tidy_flattened)]))
}

fn write_fields(fields: &mut syn::Fields, read: &[Field], krate: &Path, for_schemars: bool) {
    for (field, read) in fields.iter_mut().zip(read) {
        keep(&mut field.attrs, for_schemars);
        let words = &read.words;
        if let Some((_, module)) = &words.with {
            let reader = member_of(module, "deserialize");
            field.attrs.push(parse_quote!(#[serde(deserialize_with = #reader)]));
        }
        if !for_schemars {
            continue;
        }
        field.attrs.extend(describe(words.description.as_ref()));
        field.attrs.extend(words.examples.iter().map(show));
        if let Some((_, module)) = &words.with {
            let schema = member_of(module, "json_schema");
            field.attrs.push(parse_quote!(#[schemars(schema_with = #schema)]));
        }
        if let Some((_, function)) = &words.schema_with {
            let schema = text(&written(function), function.span());
            field.attrs.push(parse_quote!(#[schemars(schema_with = #schema)]));
        }
        for constraint in &words.constraints {
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
        // schemars keeps bare string literals for a syntax it used to have.
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            parse_quote!(#[schemars(example = &#text)])
        }
        expr => parse_quote!(#[schemars(example = #expr)]),
    }
}

/// Other names that serde takes, for the reader of replies; they are never sent.
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
