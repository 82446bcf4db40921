//! The values of an enum, with the spellings that a reply may use for each.

use std::collections::HashMap;

use super::normal_enum_value;
use crate::schema::Constant;

/// The values of an enum or of a single constant, with look-up tables of their spellings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    pub(crate) all: Vec<Constant>,
    /// The index of a value by its exact spellings.
    pub(crate) exact: HashMap<String, u32>,
    /// The index of a value by the normal form of its spellings; `None` if two values share the form.
    pub(crate) normal: HashMap<String, Option<u32>>,
}

impl Choices {
    /// Makes the look-up tables of several values.
    pub(super) fn of(all: Vec<Constant>) -> Self {
        let mut choices = Self { all, ..Self::default() };
        for (index, choice) in (0..).zip(&choices.all) {
            for spelling in &choice.spellings {
                choices.exact.entry(spelling.clone()).or_insert(index);
                enter_normal(&mut choices.normal, &normal_enum_value(spelling), index);
            }
        }
        choices
    }
}

/// Enters the normal form of a name for an index. A form that two indexes share gets `None`.
pub(super) fn enter_normal(table: &mut HashMap<String, Option<u32>>, normal: &str, index: u32) {
    if !normal.is_empty() {
        let entry = table.entry(normal.to_owned()).or_insert(Some(index));
        if *entry != Some(index) {
            *entry = None;
        }
    }
}
