//! Enums that are flattened into one struct: several enums, of every representation, and an
//! optional one. Each is read by its own tag or key, independently of the others.

use std::collections::BTreeMap;
use std::fmt::Debug;

use extract_core::reading::Misfit;
use extract_core::reading::read;
use extract_llm::contract::Contract;
use extract_llm::reading::RepairKind;
use extract_llm::{Extract, Level};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Pay {
    Cash { coins: u8 },
    Card { number: String },
    Free,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "way", rename_all = "snake_case")]
enum Ship {
    Post { street: String },
    Pickup,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(rename_all = "snake_case")]
enum Size {
    Shirt { chest: u8 },
    Shoe(u8),
    Single,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(rename_all = "snake_case")]
enum Paint {
    Plain { colour: String },
    Striped { width: u8 },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Tagged {
    id: u8,
    #[serde(flatten)]
    pay: Pay,
    #[serde(flatten)]
    ship: Ship,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Keyed {
    id: u8,
    #[serde(flatten)]
    size: Size,
    #[serde(flatten)]
    paint: Paint,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Mixed {
    id: u8,
    #[serde(flatten)]
    pay: Pay,
    #[serde(flatten)]
    paint: Paint,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct MaybeTagged {
    id: u8,
    #[serde(flatten)]
    pay: Option<Pay>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct MaybeKeyed {
    id: u8,
    #[serde(flatten)]
    size: Option<Size>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Extract)]
#[serde(rename_all = "snake_case")]
enum Day {
    Monday,
    /// The last of the week.
    Sunday,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Maps {
    hours: BTreeMap<Day, u8>,
    lines: BTreeMap<u16, String>,
}

/// The repairs with their pointers.
type Repairs = Vec<(RepairKind, String)>;

/// A reply, and the expected value with its repairs, or the expected problems.
type Row<'a, T> = (Value, Result<(T, &'a [(RepairKind, &'a str)]), &'a [&'a str]>);

/// Reads a text. Returns the value with its repairs, or the misfits.
fn told<T: Extract + DeserializeOwned>(text: &str) -> Result<(T, Repairs), Vec<String>> {
    let contract = Contract::of::<T>().unwrap();
    let reading = read(text, contract.shape(None), Level::Lenient).unwrap();
    let wrapped = contract.is_wrapped();
    if !reading.fits() {
        let place = |pointer: &str| match pointer.strip_prefix("/value") {
            Some(inner) if wrapped => inner.to_owned(),
            _ => pointer.to_owned(),
        };
        let told = |one: &Misfit| format!("{}: {}", place(&one.pointer), one.expected);
        return Err(reading.misfits.iter().map(told).collect());
    }
    let value = if wrapped { reading.value["value"].clone() } else { reading.value };
    let value = serde_json::from_value(value).unwrap();
    let repairs = reading.repairs.into_iter();
    let is_ours = |kind: RepairKind| wrapped && kind == RepairKind::ToField;
    let repairs = repairs.filter(|repair| !is_ours(repair.kind));
    Ok((value, repairs.map(|repair| (repair.kind, repair.after.into_owned())).collect()))
}

#[track_caller]
fn stays<T: Extract + Serialize + DeserializeOwned + PartialEq + Debug>(values: Vec<T>) {
    for value in values {
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(told::<T>(&text), Ok((value, Vec::new())), "{text}");
    }
}

/// Reads each row as this type, and compares the value and its repairs, or the misfits.
#[track_caller]
fn table<T: Extract + DeserializeOwned + PartialEq + Debug>(rows: Vec<Row<'_, T>>) {
    for (said, expected) in rows {
        let expected = expected
            .map(|(value, repairs)| {
                let repairs = repairs.iter().map(|(kind, after)| (*kind, (*after).to_owned()));
                (value, repairs.collect())
            })
            .map_err(|misfits| misfits.iter().map(ToString::to_string).collect());
        assert_eq!(told::<T>(&said.to_string()), expected, "{said}");
    }
}

fn pays() -> [Pay; 3] {
    [Pay::Cash { coins: 3 }, Pay::Card { number: "4".into() }, Pay::Free]
}

fn ships() -> [Ship; 2] {
    [Ship::Post { street: "Elm".into() }, Ship::Pickup]
}

fn sizes() -> [Size; 3] {
    [Size::Shirt { chest: 90 }, Size::Shoe(43), Size::Single]
}

fn paints() -> [Paint; 2] {
    [Paint::Plain { colour: "red".into() }, Paint::Striped { width: 2 }]
}

#[test]
fn every_combination_of_variants_is_read_unchanged() {
    let pairs = |one: usize, other: usize| {
        (0..one).flat_map(move |a| (0..other).map(move |b| (a, b))).collect::<Vec<_>>()
    };
    fn nth<T, const N: usize>(all: [T; N], index: usize) -> T {
        all.into_iter().nth(index).unwrap()
    }
    stays(
        pairs(3, 2)
            .into_iter()
            .map(|(a, b)| Tagged { id: 1, pay: nth(pays(), a), ship: nth(ships(), b) })
            .collect(),
    );
    stays(
        pairs(3, 2)
            .into_iter()
            .map(|(a, b)| Keyed { id: 1, size: nth(sizes(), a), paint: nth(paints(), b) })
            .collect(),
    );
    stays(
        pairs(3, 2)
            .into_iter()
            .map(|(a, b)| Mixed { id: 1, pay: nth(pays(), a), paint: nth(paints(), b) })
            .collect(),
    );
    stays(pays().into_iter().map(|pay| MaybeTagged { id: 1, pay: Some(pay) }).collect());
    stays(vec![MaybeTagged { id: 1, pay: None }]);
    stays(sizes().into_iter().map(|size| MaybeKeyed { id: 1, size: Some(size) }).collect());
    stays(vec![MaybeKeyed { id: 1, size: None }]);
}

#[test]
fn two_tagged_enums_are_read_independently() {
    let card_by_post = || Tagged {
        id: 1,
        pay: Pay::Card { number: "4".into() },
        ship: Ship::Post { street: "Elm".into() },
    };
    let kinds = "/kind: one of \"cash\", \"card\", \"free\"";
    let ways = "/way: one of \"post\", \"pickup\"";
    table::<Tagged>(vec![
        // In another order, and with other spellings.
        (
            json!({"way": "Post", "street": "Elm", "kind": "CARD", "number": "4", "id": 1}),
            Ok((
                card_by_post(),
                &[(RepairKind::EnumMatched, "post"), (RepairKind::EnumMatched, "card")],
            )),
        ),
        // A missing tag is inferred from the members of its variant.
        (
            json!({"id": 1, "kind": "card", "number": "4", "street": "Elm"}),
            Ok((card_by_post(), &[(RepairKind::Tag, "post")])),
        ),
        (
            json!({"id": 1, "number": "4", "street": "Elm"}),
            Ok((card_by_post(), &[(RepairKind::Tag, "card"), (RepairKind::Tag, "post")])),
        ),
        // A variant without members is never inferred.
        (json!({"id": 1, "kind": "card", "number": "4"}), Err(&[ways])),
        (json!({"id": 1, "way": "pickup"}), Err(&[kinds])),
        // A tag that names no variant is an error, whatever the members are.
        (json!({"id": 1, "kind": "cheque", "coins": 3, "way": "pickup"}), Err(&[kinds])),
        (json!({"id": 1, "kind": "free", "way": "boat", "street": "Elm"}), Err(&[ways])),
        // Misfits are reported inside the variants that the tags name.
        (
            json!({"id": 1, "kind": "cash", "coins": "many", "way": "post"}),
            Err(&["/coins: an integer", "/street: missing required field"]),
        ),
        // Members of two variants do not identify a variant.
        (json!({"id": 1, "coins": 3, "number": "4", "way": "pickup"}), Err(&[kinds])),
    ]);
}

#[test]
fn two_externally_tagged_enums_are_read_independently() {
    table::<Keyed>(vec![
        (
            json!({"Striped": {"width": 2}, "SHOE": 43, "id": 1}),
            Ok((
                Keyed { id: 1, size: Size::Shoe(43), paint: Paint::Striped { width: 2 } },
                &[(RepairKind::KeyMatched, "striped"), (RepairKind::KeyMatched, "shoe")],
            )),
        ),
        (
            json!({"id": 1, "shirt": {"chest": "wide"}, "plain": {}}),
            Err(&["/shirt/chest: an integer", "/plain/colour: missing required field"]),
        ),
        (
            json!({"id": 1, "shoe": 43, "single": null, "plain": {"colour": "red"}}),
            Err(&[": the members of one variant only"]),
        ),
        (json!({"id": 1, "shoe": 43}), Err(&["/plain: missing required field"])),
    ]);
    table::<Mixed>(vec![
        (
            json!({"id": 1, "number": "4", "plain": {"colour": "red"}}),
            Ok((
                Mixed {
                    id: 1,
                    pay: Pay::Card { number: "4".into() },
                    paint: Paint::Plain { colour: "red".into() },
                },
                &[(RepairKind::Tag, "card")],
            )),
        ),
        (
            json!({"id": 1, "kind": "cheque", "plain": {"colour": "red"}}),
            Err(&["/kind: one of \"cash\", \"card\", \"free\""]),
        ),
        (
            json!({"id": 1, "kind": "cash", "striped": {"width": "wide"}}),
            Err(&["/striped/width: an integer", "/coins: missing required field"]),
        ),
    ]);
}

#[test]
fn an_optional_enum_is_absent_only_without_any_of_its_members() {
    let kinds = ": one of \"cash\", \"card\", \"free\"";
    table::<MaybeTagged>(vec![
        (
            json!({"id": 1, "coins": 3}),
            Ok((
                MaybeTagged { id: 1, pay: Some(Pay::Cash { coins: 3 }) },
                &[(RepairKind::Tag, "cash")],
            )),
        ),
        (json!({"id": 1, "kind": "cheque"}), Err(&[&format!("/kind{kinds}")])),
        (json!({"id": 1, "kind": "cash"}), Err(&["/coins: missing required field"])),
    ]);
    table::<MaybeKeyed>(vec![(
        json!({"id": 1, "shirt": {"chest": "wide"}}),
        Err(&["/shirt/chest: an integer"]),
    )]);
}

#[test]
fn maps_have_the_keys_of_their_types() {
    let maps = || Maps {
        hours: BTreeMap::from([(Day::Monday, 8), (Day::Sunday, 0)]),
        lines: BTreeMap::from([(7, "seven".to_owned()), (12, "twelve".to_owned())]),
    };
    stays(vec![maps()]);
    table::<Maps>(vec![
        (
            json!({"hours": {"monday": "8", "sunday": 0}, "lines": {"7": "seven", "12": "twelve"}}),
            Ok((maps(), &[(RepairKind::StringToNumber, "8")])),
        ),
        (
            json!({"hours": {}, "lines": {"7": "seven", "eight": "x"}}),
            Err(&["/lines/eight: no member of this name"]),
        ),
    ]);
}
