//! [`PendingCalls`]: the elements of a list that came in calls. Valid elements are kept, invalid ones are
//! asked for again.

use serde_json::Value;

use crate::contract::{Contract, LoweredContract, Problem, Problems};

/// The element that one call gave.
#[derive(Debug, Clone)]
pub(super) struct CalledElement {
    /// The name of the tool.
    pub(super) tool: String,
    /// The element in the type's shape, if it could be read.
    pub(super) value: Option<Value>,
    /// Its problems; the pointers begin at the element.
    pub(super) problems: Vec<Problem>,
}

/// The feedback on one call of the latest reply.
#[derive(Debug, Clone)]
pub(in crate::extraction) enum CallFeedback {
    /// The call is valid and kept.
    Accepted,
    /// The call is invalid.
    Rejected(CallProblems),
    /// The call is valid, but has to be made again.
    NotTaken,
}

/// The problems of one call, with pointers into its arguments.
#[derive(Debug, Clone)]
pub(in crate::extraction) struct CallProblems {
    /// The arguments in the shape that was sent, if they could be read.
    pub(super) arguments: Option<Value>,
    pub(in crate::extraction) problems: Problems,
}

impl CallProblems {
    /// Makes the problems of a call that could not be read.
    pub(in crate::extraction) fn unread(problems: Problems) -> Self {
        Self { arguments: None, problems }
    }

    /// Makes the problems of arguments in the shape of a contract.
    pub(in crate::extraction) fn of(
        contract: &Contract,
        form: &LoweredContract,
        arguments: Value,
        problems: &Problems,
    ) -> Self {
        let (arguments, problems) = contract.in_sent_shape(Some(form), arguments, problems);
        Self { arguments: Some(arguments), problems }
    }
}

/// The elements of a list so far.
#[derive(Debug, Default)]
pub(in crate::extraction) struct PendingCalls {
    pub(super) elements: Vec<CalledElement>,
}

impl PendingCalls {
    /// Returns the indices of the invalid elements.
    fn invalid(&self) -> Vec<usize> {
        let is_invalid =
            |(at, element): (usize, &CalledElement)| (!element.problems.is_empty()).then_some(at);
        self.elements.iter().enumerate().filter_map(is_invalid).collect()
    }

    /// Puts the elements of a reply into the list and returns their indices. They replace the invalid
    /// elements in order; a reply with as many elements as the list replaces all of it. Fails with the
    /// number of invalid elements if the reply has more elements than that.
    pub(super) fn place(&mut self, new: Vec<CalledElement>) -> Result<Vec<usize>, usize> {
        let invalid = self.invalid();
        if invalid.is_empty() || new.len() == self.elements.len() {
            let indices = (0..new.len()).collect();
            self.elements = new;
            return Ok(indices);
        }
        if new.len() > invalid.len() {
            return Err(invalid.len());
        }
        for (&at, element) in invalid.iter().zip(new.iter()) {
            self.elements[at] = element.clone();
        }
        Ok(invalid[..new.len()].to_vec())
    }
}
