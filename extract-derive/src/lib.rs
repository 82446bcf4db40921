//! `#[derive(Extract)]`.

mod bounds;
mod check;
mod constraint;
mod copy;
mod emit;
mod model;
mod syntax;
mod walk;
mod wire;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::syntax::Mistakes;

/// x
#[proc_macro_derive(Extract, attributes(extract, serde, schemars))]
pub fn derive_extract(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(input).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(input: DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let mut mistakes = Mistakes::default();
    let container = model::read(input, &mut mistakes)?;
    check::check(&container, &mut mistakes);
    mistakes.finish()?;
    Ok(emit::expand(&container))
}

/// Removes the item it stands on. What `#[derive(Extract)]` writes ends with it; it is of no use
/// elsewhere.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn discard(_: TokenStream, _: TokenStream) -> TokenStream {
    TokenStream::new()
}
