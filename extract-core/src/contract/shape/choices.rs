//! The values of an enum, and the texts that stand for them.

use std::collections::HashMap;

use super::normal_value;
use crate::schema::Constant;

/// The values of an enum (or of a single constant), and how each may be spelled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    pub(crate) all: Vec<Constant>,
    pub(crate) exact: HashMap<String, u32>,
    /// Spellings in their normal form; `None` where two values share one.
    pub(crate) normal: HashMap<String, Option<u32>>,
}

impl Choices {
    pub(super) fn of(all: Vec<Constant>) -> Self {
        let mut choices = Self { all, ..Self::default() };
        for (index, choice) in (0..).zip(&choices.all) {
            for spelling in &choice.spellings {
                choices.exact.entry(spelling.clone()).or_insert(index);
                enter_normal(&mut choices.normal, &normal_value(spelling), index);
            }
        }
        choices
    }
}

/// Enters a name in its normal form; one that two share stands for neither.
pub(super) fn enter_normal(table: &mut HashMap<String, Option<u32>>, normal: &str, index: u32) {
    if !normal.is_empty() {
        let entry = table.entry(normal.to_owned()).or_insert(Some(index));
        if *entry != Some(index) {
            *entry = None;
        }
    }
}
