//! The attributes of serde and schemars, and the descriptive ones of `#[extract(..)]`.

use extract_llm::Extract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{properties, property, read, refusal, schema};

fn ten() -> u8 {
    10
}

#[derive(Debug, PartialEq, Extract)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    first_name: String,
    #[serde(rename = "surname", alias = "last_name", alias = "family")]
    last_name: String,
    #[serde(default)]
    is_member: bool,
    #[serde(default = "ten")]
    max_books: u8,
    #[serde(skip)]
    cache: Option<u8>,
}

#[test]
fn names_defaults_and_skips_follow_serde() {
    assert_eq!(
        schema::<Named>(),
        json!({
            "title": "Named",
            "type": "object",
            "properties": {
                "firstName": {"type": "string"},
                "surname": {"type": "string", "x-aliases": ["last_name", "family"]},
                "isMember": {"type": "boolean", "default": false},
                "maxBooks": {
                    "type": "integer", "format": "uint8", "minimum": 0, "maximum": 255,
                    "default": 10,
                },
            },
            "additionalProperties": false,
            "required": ["firstName", "surname"],
        })
    );
    let expected = Named {
        first_name: "A".into(),
        last_name: "B".into(),
        is_member: false,
        max_books: 10,
        cache: None,
    };
    assert_eq!(read::<Named>(json!({"firstName": "A", "family": "B"})), expected);
    let refusal = refusal::<Named>(json!({"firstName": "A", "surname": "B", "age": 3}));
    assert!(refusal.starts_with("unknown field `age`"), "{refusal}");
}

#[derive(Debug, PartialEq, Extract)]
#[serde(default)]
struct Settings {
    depth: u8,
    label: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { depth: 3, label: "none".into() }
    }
}

#[test]
fn a_type_may_have_a_default() {
    let schema = schema::<Settings>();
    assert_eq!(schema["properties"]["depth"]["default"], 3);
    assert!(schema.get("required").is_none());
    assert_eq!(read::<Settings>(json!({"depth": 1})), Settings { depth: 1, label: "none".into() });
}

#[derive(Debug, PartialEq, Extract)]
struct Address {
    /// Address of the house.
    city: String,
}

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    #[serde(flatten)]
    address: Address,
}

#[test]
fn a_flattened_field_gives_its_properties() {
    assert_eq!(properties::<Person>(), ["name", "city"]);
    assert_eq!(
        property::<Person>("city"),
        json!({"type": "string", "description": "Address of the house."})
    );
    assert_eq!(
        read::<Person>(json!({"name": "A", "city": "B"})),
        Person { name: "A".into(), address: Address { city: "B".into() } }
    );
}

#[derive(Debug, PartialEq, Extract)]
#[serde(transparent)]
struct Wrapper {
    inner: Option<u8>,
    #[serde(skip)]
    seen: bool,
}

#[derive(Debug, PartialEq, Extract)]
struct Wrapped {
    wrapper: Wrapper,
}

#[test]
fn a_transparent_type_equals_its_field() {
    assert_eq!(property::<Wrapped>("wrapper")["type"], json!(["integer", "null"]));
    assert!(schema::<Wrapped>().get("required").is_none());
    assert_eq!(
        read::<Wrapped>(json!({})),
        Wrapped { wrapper: Wrapper { inner: None, seen: false } }
    );
    assert_eq!(read::<Wrapper>(json!(3)).inner, Some(3));
}

#[derive(Debug, PartialEq, Extract)]
#[serde(from = "f64")]
struct Euros {
    cents: i64,
}

impl From<f64> for Euros {
    fn from(euros: f64) -> Self {
        #[allow(clippy::cast_possible_truncation)]
        Self { cents: (euros * 100.0).round() as i64 }
    }
}

#[derive(Debug, PartialEq, Extract)]
#[serde(try_from = "String")]
struct Hex(u32);

impl TryFrom<String> for Hex {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u32::from_str_radix(&text, 16).map(Self)
    }
}

#[test]
fn a_type_may_be_read_through_another() {
    assert_eq!(schema::<Euros>(), json!({"title": "Euros", "type": "number", "format": "double"}));
    assert_eq!(read::<Euros>(json!(1.5)), Euros { cents: 150 });
    assert_eq!(schema::<Hex>(), json!({"title": "Hex", "type": "string"}));
    assert_eq!(read::<Hex>(json!("ff")), Hex(255));
    assert!(refusal::<Hex>(json!("xy")).starts_with("invalid digit"));
}

/// A type of another crate without serde and schemars.
#[derive(Debug, PartialEq, Default)]
struct Colour(u8, u8, u8);

mod colour {
    use schemars::{Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer};

    use super::Colour;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Colour, D::Error> {
        let text = String::deserialize(reader)?;
        let part = |at: usize| {
            let part = text.get(at..at + 2).ok_or("#rrggbb")?;
            u8::from_str_radix(part, 16).map_err(|_| "#rrggbb")
        };
        let parts = || Ok::<_, &str>(Colour(part(1)?, part(3)?, part(5)?));
        parts().map_err(serde::de::Error::custom)
    }

    pub(super) fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^#[0-9a-f]{6}$"})
    }
}

