//! From meaning to code: puts together what the derive writes. See `copy` for reading and schema,
//! `walk` for the validators.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Container;
use crate::{bounds, copy, walk};

/// Writes the implementations.
pub(crate) fn expand(container: &Container) -> TokenStream {
    let krate = &container.words.krate;
    let ident = &container.input.ident;
    let copy = copy::write(container);
    let walk = walk::write(container);
    let generics = bounds::of_extract(container);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let checker = walk::checker();
    quote! {
        #[allow(deprecated)]
        const _: () = {
            #copy

            #[automatically_derived]
            impl #impl_generics #krate::Extract for #ident #ty_generics #where_clause {
                fn check(&self, #checker: &mut #krate::contract::Checker<'_>) {
                    #walk
                }
            }
        };
    }
}
