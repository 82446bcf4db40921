//! Values of all kinds of types become arrays and come back.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, DictionaryArray, StringArray, StringViewArray};
use arrow_schema::{DataType, Field};
use extract_arrow::{ReadError, WriteError, column, data_type, from_array, to_array};
use extract_llm::Extract;
use extract_llm::chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Extract)]
struct Plain {
    name: String,
    count: u8,
    large: u64,
    negative: i64,
    ratio: f64,
    is_new: bool,
}

#[derive(Debug, PartialEq, Extract)]
struct Nested {
    plain: Plain,
    pairs: Vec<Inner>,
}

#[derive(Debug, PartialEq, Extract)]
struct Inner {
    key: String,
}

#[derive(Debug, PartialEq, Extract)]
struct Optional {
    name: Option<String>,
    tags: Option<Vec<Option<i32>>>,
    inner: Option<Inner>,
}

#[derive(Debug, PartialEq, Extract)]
enum Status {
    Open,
    #[serde(rename = "in work")]
    InWork,
}

#[derive(Debug, PartialEq, Extract)]
struct Defaults {
    #[serde(default)]
    count: u32,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Debug, PartialEq, Extract)]
enum External {
    Circle { radius: f64 },
    Label(String),
    Nothing,
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "kind")]
enum Internal {
    Circle { radius: f64 },
    Square { side: f64, is_filled: bool },
}

#[derive(Debug, PartialEq, Extract)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
}

#[derive(Debug, PartialEq, Extract)]
struct Flat {
    id: u32,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Debug, PartialEq, Extract)]
struct Maps {
    counts: BTreeMap<String, u32>,
}

#[derive(Debug, PartialEq, Extract)]
struct Dates {
    day: NaiveDate,
    at: DateTime<Utc>,
}

#[derive(Debug, PartialEq, Extract)]
#[extract(validate = is_even)]
struct Even(u32);

fn is_even(even: &Even) -> Result<(), &'static str> {
    if even.0 % 2 == 0 { Ok(()) } else { Err("an even number") }
}

#[derive(Debug, PartialEq, Extract)]
struct Anything {
    value: Value,
}

#[derive(Debug, PartialEq, Extract)]
struct Tree {
    name: String,
    children: Vec<Tree>,
}

#[derive(Debug, PartialEq, Extract)]
struct Tuple {
    point: (i32, String),
}

fn list(element: DataType, is_nullable: bool) -> DataType {
    DataType::List(Arc::new(Field::new("item", element, is_nullable)))
}

fn members<const N: usize>(fields: [(&str, DataType, bool); N]) -> DataType {
    let fields = fields.into_iter();
    DataType::Struct(fields.map(|(name, kind, null)| Field::new(name, kind, null)).collect())
}

/// Writes values with nulls between them, and reads them back.
fn comes_back<T: Extract + PartialEq + std::fmt::Debug>(
    expected: &DataType,
    values: impl IntoIterator<Item = Value>,
) {
    let column = column::<T>().unwrap();
    assert_eq!(&data_type(&column), expected);
    let mut written = Vec::new();
    for value in values {
        written.extend([Some(value), None]);
    }
    let array = to_array(&column, &written).unwrap();
    assert_eq!((array.data_type(), array.len()), (expected, written.len()));
    let read = from_array::<T>(&column, &array).unwrap();
    for (value, read) in written.into_iter().zip(read) {
        let value = value.map(|value| serde_json::from_value::<T>(value).unwrap());
        assert_eq!(read, value);
    }
}

