//! The partial form of the type: the same fields, each a `Partial` of its type, for values that are
//! still arriving. What a field's type is does not matter here.

mod enums;
mod structs;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, Fields, Generics, Member, Path, Visibility};

use crate::bounds::{self, Params};
use crate::model::{Body, Container, Field, Variant};
use crate::wire::{Representation, Shape};

/// What the derive writes for the partial form.
#[derive(Default)]
pub(crate) struct Written {
    /// Beside the type.
    pub(crate) outside: TokenStream,
    /// In the implementation of `Extract`.
    pub(crate) seed: TokenStream,
}

/// Writes the partial form, if the type has one.
pub(crate) fn write(container: &Container) -> Written {
    if !has_partial(container) {
        return Written::default();
    }
    let writer = Writer::new(container);
    match (&container.body, &container.input.data) {
        (Body::Struct(fields), Data::Struct(data)) => writer.write_struct(fields, &data.fields),
        (Body::Enum(variants), Data::Enum(data)) => {
            let fields: Vec<&Fields> =
                data.variants.iter().map(|variant| &variant.fields).collect();
            writer.write_enum(variants, &fields)
        }
        _ => Written::default(),
    }
}

/// Whether the type's parts can be told apart before it is whole.
pub(crate) fn has_partial(container: &Container) -> bool {
    let words = &container.words;
    let generics = &container.input.generics;
    if words.skip_partial || words.stream_whole || container.wire.shape == Shape::OfOther {
        return false;
    }
    if generics.lifetimes().next().is_some() {
        return false;
    }
    match &container.body {
        Body::Struct(fields) => fields.iter().any(|field| !field.wire.skipped),
        Body::Enum(variants) => {
            let data = |variant: &&Variant| !variant.fields.is_empty() && !variant.wire.skipped;
            let used = Params::used(generics, bounds::checked_types(container));
            let all_used = generics.type_params().all(|param| used.bare.contains(&param.ident));
            all_used
                && variants.iter().any(|variant| data(&variant))
                && !variants.iter().any(|variant| variant.wire.untagged)
                && !matches!(container.wire.representation, Representation::Untagged)
                && container.wire.shape == Shape::Own
        }
    }
}

struct Writer<'a> {
    container: &'a Container,
    krate: &'a Path,
    ident: &'a Ident,
    name: Ident,
    vis: &'a Visibility,
    /// Those of the implementations.
    bounded: Generics,
    /// The type itself, in place of `Self`.
    this: TokenStream,
}

impl<'a> Writer<'a> {
    fn new(container: &'a Container) -> Self {
        let ident = &container.input.ident;
        let name = container
            .words
            .partial
            .clone()
            .unwrap_or_else(|| format_ident!("{}Partial", ident.unraw(), span = ident.span()));
        let (_, ty_generics, _) = container.input.generics.split_for_impl();
        Self {
            container,
            krate: &container.words.krate,
            ident,
            name,
            vis: &container.input.vis,
            bounded: bounds::of_extract(container),
            this: quote!(#ident #ty_generics),
        }
    }

    fn private(&self) -> TokenStream {
        let krate = self.krate;
        quote!(#krate::__private::partial)
    }

    /// The type of the partial field.
    fn ty(&self, field: &Field) -> TokenStream {
        let private = self.private();
        let ty = without_self(field.ty.to_token_stream(), &self.this);
        quote!(#private::Partial<#ty>)
    }

    fn seed(&self, field: &Field) -> TokenStream {
        let private = self.private();
        if field.words.with.is_some() || field.wire.reader.is_some() {
            return quote!(#private::Seed::Whole);
        }
        let ty = without_self(field.ty.to_token_stream(), &self.this);
        quote!((&#private::FieldSeed::<#ty>::NEW).seed())
    }

    /// The row of a field in the table of its type.
    fn row(&self, field: &Field) -> TokenStream {
        let private = self.private();
        let name = field.wire.name.clone().unwrap_or_default();
        let whole = field.words.stream_whole.then(|| quote!(.whole()));
        let required = field.words.stream_required.then(|| quote!(.required()));
        let flat = field.wire.flattened.then(|| quote!(.flat()));
        quote!(#private::Field::new(#name) #whole #required #flat)
    }

    fn doc(&self) -> TokenStream {
        let about =
            format!("What has come so far of a [`{}`] that is still arriving.", self.ident.unraw());
        let own = docs(&self.container.input.attrs);
        let gap = (!own.is_empty()).then(|| quote!(#[doc = ""]));
        quote!(#[doc = #about] #gap #(#own)*)
    }

    /// What structs and enums have alike: debugging, comparing, JSON.
    fn shared(&self, parts: &TokenStream, same: &TokenStream) -> TokenStream {
        let private = self.private();
        let (krate, name) = (self.krate, &self.name);
        let (_, ty_generics, _) = self.container.input.generics.split_for_impl();
        let (impl_generics, _, where_clause) = self.bounded.split_for_impl();
        quote! {
            #[automatically_derived]
            impl #impl_generics ::core::fmt::Debug for #name #ty_generics #where_clause {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    #private::debug(#parts, f)
                }
            }
            #[automatically_derived]
            impl #impl_generics ::core::cmp::PartialEq for #name #ty_generics #where_clause {
                fn eq(&self, other: &Self) -> bool {
                    #same
                }
            }
            #[automatically_derived]
            impl #impl_generics #krate::__private::serde::Serialize for #name #ty_generics #where_clause {
                fn serialize<__S: #krate::__private::serde::Serializer>(
                    &self,
                    serializer: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    #private::serialize(#parts, serializer)
                }
            }
        }
    }
}

/// The fields as they are written behind the name. Where fields before it are skipped, a field of a
/// tuple has another number than its own.
fn members(shown: &[(&Field, &syn::Field)]) -> Vec<Member> {
    let member = |(index, (field, _)): (usize, &(&Field, &syn::Field))| match &field.member {
        Member::Named(_) => field.member.clone(),
        Member::Unnamed(_) => Member::from(index),
    };
    shown.iter().enumerate().map(member).collect()
}

fn docs(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("doc")).collect()
}

fn field_doc(field: &syn::Field) -> TokenStream {
    let own = docs(&field.attrs);
    if own.is_empty() { quote!(#[doc = "What has come of it."]) } else { quote!(#(#own)*) }
}

fn variant_doc(variant: &syn::Variant) -> TokenStream {
    let own = docs(&variant.attrs);
    if own.is_empty() { quote!(#[doc = "It is this variant."]) } else { quote!(#(#own)*) }
}

/// The same tokens with the type's name in place of `Self`, which means another type here.
fn without_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => this.clone(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_self(group.stream(), this));
                inner.set_span(group.span());
                TokenTree::Group(inner).into()
            }
            other => other.into(),
        })
        .collect()
}
