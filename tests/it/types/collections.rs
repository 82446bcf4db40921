//! Lists, sets, tuples, arrays, maps, options.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::ops::{Range, RangeInclusive};

use extract_llm::Extract;
use serde::Serialize;

use super::row::{Family, Row};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Extract)]
#[serde(rename_all = "snake_case")]
enum Size {
    Small,
    VeryLarge,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Options {
    required: u8,
    optional: Option<u8>,
    #[expect(clippy::option_option, reason = "it is the subject of the test")]
    nested: Option<Option<u8>>,
    list: Option<Vec<Option<String>>>,
    map: Option<BTreeMap<String, Option<bool>>>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Absent {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner: Option<Box<Absent>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
struct Point {
    x: f64,
    y: f64,
}

pub(crate) fn rows(rows: &mut Vec<Row>) {
    let mut family = Family("Lists, sets, tuples", rows);
    family.row("Vec<T>", [vec![], vec![1_u8, 255]]);
    family.row("Vec<struct>", [vec![Point { x: 1.0, y: -2.5 }]]);
    family.row("Vec<Vec<T>>", [vec![vec![], vec![1_i64]]]);
    family.row("VecDeque<T>", [VecDeque::from(["a".to_owned()])]);
    family.row("LinkedList<T>", [LinkedList::from([true])]);
    family.row("Box<[T]>", [Box::<[u8]>::from([1, 2])]);
    family.row("HashSet<T>", [HashSet::from([1_u16, 2, 3]), HashSet::new()]);
    family.row("BTreeSet<T>", [BTreeSet::from(["a".to_owned(), "b".to_owned()])]);
    family.row("(A,)", [(1_u8,)]);
    family.row("(A, B)", [(1_u8, "x".to_owned())]);
    family.row("(A, B, .., F)", [(1_u8, 2_i8, "c".to_owned(), true, None::<u8>, 'f')]);
    family.row("[T; 0]", [Empty { none: [] }]);
    family.row("[T; 3]", [[1.5_f64, -2.0, 0.0]]);
    family.row("[[T; 2]; 2]", [[[1_u8, 2], [3, 4]]]);
    family.row("Range<T>", [Range { start: 1_u8, end: 9 }]);
    family.row("RangeInclusive<T>", [RangeInclusive::new(1_u8, 9)]);
    family.row("Reverse<T>", [Reverse(3_u8)]);

    let mut family = Family("Maps", rows);
    family.row("HashMap<String, T>", [HashMap::from([("a b".to_owned(), 1_u8)]), HashMap::new()]);
    family.row(
        "BTreeMap<String, struct>",
        [BTreeMap::from([("größer".to_owned(), Point { x: 0.0, y: 0.5 })])],
    );
    family.row("BTreeMap<u32, T>", [BTreeMap::from([(7_u32, true), (0, false)])]);
    family.row("BTreeMap<i16, T>", [BTreeMap::from([(-7_i16, "x".to_owned())])]);
    family.row("BTreeMap<enum, T>", [BTreeMap::from([(Size::Small, 1_u8), (Size::VeryLarge, 2)])]);
    family.row("BTreeMap<char, T>", [BTreeMap::from([('k', 1_u8)])]);
    family.row(
        "BTreeMap<String, BTreeMap<..>>",
        [BTreeMap::from([("a".to_owned(), BTreeMap::from([("b".to_owned(), vec![1_u8])]))])],
    );

    let mut family = Family("Options", rows);
    family.row("Option<T>", [None, Some(7_u8)]);
    family.row("Option<String>", [None, Some("x".to_owned())]);
    family.row("Option<struct>", [None, Some(Point { x: 1.5, y: 2.5 })]);
    family.row("Vec<Option<T>>", [vec![None, Some(1_u8)]]);
    family.row(
        "struct with options that are null",
        [
            Options { required: 1, optional: None, nested: None, list: None, map: None },
            Options {
                required: 1,
                optional: Some(2),
                nested: Some(Some(3)),
                list: Some(vec![None, Some("x".to_owned())]),
                map: Some(BTreeMap::from([("k".to_owned(), None), ("l".to_owned(), Some(true))])),
            },
        ],
    );
    family.row(
        "struct with options that are left out",
        [
            Absent { number: None, inner: None },
            Absent { number: Some(1), inner: Some(Box::new(Absent { number: None, inner: None })) },
        ],
    );
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Empty {
    none: [u8; 0],
}
