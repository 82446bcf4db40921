//! [`Dialogue`]: the conversation with one model.

use crate::conversation::{Message, Request};
use crate::extraction::client::Client;

/// The conversation with one model: the request that is sent next, and marks in its messages.
pub(super) struct Dialogue {
    pub(super) request: Request,
    /// `provider/model` of the model that is asked.
    pub(super) address: String,
    /// Attempts of the models that were asked before this one.
    pub(super) attempts_before: usize,
    /// Messages of the initial request.
    pub(super) initial_messages: usize,
    /// Messages up to the latest feedback on a whole value. Feedback on parts follows them.
    pub(super) whole_messages: usize,
}

impl Dialogue {
    /// Starts the conversation of a client with its initial request.
    pub(super) fn start(request: Request, client: &Client, attempts_before: usize) -> Self {
        let messages = request.messages.len();
        Self {
            request,
            address: address_of(client),
            attempts_before,
            initial_messages: messages,
            whole_messages: messages,
        }
    }

    /// Replaces the initial request, and keeps the messages behind it.
    pub(super) fn replace_initial(&mut self, request: Request) {
        let behind = self.request.messages.split_off(self.initial_messages);
        self.initial_messages = request.messages.len();
        self.whole_messages = self.initial_messages;
        self.request = request;
        self.request.messages.extend(behind);
    }

    /// Removes and returns the messages behind the initial request.
    pub(super) fn take_exchange(&mut self) -> Vec<Message> {
        self.request.messages.split_off(self.initial_messages)
    }
}

/// Returns `provider/model` of a client.
pub(in crate::extraction) fn address_of(client: &Client) -> String {
    let profile = client.model.profile();
    format!("{}/{}", profile.provider, profile.model)
}
