//! Enums: four representations, each with unit, newtype, tuple and struct variants.

use extract_llm::Extract;
use serde_json::json;

use super::{read, refusal, schema};

#[derive(Debug, PartialEq, Extract)]
struct Card {
    number: String,
}

#[derive(Debug, PartialEq, Extract)]
enum External {
    Cash,
    Card(Card),
    Split(u8, u8),
    Voucher { code: String },
}

#[test]
fn an_externally_tagged_enum() {
    assert_eq!(
        schema::<External>()["oneOf"],
        json!([
            {"type": "string", "enum": ["Cash"]},
            {
                "type": "object",
                "properties": {"Card": {"$ref": "#/$defs/Card"}},
                "required": ["Card"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "properties": {
                    "Split": {
                        "type": "array",
                        "prefixItems": [
                            {"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255},
                            {"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255},
                        ],
                        "minItems": 2,
                        "maxItems": 2,
                    },
                },
                "required": ["Split"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "properties": {
                    "Voucher": {
                        "type": "object",
                        "properties": {"code": {"type": "string"}},
                        "required": ["code"],
                    },
                },
                "required": ["Voucher"],
                "additionalProperties": false,
            },
        ])
    );
    assert_eq!(read::<External>(json!("Cash")), External::Cash);
    assert_eq!(
        read::<External>(json!({"Card": {"number": "1"}})),
        External::Card(Card { number: "1".into() })
    );
    assert_eq!(read::<External>(json!({"Split": [1, 2]})), External::Split(1, 2));
    assert_eq!(
        read::<External>(json!({"Voucher": {"code": "x"}})),
        External::Voucher { code: "x".into() }
    );
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Internal {
    #[serde(alias = "coins")]
    Cash,
    #[serde(alias = "plastic")]
    Card(Card),
    GiftVoucher {
        code: String,
    },
}

#[test]
fn an_internally_tagged_enum() {
    let schema = schema::<Internal>();
    assert_eq!(schema["oneOf"][0]["properties"]["kind"]["const"], "cash");
    assert_eq!(schema["oneOf"][1]["$ref"], "#/$defs/Card");
    assert_eq!(schema["oneOf"][1]["required"], json!(["kind"]));
    assert_eq!(schema["oneOf"][0]["x-aliases"], json!(["coins"]));
    assert_eq!(schema["oneOf"][1]["x-aliases"], json!(["plastic"]));
    assert_eq!(read::<Internal>(json!({"kind": "coins"})), Internal::Cash);
    assert_eq!(
        schema["oneOf"][2],
        json!({
            "type": "object",
            "properties": {
                "kind": {"type": "string", "const": "gift_voucher"},
                "code": {"type": "string"},
            },
            "required": ["kind", "code"],
        })
    );
    assert_eq!(read::<Internal>(json!({"kind": "cash"})), Internal::Cash);
    assert_eq!(
        read::<Internal>(json!({"kind": "card", "number": "1"})),
        Internal::Card(Card { number: "1".into() })
    );
    assert_eq!(
        read::<Internal>(json!({"kind": "gift_voucher", "code": "x"})),
        Internal::GiftVoucher { code: "x".into() }
    );
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Cash,
    Card(Card),
    Split(u8, u8),
    Voucher { code: String },
}

#[test]
fn an_adjacently_tagged_enum() {
    let schema = schema::<Adjacent>();
    assert_eq!(schema["oneOf"][0]["required"], json!(["t"]));
    assert_eq!(
        schema["oneOf"][1],
        json!({
            "type": "object",
            "properties": {
                "t": {"type": "string", "const": "Card"},
                "c": {"$ref": "#/$defs/Card"},
            },
            "required": ["t", "c"],
        })
    );
    assert_eq!(read::<Adjacent>(json!({"t": "Cash"})), Adjacent::Cash);
    assert_eq!(
        read::<Adjacent>(json!({"t": "Card", "c": {"number": "1"}})),
        Adjacent::Card(Card { number: "1".into() })
    );
    assert_eq!(read::<Adjacent>(json!({"t": "Split", "c": [1, 2]})), Adjacent::Split(1, 2));
    assert_eq!(
        read::<Adjacent>(json!({"t": "Voucher", "c": {"code": "x"}})),
        Adjacent::Voucher { code: "x".into() }
    );
}

#[derive(Debug, PartialEq, Extract)]
#[serde(untagged)]
enum Untagged {
    Cash,
    Card(Card),
    Split(u8, u8),
    Voucher { code: String },
}

#[test]
fn an_untagged_enum() {
    let schema = schema::<Untagged>();
    assert_eq!(schema["anyOf"][0], json!({"type": "null"}));
    assert_eq!(schema["anyOf"][1], json!({"$ref": "#/$defs/Card"}));
    assert_eq!(schema["anyOf"][2]["type"], "array");
    assert_eq!(schema["anyOf"][3]["required"], json!(["code"]));
    assert_eq!(read::<Untagged>(json!(null)), Untagged::Cash);
    assert_eq!(
        read::<Untagged>(json!({"number": "1"})),
        Untagged::Card(Card { number: "1".into() })
    );
    assert_eq!(read::<Untagged>(json!([1, 2])), Untagged::Split(1, 2));
    assert_eq!(read::<Untagged>(json!({"code": "x"})), Untagged::Voucher { code: "x".into() });
}

/// How urgent it is.
#[derive(Debug, PartialEq, Extract)]
#[serde(rename_all = "kebab-case")]
enum Urgency {
    /// Within the hour.
    RightNow,
    #[extract(description = "Some day.")]
    #[serde(alias = "later", alias = "someday")]
    Whenever,
    #[serde(skip)]
    Internal,
    #[serde(other)]
    Unclear,
}

#[test]
fn variants_carry_their_docs_and_other_names() {
    assert_eq!(
        schema::<Urgency>(),
        json!({
            "title": "Urgency",
            "description": "How urgent it is.",
            "oneOf": [
                {"type": "string", "enum": ["unclear"]},
                {"type": "string", "const": "right-now", "description": "Within the hour."},
                {
                    "type": "string",
                    "const": "whenever",
                    "description": "Some day.",
                    "x-aliases": ["later", "someday"],
                },
            ],
        })
    );
    assert_eq!(read::<Urgency>(json!("right-now")), Urgency::RightNow);
    assert_eq!(read::<Urgency>(json!("someday")), Urgency::Whenever);
    assert_eq!(read::<Urgency>(json!("what?")), Urgency::Unclear);
    assert_ne!(Urgency::Internal, Urgency::Unclear);
}

#[derive(Debug, PartialEq, Clone, Copy, Extract)]
#[repr(u8)]
enum Numbered {
    One = 1,
    Ten = 10,
}

#[derive(Debug, Extract)]
enum Never {}

#[test]
fn discriminants_and_enums_without_variants_compile() {
    assert_eq!(read::<Numbered>(json!("Ten")) as u8, 10);
    assert_eq!(read::<Numbered>(json!("One")) as u8, 1);
    let refusal = refusal::<Never>(json!("One"));
    assert!(refusal.starts_with("unknown variant `One`"), "{refusal}");
}

#[derive(Debug, PartialEq, Extract)]
enum Expression {
    Number(f64),
    Sum(Box<Self>, Box<Expression>),
    All { of: Vec<Expression> },
}

#[test]
fn an_enum_may_recur() {
    let schema = schema::<Expression>();
    assert!(schema.get("$defs").is_none());
    assert_eq!(schema["oneOf"][1]["properties"]["Sum"]["prefixItems"][0]["$ref"], "#");
    assert_eq!(
        read::<Expression>(json!({"Sum": [{"Number": 1.0}, {"All": {"of": []}}]})),
        Expression::Sum(
            Box::new(Expression::Number(1.0)),
            Box::new(Expression::All { of: vec![] })
        )
    );
}
