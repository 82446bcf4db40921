//! Enums: all forms of variants in serde's four representations.

use extract_llm::Extract;
use serde::Serialize;

use super::row::{Family, Row};

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(rename_all = "lowercase")]
enum Plain {
    Red,
    Green,
    #[serde(rename = "sky blue")]
    Blue,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
enum Described {
    /// Not begun.
    Open,
    /// Someone is at it.
    Busy,
    Done,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
enum One {
    Only,
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
struct Card {
    number: String,
    code: Option<u16>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
enum External {
    /// Nothing inside.
    Unit,
    Newtype(Card),
    Tuple(u8, String),
    /// Named ones.
    Struct {
        a: u8,
        b: Option<String>,
    },
    List(Vec<u8>),
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Internal {
    Unit,
    /// A card.
    Newtype(Card),
    Struct {
        a: u8,
        b: Option<String>,
    },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(Card),
    Tuple(u8, String),
    Struct { a: u8 },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Pair(u8, bool),
    Card(Card),
    List(Vec<Card>),
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(untagged)]
enum Overlapping {
    Wide { a: u8, b: u8 },
    Narrow { a: u8 },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Order {
    status: Described,
    payment: Option<Internal>,
    history: Vec<External>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(rename_all = "lowercase")]
enum WithOther {
    Known,
    #[serde(skip)]
    #[expect(dead_code, reason = "skipped")]
    Hidden,
}

pub(crate) fn rows(rows: &mut Vec<Row>) {
    let card = || Card { number: "4711".to_owned(), code: None };
    let mut family = Family("Enums", rows);
    family.row("unit variants", [Plain::Red, Plain::Green, Plain::Blue]);
    family.row(
        "unit variants with descriptions",
        [Described::Open, Described::Busy, Described::Done],
    );
    family.row("one unit variant", [One::Only]);
    family.row("a skipped variant", [WithOther::Known]);
    family.row(
        "externally tagged, all forms",
        [
            External::Unit,
            External::Newtype(card()),
            External::Tuple(1, "x".to_owned()),
            External::Struct { a: 1, b: None },
            External::List(vec![1, 2]),
        ],
    );
    family.row(
        "internally tagged",
        [
            Internal::Unit,
            Internal::Newtype(card()),
            Internal::Struct { a: 1, b: Some("x".to_owned()) },
        ],
    );
    family.row(
        "adjacently tagged",
        [
            Adjacent::Unit,
            Adjacent::Newtype(card()),
            Adjacent::Tuple(1, "x".to_owned()),
            Adjacent::Struct { a: 1 },
        ],
    );
    family.row(
        "untagged",
        [
            Untagged::Number(-7),
            Untagged::Text("x".to_owned()),
            Untagged::Pair(1, true),
            Untagged::Card(card()),
            Untagged::List(vec![card()]),
        ],
    );
    family.row(
        "untagged, one like another",
        [Overlapping::Wide { a: 1, b: 2 }, Overlapping::Narrow { a: 1 }],
    );
    family.row(
        "enums in a struct",
        [
            Order { status: Described::Open, payment: None, history: vec![] },
            Order {
                status: Described::Busy,
                payment: Some(Internal::Unit),
                history: vec![External::Unit, External::Struct { a: 1, b: None }],
            },
        ],
    );
    family.row("Vec<enum>", [vec![Internal::Unit, Internal::Newtype(card())]]);
    family.row("Option<enum>", [None, Some(Plain::Red)]);
    family
        .row("Result<T, E>", [Wrapped { result: Ok(7) }, Wrapped { result: Err("x".to_owned()) }]);
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Wrapped {
    result: Result<u8, String>,
}
