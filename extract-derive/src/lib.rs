//! `#[derive(Extract)]` for the crate `extract-llm`; use it from there.
//!
//! Four stages: `syntax` splits attributes into words, `model` gives the words their meaning,
//! `check` refuses what cannot be meant, `emit` writes the code.

mod bounds;
mod check;
mod constraint;
mod copy;
mod emit;
mod fits;
mod model;
mod partial;
mod pieces;
mod syntax;
mod types;
mod walk;
mod wire;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

use crate::syntax::Mistakes;

/// Makes a type extractable: implements `Extract`, serde's `Deserialize` and schemars'
/// `JsonSchema`, with `extract-llm` as the only dependency.
///
/// ```
/// use extract_llm::Extract;
///
/// /// An invoice, as printed.
/// #[derive(Debug, Extract)]
/// struct Invoice {
///     /// Legal name of the seller.
///     vendor: String,
///     #[extract(range(min = 0.0))]
///     total: f64,
///     #[extract(length(min = 1))]
///     lines: Vec<Line>,
///     status: Status,
/// }
///
/// #[derive(Debug, Extract)]
/// #[serde(rename_all = "camelCase")]
/// struct Line {
///     #[extract(description = "As in the catalogue.", pattern("^[A-Z]{2}-[0-9]+$"))]
///     catalogue_number: String,
///     #[serde(default)]
///     gift: bool,
/// }
///
/// #[derive(Debug, Extract)]
/// enum Status {
///     Open,
///     /// Paid in full.
///     Paid { on: String },
/// }
/// ```
///
/// # It brings `Deserialize` and `JsonSchema`: do not derive them too
///
/// `#[derive(Deserialize, Extract)]` implements `Deserialize` twice, which the compiler refuses
/// with **E0119, conflicting implementations of trait `Deserialize`**. The mend is one of these:
///
/// - take `Deserialize` (and `JsonSchema`) out of the list; `Serialize` may stay:
///   `#[derive(Serialize, Extract)]`;
/// - keep it, and say so: `#[extract(skip(Deserialize))]`, `#[extract(skip(JsonSchema))]`, or
///   `#[extract(skip(Deserialize, JsonSchema))]`;
/// - if both are there already and there is nothing to add, write `impl Extract for Existing {}`
///   and no derive.
///
/// # Doc comments and serde's attributes
///
/// Doc comments of types, fields and variants are what the model is told of them. Names, defaults
/// and representation are serde's, in serde's words: `rename`, `rename_all`,
/// `rename_all_fields`, `alias`, `default`, `flatten`, `skip`, `deny_unknown_fields`,
/// `transparent`, `from`, `try_from`, `tag`, `content`, `untagged`, `other`, `with`,
/// `deserialize_with`, `bound`. All of `#[schemars(..)]` may be used as well. Neither crate has
/// to be imported or depended upon for that.
///
/// # On a type
///
/// | `#[extract(..)]` | |
/// |---|---|
/// | `name = "invoice"` | the name of the schema and the tool: up to 64 of `A-Z a-z 0-9 _ -`; `{T}` stands for the name of a type parameter, or the value of a const one |
/// | `description = ".."` | in place of the doc comment; any expression of a `&str` or `String` |
/// | `example = value` | a whole value, of any type that is `Serialize`; may stand several times |
/// | `validate = path` | a function `fn(&Type) -> Result<(), impl Into<Problems>>`; may stand several times |
/// | `validate_with = path` | the same with a [`Context`], by which it sees the source text and values of the caller's: `fn(&Type, Context<'_>) -> Result<(), impl Into<CheckError>>` |
/// | `garde` | the type is `garde::Validate` too, and its rules are checked; see below |
/// | `validator`, `validator(context = Type)` | the same for `validator::Validate` |
/// | `skip(Deserialize, JsonSchema)` | leaves one or both to another derive or implementation |
/// | `stream(whole)` | while it arrives, it is shown only when it is complete |
/// | `partial = DraftInvoice` | the name of its partial form, in place of `InvoicePartial` |
/// | `skip(Partial)` | writes no partial form: while it arrives, it is shown only when it is complete |
/// | `bound = "T: Extract + Default"` | the bounds of the implementations, in place of those found |
/// | `crate = path` | where `extract_llm` is, if not at `::extract_llm` |
///
/// # On a field
///
/// | `#[extract(..)]` | |
/// |---|---|
/// | `description`, `example`, `validate`, `validate_with` | as on a type; the function takes a reference to the field |
/// | `grounded` | the text of the field stands in the text that the value was extracted from; for strings, and options and lists of them |
/// | `range(min = 0, max = 9)` | bounds of a number; also `exclusive_min`, `exclusive_max` |
/// | `multiple_of = 5` | of a number |
/// | `length(min = 1, max = 9)` | of a string, in characters; of a list or a map, in elements; also `equal` |
/// | `pattern("^[A-Z]+$")` | a regular expression that is found in a string; also as `regex(pattern = "..")` |
/// | `contains("@")` | a piece of a string |
/// | `email`, `url`, `ip`, `ipv4`, `ipv6` | the form of a string |
/// | `inner(..)` | any of these constraints, for each element of a list or value of a map |
/// | `schema_with = path` | `fn(&mut SchemaGenerator) -> Schema` of schemars, in place of the field's type's own schema |
/// | `with = module` | for a field of a foreign type: `module::deserialize` as serde wants it, and `module::json_schema` as for `schema_with` |
/// | `stream(whole)` | while it arrives, it is shown only when it is complete |
/// | `stream(required)` | while it arrives, the object around it is shown only when it has a value |
///
/// Constraints stand in the schema, so the model is told of them and its reply is held against
/// them. They reach through `Option`, and through a type of your own that is a number or a string
/// inside. The values in them are any constant expressions.
///
/// # The partial form
///
/// Beside `Invoice`, the derive writes `InvoicePartial`: the same fields, each a
/// `extract_llm::partial::Partial` of its type, for values that are still arriving. It has the
/// visibility and the doc comments of the type, and is `Clone`, `Debug`, `PartialEq` and
/// `serde::Serialize`. An enum has one where a variant holds data. What is read by `from`, is
/// `untagged` or has a lifetime parameter has none: it is shown when it is complete.
///
/// Where the name is taken already, the compiler says **E0428, the name `InvoicePartial` is defined
/// multiple times**, and points at the derive. The mend is another name, or none:
///
/// ```
/// use extract_llm::Extract;
///
/// #[derive(Extract)]
/// #[extract(partial = ArrivingInvoice)] // or `skip(Partial)`
/// struct Invoice {
///     vendor: String,
/// }
///
/// /// Half of what is owed.
/// struct InvoicePartial {
///     paid: f64,
/// }
/// ```
///
/// # On a variant
///
/// `#[extract(description = "..")]`.
///
/// # Validators
///
/// They run once the value fits its schema and serde has read it, from the inside to the outside,
/// and report at the field's place in the JSON, under its name there. A validator may point
/// further in, by a [`Problem`] with a pointer of its own.
///
/// ```
/// use extract_llm::Extract;
/// use extract_llm::contract::Problem;
///
/// #[derive(Extract)]
/// #[extract(validate = adds_up)]
/// struct Order {
///     #[extract(inner(range(min = 1)))]
///     prices: Vec<u32>,
///     total: u32,
///     #[extract(validate = known)]
///     currency: String,
/// }
///
/// fn adds_up(order: &Order) -> Result<(), Problem> {
///     let sum: u32 = order.prices.iter().sum();
///     if sum == order.total { Ok(()) } else { Err(Problem::rule("/total", format!("{sum}"))) }
/// }
///
/// fn known(currency: &str) -> Result<(), &'static str> {
///     if ["EUR", "USD"].contains(&currency) { Ok(()) } else { Err("EUR or USD") }
/// }
/// ```
///
/// One that has to look at more than the value stands under `validate_with`, and is handed a
/// [`Context`]. It may answer that it could not look, which ends the extraction; see [`CheckError`].
///
/// ```
/// use extract_llm::Extract;
/// use extract_llm::contract::{CheckError, Context};
///
/// #[derive(Extract)]
/// struct Person {
///     #[extract(validate_with = is_mentioned)]
///     name: String,
/// }
///
/// fn is_mentioned(name: &str, cx: Context<'_>) -> Result<(), CheckError> {
///     if cx.source()?.contains(name) { Ok(()) } else { Err("a name from the text".into()) }
/// }
/// ```
///
/// # Rules of `garde` and `validator`
///
/// With the feature of the crate's name, a type that has its rules says so, and what they find is
/// told with all the rest, under the names on the wire. The rules of types inside are `garde(dive)`'s
/// and `validate(nested)`'s affair: say `#[extract(garde)]` on the outermost type alone. A context that
/// the rules need is the one of its type that was given by `.context(value)`.
///
/// ```
/// use extract_llm::Extract;
///
/// #[derive(Debug, Extract, garde::Validate)]
/// #[extract(garde)]
/// #[serde(rename_all = "camelCase")]
/// struct Account {
///     #[garde(ascii, length(min = 3))]
///     user_name: String,
/// }
///
/// let error = extract_llm::parse::<Account>(r#"{"userName": "Zoë"}"#).unwrap_err();
/// assert!(error.to_string().contains("/userName: expected a value that passes its rule"));
/// ```
///
/// # Generic types
///
/// `Page<T>` is `Extract` where `T` is; parameters in `PhantomData` or skipped fields need
/// nothing. Each instance has its own schema, called `Page_for_string` and so on. Where the fields
/// ask for more, say so with `bound`: `#[serde(default)]` on a `T` asks for
/// `bound = "T: Extract + Default"`, an array of const length for `bound = "[u8; N]: Extract"`.
///
/// A lifetime parameter is fine as long as nothing is borrowed: `Cow<'a, str>` is, `&'a str` is
/// not.
///
/// # In the schema
///
/// Other names by `#[serde(alias = "..")]` are noted as `"x-aliases": [..]` on the property, or on
/// the variant's subschema. A constraint that means nothing for the field's type (a `range` on a
/// string) is noted as `"x-misplaced": ["range"]`. Neither is ever sent.
///
/// # What is refused
///
/// Some types compile and cannot be read back, or would have another type's schema. What the derive sees
/// is refused where it stands; the rest when the contract is built, by [`TypeFault`], with the names of
/// the fields:
///
/// - a member of one name in a field and in a `flatten`ed type, in two of these, or in a tag;
/// - `flatten` on a list, a tuple or a scalar;
/// - a map whose keys are structs, lists, maps or enums with data;
/// - two types of one name in different functions or blocks of one module, both in one schema. schemars
///   tells types apart by module and name, so one of them needs a `name`.
///
/// Inside a type that implements `Extract` by hand nothing is looked for.
///
/// [`CheckError`]: https://docs.rs/extract-llm/latest/extract_llm/contract/enum.CheckError.html
/// [`Context`]: https://docs.rs/extract-llm/latest/extract_llm/contract/struct.Context.html
/// [`TypeFault`]: https://docs.rs/extract-llm/latest/extract_llm/contract/enum.TypeFault.html
/// [`Problem`]: https://docs.rs/extract-llm/latest/extract_llm/contract/struct.Problem.html
#[proc_macro_derive(Extract, attributes(extract, serde, schemars))]
pub fn derive_extract(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(input).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(input: DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let mut mistakes = Mistakes::default();
    let container = model::read(input, &mut mistakes)?;
    check::check(&container, &mut mistakes);
    Ok(match mistakes.finish() {
        Ok(()) => emit::expand(&container),
        Err(mistakes) => {
            let stand_in = emit::stand_in(&container);
            let mistakes = mistakes.into_compile_error();
            quote!(#mistakes #stand_in)
        }
    })
}

/// Removes the item it stands on. What `#[derive(Extract)]` writes ends with it; it is of no use
/// elsewhere.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn discard(_: TokenStream, _: TokenStream) -> TokenStream {
    TokenStream::new()
}
