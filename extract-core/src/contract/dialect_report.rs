//! What a dialect could not say of a type, laid out for people: in tests, in logs, before a provider
//! is chosen.

use std::fmt;

use super::dialect::{Dialect, DialectError, LimitUse, NoteKind, limits_used};
use super::{Contract, ContractError, schema_path};

/// What became of a type in a dialect. See [`Contract::report`].
///
/// Everything that is said otherwise is still held to: the reply is turned back to the type's own
/// shape, and checked against the type's own schema.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DialectReport {
    /// The name of the type.
    pub name: String,
    /// The name of the dialect.
    pub dialect: &'static str,
    /// Whether the server holds the model to what is sent.
    pub enforced: bool,
    /// Whether the value travels inside of an object, because the type's root is none.
    pub wrapped: bool,
    /// Everything that is said otherwise, in the order of the schema.
    pub changes: Vec<Change>,
    /// How much of each limit of the dialect is used; empty where it states none, and where the
    /// type does not fit.
    pub limits: Vec<LimitUse>,
    /// Why the type cannot be sent in this dialect.
    pub refusal: Option<DialectError>,
}

/// One thing that a dialect could not say as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where, in the type's terms: `Order.lines[].sku`.
    pub type_path: String,
    /// JSON pointer into [`Contract::schema`].
    pub pointer: String,
    /// What was done.
    pub kind: NoteKind,
    /// The same in words.
    pub text: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.type_path, self.text)
    }
}

impl DialectReport {
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
        match contract.form(dialect, false) {
            Ok(form) => {
                report.limits = limits_used(&form.lowered.schema, dialect);
                report.changes = form
                    .lowered
                    .notes
                    .iter()
                    .map(|note| {
                        let pointer = schema_path::type_path(contract, &note.pointer);
                        let place = schema_path::describe_path(contract, &pointer);
                        Change {
                            type_path: place,
                            pointer,
                            kind: note.kind,
                            text: note.text.clone(),
                        }
                    })
                    .collect();
            }
            Err(ContractError::Dialect { source, .. }) => report.refusal = Some(source),
            // Lowering fails in no other way.
            Err(_) => {}
        }
        report
    }

    /// Whether the type can be sent in the dialect.
    pub fn fits(&self) -> bool {
        self.refusal.is_none()
    }

    /// Whether it is sent as it stands: nothing moved, wrapped or reshaped.
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
        f.write_str(if self.enforced { "fits" } else { "fits, but nothing enforces it" })?;
        if self.wrapped {
            f.write_str("\n  the value is sent as the member `value` of an object")?;
        }
        match self.changes.len() {
            0 => f.write_str("\n  everything is said as it stands")?,
            1 => f.write_str("\n  one thing is said otherwise")?,
            n => write!(f, "\n  {n} things are said otherwise")?,
        }
        if !self.changes.is_empty() {
            f.write_str(" (and held to, when the reply is checked):")?;
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
