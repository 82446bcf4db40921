//! The caller's options, and the environment variables that set them.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::LocalError;
use crate::http::shown;
use crate::platform::MODEL;
use crate::progress::{Progress, Sink};

/// The servers that [`connect`](crate::connect) may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Which {
    /// The managed server. A server that happens to run on this machine is not looked for, because its
    /// owner may not expect the text that it would be sent.
    #[default]
    Managed,
    /// A running Ollama (port 11434) or llama.cpp server (port 8080). The managed one is never installed
    /// or started.
    Found,
}

/// Options to find, install and start a server. The defaults suit most programs.
///
/// ```
/// use std::time::Duration;
/// use extract_local::{Options, Which};
///
/// let options = Options::default()
///     .which(Which::Managed)
///     .linger(Duration::from_secs(60))
///     .on_progress(|progress| println!("{progress}"));
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) which: Which,
    pub(crate) url: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    pub(crate) instance: Option<String>,
    pub(crate) linger: Duration,
    pub(crate) startup_timeout: Duration,
    pub(crate) install_timeout: Duration,
    pub(crate) ollama_port: u16,
    pub(crate) llama_cpp_port: u16,
    pub(crate) sink: Sink,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("which", &self.which)
            .field("url", &self.url.as_deref().map(shown))
            .field("model", &self.model)
            .field("cache_dir", &self.cache_dir)
            .field("python", &self.python)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    /// Returns the default options. Reads no environment variable; the variables that locate the
    /// user's cache directory are read by [`connect`](crate::connect).
    fn default() -> Self {
        Self {
            which: Which::Managed,
            url: None,
            model: None,
            cache_dir: None,
            python: None,
            instance: None,
            linger: Duration::from_secs(10),
            startup_timeout: Duration::from_secs(120),
            install_timeout: Duration::from_secs(1800),
            ollama_port: 11434,
            llama_cpp_port: 8080,
            sink: Sink::stderr(),
        }
    }
}

impl Options {
    /// Returns the defaults, changed by the environment variables that the crate's page lists. Fails with
    /// [`LocalError::Setting`] if a variable has an invalid value.
    pub fn from_env() -> Result<Self, LocalError> {
        let mut options = Self {
            url: text("EXTRACT_LOCAL_URL")?,
            model: text("EXTRACT_LOCAL_MODEL")?,
            cache_dir: path("EXTRACT_CACHE_DIR"),
            python: path("EXTRACT_PYTHON"),
            ..Self::default()
        };
        if let Some(value) = text("EXTRACT_LOCAL")? {
            options.which = match value.as_str() {
                "managed" => Which::Managed,
                "found" => Which::Found,
                _ => return Err(setting("EXTRACT_LOCAL", value, "`managed` or `found`")),
            };
            if options.which == Which::Managed && options.url.is_some() {
                let expected =
                    "possible together with EXTRACT_LOCAL_URL, which names another server";
                return Err(setting("EXTRACT_LOCAL", value, expected));
            }
        }
        if let Some(value) = text("EXTRACT_LOCAL_LINGER")? {
            let seconds = value
                .parse::<u32>()
                .map_err(|_| setting("EXTRACT_LOCAL_LINGER", value, "a whole number of seconds"))?;
            options.linger = Duration::from_secs(seconds.into());
        }
        Ok(options)
    }

    /// Returns a name of the model that these options lead to, without connecting: that of the embedded model,
    /// or the URL and the model that are set. The key of the URL is hidden.
    ///
    /// ```
    /// use extract_local::Options;
    ///
    /// assert_eq!(Options::default().target(), "smollm2-135m-instruct");
    /// let options = Options::default().url("http://127.0.0.1:1234/v1").model("qwen3");
    /// assert_eq!(options.target(), "http://127.0.0.1:1234/v1 qwen3");
    /// ```
    pub fn target(&self) -> String {
        let server = match (&self.url, self.which) {
            (Some(url), _) => shown(url),
            (None, Which::Found) => "found",
            (None, Which::Managed) => return MODEL.to_owned(),
        };
        match &self.model {
            Some(model) => format!("{server} {model}"),
            None => server.to_owned(),
        }
    }

