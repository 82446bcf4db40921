//! The effect of serde's attributes and of `#[extract(..)]` on a type.

use std::collections::BTreeMap;

use extract_llm::Extract;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::row::{Family, Row};

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(rename_all = "camelCase")]
struct Renamed {
    first_name: String,
    #[serde(rename = "ID")]
    number: u32,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Aliased {
    #[serde(alias = "n", alias = "full_name")]
    name: String,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Defaults {
    #[serde(default)]
    flag: bool,
    #[serde(default = "seven")]
    count: u8,
    #[serde(default)]
    list: Vec<String>,
}

fn seven() -> u8 {
    7
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(default)]
struct AllDefaults {
    a: u8,
    b: Option<String>,
}

impl Default for AllDefaults {
    fn default() -> Self {
        Self { a: 3, b: Some("b".to_owned()) }
    }
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(deny_unknown_fields)]
struct Closed {
    a: u8,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(transparent)]
struct Transparent {
    inner: BTreeMap<String, u8>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Skipped {
    kept: u8,
    #[serde(skip)]
    skipped: Option<u8>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Flat {
    own: u8,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Inner {
    a: String,
    b: Option<u8>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct FlatMap {
    own: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, i64>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct FlatEnum {
    own: u8,
    #[serde(flatten)]
    choice: Choice,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "kind")]
enum Choice {
    Near { metres: u32 },
    Far { kilometres: u32, by: String },
}

/// Seconds on the wire, milliseconds in the type.
mod seconds {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        u32::deserialize(deserializer).map(|seconds| u64::from(seconds) * 1000)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value / 1000)
    }

    pub(super) fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "format": "uint32", "minimum": 0})
    }
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct With {
    #[extract(with = seconds)]
    #[serde(serialize_with = "seconds::serialize")]
    elapsed: u64,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct SchemaWith {
    #[extract(schema_with = even)]
    even: u32,
}

fn even(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "integer", "minimum": 0, "multipleOf": 2, "format": "uint32"})
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(try_from = "String", into = "String")]
#[derive(Clone)]
struct Even(String);

impl TryFrom<String> for Even {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() % 2 == 0 { Ok(Self(text)) } else { Err("an even number of bytes".to_owned()) }
    }
}

impl From<Even> for String {
    fn from(even: Even) -> Self {
        even.0
    }
}

/// Every constraint word there is.
#[derive(Debug, PartialEq, Serialize, Extract)]
#[extract(example = serde_json::json!({"percent": 1.5}))]
struct Constrained {
    #[extract(range(min = 0.0, max = 100.0))]
    percent: f64,
    #[extract(range(exclusive_min = 0, exclusive_max = 10))]
    digit: u32,
    #[extract(multiple_of = 5)]
    fives: u32,
    #[extract(length(min = 2, max = 4))]
    code: String,
    #[extract(length(min = 1), inner(length(min = 1)))]
    tags: Vec<String>,
    #[extract(pattern("^[A-Z]{2}-[0-9]+$"))]
    sku: String,
    #[extract(contains("@"))]
    handle: String,
    #[extract(email)]
    email: String,
    #[extract(url)]
    url: String,
    #[extract(ip)]
    ip: String,
    #[extract(example = "blue")]
    colour: String,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Documented {
    /// As printed on the label.
    name: String,
    /// The older one.
    #[deprecated]
    number: Option<u32>,
}

pub(crate) fn rows(rows: &mut Vec<Row>) {
    let mut family = Family("Attributes", rows);
    family.row("rename, rename_all", [Renamed { first_name: "x".to_owned(), number: 7 }]);
    family.row("alias", [Aliased { name: "x".to_owned() }]);
    family.row(
        "default = bool, = path",
        [
            Defaults { flag: true, count: 1, list: vec![] },
            Defaults { flag: false, count: 7, list: vec!["x".to_owned()] },
        ],
    );
    family.row("default of the type", [AllDefaults { a: 1, b: None }, AllDefaults::default()]);
    family.row("deny_unknown_fields", [Closed { a: 1 }]);
    family.row("transparent", [Transparent { inner: BTreeMap::from([("k".to_owned(), 1)]) }]);
    family.row("skip", [Skipped { kept: 1, skipped: None }]);
    family.row(
        "flatten a struct",
        [
            Flat { own: 1, inner: Inner { a: "x".to_owned(), b: None } },
            Flat { own: 1, inner: Inner { a: "x".to_owned(), b: Some(2) } },
        ],
    );
    family.row(
        "flatten a map",
        [
            FlatMap { own: 1, rest: BTreeMap::new() },
            FlatMap { own: 1, rest: BTreeMap::from([("x".to_owned(), -5)]) },
        ],
    );
    family.row(
        "flatten an enum",
        [
            FlatEnum { own: 1, choice: Choice::Near { metres: 5 } },
            FlatEnum { own: 1, choice: Choice::Far { kilometres: 5, by: "x".to_owned() } },
        ],
    );
    family.row("with = module", [With { elapsed: 5000 }]);
    family.row("schema_with", [SchemaWith { even: 4 }]);
    family.row("try_from, into", [Even("ab".to_owned())]);
    family.row(
        "constraints, all kinds",
        [Constrained {
            percent: 12.5,
            digit: 9,
            fives: 15,
            code: "abc".to_owned(),
            tags: vec!["x".to_owned()],
            sku: "AB-17".to_owned(),
            handle: "@x".to_owned(),
            email: "ada@example.com".to_owned(),
            url: "https://example.com/x".to_owned(),
            ip: "::1".to_owned(),
            colour: "blue".to_owned(),
        }],
    );
    #[expect(deprecated, reason = "it is the subject of the test")]
    family.row("deprecated, descriptions", [Documented { name: "x".to_owned(), number: Some(1) }]);
}
