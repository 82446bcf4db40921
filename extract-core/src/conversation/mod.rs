//! The data of a conversation: messages, parts and settings of a request, and its reply or error. Plain
//! data that every other module may use; knows no provider and no network.
//!
//! ```
//! use extract_llm::{Conversation, Message};
//!
//! let history = [Message::system("You read orders."), Message::user("Two of A-1, please.")];
//! assert!(!Conversation::from(&history[..]).is_blank());
//! ```

mod approximate;
mod delta;
mod error;
mod fit;
mod logprobs;
mod media;
mod message;
mod part;
mod progress;
mod prompt_cache;
mod redacted;
mod reply;
mod request;
mod settings;
mod thinking;
#[cfg(feature = "tokenizer")]
mod tokenizer;
mod tokens;
mod usage;

pub use approximate::approximate_tokens;
pub use delta::{Assembly, Delta, StreamEnd};
pub use error::{ContextOverflow, Feature, ProviderError, ProviderErrorKind};
pub use fit::{DoesNotFit, Fitted};
pub use logprobs::{TokenAlternative, TokenLogprob};
pub use media::{Inline, Media, MediaError, MediaKind, MediaSource};
pub(crate) use message::are_blank;
pub use message::{Content, Conversation, Message, Role};
pub use part::{Part, ProviderState, ToolCall, ToolResult};
pub use progress::{Progress, RequestState};
pub use prompt_cache::{CacheSupport, PromptCache};
pub(crate) use redacted::redacted_url;
pub use reply::{Block, Reply, StopReason};
pub use request::{Mode, Output, Request, Tool, ToolChoice, Tools};
pub use settings::Settings;
pub use thinking::{Effort, Thinking};
#[cfg(feature = "tokenizer")]
pub use tokenizer::openai_tokens;
pub(crate) use tokens::Tokens;
pub use usage::{Prices, Usage, Usd};
