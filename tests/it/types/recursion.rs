//! Recursive types: directly, through each other, and through lists, options and maps.

use std::collections::BTreeMap;

use extract_llm::Extract;
use serde::Serialize;

use super::row::{Family, Row};

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Tree {
    name: String,
    children: Vec<Tree>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Chain {
    value: u8,
    next: Option<Box<Chain>>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Person {
    name: String,
    works_for: Option<Box<Company>>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Company {
    title: String,
    people: Vec<Person>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
enum Expression {
    Number(f64),
    Sum(Box<Expression>, Box<Expression>),
    Negative { of: Box<Expression> },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Folder {
    entries: BTreeMap<String, Folder>,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct List<T> {
    head: T,
    tail: Option<Box<List<T>>>,
}

/// Returns a tree of this many levels with one node each.
fn tree(levels: usize) -> Tree {
    let mut tree = Tree { name: "leaf".to_owned(), children: vec![] };
    for level in 1..levels {
        tree = Tree { name: format!("level {level}"), children: vec![tree] };
    }
    tree
}

fn expression(levels: usize) -> Expression {
    let mut expression = Expression::Number(0.5);
    for _ in 1..levels {
        expression = Expression::Sum(
            Box::new(Expression::Negative { of: Box::new(Expression::Number(1.5)) }),
            Box::new(expression),
        );
    }
    expression
}

pub(crate) fn rows(rows: &mut Vec<Row>) {
    let mut family = Family("Recursion", rows);
    family.row("through Vec", [tree(1), tree(2), tree(7)]);
    family.row(
        "through Option<Box<_>>",
        [
            Chain { value: 1, next: None },
            Chain { value: 1, next: Some(Box::new(Chain { value: 2, next: None })) },
        ],
    );
    family.row(
        "through each other",
        [Person {
            name: "x".to_owned(),
            works_for: Some(Box::new(Company {
                title: "y".to_owned(),
                people: vec![Person { name: "z".to_owned(), works_for: None }],
            })),
        }],
    );
    family.row("an enum of itself", [expression(1), expression(2), expression(6)]);
    family.row(
        "through a map",
        [Folder {
            entries: BTreeMap::from([("a".to_owned(), Folder { entries: BTreeMap::new() })]),
        }],
    );
    family
        .row("generic", [List { head: 1_u8, tail: Some(Box::new(List { head: 2, tail: None })) }]);
    family.row("Vec of a recursive type", [vec![tree(1), tree(5)]]);
}
