//! Writes the partial form of a struct: its declaration and the access to its fields by index.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, GenericParam, Member};

use super::{Writer, Written, field_doc, members};
use crate::model::Field;
use crate::wire::Shape;

impl Writer<'_> {
    /// Writes the partial form of a struct with these fields.
    pub(super) fn write_struct(&self, fields: &[Field], written: &Fields) -> Written {
        let private = self.private();
        let krate = self.krate;
        let (name, vis) = (&self.name, self.vis);
        let kept: Vec<(&Field, &syn::Field)> =
            fields.iter().zip(written).filter(|(field, _)| !field.wire.skipped).collect();
        let generics = &self.container.input.generics;
        let (_, ty_generics, _) = generics.split_for_impl();
        let (impl_generics, _, where_clause) = self.bounded.split_for_impl();
        let named = matches!(written, Fields::Named(_));
        let (body, new) = self.declared(&kept, named);
        let members = members(&kept);
        let transparent =
            self.container.wire.shape == Shape::OfField || !named && fields.len() == 1;
        let kind = match (transparent, named) {
            (true, _) => quote!(Transparent),
            (false, true) => quote!(Fields),
            (false, false) => quote!(Positions),
        };
        let rows = kept.iter().map(|(field, _)| self.row(field));
        let places = self.places(&kept, &members);
        let ident = self.ident;
        let shared = self.shared(&quote!(self), &quote!(#private::same(self, other)));
        let doc = self.doc();
        let outside = quote! {
            #doc
            #[allow(dead_code, deprecated, nonstandard_style, unreachable_pub)]
            #vis struct #name #generics #body

            #[allow(deprecated, nonstandard_style)]
            const _: () = {
                #[automatically_derived]
                impl #impl_generics #name #ty_generics #where_clause {
                    const __NEW: Self = #new;
                }
                #[automatically_derived]
                impl #impl_generics ::core::clone::Clone for #name #ty_generics #where_clause {
                    fn clone(&self) -> Self {
                        let mut copy = Self::__NEW;
                        #(copy.#members = ::core::clone::Clone::clone(&self.#members);)*
                        copy
                    }
                }
                #[automatically_derived]
                impl #impl_generics ::core::default::Default for #name #ty_generics #where_clause {
                    fn default() -> Self {
                        Self::__NEW
                    }
                }
                #[automatically_derived]
                impl #impl_generics #private::PartialFields for #name #ty_generics #where_clause {
                    fn kind(&self) -> #private::FieldsKind {
                        #private::FieldsKind::#kind
                    }
                    fn fields(&self) -> &'static [#private::Field] {
                        const { &[#(#rows),*] }
                    }
                    #places
                    fn boxed(&self) -> ::std::boxed::Box<dyn #private::PartialFields> {
                        ::std::boxed::Box::new(::core::clone::Clone::clone(self))
                    }
                    fn any(&self) -> &dyn ::core::any::Any {
                        self
                    }
                }
                #[automatically_derived]
                impl #impl_generics #krate::__private::partial::Streamed for #ident #ty_generics #where_clause {
                    type Partial = #name #ty_generics;
                    fn of(place: &#private::PartialNode) -> &Self::Partial {
                        place.parts().unwrap_or(const { &<#name #ty_generics>::__NEW })
                    }
                }
                #shared
            };
        };
        let seed = quote! {
            fn seed() -> #private::Seed {
                #private::Seed::Parts(|| ::std::boxed::Box::new(
                    <#name #ty_generics as ::core::default::Default>::default(),
                ))
            }
        };
        Written { outside, seed }
    }

    /// Returns the tokens of the declaration after the struct's name, and the expression of an empty partial
    /// struct.
    fn declared(&self, kept: &[(&Field, &syn::Field)], named: bool) -> (TokenStream, TokenStream) {
        let private = self.private();
        let generics = &self.container.input.generics;
        let (_, _, own_where) = generics.split_for_impl();
        let this = &self.this;
        let phantom = generics.params.iter().any(|param| matches!(param, GenericParam::Type(_)));
        let declared = kept.iter().map(|(field, syn)| {
            let (ty, vis) = (self.ty(field), &syn.vis);
            let ident = syn.ident.as_ref().map(|ident| quote!(#ident:));
            let doc = field_doc(syn);
            quote!(#doc #vis #ident #ty)
        });
        let phantom_ty = quote!(::core::marker::PhantomData<fn() -> #this>);
        if named {
            let hidden = phantom.then(|| quote!(#[doc(hidden)] __of: #phantom_ty));
            let members = kept.iter().map(|(field, _)| &field.member);
            let of = phantom.then(|| quote!(__of: ::core::marker::PhantomData));
            (
                quote!(#own_where { #(#declared,)* #hidden }),
                quote!(Self { #(#members: #private::Partial::new(),)* #of }),
            )
        } else {
            let hidden = phantom.then(|| quote!(#[doc(hidden)] #phantom_ty));
            let news = kept.iter().map(|_| quote!(#private::Partial::new()));
            let of = phantom.then(|| quote!(::core::marker::PhantomData));
            (quote!((#(#declared,)* #hidden) #own_where;), quote!(Self(#(#news,)* #of)))
        }
    }

    /// Writes the methods `at`, `at_mut` and `seed`, which access the fields by index.
    fn places(&self, kept: &[(&Field, &syn::Field)], members: &[Member]) -> TokenStream {
        let private = self.private();
        let seeds = kept.iter().enumerate().map(|(index, (field, _))| {
            let seed = self.seed(field);
            quote!(#index => #seed)
        });
        let numbers: Vec<usize> = (0..members.len()).collect();
        quote! {
            fn at(&self, index: usize) -> ::core::option::Option<&#private::PartialNode> {
                match index {
                    #(#numbers => ::core::option::Option::Some(self.#members.node()),)*
                    _ => ::core::option::Option::None,
                }
            }
            fn at_mut(&mut self, index: usize) -> ::core::option::Option<&mut #private::PartialNode> {
                match index {
                    #(#numbers => ::core::option::Option::Some(self.#members.node_mut()),)*
                    _ => ::core::option::Option::None,
                }
            }
            fn seed(&self, index: usize) -> #private::Seed {
                #[allow(unused_imports)]
                use #private::{FieldSeedExtract as _, FieldSeedOther as _};
                match index {
                    #(#seeds,)*
                    _ => #private::Seed::Whole,
                }
            }
        }
    }
}
