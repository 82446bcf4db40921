//! Structs of all forms, generic structs, and types that are read through other types.

use std::borrow::Cow;
use std::marker::PhantomData;

use extract_llm::Extract;
use serde::Serialize;

use super::row::{Family, Row};

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Named {
    text: String,
    number: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
struct Newtype(u8);

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Tuple(u8, String, Newtype);

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
struct Empty {}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Around {
    empty: Empty,
    unit: Option<Unit>,
    newtype: Newtype,
    list: Vec<Empty>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Page<T> {
    items: Vec<T>,
    first: Option<T>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Bounded<T: Clone>
where
    T: PartialEq,
{
    value: T,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Pair<A, B = u8> {
    a: A,
    b: B,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[extract(name = "Matrix_{N}", bound = "[f64; N]: Extract")]
struct Matrix<const N: usize> {
    #[serde(serialize_with = "as_list")]
    row: [f64; N],
}

fn as_list<const N: usize, S: serde::Serializer>(
    row: &[f64; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    row.as_slice().serialize(serializer)
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Marked<T> {
    value: u8,
    #[serde(skip)]
    marker: PhantomData<T>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Lent<'a> {
    text: Cow<'a, str>,
    list: Cow<'a, [u8]>,
}

/// Named like keywords of JSON Schema.
#[derive(Debug, PartialEq, Serialize, Extract)]
struct Keywords {
    title: String,
    r#type: String,
    properties: Vec<u8>,
    required: bool,
    format: String,
    #[serde(rename = "$ref")]
    reference: String,
    items: Option<u8>,
}

/// With names that a provider does not take.
#[derive(Debug, PartialEq, Serialize, Extract)]
struct Foreign {
    #[serde(rename = "größe in cm")]
    size: f64,
    #[serde(rename = "a/b~c")]
    escaped: bool,
}

pub(crate) fn rows(rows: &mut Vec<Row>) {
    let mut family = Family("Structs", rows);
    family.row("struct", [Named { text: "x".to_owned(), number: -7 }]);
    family.row("newtype struct", [Newtype(7)]);
    family.row("tuple struct", [Tuple(1, "x".to_owned(), Newtype(2))]);
    family.row("unit struct", [Unit]);
    family.row("empty struct", [Empty {}]);
    family.row(
        "struct of structs",
        [Around { empty: Empty {}, unit: None, newtype: Newtype(1), list: vec![Empty {}] }],
    );
    family.row(
        "fields named like keywords",
        [Keywords {
            title: "t".to_owned(),
            r#type: "y".to_owned(),
            properties: vec![1],
            required: true,
            format: "f".to_owned(),
            reference: "r".to_owned(),
            items: None,
        }],
    );
    family.row("names beyond ASCII", [Foreign { size: 1.5, escaped: true }]);

    let mut family = Family("Generics", rows);
    family.row("struct<T>", [Page { items: vec![1_u8], first: Some(2) }]);
    family.row(
        "struct<struct<T>>",
        [Page { items: vec![Page { items: vec!["x".to_owned()], first: None }], first: None }],
    );
    family.row("struct<T: Bound>", [Bounded { value: "x".to_owned() }]);
    family.row("struct<A, B = default>", [Pair { a: Newtype(1), b: 2 }]);
    family.row("struct<const N: usize>", [Matrix { row: [1.5, 2.5, 3.5] }]);
    family.row("PhantomData<T>", [Marked::<Named> { value: 1, marker: PhantomData }]);
    family.row(
        "struct<'a> with Cow<'a, str>",
        [Lent::<'static> { text: Cow::Borrowed("x"), list: Cow::Owned(vec![1]) }],
    );
}
