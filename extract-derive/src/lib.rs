//! `#[derive(Extract)]` for the crate `extract-llm`. Use it from there.
//!
//! Four stages: `syntax` splits attributes into items, `model` gives the items their meaning, `check`
//! refuses contradictions and unsupported types, `emit` writes the code.

mod bounds;
mod check;
mod constraint;
mod copy;
mod emit;
mod field_types;
mod fieldwise;
mod fits;
mod model;
mod partial;
mod pattern;
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
/// with **E0119, conflicting implementations of trait `Deserialize`**. Use one of these fixes:
///
/// - remove `Deserialize` (and `JsonSchema`) from the list; `Serialize` may stay:
///   `#[derive(Serialize, Extract)]`;
/// - keep the other derive, and skip the implementation here: `#[extract(skip(Deserialize))]`,
///   `#[extract(skip(JsonSchema))]`, or `#[extract(skip(Deserialize, JsonSchema))]`;
/// - if the type already implements both and needs no `#[extract(..)]`, write
///   `impl Extract for Existing {}` instead of the derive.
///
/// # Doc comments and serde's attributes
///
/// Doc comments of types, fields and variants become descriptions in the schema, which the model
/// reads. Names, defaults and representation are set by serde's attributes: `rename`, `rename_all`,
/// `rename_all_fields`, `alias`, `default`, `flatten`, `skip`, `deny_unknown_fields`,
/// `transparent`, `from`, `try_from`, `tag`, `content`, `untagged`, `other`, `with`,
/// `deserialize_with`, `bound`. All of `#[schemars(..)]` may be used as well. Neither crate needs
/// to be imported or listed as a dependency.
///
/// # Attributes of a type
///
/// | `#[extract(..)]` | meaning |
/// |---|---|
/// | `name = "invoice"` | the name of the schema and the tool: up to 64 of `A-Z a-z 0-9 _ -`; `{T}` stands for the name of a type parameter or the value of a const parameter |
/// | `description = ".."` | replaces the doc comment; any expression of type `&str` or `String` |
/// | `example = value` | a complete value of any `Serialize` type; may be repeated |
/// | `validate = path` | a function `fn(&Type) -> Result<(), impl Into<Problems>>`; may be repeated |
/// | `validate_with = path` | a validator that also takes a [`Context`] with the source text and the caller's values: `fn(&Type, Context<'_>) -> Result<(), impl Into<CheckError>>` |
/// | `garde` | also checks the rules of the type's `garde::Validate`; see below |
/// | `validator`, `validator(context = Type)` | also checks the rules of the type's `validator::Validate` |
/// | `skip(Deserialize, JsonSchema)` | leaves one or both to another derive or implementation |
/// | `stream(whole)` | a partial value appears only when it is complete |
/// | `partial = DraftInvoice` | the name of the partial form; default `InvoicePartial` |
/// | `skip(Partial)` | writes no partial form: a partial value appears only when it is complete |
/// | `bound = "T: Extract + Default"` | the bounds of the implementations, replacing the inferred bounds |
/// | `crate = path` | the path of `extract_llm`; default `::extract_llm` |
///
/// # Attributes of a field
///
/// | `#[extract(..)]` | meaning |
/// |---|---|
/// | `description`, `example`, `validate`, `validate_with` | as on a type; the function takes a reference to the field |
/// | `grounded` | the field's text must occur in the source text; for strings, and options and lists of strings |
/// | `range(min = 0, max = 9)` | bounds of a number; also `exclusive_min`, `exclusive_max` |
/// | `multiple_of = 5` | the number is a multiple of this |
/// | `length(min = 1, max = 9)` | characters of a string, elements of a list or entries of a map; also `equal` |
/// | `pattern("^[A-Z]+$")` | a regular expression that matches anywhere in a string; also as `regex(pattern = "..")` |
/// | `contains("@")` | a substring of a string |
/// | `email`, `url`, `ip`, `ipv4`, `ipv6` | the format of a string |
/// | `inner(..)` | any of these constraints, for every element of a list or value of a map |
/// | `schema_with = path` | `fn(&mut SchemaGenerator) -> Schema` of schemars, replacing the schema of the field's type |
/// | `with = module` | for a field of a foreign type: `module::deserialize` with serde's signature, and `module::json_schema` as for `schema_with` |
/// | `stream(whole)` | a partial value of the field appears only when it is complete |
/// | `stream(required)` | a partial object appears only when this field has a value |
///
/// Constraints are part of the schema: the model sees them, and its reply is checked against them.
/// They apply through `Option`, and through a user-defined type that is a number or a string
/// inside. Their values are any constant expressions.
///
/// # Partial form
///
/// Beside `Invoice`, the derive writes `InvoicePartial`, which holds a value that is still arriving.
/// It has the same fields, each an `extract_llm::partial::Partial` of its type. It has the
/// visibility and the doc comments of the type, and is `Clone`, `Debug`, `PartialEq` and
/// `serde::Serialize`. An enum has a partial form if a variant holds data. A type that is read by
/// `from` or `try_from`, is `untagged` or has a lifetime parameter has none, and appears when it is
/// complete.
///
/// If the name is taken, the compiler reports **E0428, the name `InvoicePartial` is defined
/// multiple times**, and points at the derive. Choose another name, or skip the partial form:
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
/// # Attributes of a variant
///
/// `#[extract(description = "..")]` replaces the doc comment.
///
/// # Validators
///
/// Validators run on every value that serde can read, also if it violates its schema. If serde cannot
/// read the whole value, validators run on the fields that can be read. Inner values are validated
/// before outer ones. Problems are reported at the field's JSON pointer. A validator may report at an
/// inner pointer: the pointer of a [`Problem`] is relative to the validated value.
///
/// ```
/// use extract_llm::Extract;
/// use extract_llm::Problem;
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
/// A validator that needs more than the value is set by `validate_with` and receives a [`Context`].
/// It may report that the check could not be made, which ends the extraction; see [`CheckError`].
///
/// ```
/// use extract_llm::Extract;
/// use extract_llm::check::{CheckError, Context};
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
/// Needs the Cargo feature `garde` or `validator`. A type with such rules has `#[extract(garde)]` or
/// `#[extract(validator)]`. Their problems are reported together with all others, at JSON pointers.
/// `garde(dive)` and `validate(nested)` check inner types: use the attribute on the outermost type only.
/// The context that the rules need is the value of that type passed to `.context(value)`.
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
/// `Page<T>` is `Extract` if `T` is. Parameters in `PhantomData` or skipped fields need no bound.
/// Every instance has a separate schema, named `Page_for_string` and so on. If the fields need further
/// bounds, set `bound`: `#[serde(default)]` on a `T` needs `bound = "T: Extract + Default"`, and an
/// array of const length needs `bound = "[u8; N]: Extract"`.
///
/// A lifetime parameter is allowed if nothing is borrowed: `Cow<'a, str>` compiles, `&'a str` does
/// not.
///
/// # Extensions in the schema
///
/// Names from `#[serde(alias = "..")]` are recorded as `"x-aliases": [..]` on the property, or on
/// the variant's subschema. They are not sent. A constraint that does not apply to the field's type (a
/// `range` on a string) is recorded as `"x-misplaced": ["range"]`. Such a schema is refused when the
/// contract is built.
///
/// # Refused types
///
/// Some types compile but cannot be read back, or would share another type's schema. The derive reports a
/// compile error for the cases that it can see. Building the contract finds the others and fails with
/// [`TypeFault`], which names the fields:
///
/// - the same member name in a field and in a `flatten`ed type, in two `flatten`ed types, or in a tag;
/// - `flatten` on a list, a tuple or a scalar;
/// - a map whose keys are structs, lists, maps or enums with data;
/// - two types of one name in different functions or blocks of one module, both in one schema. schemars
///   identifies types by module and name, so one of them needs a `name`.
///
/// The fields of a type that implements `Extract` by hand are not searched.
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

/// Expands to nothing, which removes the item. `#[derive(Extract)]` puts it on the copy of the type that
/// serde's and schemars' derives read. It has no other use.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn discard(_: TokenStream, _: TokenStream) -> TokenStream {
    TokenStream::new()
}
