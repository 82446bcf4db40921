//! The partial form of the type: the same fields, each a `Partial` of its type, for values that are
//! still arriving. What a field's type is does not matter here.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, Fields, GenericParam, Generics, Member, Path, Visibility};

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
        quote!((&#private::Sown::<#ty>::NEW).seed())
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

    #[expect(clippy::too_many_lines, reason = "it is one template")]
    fn write_struct(&self, fields: &[Field], written: &Fields) -> Written {
        let private = self.private();
        let krate = self.krate;
        let (name, vis) = (&self.name, self.vis);
        let kept: Vec<(&Field, &syn::Field)> =
            fields.iter().zip(written).filter(|(field, _)| !field.wire.skipped).collect();
        let generics = &self.container.input.generics;
        let (_, ty_generics, own_where) = generics.split_for_impl();
        let (impl_generics, _, where_clause) = self.bounded.split_for_impl();
        let named = matches!(written, Fields::Named(_));
        let phantom = generics.params.iter().any(|param| matches!(param, GenericParam::Type(_)));
        let this = &self.this;
        let declared = kept.iter().map(|(field, syn)| {
            let (ty, vis) = (self.ty(field), &syn.vis);
            let ident = syn.ident.as_ref().map(|ident| quote!(#ident:));
            let doc = field_doc(syn);
            quote!(#doc #vis #ident #ty)
        });
        let phantom_ty = quote!(::core::marker::PhantomData<fn() -> #this>);
        let (body, new) = if named {
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
        };
        // Where fields before it are skipped, a field of a tuple has another number.
        let members: Vec<Member> = kept
            .iter()
            .enumerate()
            .map(|(index, (field, _))| match &field.member {
                Member::Named(_) => field.member.clone(),
                Member::Unnamed(_) => Member::from(index),
            })
            .collect();
        let transparent =
            self.container.wire.shape == Shape::OfField || !named && fields.len() == 1;
        let kind = match (transparent, named) {
            (true, _) => quote!(Transparent),
            (false, true) => quote!(Fields),
            (false, false) => quote!(Positions),
        };
        let rows = kept.iter().map(|(field, _)| self.row(field));
        let seeds = kept.iter().enumerate().map(|(index, (field, _))| {
            let seed = self.seed(field);
            quote!(#index => #seed)
        });
        let numbers: Vec<usize> = (0..members.len()).collect();
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
                impl #impl_generics #private::Parts for #name #ty_generics #where_clause {
                    fn kind(&self) -> #private::Kind {
                        #private::Kind::#kind
                    }
                    fn fields(&self) -> &'static [#private::Field] {
                        const { &[#(#rows),*] }
                    }
                    fn at(&self, index: usize) -> ::core::option::Option<&#private::Place> {
                        match index {
                            #(#numbers => ::core::option::Option::Some(self.#members.place()),)*
                            _ => ::core::option::Option::None,
                        }
                    }
                    fn at_mut(&mut self, index: usize) -> ::core::option::Option<&mut #private::Place> {
                        match index {
                            #(#numbers => ::core::option::Option::Some(self.#members.place_mut()),)*
                            _ => ::core::option::Option::None,
                        }
                    }
                    fn seed(&self, index: usize) -> #private::Seed {
                        #[allow(unused_imports)]
                        use #private::{SownExtract as _, SownOther as _};
                        match index {
                            #(#seeds,)*
                            _ => #private::Seed::Whole,
                        }
                    }
                    fn boxed(&self) -> ::std::boxed::Box<dyn #private::Parts> {
                        ::std::boxed::Box::new(::core::clone::Clone::clone(self))
                    }
                    fn any(&self) -> &dyn ::core::any::Any {
                        self
                    }
                }
                #[automatically_derived]
                impl #impl_generics #krate::partial::Streamed for #ident #ty_generics #where_clause {
                    type Partial = #name #ty_generics;
                    fn of(place: &#private::Place) -> &Self::Partial {
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

    #[expect(clippy::too_many_lines, reason = "it is one template")]
    fn write_enum(&self, variants: &[Variant], written: &[&Fields]) -> Written {
        let private = self.private();
        let krate = self.krate;
        let (name, vis, ident) = (&self.name, self.vis, self.ident);
        let generics = &self.container.input.generics;
        let (_, ty_generics, own_where) = generics.split_for_impl();
        let (impl_generics, _, where_clause) = self.bounded.split_for_impl();
        let Data::Enum(data) = &self.container.input.data else { return Written::default() };
        let mut declared = Vec::new();
        let mut rows = Vec::new();
        let (mut begins, mut numbers, mut clones) = (Vec::new(), Vec::new(), Vec::new());
        let (mut ats, mut ats_mut, mut seeds) = (Vec::new(), Vec::new(), Vec::new());
        let kept = variants
            .iter()
            .zip(written)
            .zip(&data.variants)
            .filter(|((variant, _), _)| !variant.wire.skipped);
        for (number, ((variant, fields), syn)) in kept.enumerate() {
            let shown: Vec<(&Field, &syn::Field)> = variant
                .fields
                .iter()
                .zip(*fields)
                .filter(|(field, _)| !field.wire.skipped)
                .collect();
            let own = &variant.ident;
            let types = shown.iter().map(|(field, syn)| {
                let ty = self.ty(field);
                let ident = syn.ident.as_ref().map(|ident| quote!(#ident:));
                let doc = field_doc(syn);
                quote!(#doc #ident #ty)
            });
            let doc = variant_doc(syn);
            let members: Vec<Member> = shown
                .iter()
                .enumerate()
                .map(|(index, (field, _))| match &field.member {
                    Member::Named(_) => field.member.clone(),
                    Member::Unnamed(_) => Member::from(index),
                })
                .collect();
            let bindings: Vec<Ident> =
                (0..members.len()).map(|index| format_ident!("field_{index}")).collect();
            declared.push(match fields {
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
            rows.push(quote! {
                #private::Variant {
                    name: #wire_name,
                    content: #private::Content::#content,
                    fields: const { &[#(#fields),*] },
                }
            });
            begins.push(quote! {
                #number => Self::#own { #(#members: #private::Partial::new()),* }
            });
            numbers.push(quote!(Self::#own { .. } => #number));
            clones.push(quote! {
                Self::#own { #(#members: #bindings),* } => {
                    Self::#own { #(#members: ::core::clone::Clone::clone(#bindings)),* }
                }
            });
            for (index, (field, _)) in shown.iter().enumerate() {
                let (member, binding) = (&members[index], &bindings[index]);
                ats.push(quote! {
                    (Self::#own { #member: #binding, .. }, #index) => #binding.place()
                });
                ats_mut.push(quote! {
                    (Self::#own { #member: #binding, .. }, #index) => #binding.place_mut()
                });
                let seed = self.seed(field);
                seeds.push(quote!((Self::#own { .. }, #index) => #seed));
            }
        }
        let tagging = match &self.container.wire.representation {
            Representation::External | Representation::Untagged => quote!(External),
            Representation::Internal { tag } => quote!(Internal(#tag)),
            Representation::Adjacent { tag, content } => quote!(Adjacent(#tag, #content)),
        };
        let one_of = quote!(#private::OneOf);
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
                impl #impl_generics #private::Variants for #name #ty_generics #where_clause {
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
                    fn at(&self, index: usize) -> ::core::option::Option<&#private::Place> {
                        ::core::option::Option::Some(match (self, index) {
                            #(#ats,)*
                            _ => return ::core::option::Option::None,
                        })
                    }
                    fn at_mut(&mut self, index: usize) -> ::core::option::Option<&mut #private::Place> {
                        ::core::option::Option::Some(match (self, index) {
                            #(#ats_mut,)*
                            _ => return ::core::option::Option::None,
                        })
                    }
                    fn seed(&self, index: usize) -> #private::Seed {
                        #[allow(unused_imports)]
                        use #private::{SownExtract as _, SownOther as _};
                        match (self, index) {
                            #(#seeds,)*
                            _ => #private::Seed::Whole,
                        }
                    }
                }
                #[automatically_derived]
                impl #impl_generics #krate::partial::Streamed for #ident #ty_generics #where_clause {
                    type Partial = ::core::option::Option<#name #ty_generics>;
                    fn of(place: &#private::Place) -> &Self::Partial {
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
