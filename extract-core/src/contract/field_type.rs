//! Traits with which the derive asserts that a field's type can be extracted. Their only purpose is the
//! compiler's message: without them, the first message is about serde's traits, in generated code.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// A type that a field can have: it implements serde's `Deserialize` and schemars' `JsonSchema`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted",
    label = "expected a type with `#[derive(Extract)]`, or with both `Deserialize` and `JsonSchema`",
    note = "if you define `{Self}`, put `#[derive(Extract)]` on it",
    note = "if `{Self}` is from chrono, jiff, uuid, url, rust_decimal, either or indexmap, enable the feature of that name of `extract-llm`",
    note = "if `{Self}` is from another crate and implements `Deserialize`, put `#[schemars(with = \"String\")]` on the field, with the type whose JSON it has",
    note = "if `{Self}` does not implement `Deserialize`, put `#[extract(with = module)]` on the field; the module needs the functions `deserialize` and `json_schema`",
    note = "if the model must not fill the field, put `#[serde(skip)]` on it"
)]
pub trait FieldType {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> FieldType for T {}

/// A generic type that a field can have, with its arguments `A`, which the message names.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted",
    label = "expected a type with `#[derive(Extract)]`, and arguments with it, or with both `Deserialize` and `JsonSchema`",
    note = "if you define `{A}`, put `#[derive(Extract)]` on it; if you define the generic type of `{Self}`, put it on that too",
    note = "if the type is from another crate and implements `Deserialize`, put `#[schemars(with = \"String\")]` on the field, with the type whose JSON it has",
    note = "if the type does not implement `Deserialize`, put `#[extract(with = module)]` on the field; the module needs the functions `deserialize` and `json_schema`"
)]
pub trait GenericFieldType<A: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema, A: ?Sized> GenericFieldType<A> for T {}

/// A pointer `Rc` or `Arc`, which serde supports with a feature.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted",
    label = "`{Self}` does not implement serde's `Deserialize`",
    note = "enable the feature `rc` of `extract-llm`, or use `Box`"
)]
pub trait SharedFieldType {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> SharedFieldType for T {}

/// The type of a field whose schema an attribute gives: it implements serde's `Deserialize`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted",
    label = "`{Self}` does not implement serde's `Deserialize`",
    note = "if you define `{Self}`, put `#[derive(Extract)]` on it",
    note = "if `{Self}` is from another crate, put `#[extract(with = module)]` on the field; the module needs the functions `deserialize` and `json_schema`"
)]
pub trait DeserializedField {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> DeserializedField for T {}

/// The type of a field that a function deserializes: it implements schemars' `JsonSchema`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted",
    label = "`{Self}` has no JSON Schema",
    note = "if you define `{Self}`, put `#[derive(Extract)]` on it",
    note = "`deserialize_with` sets no schema: add `#[schemars(with = \"String\")]` with the type whose JSON the field has, or use `#[extract(with = module)]` with `module::deserialize` and `module::json_schema`"
)]
pub trait DescribedField {}

#[diagnostic::do_not_recommend]
impl<T: JsonSchema> DescribedField for T {}

/// An array length that serde and schemars support. The derive asserts it for `[(); N]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "arrays of more than 32 elements cannot be extracted",
    label = "this array is longer than 32",
    note = "use `Vec<T>` with `#[extract(length(equal = N))]`"
)]
pub trait ArrayLength {}

#[diagnostic::do_not_recommend]
impl<const N: usize> ArrayLength for [(); N] where [(); N]: DeserializeOwned + JsonSchema {}

/// Requires that `T` is a [`FieldType`]. The derive writes it as the type of a parameter.
#[doc(hidden)]
#[derive(Debug)]
pub struct Field<T: FieldType>(PhantomData<T>);

/// Requires that `T` is a [`GenericFieldType`] with the arguments `A`.
#[doc(hidden)]
#[derive(Debug)]
pub struct GenericField<T: GenericFieldType<A>, A: ?Sized>(PhantomData<T>, PhantomData<A>);

/// Requires that `T` is a [`DeserializedField`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldWithSchema<T: DeserializedField>(PhantomData<T>);

/// Requires that `T` is a [`DescribedField`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldWithReader<T: DescribedField>(PhantomData<T>);

/// Requires that `T` is a [`SharedFieldType`].
#[doc(hidden)]
#[derive(Debug)]
pub struct SharedField<T: SharedFieldType>(PhantomData<T>);

/// Requires that `T` has a supported [`ArrayLength`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldArray<T: ArrayLength>(PhantomData<T>);
