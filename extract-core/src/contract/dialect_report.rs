//! [`DialectReport`]: the changes of a type's schema in a dialect, for people who choose a provider.
//! Changes nothing itself.

use std::fmt;

use super::dialect::{Dialect, DialectError, LimitUse, NoteKind, limits_used};
use super::{Contract, ContractError, schema_path};

/// The changes of a type's schema in a dialect. See [`Contract::report`].
///
/// A change loses nothing. The reply is restored to the shape of the type and checked against its full
/// schema.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DialectReport {
    /// The name of the type's schema.
    pub name: String,
    /// The name of the dialect.
    pub dialect: &'static str,
    /// Whether the provider enforces the sent schema while the model writes.
    pub enforced: bool,
    /// Whether the value is sent inside an object, because the type is not an object.
    pub wrapped: bool,
    /// The changes, in the order of the schema.
    pub changes: Vec<Change>,
    /// The use of each limit of the dialect. Empty if the dialect has no limits, or if the type does not
    /// fit.
    pub limits: Vec<LimitUse>,
    /// The reason why the type cannot be sent in this dialect; `None` if it can.
    pub refusal: Option<DialectError>,
}

/// One part of a schema that the dialect cannot express as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The place in the type: `Order.lines[].sku`.
    pub type_path: String,
    /// The place in the schema, as a JSON pointer into [`Contract::schema`].
    pub pointer: String,
    /// The kind of change.
    pub kind: NoteKind,
    /// The change as a sentence.
    pub message: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.type_path, self.message)
    }
}

impl DialectReport {
    /// Lowers the contract into the dialect and reports the result.
    pub(super) fn new(contract: &Contract, dialect: &'static Dialect) -> Self {
        let mut report = Self {
            name: contract.name().to_owned(),
            dialect: dialect.name(),
            enforced: dialect.enforced(),
            wrapped: contract.is_wrapped(),
            changes: Vec::new(),
            limits: Vec::new(),
            refusal: None,
        };
        match contract.lowered(dialect, false) {
            Ok(form) => {
                report.limits = limits_used(&form.lowered.schema, dialect);
                report.changes = form
                    .lowered
                    .notes
                    .iter()
                    .map(|note| {
                        let pointer = contract.type_schema_pointer(&note.pointer);
                        let place = schema_path::describe_path(contract, &pointer);
                        Change {
                            type_path: place,
                            pointer,
                            kind: note.kind,
                            message: note.text.clone(),
                        }
                    })
                    .collect();
            }
            Err(ContractError::Dialect { source, .. }) => report.refusal = Some(*source),
            // Lowering fails with no other error.
            Err(_) => {}
        }
        report
    }

    /// Returns whether the type can be sent in the dialect.
    pub fn fits(&self) -> bool {
        self.refusal.is_none()
    }

    /// Returns whether the type is sent without any change and without a wrapper object.
    pub fn is_native(&self) -> bool {
        self.fits() && !self.wrapped && self.changes.is_empty()
    }
}

impl fmt::Display for DialectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: ", self.name, self.dialect)?;
        if let Some(refusal) = &self.refusal {
            return write!(f, "does not fit\n  {refusal}");
        }
        f.write_str(if self.enforced { "fits" } else { "fits, but is not enforced" })?;
        if self.wrapped {
            f.write_str("\n  the value is sent as the member `value` of an object")?;
        }
        match self.changes.len() {
            0 => f.write_str("\n  no changes")?,
            1 => f.write_str("\n  1 change")?,
            n => write!(f, "\n  {n} changes")?,
        }
        if !self.changes.is_empty() {
            f.write_str(" (the reply is checked against the full schema):")?;
        }
        for change in &self.changes {
            write!(f, "\n  - {change}")?;
        }
        for (index, used) in self.limits.iter().enumerate() {
            f.write_str(if index == 0 { "\n  limits: " } else { ", " })?;
            write!(f, "{} of {} {}", used.used, used.allowed, used.limit)?;
        }
        Ok(())
    }
}
