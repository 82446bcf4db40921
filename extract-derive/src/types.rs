//! Writes the walk over the types of the fields. It finds mistakes that no single type and no schema shows:
//! members of one name, map keys that are not strings, two types of one name.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{LitStr, Type};

use crate::model::{Body, Container, Field, Variant};
use crate::walk::field_name;
use crate::wire::{Representation, Shape};

/// Writes the method `Extract::walk_types`.
pub(crate) fn write(container: &Container) -> TokenStream {
    let krate = &container.items.krate;
    let walk = walk();
    let name = container.input.ident.to_string();
    let inside = match (&container.wire.shape, &container.body) {
        (Shape::OfOther, _) => {
            container.wire.other.as_ref().map(|ty| visit(ty, container)).unwrap_or_default()
        }
        (_, Body::Struct(fields)) => {
            let tag = match &container.wire.representation {
                Representation::Internal { tag } => Some(tag.as_str()),
                _ => None,
            };
            walk_fields(fields, &name, tag, container)
        }
        (_, Body::Enum(variants)) => {
            let variants = variants.iter().filter(|variant| !variant.wire.skipped);
            variants.map(|variant| walk_variant(variant, &name, container)).collect()
        }
    };
    let nothing = inside.is_empty().then(|| quote!(let _ = #walk;));
    quote! {
        fn walk_types(#walk: &mut #krate::__private::contract::TypeWalk) {
            #[allow(unused_imports)]
            use #krate::__private::contract::{FieldWalkExtract as _, FieldWalkOther as _};
            #walk.enter::<Self>(|#walk| { #nothing #inside });
        }
    }
}

/// The identifier of the `TypeWalk` in the generated code.
fn walk() -> Ident {
    Ident::new("walk", Span::mixed_site())
}

fn walk_variant(variant: &Variant, name: &str, container: &Container) -> TokenStream {
    let krate = &container.items.krate;
    let walk = walk();
    let holder = format!("{name}::{}", variant.ident);
    let tag = match &container.wire.representation {
        Representation::Internal { tag } if !variant.wire.untagged => Some(tag.as_str()),
        _ => None,
    };
    let inside = walk_fields(&variant.fields, &holder, tag, container);
    let beside = match (variant.fields.as_slice(), tag) {
        ([field], Some(tag)) if field.wire.name.is_none() && has_own_schema(field) => {
            let ty = &field.ty;
            quote!(#walk.beside_tag(#holder, #tag, #krate::__private::contract::schema_of::<#ty>);)
        }
        _ => TokenStream::new(),
    };
    quote!(#inside #beside)
}

/// Writes the walk of the fields of a struct or a variant. `tag` is the name of the tag's member, if it is in
/// the same object.
fn walk_fields(
    fields: &[Field],
    holder: &str,
    tag: Option<&str>,
    container: &Container,
) -> TokenStream {
    let krate = &container.items.krate;
    let walk = walk();
    let mut visits = TokenStream::new();
    let mut plain: Vec<TokenStream> = tag
        .map(|tag| quote!(#krate::__private::contract::PlainMember { field: #tag, name: #tag, aliases: &[] }))
        .into_iter()
        .collect();
    let mut flat: Vec<TokenStream> = Vec::new();
    for field in fields.iter().filter(|field| !field.wire.skipped) {
        let (ty, name) = (&field.ty, field_name(&field.member));
        if has_own_schema(field) {
            let inside = visit(ty, container);
            visits.extend(quote!(#walk.field(#holder, #name, |#walk| { #inside });));
        }
        match &field.wire.name {
            Some(_) if field.wire.flattened => flat.extend(has_own_schema(field).then(|| {
                quote! {
                    #krate::__private::contract::FlattenedField {
                        field: #name,
                        schema: #krate::__private::contract::schema_of::<#ty>,
                    }
                }
            })),
            Some(wire) => {
                let aliases = field.wire.aliases.iter().map(LitStr::value);
                plain.push(quote! {
                    #krate::__private::contract::PlainMember {
                        field: #name,
                        name: #wire,
                        aliases: &[#(#aliases),*],
                    }
                });
            }
            None => {}
        }
    }
    if !flat.is_empty() {
        visits.extend(quote!(#walk.members(#holder, &[#(#plain),*], &[#(#flat),*]);));
    }
    visits
}

fn visit(ty: &Type, container: &Container) -> TokenStream {
    let krate = &container.items.krate;
    let walk = walk();
    quote!((&#krate::__private::contract::FieldWalk::<#ty>::new()).walk(#walk);)
}

/// Returns whether the field is read and described by its type's implementations, not by functions.
pub(crate) fn has_own_schema(field: &Field) -> bool {
    field.reader().is_none() && field.items.schema_with.is_none() && !field.wire.described
}