    /// Sets the servers that may be used. Default: [`Which::Managed`], which clears a URL and a model that
    /// were set before.
    pub fn which(mut self, which: Which) -> Self {
        self.which = which;
        if which == Which::Managed {
            (self.url, self.model) = (None, None);
        }
        self
    }

    /// Sets the base URL of the only server to use, such as `http://127.0.0.1:1234/v1`. It takes
    /// precedence over [`which`](Self::which). Only plain HTTP is supported.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets the model to use on a running server or on the one of the [`url`](Self::url). Default: the
    /// first that the server lists. The managed server has only one.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets the directory where the managed server is installed and keeps its files (about 200 MB).
    /// Default: the user's cache directory.
    pub fn cache_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(directory.into());
        self
    }

    /// Sets the Python that installs and runs the managed server. No other is tried. Default: the
    /// first suitable one on the search path.
    pub fn python(mut self, program: impl Into<PathBuf>) -> Self {
        self.python = Some(program.into());
        self
    }

    /// Uses a separate managed server with this name (letters, digits, `-` and `_`, at most 32),
    /// shared only by callers with the same name. Mostly for tests. Default: the common server.
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// Sets how long the managed server runs after its last user has gone. Default: 10 s. Counted
    /// in whole seconds.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Sets how long the managed server may take from its start until it is ready. Default: 120 s.
    pub fn startup_timeout(mut self, timeout: Duration) -> Self {
        self.startup_timeout = timeout;
        self
    }

    /// Sets how long the download and installation may take. Default: 30 minutes.
    pub fn install_timeout(mut self, timeout: Duration) -> Self {
        self.install_timeout = timeout;
        self
    }

    /// Sets the port of 127.0.0.1 on which [`Which::Found`] looks for an Ollama. Default: 11434.
    pub fn ollama_port(mut self, port: u16) -> Self {
        self.ollama_port = port;
        self
    }

    /// Sets the port of 127.0.0.1 on which [`Which::Found`] looks for a llama.cpp server. Default: 8080.
    pub fn llama_cpp_port(mut self, port: u16) -> Self {
        self.llama_cpp_port = port;
        self
    }

    /// Sets the function that receives progress. Default: lines on standard error. It is called on
    /// the thread that called [`connect`](crate::connect).
    pub fn on_progress(mut self, sink: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.sink = Sink::new(sink);
        self
    }

    /// Suppresses progress on standard error. Errors and `tracing` events stay.
    pub fn quiet(self) -> Self {
        self.on_progress(|_| {})
    }
}

/// Returns a variable's text, or `None` if it is unset or empty. Fails if it is not valid Unicode.
fn text(name: &'static str) -> Result<Option<String>, LocalError> {
    match env::var(name) {
        Ok(value) if value.trim().is_empty() => Ok(None),
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(value)) => {
            Err(setting(name, value.to_string_lossy().into_owned(), "text"))
        }
    }
}

fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn setting(name: &'static str, value: String, expected: &'static str) -> LocalError {
    LocalError::Setting { name, value, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_times_states_the_defaults() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/time.md");
        let page = std::fs::read_to_string(path).unwrap();
        let default = Options::default();
        for (setting, time) in [
            ("install_timeout", default.install_timeout),
            ("startup_timeout", default.startup_timeout),
            ("linger", default.linger),
        ] {
            let row =
                page.lines().find(|line| line.starts_with(&format!("| `{setting}` |"))).unwrap();
            let text = match time.as_secs() {
                seconds if seconds % 60 == 0 => format!("| {} min |", seconds / 60),
                seconds => format!("| {seconds} s |"),
            };
            assert!(row.ends_with(&text), "{row}");
        }
    }
}
