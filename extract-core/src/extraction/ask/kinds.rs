//! [`Ask`]: the answer that the next request asks for.

use std::sync::Arc;

use super::calls::Calls;
use super::evaluation::{Evaluation, Evaluator};
use super::list_rest::ListRest;
use super::partial_reask::PartialReask;
use super::reply_turn::ReplyTurn;
use super::whole::Whole;
use crate::contract::{Contract, Extract, LoweredContract, Problem};
use crate::conversation::{Output, Reply, ToolChoice, Tools};

/// The answer that the next request asks for.
pub(in crate::extraction) enum Ask {
    /// The whole value.
    Whole(Whole),
    /// The invalid parts of a value.
    Parts(Box<PartialReask>),
    /// The elements of a list behind those that were given.
    Rest(Box<ListRest>),
    /// One call for a variant of the value, or one for each element of it.
    Calls(Calls),
}

impl Ask {
    /// Returns how the whole value is asked for.
    pub(in crate::extraction) fn whole(&self) -> &Whole {
        match self {
            Self::Whole(whole) => whole,
            Self::Parts(parts) => &parts.whole,
            Self::Rest(rest) => &rest.whole,
            Self::Calls(calls) => &calls.whole,
        }
    }

    /// Whether the answer says all by itself: no part of it is kept from replies before.
    pub(in crate::extraction) fn is_independent(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Parts(_) | Self::Rest(_) => false,
            Self::Calls(calls) => !calls.has_pending(),
        }
    }

    /// Forgets the calls that were accepted from replies before.
    pub(in crate::extraction) fn forget_pending(&mut self) {
        if let Self::Calls(calls) = self {
            calls.forget_pending();
        }
    }

    /// Returns the parts, if only parts are asked for.
    pub(in crate::extraction) fn parts(&self) -> Option<&PartialReask> {
        if let Self::Parts(parts) = self { Some(parts) } else { None }
    }

    /// Returns the request for more elements of a list, if it is one.
    pub(in crate::extraction) fn rest(&self) -> Option<&ListRest> {
        if let Self::Rest(rest) = self { Some(rest) } else { None }
    }

    /// Whether the answer is only a part of the value.
    pub(in crate::extraction) fn is_partial(&self) -> bool {
        matches!(self, Self::Parts(_) | Self::Rest(_))
    }

    /// Returns the JSON pointers of the parts that are asked for; empty for the whole value. The pointer of the
    /// elements behind the last one of a list ends with `/-`.
    pub(in crate::extraction) fn part_pointers(&self) -> Vec<String> {
        if let Self::Rest(rest) = self {
            return vec![format!("{}/-", rest.pointer)];
        }
        let parts = self.parts().into_iter().flat_map(|parts| parts.parts.pointers());
        parts.map(str::to_owned).collect()
    }

    /// Returns whether a call of this tool gives the value, or an element of it.
    pub(in crate::extraction) fn gives_value(&self, contract: &Contract, tool: &str) -> bool {
        match self {
            Self::Calls(calls) => calls.tools.find(tool).is_some(),
            Self::Rest(rest) => [contract.name(), rest.contract.name()].contains(&tool),
            Self::Whole(_) | Self::Parts(_) => tool == contract.name(),
        }
    }

    /// Returns the contract that the answer is read by, and its lowered form if a schema is sent.
    pub(in crate::extraction) fn requested(
        &self,
        contract: &Arc<Contract>,
    ) -> (Arc<Contract>, Option<Arc<LoweredContract>>) {
        match self {
            Self::Parts(parts) => (Arc::clone(parts.parts.contract()), parts.form.clone()),
            Self::Rest(rest) => (Arc::clone(&rest.contract), rest.form.clone()),
            Self::Whole(whole) => (Arc::clone(contract), whole.form.clone()),
            Self::Calls(_) => (Arc::clone(contract), None),
        }
    }

    /// Returns the output of the next request. A tool that the conversation already holds calls of stays
    /// in it: `current` is the output of the request before.
    pub(in crate::extraction) fn output(&self, current: &Output) -> Output {
        match (self, current) {
            (Self::Parts(parts), _) => parts.output(),
            (Self::Rest(rest), _) => rest.output(),
            (Self::Calls(calls), _) => calls.whole.output.clone(),
            (Self::Whole(whole), Output::Tools(now)) => match &whole.output {
                Output::Tools(tools) if now.tools.len() > tools.tools.len() => {
                    Output::Tools(Tools { choice: ToolChoice::Only(0), ..now.clone() })
                }
                output => output.clone(),
            },
            (Self::Whole(whole), _) => whole.output.clone(),
        }
    }

    /// Makes a turn of a reply: calls that stand in its text are found. `output` is what was requested, and
    /// `number` makes the ids of such calls unique. Fails if a written call is cut off, or is of a tool
    /// that was not offered.
    pub(in crate::extraction) fn read_turn<'r>(
        &self,
        reply: &'r Reply,
        output: &Output,
        contract: &Contract,
        number: usize,
    ) -> Result<ReplyTurn<'r>, Problem> {
        let mut names: Vec<&str> = match output {
            Output::Tools(tools) => tools.tools.iter().map(|tool| tool.name.as_str()).collect(),
            Output::JsonSchema(tool) => vec![tool.name.as_str()],
            _ => Vec::new(),
        };
        if !(matches!(self, Self::Calls(_)) && names.is_empty()) {
            names.push(contract.name());
        }
        let mut shapes = vec![contract.shape(self.whole().form.as_deref())];
        let partial = match self {
            Self::Parts(parts) => Some((parts.parts.contract(), &parts.form)),
            Self::Rest(rest) => Some((&rest.contract, &rest.form)),
            Self::Whole(_) | Self::Calls(_) => None,
        };
        if let Some((contract, form)) = partial {
            names.push(contract.name());
            shapes.push(contract.shape(form.as_deref()));
        }
        ReplyTurn::of(reply, &names, &shapes, number)
    }

    /// Reads and checks a reply. Of several answers in it, the first that passes is taken; if none does,
    /// the problems are those of the first that could be read.
    pub(in crate::extraction) async fn evaluate<T: Extract>(
        &mut self,
        turn: &ReplyTurn<'_>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Evaluation<T> {
        match self {
            Self::Whole(whole) => whole.evaluate(turn, evaluator).await,
            Self::Parts(parts) => parts.evaluate(turn, evaluator).await,
            Self::Rest(rest) => rest.evaluate(turn, evaluator).await,
            Self::Calls(calls) => calls.evaluate(turn, evaluator).await,
        }
    }
}
