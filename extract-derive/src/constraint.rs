//! The constraints of a field, such as `range(..)`: parses them, refuses impossible bounds and writes the
//! schemars transform. Knows nothing of the field's type.

use std::cmp::Ordering;
use std::fmt;

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ExprLit, ExprUnary, Lit, Path, UnOp};

use crate::pattern;
use crate::syntax::{AttributeItem, ItemSyntax, Mistakes, nearest};

/// The names of all constraints.
pub(crate) const WORDS: [&str; 12] = [
    "range",
    "length",
    "pattern",
    "regex",
    "contains",
    "email",
    "url",
    "ip",
    "ipv4",
    "ipv6",
    "multiple_of",
    "inner",
];

const ZERO: Number = Number::Int(0);

/// One constraint, with the identifier of its item.
pub(crate) struct Constraint {
    pub(crate) word: Ident,
    /// The number of `inner(..)` around it.
    pub(crate) depth: usize,
    rule: Rule,
}

enum Rule {
    /// Bounds by name: `min`, `max`, `exclusive_min`, `exclusive_max`.
    Range(Vec<(Ident, Expr)>),
    Length(Vec<(Ident, Expr)>),
    Pattern(Expr),
    Contains(Expr),
    Format(&'static str),
    MultipleOf(Expr),
}

/// Reads a constraint. `inner(..)` may hold several; a constraint with a mistake is left out.
pub(crate) fn read(item: &AttributeItem, depth: usize, mistakes: &mut Mistakes) -> Vec<Constraint> {
    if item.is("inner") {
        return match item.list("inner(range(min = 0))") {
            Ok(items) => items.iter().flat_map(|item| read(item, depth + 1, mistakes)).collect(),
            Err(error) => {
                mistakes.add(error);
                Vec::new()
            }
        };
    }
    match rule(item, mistakes) {
        Ok(rule) => vec![Constraint { word: item.name.clone(), depth, rule }],
        Err(error) => {
            mistakes.add(error);
            Vec::new()
        }
    }
}

fn rule(item: &AttributeItem, mistakes: &mut Mistakes) -> syn::Result<Rule> {
    let format = |format| item.bare().map(|()| Rule::Format(format));
    match item.name.to_string().as_str() {
        "range" => {
            let example = "range(min = 0, max = 100)";
            let bounds =
                bounds(item, example, &["min", "max", "exclusive_min", "exclusive_max"], mistakes)?;
            refuse_empty_range(&bounds, mistakes);
            Ok(Rule::Range(bounds))
        }
        "length" => {
            let bounds =
                bounds(item, "length(min = 1, max = 10)", &["min", "max", "equal"], mistakes)?;
            if let [(first, _), _, ..] = bounds.as_slice() {
                if bounds.iter().any(|(name, _)| name == "equal") {
                    mistakes.push(first, "`equal` sets both bounds: remove `min` and `max`");
                }
            }
            for (_, bound) in &bounds {
                if Number::of(bound).is_some_and(|count| count.compare(ZERO).is_lt()) {
                    mistakes.push(bound, "a length must be at least 0");
                }
            }
            refuse_empty_range(&bounds, mistakes);
            Ok(Rule::Length(bounds))
        }
        "pattern" => argument(item, r#"pattern("^[A-Z]{3}$")"#)
            .inspect(|regex| refuse_pattern(regex, mistakes))
            .map(Rule::Pattern),
        // The spelling of older schemars versions and of the crate `validator`.
        "regex" => argument(item, r#"regex(pattern = "^[A-Z]{3}$")"#)
            .inspect(|regex| refuse_pattern(regex, mistakes))
            .map(Rule::Pattern),
        "contains" => argument(item, r#"contains("@")"#).map(Rule::Contains),
        "multiple_of" => {
            let step = item.value("multiple_of = 5")?;
            if Number::of(step).is_some_and(|step| step.compare(ZERO).is_le()) {
                mistakes.push(step, "`multiple_of` must be greater than 0");
            }
            Ok(Rule::MultipleOf(step.clone()))
        }
        "email" => format("email"),
        "url" => format("uri"),
        "ip" => format("ip"),
        "ipv4" => format("ipv4"),
        "ipv6" => format("ipv6"),
        unknown => {
            let mend = nearest(unknown, WORDS).map_or_else(
                || format!("expected one of {}", listed(&WORDS)),
                |item| format!("did you mean `{item}`?"),
            );
            Err(syn::Error::new_spanned(
                &item.name,
                format_args!("unknown constraint `{unknown}`; {mend}"),
            ))
        }
    }
}

/// Reads the bounds of `word(min = .., max = ..)`. Unknown and repeated names are mistakes.
fn bounds(
    item: &AttributeItem,
    example: &str,
    known: &[&str],
    mistakes: &mut Mistakes,
) -> syn::Result<Vec<(Ident, Expr)>> {
    let mut bounds: Vec<(Ident, Expr)> = Vec::new();
    for bound in item.list(example)? {
        let name = bound.name.to_string();
        if !known.contains(&name.as_str()) {
            let mend = nearest(&name, known.iter().copied()).map_or_else(
                || format!("expected one of {}", listed(known)),
                |item| format!("did you mean `{item}`?"),
            );
            mistakes.push(
                &bound.name,
                format_args!("unknown item `{name}` in `{}`; {mend}", item.name),
            );
        } else if bounds.iter().any(|(other, _)| *other == name) {
            mistakes.push(&bound.name, format_args!("duplicate `{name}`: remove one"));
        } else {
            let value = bound.value(&format!("{name} = 1"))?.clone();
            bounds.push((bound.name, value));
        }
    }
    Ok(bounds)
}

/// Refuses a literal that is no regular expression.
fn refuse_pattern(regex: &Expr, mistakes: &mut Mistakes) {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = regex else { return };
    if let Some(mistake) = pattern::mistake(&text.value()) {
        mistakes.push(text, format_args!("invalid regular expression: {mistake}"));
    }
}

/// Refuses bounds that no value meets. Only literal bounds are compared.
fn refuse_empty_range(bounds: &[(Ident, Expr)], mistakes: &mut Mistakes) {
    let find = |inclusive: &str, exclusive: &str| {
        bounds
            .iter()
            .filter(|(name, _)| name == inclusive || name == exclusive)
            .find_map(|(name, bound)| Some((bound, Number::of(bound)?, name == exclusive)))
    };
    let (least, greatest) = (find("min", "exclusive_min"), find("max", "exclusive_max"));
    if let (Some((at, least, above)), Some((_, greatest, below))) = (least, greatest) {
        match least.compare(greatest) {
            Ordering::Greater => {
                mistakes.push(at, "the minimum is greater than the maximum, so no value is valid");
            }
            Ordering::Equal if above || below => {
                mistakes.push(at, "no value is between the minimum and the maximum");
            }
            _ => {}
        }
    }
}

/// Returns the argument of `word(argument)`, `word(pattern = argument)` or `word = argument`. Fails for
/// other syntax; the error shows the `example`.
fn argument(item: &AttributeItem, example: &str) -> syn::Result<Expr> {
    let misshapen = || syn::Error::new_spanned(item, format_args!("expected `{example}`"));
    match &item.form {
        ItemSyntax::Value(argument) => Ok(argument.clone()),
        ItemSyntax::List(list) => match syn::parse2(list.clone()).map_err(|_| misshapen())? {
            Expr::Assign(assign) => match *assign.left {
                Expr::Path(name) if name.path.is_ident("pattern") => Ok(*assign.right),
                _ => Err(misshapen()),
            },
            argument => Ok(argument),
        },
        ItemSyntax::Bare => Err(misshapen()),
    }
}

/// The value of a number literal.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    /// Returns `None` if the expression is no number literal (with or without a minus sign).
    pub(crate) fn of(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Lit(ExprLit { lit: Lit::Int(lit), .. }) => {
                lit.base10_parse().map(Self::Int).or_else(|_| lit.base10_parse().map(Self::Float))
            }
            Expr::Lit(ExprLit { lit: Lit::Float(lit), .. }) => lit.base10_parse().map(Self::Float),
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => {
                return Self::of(expr).map(|number| match number {
                    Self::Int(n) => Self::Int(-n),
                    Self::Float(n) => Self::Float(-n),
                });
            }
            _ => return None,
        }
        .ok()
    }

    /// Compares two numbers. Returns `Equal` if they are not comparable (NaN).
    #[expect(clippy::cast_precision_loss, reason = "float literals have no more precision")]
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(one), Self::Int(other)) => one.cmp(&other),
            (Self::Int(one), Self::Float(other)) => Self::order(one as f64, other),
            (Self::Float(one), Self::Int(other)) => Self::order(one, other as f64),
            (Self::Float(one), Self::Float(other)) => Self::order(one, other),
        }
    }

    fn order(one: f64, other: f64) -> Ordering {
        one.partial_cmp(&other).unwrap_or(Ordering::Equal)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
        }
    }
}

