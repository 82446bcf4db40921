//! Assembles the code that the derive writes. `field_types` asserts that fields can be extracted, `copy` writes the implementations of `Deserialize` and
//! `JsonSchema`, `walk` runs validators, `pieces` runs them on a value that serde cannot read as a whole,
//! `types` finds mistakes in types that the schema does not show.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use crate::model::Container;
use crate::{bounds, copy, field_types, fieldwise, partial, types, walk};

/// Writes the implementations for a type without mistakes.
pub(crate) fn expand(container: &Container) -> TokenStream {
    let krate = &container.items.krate;
    let ident = &container.input.ident;
    let field_types = field_types::write(container);
    let copy = copy::write(container);
    let walk = walk::write(container);
    let pieces = fieldwise::write(container);
    let types = types::write(container);
    let generics = bounds::of_extract(container);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let checker = walk::checker();
    let partial::Written { outside, seed } = partial::write(container);
    quote! {
        #field_types
        #outside

        #[allow(deprecated, redundant_lifetimes)]
        const _: () = {
            #copy

            #[automatically_derived]
            impl #impl_generics #krate::Extract for #ident #ty_generics #where_clause {
                fn check(&self, #checker: &mut #krate::__private::contract::Checker<'_>) {
                    #walk
                }
                #pieces
                #types
                #seed
            }
        };
    }
}

/// Writes empty implementations for a type with mistakes. Without them, the compiler would also report
/// every use of the type.
pub(crate) fn stand_in(container: &Container) -> TokenStream {
    let items = &container.items;
    let krate = &items.krate;
    let ident = &container.input.ident;
    let mut generics = container.input.generics.clone();
    let (_, ty_generics, _) = container.input.generics.split_for_impl();
    generics.make_where_clause().predicates.push(parse_quote!(Self: 'static));
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let extract = quote! {
        impl #impl_generics #krate::Extract for #ident #ty_generics #where_clause {}
    };
    let mut reading = generics.clone();
    reading.params.insert(0, parse_quote!('de));
    let (reading_generics, _, _) = reading.split_for_impl();
    let deserialize = (!items.skip_deserialize).then(|| {
        quote! {
            impl #reading_generics #krate::__private::serde::Deserialize<'de>
                for #ident #ty_generics #where_clause
            {
                fn deserialize<D: #krate::__private::serde::Deserializer<'de>>(
                    _: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    loop {}
                }
            }
        }
    });
    let json_schema = (!items.skip_json_schema).then(|| {
        quote! {
            impl #impl_generics #krate::__private::schemars::JsonSchema
                for #ident #ty_generics #where_clause
            {
                fn schema_name() -> ::std::borrow::Cow<'static, str> {
                    loop {}
                }
                fn json_schema(
                    _: &mut #krate::__private::schemars::SchemaGenerator,
                ) -> #krate::__private::schemars::Schema {
                    loop {}
                }
            }
        }
    });
    quote! {
        #[allow(deprecated, redundant_lifetimes)]
        const _: () = {
            #extract
            #deserialize
            #json_schema
        };
    }
}