#[derive(Debug, PartialEq, Extract)]
struct Paint {
    #[extract(with = colour)]
    wall: Colour,
    /// The skirting.
    #[serde(deserialize_with = "colour::deserialize")]
    #[extract(schema_with = colour::json_schema)]
    skirting: Colour,
    #[serde(with = "colour", default, skip_serializing)]
    #[schemars(with = "String")]
    door: Colour,
}

#[test]
fn a_foreign_type_gets_a_custom_reader_and_schema() {
    assert_eq!(
        schema::<Paint>()["properties"],
        json!({
            "wall": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
            "skirting": {
                "type": "string", "pattern": "^#[0-9a-f]{6}$", "description": "The skirting.",
            },
            "door": {"type": "string", "writeOnly": true},
        })
    );
    assert_eq!(
        read::<Paint>(json!({"wall": "#ff0001", "skirting": "#000000"})),
        Paint { wall: Colour(255, 0, 1), skirting: Colour(0, 0, 0), door: Colour::default() }
    );
}

const CITY: &str = "The city, in English.";

/// This is for the reader of the code.
#[derive(Debug, PartialEq, Serialize, Extract)]
#[extract(name = "find-weather", description = "Finds the weather.")]
#[extract(example = Weather { city: "Rome".into(), days: Some(3), sky: vec![] })]
struct Weather {
    /// This too.
    #[extract(description = CITY, example = "Berlin", example = String::from("São Paulo"))]
    city: String,
    #[extract(example = 7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u8>,
    #[deprecated]
    #[extract(example = ["blue", "grey"])]
    sky: Vec<String>,
}

#[test]
fn names_descriptions_and_examples() {
    let schema = schema::<Weather>();
    assert_eq!(schema["title"], "find-weather");
    assert_eq!(schema["description"], "Finds the weather.");
    assert_eq!(schema["examples"], json!([{"city": "Rome", "days": 3, "sky": []}]));
    let properties = &schema["properties"];
    assert_eq!(properties["city"]["description"], CITY);
    assert_eq!(properties["city"]["examples"], json!(["Berlin", "São Paulo"]));
    assert_eq!(properties["days"]["examples"], json!([7]));
    assert_eq!(properties["sky"]["examples"], json!([["blue", "grey"]]));
    assert_eq!(properties["sky"]["deprecated"], true);
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Extract)]
#[extract(skip(Deserialize))]
#[serde(rename_all = "UPPERCASE")]
struct HasDeserialize {
    #[extract(description = "Ours.")]
    field: u8,
}

#[derive(Debug, PartialEq, JsonSchema, Extract)]
#[extract(skip(JsonSchema))]
#[schemars(description = "Theirs.")]
struct HasSchema {
    #[schemars(range(min = 3))]
    field: u8,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema, Extract)]
#[extract(skip(Deserialize, JsonSchema), validate = below_nine)]
struct HasBoth {
    field: u8,
}

fn below_nine(value: &HasBoth) -> Result<(), &'static str> {
    if value.field < 9 { Ok(()) } else { Err("a field below 9") }
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Existing {
    field: u8,
}

impl Extract for Existing {}

#[test]
fn a_type_that_implements_the_traits_keeps_its_implementations() {
    assert_eq!(property::<HasDeserialize>("FIELD")["description"], "Ours.");
    assert_eq!(read::<HasDeserialize>(json!({"FIELD": 1})), HasDeserialize { field: 1 });
    assert_eq!(schema::<HasSchema>()["description"], "Theirs.");
    assert_eq!(property::<HasSchema>("field")["minimum"], 3);
    assert_eq!(read::<HasSchema>(json!({"field": 1})), HasSchema { field: 1 });
    assert_eq!(
        crate::derive::problems::<HasBoth>(&json!({"field": 9})),
        [r#"(the whole value): expected a field below 9, found {"field":9}"#]
    );
    assert_eq!(read::<Existing>(json!({"field": 1})), Existing { field: 1 });
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(rename_all = "camelCase", into = "Wire", tag = "type")]
struct Shared {
    #[serde(serialize_with = "as_text", default)]
    long_name: u8,
    #[serde(rename(serialize = "out", deserialize = "in"))]
    way: u8,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Wire {
    out: u8,
}

impl Clone for Shared {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl From<Shared> for Wire {
    fn from(shared: Shared) -> Self {
        Self { out: shared.way }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn as_text<S: serde::Serializer>(number: &u8, writer: S) -> Result<S::Ok, S::Error> {
    writer.collect_str(number)
}

#[test]
fn serialization_attributes_have_no_effect() {
    assert_eq!(properties::<Shared>(), ["longName", "in"]);
    let shared: Shared = read(json!({"type": "Shared", "in": 4}));
    assert_eq!(serde_json::to_value(&shared).unwrap(), json!({"out": 4}));
    assert_eq!(shared.long_name, 0);
}

mod renamed {
    pub(crate) use extract_llm as front;
}

#[derive(Debug, PartialEq, Extract)]
#[extract(crate = crate::derive::attributes::renamed::front)]
struct Elsewhere {
    #[extract(range(min = 1))]
    field: u8,
}

#[test]
fn the_crate_may_have_another_path() {
    assert_eq!(property::<Elsewhere>("field")["minimum"], 1);
    assert_eq!(read::<Elsewhere>(json!({"field": 1})), Elsewhere { field: 1 });
}