/// Returns the words in backticks, separated by commas.
pub(crate) fn listed(items: &[&str]) -> String {
    items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}

impl Constraint {
    /// Returns the slot of a schema that the constraint fills. Two constraints of one slot conflict.
    pub(crate) fn slot(&self) -> &'static str {
        match self.rule {
            Rule::Range(_) => "range",
            Rule::Length(_) => "length",
            Rule::Pattern(_) | Rule::Contains(_) => "pattern",
            Rule::Format(_) => "format",
            Rule::MultipleOf(_) => "multiple_of",
        }
    }

    /// Returns the bounds of a `range`, by name; empty for other constraints.
    pub(crate) fn range(&self) -> &[(Ident, Expr)] {
        match &self.rule {
            Rule::Range(bounds) => bounds,
            _ => &[],
        }
    }

    /// Returns the bounds of a `length`, by name; empty for other constraints.
    pub(crate) fn length(&self) -> &[(Ident, Expr)] {
        match &self.rule {
            Rule::Length(bounds) => bounds,
            _ => &[],
        }
    }

    /// Returns the expression of the schemars transform that writes the constraint into a schema.
    pub(crate) fn transform(&self, krate: &Path) -> TokenStream {
        let constraint = quote!(#krate::__private::contract::Constraint);
        let mut transform = match &self.rule {
            Rule::Range(bounds) => {
                let calls = calls(bounds, |name| match name {
                    "min" => &["minimum"],
                    "max" => &["maximum"],
                    "exclusive_min" => &["exclusive_minimum"],
                    _ => &["exclusive_maximum"],
                });
                quote!(#constraint::range() #calls)
            }
            Rule::Length(bounds) => {
                let calls = calls(bounds, |name| match name {
                    "min" => &["at_least"],
                    "max" => &["at_most"],
                    _ => &["at_least", "at_most"],
                });
                quote!(#constraint::length() #calls)
            }
            Rule::Pattern(regex) => quote!(#constraint::pattern(&#regex)),
            Rule::Contains(piece) => quote!(#constraint::contains(&#piece)),
            Rule::Format(format) => {
                let item = self.word.to_string();
                quote!(#constraint::format(#item, #format))
            }
            Rule::MultipleOf(step) => quote!(#constraint::multiple_of(#step)),
        };
        for _ in 0..self.depth {
            transform.extend(quote!(.inner()));
        }
        transform
    }
}

fn calls(
    bounds: &[(Ident, Expr)],
    methods: impl Fn(&str) -> &'static [&'static str],
) -> TokenStream {
    let mut calls = TokenStream::new();
    for (name, bound) in bounds {
        for method in methods(&name.to_string()) {
            let method = Ident::new(method, name.span());
            calls.extend(quote_spanned!(name.span()=> .#method(#bound)));
        }
    }
    calls
}