#[test]
fn values_of_each_kind_of_type_come_back() {
    use DataType::{Boolean, Date32, Float64, Int64, UInt64, Utf8};
    let plain = members([
        ("name", Utf8, false),
        ("count", Int64, false),
        ("large", UInt64, false),
        ("negative", Int64, false),
        ("ratio", Float64, false),
        ("is_new", Boolean, false),
    ]);
    let one = json!({
        "name": "Åse \u{1F600}", "count": 255, "large": u64::MAX, "negative": i64::MIN,
        "ratio": 0.1 + 0.2, "is_new": true,
    });
    comes_back::<Plain>(&plain, [one.clone()]);
    let inner = members([("key", Utf8, false)]);
    let nested = members([("plain", plain, false), ("pairs", list(inner.clone(), false), false)]);
    let pairs = json!([{"key": "a"}, {"key": ""}]);
    comes_back::<Nested>(
        &nested,
        [json!({"plain": one, "pairs": pairs}), json!({"plain": one, "pairs": []})],
    );
    let optional =
        members([("name", Utf8, true), ("tags", list(Int64, true), true), ("inner", inner, true)]);
    comes_back::<Optional>(
        &optional,
        [
            json!({"name": null, "tags": null, "inner": null}),
            json!({"name": "x", "tags": [1, null, -2], "inner": {"key": "k"}}),
            json!({}),
        ],
    );
    comes_back::<Status>(&Utf8, [json!("Open"), json!("in work")]);
    let defaults = members([("count", Int64, true), ("status", Utf8, true)]);
    comes_back::<Defaults>(&defaults, [json!({}), json!({"count": 2, "status": "Open"})]);
    let external = [json!({"Circle": {"radius": 0.5}}), json!({"Label": "x"}), json!("Nothing")];
    comes_back::<External>(&Utf8, external);
    let internal = [
        json!({"kind": "Circle", "radius": 0.5}),
        json!({"kind": "Square", "side": 2.0, "is_filled": false}),
    ];
    let variants = members([
        ("kind", Utf8, false),
        ("radius", Float64, true),
        ("side", Float64, true),
        ("is_filled", Boolean, true),
    ]);
    comes_back::<Internal>(&variants, internal);
    comes_back::<Untagged>(&Utf8, [json!(7), json!("7")]);
    let flat = members([("id", Int64, false), ("key", Utf8, false)]);
    comes_back::<Flat>(&flat, [json!({"id": 1, "key": "k"})]);
    let entries = members([("keys", Utf8, false), ("values", Int64, false)]);
    let counts = DataType::Map(Arc::new(Field::new("entries", entries, false)), false);
    let maps = members([("counts", counts, false)]);
    comes_back::<Maps>(&maps, [json!({"counts": {"b": 1, "a": 2}}), json!({"counts": {}})]);
    let dates = members([("day", Date32, false), ("at", Utf8, false)]);
    comes_back::<Dates>(&dates, [json!({"day": "2026-02-28", "at": "2026-02-28T10:00:00.5Z"})]);
    comes_back::<Even>(&Int64, [json!(2)]);
    let anything = members([("value", Utf8, true)]);
    comes_back::<Anything>(
        &anything,
        [json!({"value": {"a": [1, null]}}), json!({"value": "text"}), json!({"value": 1e300})],
    );
    let tree = json!({"name": "a", "children": [{"name": "b", "children": []}]});
    comes_back::<Tree>(&Utf8, [tree]);
    comes_back::<Tuple>(&members([("point", Utf8, false)]), [json!({"point": [1, "x"]})]);
}

#[test]
fn other_types_of_the_same_values_are_read() {
    let column = column::<Status>().unwrap();
    let views: ArrayRef = Arc::new(StringViewArray::from(vec![Some("Open"), None]));
    let read = from_array::<Status>(&column, &views).unwrap();
    assert_eq!(read, [Some(Status::Open), None]);
    let dictionary: DictionaryArray<arrow_array::types::Int32Type> =
        ["Open", "in work", "Open"].into_iter().collect();
    let dictionary: ArrayRef = Arc::new(dictionary);
    let read = from_array::<Status>(&column, &dictionary).unwrap();
    assert_eq!(read, [Some(Status::Open), Some(Status::InWork), Some(Status::Open)]);
}

#[test]
fn arrays_of_other_values_are_errors() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["Open", "closed"]));
    let status = column::<Status>().unwrap();
    let error = from_array::<Status>(&status, &texts).unwrap_err();
    assert!(matches!(error, ReadError::Value { index: 1, .. }), "{error}");
    let error = from_array::<Tree>(&column::<Tree>().unwrap(), &texts).unwrap_err();
    assert!(matches!(error, ReadError::Json { index: 0, .. }), "{error}");
    let error = from_array::<Plain>(&column::<Plain>().unwrap(), &texts).unwrap_err();
    assert!(matches!(error, ReadError::Type(_)), "{error}");
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_its_place() {
    let column = column::<Vec<i64>>().unwrap();
    let values = [Some(json!([1])), Some(json!([1, u64::MAX]))];
    let error = to_array(&column, &values).unwrap_err();
    let WriteError::Misfit { index: 1, misfit } = error else { panic!("{error}") };
    assert_eq!(misfit.pointer, "/1");
}

#[test]
fn no_values_and_many_values_are_arrays() {
    let column = column::<Plain>().unwrap();
    assert_eq!(to_array(&column, &[]).unwrap().len(), 0);
    let value = json!({
        "name": "x", "count": 1, "large": 1, "negative": 1, "ratio": 1.0, "is_new": false,
    });
    let values = vec![Some(value); 20_000];
    assert_eq!(to_array(&column, &values).unwrap().len(), 20_000);
    let nulls = to_array(&column, &[None, None]).unwrap();
    assert_eq!(nulls.null_count(), 2);
}
