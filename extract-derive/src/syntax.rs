//! Splits `#[extract(..)]`, `#[serde(..)]` and `#[schemars(..)]` into their items, keeps the spans and
//! collects compile errors. Knows the syntax of attributes, not the meaning of any item.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token, parenthesized, token};

/// The compile errors found so far. All of them are reported at once.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Adds an error at the span of the tokens.
    pub(crate) fn push(&mut self, at: impl ToTokens, message: impl std::fmt::Display) {
        self.add(syn::Error::new_spanned(at, message));
    }

    /// Adds an error, such as one that `syn` returned while parsing.
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Returns all errors combined into one, or `Ok` if there are none.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// One item of `#[extract(..)]`, such as `range(min = 0)`.
pub(crate) struct AttributeItem {
    pub(crate) name: Ident,
    pub(crate) form: ItemSyntax,
}

/// The syntax of a [`Word`].
pub(crate) enum ItemSyntax {
    /// `email`
    Bare,
    /// `name = "invoice"`
    Value(Expr),
    /// `range(min = 0)`: the tokens between the parentheses.
    List(TokenStream),
}

impl Parse for AttributeItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("expected an item: `name`, `name = value` or `name(..)`"));
        }
        // `parse_any`, because `crate` is a keyword.
        let name = input.call(Ident::parse_any)?;
        let form = if input.peek(token::Paren) {
            let list;
            parenthesized!(list in input);
            ItemSyntax::List(list.parse()?)
        } else if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(syn::Error::new_spanned(
                    &name,
                    format_args!("expected a value after `{name} =`"),
                ));
            }
            ItemSyntax::Value(input.parse()?)
        } else {
            ItemSyntax::Bare
        };
        Ok(Self { name, form })
    }
}

impl ToTokens for AttributeItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.name.to_tokens(tokens);
        match &self.form {
            ItemSyntax::Bare => {}
            ItemSyntax::Value(value) => value.to_tokens(tokens),
            ItemSyntax::List(list) => list.to_tokens(tokens),
        }
    }
}

impl AttributeItem {
    /// Returns whether the item has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Returns the items between the parentheses. Fails if there are none; the error shows the `example`.
    pub(crate) fn list(&self, example: &str) -> syn::Result<Vec<AttributeItem>> {
        let list = match &self.form {
            ItemSyntax::List(list) => items_of(list.clone())?,
            ItemSyntax::Bare | ItemSyntax::Value(_) => Vec::new(),
        };
        if list.is_empty() { Err(self.misshapen(example)) } else { Ok(list) }
    }

    /// Returns the expression after the `=`. Fails for other syntax; the error shows the `example`.
    pub(crate) fn value(&self, example: &str) -> syn::Result<&Expr> {
        match &self.form {
            ItemSyntax::Value(value) => Ok(value),
            ItemSyntax::Bare | ItemSyntax::List(_) => Err(self.misshapen(example)),
        }
    }

    /// Returns the path after the `=`, with or without quotes (serde writes paths in quotes). Fails if it
    /// is no path; the error shows the `example`.
    pub(crate) fn path(&self, example: &str) -> syn::Result<Path> {
        match self.value(example)? {
            Expr::Path(path) if path.qself.is_none() => Ok(path.path.clone()),
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => {
                path.parse().map_err(|_| self.misshapen(example))
            }
            _ => Err(self.misshapen(example)),
        }
    }

    /// Returns the string literal after the `=`. Fails for anything else; the error shows the `example`.
    pub(crate) fn text(&self, example: &str) -> syn::Result<LitStr> {
        match self.value(example)? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
            _ => Err(self.misshapen(example)),
        }
    }

    /// Fails if the item has a value or a list beside its name.
    pub(crate) fn bare(&self) -> syn::Result<()> {
        match self.form {
            ItemSyntax::Bare => Ok(()),
            ItemSyntax::Value(_) | ItemSyntax::List(_) => {
                Err(self.misshapen(&self.name.to_string()))
            }
        }
    }

    fn misshapen(&self, example: &str) -> syn::Error {
        syn::Error::new_spanned(self, format_args!("expected `{example}`"))
    }
}

fn items_of(list: TokenStream) -> syn::Result<Vec<AttributeItem>> {
    let items = Punctuated::<AttributeItem, Token![,]>::parse_terminated.parse2(list)?;
    Ok(items.into_iter().collect())
}

/// Returns all items of the `#[extract(..)]` attributes. Attributes that cannot be read are added to
/// `mistakes`.
pub(crate) fn extract_words(attrs: &[Attribute], mistakes: &mut Mistakes) -> Vec<AttributeItem> {
    let mut items = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("extract")) {
        match &attr.meta {
            Meta::List(list) => match items_of(list.tokens.clone()) {
                Ok(found) if found.is_empty() => {
                    mistakes.push(
                        attr,
                        "`#[extract()]` is empty: add an item, or remove the attribute",
                    );
                }
                Ok(found) => items.extend(found),
                Err(error) => mistakes.add(error),
            },
            Meta::Path(_) | Meta::NameValue(_) => {
                mistakes.push(
                    attr,
                    "expected a list of items: `#[extract(email, name = value, range(..))]`",
                );
            }
        }
    }
    items
}

/// Returns all items of the attributes with this name (`serde`, `schemars`). Skips attributes that cannot
/// be read: serde's or schemars' derive reports those.
pub(crate) fn foreign_items(attrs: &[Attribute], name: &str) -> Vec<Meta> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident(name))
        .filter_map(|attr| {
            attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()
        })
        .flatten()
        .collect()
}

/// Returns the candidate nearest to the written name, or `None` if none is near: within one edit for
/// candidates of fewer than five bytes, within two edits for others.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|item| (distance(written, item), item))
        .filter(|&(distance, word)| distance <= if word.len() < 5 { 1 } else { 2 })
        .min()
        .map(|(_, word)| word)
}

/// Returns the Levenshtein distance of two strings: the bytes to insert, delete or replace.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}
