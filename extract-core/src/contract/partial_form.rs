//! Contracts that are made from another one: of the answer about one part of a text, and of some of the
//! members of a type.

use std::sync::Arc;

use super::{Contract, ContractError};
use crate::schema::Combination;

impl Contract {
    /// Builds the contract of an answer about one part of a text: fields may be null, and lists may be shorter
    /// than the type requires. Fails if its schema cannot be compiled.
    pub(crate) fn of_one_part(&self) -> Result<Arc<Self>, ContractError> {
        let schema = self.tree().partial_schema(self.sent_schema(), self.node());
        self.build_like(self.name().to_owned(), schema).map(Arc::new)
    }

    /// Builds the contract of an object with some of the members of this one. Fails if its schema cannot be
    /// compiled.
    pub(crate) fn with_members(&self, names: &[&str]) -> Result<Arc<Self>, ContractError> {
        let schema = self.tree().members_schema(self.sent_schema(), self.node(), names, false);
        self.build_like(self.name().to_owned(), schema.unwrap_or(true.into())).map(Arc::new)
    }

    /// Returns the names of the members that the type lists; none if it is no object.
    pub(crate) fn member_names(&self) -> Vec<&str> {
        match self.tree().combination(self.node()) {
            Combination::Object(plain) => {
                plain.members.iter().map(|member| member.name.as_str()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Builds contracts with at most `most` members of the type each, in the order of the members. Entries that
    /// the type does not name belong to the last one. The contract itself is the only one if it has not more
    /// members, or is no object. Fails if a schema cannot be compiled.
    pub(crate) fn split(self: &Arc<Self>, most: usize) -> Result<Vec<Arc<Self>>, ContractError> {
        let names = self.member_names();
        let most = most.max(1);
        if names.len() <= most {
            return Ok(vec![Arc::clone(self)]);
        }
        let groups = names.len().div_ceil(most);
        // Groups of almost the same size.
        let size = names.len().div_ceil(groups);
        let count = names.len().div_ceil(size);
        let mut contracts = Vec::with_capacity(count);
        for (index, group) in names.chunks(size).enumerate() {
            let is_last = index + 1 == count;
            let schema =
                self.tree().members_schema(self.sent_schema(), self.node(), group, is_last);
            let Some(schema) = schema else { return Ok(vec![Arc::clone(self)]) };
            contracts.push(self.build_like(self.name().to_owned(), schema).map(Arc::new)?);
        }
        Ok(contracts)
    }
}
