//! Sends one value through the whole library. It is lowered, written by a scripted model as a tool
//! call or as text, then read, restored and checked by the public client.

use std::io;
use std::sync::Arc;

use extract_core::Client;
use extract_core::contract::dialect::Dialect;
use extract_core::contract::{Contract, LoweredContract};
use extract_core::conversation::Mode;
use extract_core::extraction::Layout;
use extract_core::model::scripted::reply;
use extract_core::model::{Profile, Scripted};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// The form in which a value is sent.
pub(super) enum Route {
    /// As the arguments of a tool in a dialect.
    Tool(&'static Dialect, Arc<LoweredContract>),
    /// As text, in the shape of the original schema.
    Text,
}

impl Route {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Tool(dialect, _) => dialect.name(),
            Self::Text => "text",
        }
    }

    /// Returns whether two values are sent as the same value.
    pub(super) fn says_same(&self, left: &Value, right: &Value) -> bool {
        match self {
            Self::Tool(_, form) => {
                form.lowered.lower_value(left.clone()) == form.lowered.lower_value(right.clone())
            }
            Self::Text => left == right,
        }
    }
}

/// An accepted value.
pub(super) struct Returned {
    pub(super) value: Value,
    /// Whether the report contains a repair.
    pub(super) is_repaired: bool,
}

/// Sends values through a client.
#[derive(Debug)]
pub(super) struct Sender {
    runtime: Runtime,
}

impl Sender {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { runtime: Builder::new_current_thread().enable_all().build()? })
    }

    /// Sends a value and returns the accepted one, or the error as text.
    pub(super) fn send(
        &self,
        contract: &Arc<Contract>,
        route: &Route,
        value: &Value,
    ) -> Result<Returned, String> {
        let asked = if contract.is_wrapped() { json!({ "value": value }) } else { value.clone() };
        let mut profile = Profile::new("scripted", "scripted");
        let (mode, reply) = match route {
            Route::Tool(dialect, form) => {
                profile.tool_dialect = dialect;
                profile.tool_strict = dialect.enforced();
                (Mode::Tools, reply::tool_text(form.lowered.lower_value(asked).to_string()))
            }
            Route::Text => (Mode::Text, reply::text(asked.to_string())),
        };
        let client = Client::with_model(Scripted::new([reply]).with_profile(profile));
        let call = client.extract_value(contract, "text").mode(mode).layout(Layout::Whole);
        let done = self.runtime.block_on(call.validation_retries(0).report().into_future());
        let done = done.map_err(|error| error.to_string())?;
        Ok(Returned { value: done.value, is_repaired: !done.ledger.repairs().is_empty() })
    }
}
