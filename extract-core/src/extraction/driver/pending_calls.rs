//! The elements of a list that came in calls: those that passed are kept, those that did not are
//! waited for again. And what each call of the latest reply is told.

use serde_json::Value;

use crate::contract::{Contract, LoweredContract, Problem, Problems};

/// What came of one call.
#[derive(Debug, Clone)]
pub(super) struct CalledElement {
    /// The name of its tool.
    pub(super) tool: String,
    /// The element, in the type's own shape, where it could be read.
    pub(super) value: Option<Value>,
    /// What is wrong with it; pointers are into the element.
    pub(super) problems: Vec<Problem>,
}

/// What one call of the latest reply is told.
#[derive(Debug, Clone)]
pub(super) enum CallFeedback {
    /// It passed and is kept.
    Accepted,
    /// It did not.
    Wrong(CallProblems),
    /// There was nothing wrong with it, but it has to be made again.
    NotTaken,
}

/// What is wrong with one call, in the places of its own arguments.
#[derive(Debug, Clone)]
pub(super) struct CallProblems {
    /// Its arguments as they were asked for, where they could be read.
    pub(super) arguments: Option<Value>,
    pub(super) problems: Problems,
}

impl CallProblems {
    /// Nothing could be read.
    pub(super) fn unread(problems: Problems) -> Self {
        Self { arguments: None, problems }
    }

    /// Arguments in the shape of a contract, and problems in it.
    pub(super) fn of(
        contract: &Contract,
        form: &LoweredContract,
        arguments: Value,
        problems: &Problems,
    ) -> Self {
        let (arguments, problems) = contract.in_sent_shape(Some(form), arguments, problems);
        Self { arguments: Some(arguments), problems }
    }
}

/// The elements so far, and what the latest reply's calls are told.
#[derive(Debug, Default)]
pub(super) struct PendingCalls {
    pub(super) elements: Vec<CalledElement>,
    pub(super) verdicts: Vec<CallFeedback>,
    /// What is wrong with all of them together.
    pub(super) together: Problems,
    /// What is wrong with those that the latest reply left out.
    pub(super) left: Problems,
}

impl PendingCalls {
    /// The latest reply is not judged yet.
    pub(super) fn forget_verdicts(&mut self) {
        self.verdicts.clear();
        self.together = Problems::new();
        self.left = Problems::new();
    }

    /// The places of the elements that are waited for again.
    fn open(&self) -> Vec<usize> {
        let is_open =
            |(at, element): (usize, &CalledElement)| (!element.problems.is_empty()).then_some(at);
        self.elements.iter().enumerate().filter_map(is_open).collect()
    }

    /// Puts the elements of a reply where they belong, and says where that is. They take the places
    /// of those that were wrong, in their order, as many as there are; a reply that repeats every
    /// call replaces everything. Any other number has no place: it is given back as what would have.
    pub(super) fn place(&mut self, new: Vec<CalledElement>) -> Result<Vec<usize>, usize> {
        let open = self.open();
        let all = self.elements.len();
        if open.is_empty() || new.len() == all {
            let places = (0..new.len()).collect();
            self.elements = new;
            return Ok(places);
        }
        if new.len() > open.len() {
            return Err(open.len());
        }
        for (&at, element) in open.iter().zip(new.iter()) {
            self.elements[at] = element.clone();
        }
        Ok(open[..new.len()].to_vec())
    }
}
