//! Writes `Extract::check`, which runs the validators of a typed value: field by field, each at its JSON
//! pointer.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Member, Path};

use crate::model::{Body, Container, Field, Validator, Variant};
use crate::wire::{Representation, Shape};

/// The identifier of the `Checker` in the generated code.
pub(crate) fn checker() -> Ident {
    Ident::new("checker", Span::mixed_site())
}

/// Writes the body of `Extract::check`.
pub(crate) fn write(container: &Container) -> TokenStream {
    let krate = &container.items.krate;
    let checker = checker();
    let inside = match &container.body {
        Body::Struct(fields) => {
            let value = |field: &Field| {
                let member = &field.member;
                quote!(&self.#member)
            };
            walk_fields(fields, container, value)
        }
        Body::Enum(variants) => walk_variants(variants, container),
    };
    let mut validators = validators(&container.items.validators, &quote!(self));
    validators.extend(rules(container));
    match (inside.is_empty(), validators.is_empty()) {
        (true, true) => quote!(let _ = #checker;),
        (true, false) => validators,
        (false, _) => quote! {
            #[allow(unused_imports)]
            use #krate::__private::contract::{ProbeExtract as _, ProbeOther as _};
            #inside
            #validators
        },
    }
}

fn walk_variants(variants: &[Variant], container: &Container) -> TokenStream {
    let mut arms = Vec::new();
    for variant in variants.iter().filter(|variant| !variant.wire.skipped) {
        let binding = |field: &Field| match &field.member {
            Member::Named(name) => format_ident!("field_{}", name, span = Span::mixed_site()),
            Member::Unnamed(index) => {
                format_ident!("field_{}", index.index, span = Span::mixed_site())
            }
        };
        let inside =
            walk_fields(&variant.fields, container, |field| binding(field).into_token_stream());
        if inside.is_empty() {
            continue;
        }
        let inside = match &container.wire.representation {
            _ if container.wire.shape != Shape::Own || variant.wire.untagged => inside,
            Representation::External => tagged(&variant.wire.name, &inside),
            Representation::Adjacent { content, .. } => tagged(content, &inside),
            Representation::Internal { .. } | Representation::Untagged => inside,
        };
        let ident = &variant.ident;
        let walked = variant.fields.iter().filter(|field| !field.wire.skipped);
        let fields = walked.map(|field| {
            let (member, binding) = (&field.member, binding(field));
            quote!(#member: #binding)
        });
        arms.push(quote!(Self::#ident { #(#fields,)* .. } => { #inside }));
    }
    if arms.is_empty() {
        return TokenStream::new();
    }
    let others = (arms.len() < variants.len()).then(|| quote!(_ => {}));
    quote!(match self { #(#arms)* #others })
}

fn walk_fields(
    fields: &[Field],
    container: &Container,
    value: impl Fn(&Field) -> TokenStream,
) -> TokenStream {
    let krate = &container.items.krate;
    let checker = checker();
    // The field of a newtype or a transparent struct has the JSON pointer of the value around it. The fields
    // of a type that is read through another (`from`) have no known pointers and are checked at the value's.
    let in_place = container.wire.shape != Shape::Own;
    let newtype = fields.len() == 1;
    let walked = fields.iter().filter(|field| !field.wire.skipped);
    walked
        .enumerate()
        .map(|(index, field)| {
            let inside = check_field(field, krate, &value(field));
            let name = field_name(&field.member);
            match &field.wire.name {
                _ if in_place => quote!(#checker.at_flat(#name, true, |#checker| { #inside });),
                _ if field.wire.flattened => {
                    quote!(#checker.at_flat(#name, false, |#checker| { #inside });)
                }
                None if newtype => {
                    quote!(#checker.at_flat(#name, true, |#checker| { #inside });)
                }
                None => quote!(#checker.at_field(#name, #index, |#checker| { #inside });),
                Some(wire) => quote!(#checker.at_field(#name, #wire, |#checker| { #inside });),
            }
        })
        .collect()
}

/// Writes the checks of one field's value: those of its type, `grounded` and its validators.
pub(crate) fn check_field(field: &Field, krate: &Path, value: &TokenStream) -> TokenStream {
    let checker = checker();
    let validators = validators(&field.items.validators, value);
    let grounded = field.items.grounded.as_ref().map(|item| {
        let value = placed(value.clone(), item.span());
        quote_spanned!(item.span()=> #krate::__private::grounding::Ground::look_up(#value, #checker);)
    });
    quote! {
        (&#krate::__private::contract::Probe(#value)).check(#checker);
        #grounded
        #validators
    }
}

/// Returns the field's name in Rust: the identifier or the index.
pub(crate) fn field_name(member: &Member) -> String {
    match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Writes the calls of validators. Their spans make the compiler report a mistake at the attribute.
fn validators(validators: &[Validator], value: &TokenStream) -> TokenStream {
    if validators.is_empty() {
        return TokenStream::new();
    }
    let checker = checker();
    let reports = validators.iter().map(|validator| {
        let path = &validator.path;
        let span = path.span();
        let value = placed(value.clone(), span);
        let context = validator.with_context.then(|| quote_spanned!(span=> , #checker.context()));
        quote_spanned!(span=> #checker.report(#path(#value #context));)
    });
    quote!(if #checker.is_checking() { #(#reports)* })
}

/// Writes the calls of the rules of `garde` and `validator`, or returns `None` if there are none.
fn rules(container: &Container) -> Option<TokenStream> {
    let krate = &container.items.krate;
    let checker = checker();
    let reports = container.items.rules.iter().map(|rules| {
        let module = &rules.word;
        let span = module.span();
        let function = match &rules.context {
            None => quote_spanned!(span=> report),
            Some(context) => quote_spanned!(span=> report_with::<#context, Self>),
        };
        quote_spanned!(span=> #krate::__private::rules::#module::#function(self, #checker);)
    });
    let reports: Vec<TokenStream> = reports.collect();
    (!reports.is_empty()).then(|| quote!(if #checker.is_checking() { #(#reports)* }))
}

/// Returns the tokens with the location of another span.
fn placed(tokens: TokenStream, span: Span) -> TokenStream {
    let target = |mut token: TokenTree| {
        token.set_span(token.span().located_at(span));
        token
    };
    tokens.into_iter().map(target).collect()
}

/// Writes the step into the member that holds the fields of a variant.
fn tagged(segment: &str, inside: &TokenStream) -> TokenStream {
    let checker = checker();
    quote!(#checker.at_tag(#segment, |#checker| { #inside });)
}
