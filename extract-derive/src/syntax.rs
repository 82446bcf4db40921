//! From tokens to words: splits `#[extract(..)]` and `#[serde(..)]` into their items, keeps the
//! spans, collects mistakes. Knows how an attribute is written, not what any word means.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token, parenthesized, token};

/// The mistakes found so far; all of them are shown at once.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Notes a mistake where the tokens stand.
    pub(crate) fn push(&mut self, at: impl ToTokens, message: impl std::fmt::Display) {
        self.take(syn::Error::new_spanned(at, message));
    }

    /// Notes a mistake that was found while parsing.
    pub(crate) fn take(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// All mistakes as one error, if there is any.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// One item of `#[extract(..)]`.
pub(crate) struct Word {
    pub(crate) name: Ident,
    pub(crate) form: Form,
}

/// How a [`Word`] is written.
pub(crate) enum Form {
    /// `email`
    Bare,
    /// `name = "invoice"`
    Value(Expr),
    /// `range(min = 0)`, the part between the parentheses.
    List(TokenStream),
}

impl Parse for Word {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("expected a word: `word`, `word = value` or `word(..)`"));
        }
        // `crate` is a keyword.
        let name = input.call(Ident::parse_any)?;
        let form = if input.peek(token::Paren) {
            let list;
            parenthesized!(list in input);
            Form::List(list.parse()?)
        } else if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(syn::Error::new_spanned(
                    &name,
                    format_args!("`{name} =` needs a value after the `=`"),
                ));
            }
            Form::Value(input.parse()?)
        } else {
            Form::Bare
        };
        Ok(Self { name, form })
    }
}

impl ToTokens for Word {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.name.to_tokens(tokens);
        match &self.form {
            Form::Bare => {}
            Form::Value(value) => value.to_tokens(tokens),
            Form::List(list) => list.to_tokens(tokens),
        }
    }
}

impl Word {
    /// Whether it is this word.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The words between its parentheses.
    pub(crate) fn list(&self, example: &str) -> syn::Result<Vec<Word>> {
        let list = match &self.form {
            Form::List(list) => words_of(list.clone())?,
            Form::Bare | Form::Value(_) => Vec::new(),
        };
        if list.is_empty() { Err(self.misshapen(example)) } else { Ok(list) }
    }

    /// The value after its `=`.
    pub(crate) fn value(&self, example: &str) -> syn::Result<&Expr> {
        match &self.form {
            Form::Value(value) => Ok(value),
            Form::Bare | Form::List(_) => Err(self.misshapen(example)),
        }
    }

    /// The path after its `=`; serde's habit of putting it in quotes is understood.
    pub(crate) fn path(&self, example: &str) -> syn::Result<Path> {
        match self.value(example)? {
            Expr::Path(path) if path.qself.is_none() => Ok(path.path.clone()),
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => {
                path.parse().map_err(|_| self.misshapen(example))
            }
            _ => Err(self.misshapen(example)),
        }
    }

    /// The string after its `=`.
    pub(crate) fn text(&self, example: &str) -> syn::Result<LitStr> {
        match self.value(example)? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
            _ => Err(self.misshapen(example)),
        }
    }

    /// Nothing beside its name.
    pub(crate) fn bare(&self) -> syn::Result<()> {
        match self.form {
            Form::Bare => Ok(()),
            Form::Value(_) | Form::List(_) => Err(self.misshapen(&self.name.to_string())),
        }
    }

    fn misshapen(&self, example: &str) -> syn::Error {
        syn::Error::new_spanned(self, format_args!("write it as `{example}`"))
    }
}

fn words_of(list: TokenStream) -> syn::Result<Vec<Word>> {
    let words = Punctuated::<Word, Token![,]>::parse_terminated.parse2(list)?;
    Ok(words.into_iter().collect())
}

/// All words of the `#[extract(..)]` attributes.
pub(crate) fn extract_words(attrs: &[Attribute], mistakes: &mut Mistakes) -> Vec<Word> {
    let mut words = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("extract")) {
        match &attr.meta {
            Meta::List(list) => match words_of(list.tokens.clone()) {
                Ok(found) if found.is_empty() => {
                    mistakes.push(attr, "it says nothing: put words in it or take it away");
                }
                Ok(found) => words.extend(found),
                Err(error) => mistakes.take(error),
            },
            Meta::Path(_) | Meta::NameValue(_) => {
                mistakes.push(attr, "write it as `#[extract(word, word = value, word(..))]`");
            }
        }
    }
    words
}

/// All items of the attributes with this name (`serde`, `schemars`). One that cannot be read is
/// left to the derive it belongs to, which says so in its own words.
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

/// The word of the list that was probably meant.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (distance(written, word), word))
        .filter(|&(distance, word)| distance <= if word.len() < 5 { 1 } else { 2 })
        .min()
        .map(|(_, word)| word)
}

/// How many letters have to be added, taken away or changed between two words.
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
