//! [`Task`]: one extraction, ready to run.

use std::sync::Arc;

use serde_json::Value;

use super::bad_items::BadItems;
use super::channel::EventChannel;
use super::client::{Client, NextModel};
use super::lists::ExpectedItems;
use super::options::Options;
use super::tools::OfferedTool;
use crate::check::Rules;
use crate::contract::Contract;
use crate::conversation::Conversation;

/// One extraction, ready to run: the client, the contract, the input and the options.
pub(super) struct Task<T> {
    pub(super) client: Client,
    pub(super) contract: Arc<Contract>,
    pub(super) input: Conversation,
    pub(super) options: Options,
    /// The models that may take over.
    pub(super) models: Vec<NextModel>,
    pub(super) user_tools: Vec<OfferedTool>,
    /// Receives the events of a streamed reply.
    pub(super) channel: Option<EventChannel>,
    /// JSON pointer of the list that [`BadItems`](super::BadItems) is about.
    pub(super) list_pointer: String,
    pub(super) rules: Rules<T>,
    /// The expected numbers of elements of lists.
    pub(super) expected: Vec<ExpectedItems>,
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            contract: Arc::clone(&self.contract),
            input: self.input.clone(),
            options: self.options.clone(),
            models: self.models.clone(),
            user_tools: self.user_tools.clone(),
            channel: self.channel.clone(),
            list_pointer: self.list_pointer.clone(),
            rules: self.rules.clone(),
            expected: self.expected.clone(),
        }
    }
}

impl<T> Task<T> {
    /// Returns the name of a user tool that another tool, or that of the value, has too.
    pub(super) fn duplicate_tool(&self) -> Option<&str> {
        let mut names = vec![self.contract.name()];
        self.user_tools.iter().map(|offered| offered.tool.name()).find(|name| {
            let is_taken = names.contains(name);
            names.push(name);
            is_taken
        })
    }

    /// Returns a task for another contract with the same input and settings, without what belongs to the type:
    /// rules, and settings about its lists.
    pub(super) fn asking_for(&self, contract: Arc<Contract>) -> Task<Value> {
        let mut options = self.options.clone();
        options.bad_items = BadItems::default();
        Task {
            client: self.client.clone(),
            contract,
            input: self.input.clone(),
            options,
            models: self.models.clone(),
            user_tools: self.user_tools.clone(),
            channel: None,
            list_pointer: String::new(),
            expected: Vec::new(),
            rules: Rules::default(),
        }
    }
}
