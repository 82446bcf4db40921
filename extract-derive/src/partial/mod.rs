//! Writes the partial form of the type, which holds a value that is still arriving: the same fields, each a
//! `Partial` of its type. Knows nothing of the fields' types.

mod enums;
mod structs;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, Fields, Generics, Member, Path, Visibility};

use crate::bounds::{self, Params};
use crate::model::{Body, Container, Field, Variant};
use crate::wire::{Representation, Shape};

/// The code of the partial form.
#[derive(Default)]
pub(crate) struct Written {
    /// The items beside the type.
    pub(crate) outside: TokenStream,
    /// The method `seed` in the implementation of `Extract`; empty without a partial form.
    pub(crate) seed: TokenStream,
}

/// Writes the partial form; nothing if the type has none.
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

/// Returns whether the type has a partial form. It has none with `skip(Partial)`, `stream(whole)`, `from`,
/// `try_from`, a lifetime parameter or no field. An enum has none either if it is untagged, has no variant
/// with data, or has a type parameter that no field uses.
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
    /// The generics with the bounds of the implementations.
    bounded: Generics,
    /// The type with its arguments, which replaces `Self`.
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

    /// Returns the path of the private module that the partial form's code uses.
    fn private(&self) -> TokenStream {
        let krate = self.krate;
        quote!(#krate::__private::partial)
    }

    /// Returns the type of the field in the partial form.
    fn ty(&self, field: &Field) -> TokenStream {
        let private = self.private();
        let ty = without_self(field.ty.to_token_stream(), &self.this);
        quote!(#private::Partial<#ty>)
    }

    /// Returns the expression of the field's initial partial value.
    fn seed(&self, field: &Field) -> TokenStream {
        let private = self.private();
        if field.words.with.is_some() || field.wire.reader.is_some() {
            return quote!(#private::Seed::Whole);
        }
        let ty = without_self(field.ty.to_token_stream(), &self.this);
        quote!((&#private::FieldSeed::<#ty>::NEW).seed())
    }

    /// Returns the expression of the field's entry in the table of fields.
    fn row(&self, field: &Field) -> TokenStream {
        let private = self.private();
        let name = field.wire.name.clone().unwrap_or_default();
        let whole = field.words.stream_whole.then(|| quote!(.whole()));
        let required = field.words.stream_required.then(|| quote!(.required()));
        let flat = field.wire.flattened.then(|| quote!(.flat()));
        quote!(#private::Field::new(#name) #whole #required #flat)
    }

    /// Returns the doc comment of the partial form, followed by that of the type.
    fn doc(&self) -> TokenStream {
        let about = format!("The part of a [`{}`] that has arrived so far.", self.ident.unraw());
        let own = docs(&self.container.input.attrs);
        let gap = (!own.is_empty()).then(|| quote!(#[doc = ""]));
        quote!(#[doc = #about] #gap #(#own)*)
    }

    /// Writes the implementations of `Debug`, `PartialEq` and `Serialize`. `parts` is an expression of
    /// `&dyn PartialFields`, and `same` an expression that compares `self` with `other`.
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

/// Returns the members of the partial form. A field of a tuple has its index among the fields that are not
/// skipped.
fn members(shown: &[(&Field, &syn::Field)]) -> Vec<Member> {
    let member = |(index, (field, _)): (usize, &(&Field, &syn::Field))| match &field.member {
        Member::Named(_) => field.member.clone(),
        Member::Unnamed(_) => Member::from(index),
    };
    shown.iter().enumerate().map(member).collect()
}

/// Returns the doc attributes.
fn docs(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("doc")).collect()
}

/// Returns the field's doc comment, or a default.
fn field_doc(field: &syn::Field) -> TokenStream {
    let own = docs(&field.attrs);
    if own.is_empty() {
        quote!(#[doc = "The part of the field that has arrived so far."])
    } else {
        quote!(#(#own)*)
    }
}

/// Returns the variant's doc comment, or a default.
fn variant_doc(variant: &syn::Variant) -> TokenStream {
    let own = docs(&variant.attrs);
    if own.is_empty() { quote!(#[doc = "The value is this variant."]) } else { quote!(#(#own)*) }
}

/// Returns the tokens with `Self` replaced by the type: in the partial form, `Self` is another type.
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
