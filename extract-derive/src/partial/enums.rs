//! Writes the partial form of an enum with data: its variants and the access to their fields by index.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, Fields};

use super::{Writer, Written, field_doc, members, variant_doc};
use crate::model::{Field, Variant};
use crate::wire::Representation;

/// The generated code by method: one entry for every variant, or for every field of a variant.
#[derive(Default)]
struct Arms {
    declared: Vec<TokenStream>,
    rows: Vec<TokenStream>,
    begins: Vec<TokenStream>,
    numbers: Vec<TokenStream>,
    clones: Vec<TokenStream>,
    ats: Vec<TokenStream>,
    ats_mut: Vec<TokenStream>,
    seeds: Vec<TokenStream>,
}

impl Writer<'_> {
    /// Writes the partial form of an enum with these variants. `written` holds the fields in the input.
    pub(super) fn write_enum(&self, variants: &[Variant], written: &[&Fields]) -> Written {
        let private = self.private();
        let krate = self.krate;
        let (name, vis, ident) = (&self.name, self.vis, self.ident);
        let generics = &self.container.input.generics;
        let (_, ty_generics, own_where) = generics.split_for_impl();
        let (impl_generics, _, where_clause) = self.bounded.split_for_impl();
        let Data::Enum(data) = &self.container.input.data else { return Written::default() };
        let mut arms = Arms::default();
        let kept = variants
            .iter()
            .zip(written)
            .zip(&data.variants)
            .filter(|((variant, _), _)| !variant.wire.skipped);
        for (number, ((variant, fields), syn)) in kept.enumerate() {
            self.arms_of(&mut arms, number, variant, fields, syn);
        }
        let Arms { declared, rows, begins, numbers, clones, ats, ats_mut, seeds } = arms;
        let tagging = match &self.container.wire.representation {
            Representation::External | Representation::Untagged => quote!(External),
            Representation::Internal { tag } => quote!(Internal(#tag)),
            Representation::Adjacent { tag, content } => quote!(Adjacent(#tag, #content)),
        };
        let one_of = quote!(#private::PartialEnum);
        let shared = self.shared(
            &quote!(&#one_of::new(self)),
            &quote!(#private::same(&#one_of::new(self), &#one_of::new(other))),
        );
        let doc = self.doc();
        let outside = quote! {
            #doc
            #[allow(dead_code, deprecated, nonstandard_style, unreachable_pub)]
            #vis enum #name #generics #own_where { #(#declared),* }

            #[allow(deprecated, nonstandard_style)]
            const _: () = {
                #[automatically_derived]
                impl #impl_generics ::core::clone::Clone for #name #ty_generics #where_clause {
                    fn clone(&self) -> Self {
                        match self { #(#clones)* }
                    }
                }
                #[automatically_derived]
                impl #impl_generics #private::EnumFields for #name #ty_generics #where_clause {
                    const TAGGING: #private::Tagging = #private::Tagging::#tagging;
                    const VARIANTS: &'static [#private::Variant] = &[#(#rows),*];
                    fn begin(variant: usize) -> ::core::option::Option<Self> {
                        ::core::option::Option::Some(match variant {
                            #(#begins,)*
                            _ => return ::core::option::Option::None,
                        })
                    }
                    fn variant(&self) -> usize {
                        match self { #(#numbers,)* }
                    }
                    fn at(&self, index: usize) -> ::core::option::Option<&#private::PartialNode> {
                        ::core::option::Option::Some(match (self, index) {
                            #(#ats,)*
                            _ => return ::core::option::Option::None,
                        })
                    }
                    fn at_mut(&mut self, index: usize) -> ::core::option::Option<&mut #private::PartialNode> {
                        ::core::option::Option::Some(match (self, index) {
                            #(#ats_mut,)*
                            _ => return ::core::option::Option::None,
                        })
                    }
                    fn seed(&self, index: usize) -> #private::Seed {
                        #[allow(unused_imports)]
                        use #private::{FieldSeedExtract as _, FieldSeedOther as _};
                        match (self, index) {
                            #(#seeds,)*
                            _ => #private::Seed::Whole,
                        }
                    }
                }
                #[automatically_derived]
                impl #impl_generics #krate::__private::partial::Streamed for #ident #ty_generics #where_clause {
                    type Partial = ::core::option::Option<#name #ty_generics>;
                    fn of(place: &#private::PartialNode) -> &Self::Partial {
                        place
                            .parts::<#one_of<#name #ty_generics>>()
                            .map_or(const { &::core::option::Option::None }, #one_of::variant)
                    }
                }
                #shared
            };
        };
        let seed = quote! {
            fn seed() -> #private::Seed {
                #private::Seed::Parts(|| ::std::boxed::Box::new(
                    #one_of::<#name #ty_generics>::default(),
                ))
            }
        };
        Written { outside, seed }
    }

    /// Adds the code of one variant. `number` is its index among the variants that are not skipped.
    fn arms_of(
        &self,
        arms: &mut Arms,
        number: usize,
        variant: &Variant,
        fields: &Fields,
        syn: &syn::Variant,
    ) {
        let private = self.private();
        let shown: Vec<(&Field, &syn::Field)> =
            variant.fields.iter().zip(fields).filter(|(field, _)| !field.wire.skipped).collect();
        let own = &variant.ident;
        let types = shown.iter().map(|(field, syn)| {
            let ty = self.ty(field);
            let ident = syn.ident.as_ref().map(|ident| quote!(#ident:));
            let doc = field_doc(syn);
            quote!(#doc #ident #ty)
        });
        let doc = variant_doc(syn);
        let members = members(&shown);
        let bindings: Vec<Ident> =
            (0..members.len()).map(|index| format_ident!("field_{index}")).collect();
        arms.declared.push(match fields {
            Fields::Named(_) => quote!(#doc #own { #(#types),* }),
            Fields::Unnamed(_) => quote!(#doc #own ( #(#types),* )),
            Fields::Unit => quote!(#doc #own),
        });
        let content = match fields {
            Fields::Named(_) => quote!(Fields),
            Fields::Unnamed(all) if all.unnamed.len() == 1 && shown.len() == 1 => {
                quote!(Newtype)
            }
            Fields::Unnamed(_) => quote!(Positions),
            Fields::Unit => quote!(Unit),
        };
        let wire_name = &variant.wire.name;
        let fields = shown.iter().map(|(field, _)| self.row(field));
        arms.rows.push(quote! {
            #private::Variant {
                name: #wire_name,
                content: #private::VariantContent::#content,
                fields: const { &[#(#fields),*] },
            }
        });
        arms.begins.push(quote! {
            #number => Self::#own { #(#members: #private::Partial::new()),* }
        });
        arms.numbers.push(quote!(Self::#own { .. } => #number));
        arms.clones.push(quote! {
            Self::#own { #(#members: #bindings),* } => {
                Self::#own { #(#members: ::core::clone::Clone::clone(#bindings)),* }
            }
        });
        for (index, (field, _)) in shown.iter().enumerate() {
            let (member, binding) = (&members[index], &bindings[index]);
            arms.ats.push(quote! {
                (Self::#own { #member: #binding, .. }, #index) => #binding.node()
            });
            arms.ats_mut.push(quote! {
                (Self::#own { #member: #binding, .. }, #index) => #binding.node_mut()
            });
            let seed = self.seed(field);
            arms.seeds.push(quote!((Self::#own { .. }, #index) => #seed));
        }
    }
}
