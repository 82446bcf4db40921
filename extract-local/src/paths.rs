//! The managed server's directories in the user's cache directory.
//!
//! ```text
//! <cache>/extract-llm/local/packages-<machine>-<of the requirements>/   installed packages, complete or absent
//!                           packages-<…>.lock, packages-<…>.new-*       while installing
//!                           server-<of the script>[-<instance>]/        script, template, state, log, lock
//! ```

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::LocalError;
use crate::options::Options;
use crate::platform::{REQUIREMENTS, SCRIPT, TEMPLATE, fingerprint};

const LONGEST_INSTANCE: usize = 32;

#[derive(Debug, Clone)]
pub(crate) struct Paths {
    pub(crate) root: PathBuf,
    pub(crate) packages: PathBuf,
    pub(crate) install_lock: PathBuf,
    pub(crate) run: PathBuf,
}

impl Paths {
    /// Determines the paths and creates the directories. Fails if there is no cache directory or it
    /// cannot be written.
    pub(crate) fn prepare(options: &Options) -> Result<Self, LocalError> {
        let root = match &options.cache_dir {
            // Absolute, because the server runs in another working directory.
            Some(given) => std::path::absolute(given)
                .map_err(|e| LocalError::cache("use", given, e))?
                .join("local"),
            None => user_cache()?.join("extract-llm").join("local"),
        };
        // A home directory may be shared between machines of several kinds.
        let machine = format!("{}-{}", env::consts::OS, env::consts::ARCH);
        let packages = format!("packages-{machine}-{}", fingerprint(&[REQUIREMENTS]));
        let mut run = format!("server-{}", fingerprint(&[REQUIREMENTS, SCRIPT, TEMPLATE]));
        if let Some(instance) = &options.instance {
            run = format!("{run}-{}", check_instance(instance)?);
        }
        let paths = Self {
            install_lock: root.join(format!("{packages}.lock")),
            packages: root.join(packages),
            run: root.join(run),
            root,
        };
        fs::create_dir_all(&paths.run).map_err(|e| LocalError::cache("make", &paths.run, e))?;
        Ok(paths)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.run.join("state.json")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.run.join("server.log")
    }

    pub(crate) fn start_lock(&self) -> PathBuf {
        self.run.join("lock")
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.run.join("serve.py")
    }

    pub(crate) fn template(&self) -> PathBuf {
        self.run.join("chat-template.jinja")
    }
}

fn check_instance(name: &str) -> Result<&str, LocalError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > LONGEST_INSTANCE || !name.chars().all(plain) {
        return Err(LocalError::Setting {
            name: "Options::instance",
            value: name.to_owned(),
            expected: "a name of 1 to 32 letters, digits, `-` and `_`",
        });
    }
    Ok(name)
}

/// Returns the user's cache directory by the platform's convention. Fails if its environment
/// variable is unset.
fn user_cache() -> Result<PathBuf, LocalError> {
    let variable = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        variable("LOCALAPPDATA").ok_or(LocalError::NoCacheDir { missing: "LOCALAPPDATA" })
    } else {
        let home = |below: &Path| {
            let home = variable("HOME").ok_or(LocalError::NoCacheDir { missing: "HOME" })?;
            Ok(home.join(below))
        };
        if cfg!(target_os = "macos") {
            home(Path::new("Library/Caches"))
        } else {
            variable("XDG_CACHE_HOME").map_or_else(|| home(Path::new(".cache")), Ok)
        }
    }
}
