//! [`Dialogue`]: the conversation with one model.

use crate::conversation::{Message, Request, Settings};
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
    /// The settings before the user's functions changed them for one request.
    base_settings: Option<Settings>,
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
            base_settings: None,
            whole_messages: messages,
        }
    }

    /// Replaces the initial request, and keeps the messages behind it.
    pub(super) fn replace_initial(&mut self, request: Request) {
        let behind = self.request.messages.split_off(self.initial_messages);
        self.initial_messages = request.messages.len();
        self.whole_messages = self.initial_messages;
        self.base_settings = None;
        self.request = request;
        self.request.messages.extend(behind);
    }

    /// Changes the settings for the next request alone.
    pub(super) fn change_settings(&mut self, change: impl FnOnce(&Settings) -> Settings) {
        let settings = &mut self.request.settings;
        let base = self.base_settings.get_or_insert_with(|| settings.clone());
        *settings = change(base);
    }

    /// Changes the settings for all requests that follow.
    pub(super) fn each_settings<R>(&mut self, mut change: impl FnMut(&mut Settings) -> R) -> R {
        if let Some(base) = &mut self.base_settings {
            change(base);
        }
        change(&mut self.request.settings)
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
