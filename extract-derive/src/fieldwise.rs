//! Writes `Extract::check_json`, which checks a value that serde cannot read as a whole: it reads and checks
//! each field by itself. It uses the same JSON pointers as `walk`, but has no typed value.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::LitStr;

use crate::bounds::Params;
use crate::model::{Body, Container, Field, Variant};
use crate::walk::{check_field, checker, field_name};
use crate::wire::{Representation, Shape};

/// Writes the method `Extract::check_json`. Writes nothing if another derive or type (`from`) decides the
/// shape of the JSON.
pub(crate) fn write(container: &Container) -> TokenStream {
    if container.items.skip_deserialize || container.wire.shape == Shape::OfOther {
        return TokenStream::new();
    }
    let inside = match &container.body {
        Body::Struct(fields) => walk_fields(fields, container, None),
        Body::Enum(variants) => {
            variants.iter().filter_map(|variant| walk_variant(variant, container)).collect()
        }
    };
    if inside.is_empty() {
        return inside;
    }
    let krate = &container.items.krate;
    let checker = checker();
    quote! {
        fn check_json(#checker: &mut #krate::__private::contract::Checker<'_>) {
            #[allow(unused_imports)]
            use #krate::__private::contract::{ FieldPieceExtract as _, FieldPieceOther as _, FieldPieceRead as _, ProbeExtract as _, ProbeOther as _, };
            #inside
        }
    }
}

/// Writes the checks of a variant's fields, which run if the JSON names the variant. Returns `None` for an
/// untagged or skipped variant, and for one without checks.
fn walk_variant(variant: &Variant, container: &Container) -> Option<TokenStream> {
    if variant.wire.skipped || variant.wire.untagged {
        return None;
    }
    let checker = checker();
    let names: Vec<String> = std::iter::once(variant.wire.name.clone())
        .chain(variant.wire.aliases.iter().map(LitStr::value))
        .collect();
    let tag = match &container.wire.representation {
        Representation::Internal { tag } => Some(tag.as_str()),
        _ => None,
    };
    let inside = walk_fields(&variant.fields, container, tag);
    if inside.is_empty() {
        return None;
    }
    Some(match &container.wire.representation {
        Representation::External => {
            let name = Ident::new("name", Span::mixed_site());
            quote! {
                for #name in [#(#names),*] {
                    if #checker.has_member(#name) {
                        #checker.at_tag(#name, |#checker| { #inside });
                    }
                }
            }
        }
        Representation::Internal { tag } => {
            quote!(if #checker.is_tagged(#tag, &[#(#names),*]) { #inside })
        }
        Representation::Adjacent { tag, content } => quote! {
            if #checker.is_tagged(#tag, &[#(#names),*]) {
                #checker.at_tag(#content, |#checker| { #inside });
            }
        },
        Representation::Untagged => return None,
    })
}

/// Writes the checks of the fields. `tag` is the name of the tag's member, if it is in the same object.
fn walk_fields(fields: &[Field], container: &Container, tag: Option<&str>) -> TokenStream {
    let checker = checker();
    let in_place = container.wire.shape != Shape::Own;
    let newtype = fields.len() == 1;
    // A field in the same object as others (flattened, beside a tag) is read without their members.
    let names = fields.iter().filter(|field| !field.wire.flattened && !field.wire.skipped);
    let others: Vec<String> = names
        .flat_map(|field| {
            let aliases = field.wire.aliases.iter().map(LitStr::value);
            field.wire.name.iter().cloned().chain(aliases)
        })
        .chain(tag.map(str::to_owned))
        .collect();
    let walked = fields.iter().filter(|field| !field.wire.skipped);
    walked
        .enumerate()
        .map(|(index, field)| {
            let name = field_name(&field.member);
            let piece = piece(field, container);
            let beside = quote!(#checker.beside(&[#(#others),*], |#checker| { #piece }));
            match &field.wire.name {
                _ if in_place => quote!(#checker.at_flat(#name, true, |#checker| { #piece });),
                _ if field.wire.flattened => {
                    quote!(#checker.at_flat(#name, false, |#checker| { #beside });)
                }
                None if newtype && tag.is_some() => {
                    quote!(#checker.at_flat(#name, true, |#checker| { #beside });)
                }
                None if newtype => quote!(#checker.at_flat(#name, true, |#checker| { #piece });),
                None => quote!(#checker.at_field(#name, #index, |#checker| { #piece });),
                Some(wire) => quote!(#checker.at_field(#name, #wire, |#checker| { #piece });),
            }
        })
        .collect()
}

/// Writes the reading of one field, by its type or its function, and the checks of its value.
fn piece(field: &Field, container: &Container) -> TokenStream {
    let krate = &container.items.krate;
    let checker = checker();
    let value = Ident::new("value", Span::mixed_site());
    let ty = &field.ty;
    let inside = check_field(field, krate, &quote!(#value));
    let Some(reader) = field.reader() else {
        return quote! {
            (&&#krate::__private::contract::FieldPiece::<#ty>::new()).check(#checker, |#value, #checker| { #inside });
        };
    };
    // A function for a type parameter may need bounds that only serde's implementation has: not called.
    let used = Params::used(&container.input.generics, vec![ty]);
    if !used.bare.is_empty() || !used.projected.is_empty() {
        return quote!(let _ = #checker;);
    }
    let reading = Ident::new("reading", Span::mixed_site());
    quote! {
        #checker.check_field_piece_by::<#ty>(
            |#reading| #reader(#reading),
            |#value, #checker| { #inside },
        );
    }
}
