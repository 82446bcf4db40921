//! Starts or joins the managed server. Of several concurrent threads and processes, one starts it
//! and the others join.

use std::collections::hash_map::RandomState;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::LocalError;
use crate::find;
use crate::install;
use crate::lease::{Lease, State};
use crate::lock::Lock;
use crate::log;
use crate::options::Options;
use crate::paths::Paths;
use crate::platform::{CONTEXT, MODEL, SCRIPT, SLOTS, TEMPLATE};
use crate::progress::Progress;
use crate::python::{Need, Python};

const POLL: Duration = Duration::from_millis(25);
/// The seconds that a new server waits for a first lease, in case its starter was killed.
const GRACE_SECONDS: &str = "30";

/// Returns a lease on the managed server, which is installed and started if necessary. Fails if the
/// installation or the start fails.
pub(crate) fn lease(options: &Options) -> Result<Lease, LocalError> {
    let paths = Paths::prepare(options)?;
    let (lease, reused) = match join(&paths, options) {
        Some(lease) => (lease, true),
        None => join_or_start(&paths, options)?,
    };
    options.sink.send(&Progress::Ready {
        base_url: lease.base_url.clone(),
        model: lease.model.clone(),
        reused,
    });
    Ok(lease)
}

fn join_or_start(paths: &Paths, options: &Options) -> Result<(Lease, bool), LocalError> {
    install::install(paths, options)?;
    // The holder of the lock is starting the server, within the same time limits.
    let patience = options.startup_timeout.saturating_add(Duration::from_secs(60));
    let _lock = Lock::take(&paths.start_lock(), patience, &options.sink)?;
    if let Some(lease) = join(paths, options) {
        return Ok((lease, true));
    }
    let python = Python::find(options.python.as_deref(), Need::Run)?;
    options.sink.send(&Progress::Starting);
    Ok((start(paths, options, &python)?, false))
}

/// Returns a lease on the running server. Returns `None` if there is no valid state file, or if the
/// server in it does not grant a lease or does not list its model.
fn join(paths: &Paths, options: &Options) -> Option<Lease> {
    let state = State::read(&paths.state())?;
    let lease = Lease::take(&state, options.linger)
        .map_err(|error| tracing::debug!("the server of the state file is gone: {error}"))
        .ok()?;
    find::lists(&lease.base_url, &lease.model)
        .map_err(|why| tracing::warn!("the embedded model's server does not answer: {why}"))
        .ok()?;
    Some(lease)
}

/// Starts the server and takes its first lease. The caller holds the start lock.
fn start(paths: &Paths, options: &Options, python: &Python) -> Result<Lease, LocalError> {
    for (path, text) in [(paths.script(), SCRIPT), (paths.template(), TEMPLATE)] {
        write_if_other(&path, text).map_err(|e| LocalError::cache("write", &path, e))?;
    }
    // An existing state file is outdated. The next one must be the new server's.
    match fs::remove_file(paths.state()) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(LocalError::cache("remove", &paths.state(), e));
        }
        _ => {}
    }
    let token = token();
    let mut starting = Starting { child: Some(spawn(paths, python, &token)?) };
    let lease = starting.wait(paths, options, &token)?;
    starting.release();
    Ok(lease)
}

fn spawn(paths: &Paths, python: &Python, token: &str) -> Result<Child, LocalError> {
    let log = paths.log();
    let cannot = |e| LocalError::cache("write", &log, e);
    fs::write(&log, "").map_err(cannot)?;
    // Opened for appending, so that the server can truncate a long log.
    let log_file = OpenOptions::new().append(true).open(&log).map_err(cannot)?;
    let log_twin = log_file.try_clone().map_err(cannot)?;
    let mut command = python.command();
    command
        .arg("-I")
        .arg(paths.script())
        .arg("--packages")
        .arg(&paths.packages)
        .arg("--state")
        .arg(paths.state())
        .arg("--template")
        .arg(paths.template())
        .args(["--model", MODEL, "--grace", GRACE_SECONDS])
        .args(["--context", &CONTEXT.to_string(), "--slots", &SLOTS.to_string()])
        .env("EXTRACT_LOCAL_TOKEN", token)
        .current_dir(&paths.run)
        .stdout(Stdio::from(log_twin))
        .stderr(Stdio::from(log_file));
    command.spawn().map_err(|error| LocalError::Died {
        status: format!("no start ({error})"),
        log: log.clone(),
        tail: log::tail(&log),
    })
}

/// A server that is not ready yet. It is killed on drop unless it was released.
struct Starting {
    child: Option<Child>,
}

impl Starting {
    /// Waits until the server has written its state file, grants a lease and lists its model. Fails
    /// at the startup timeout or if the server exits.
    fn wait(&mut self, paths: &Paths, options: &Options, token: &str) -> Result<Lease, LocalError> {
        let log = paths.log();
        let deadline = Instant::now().checked_add(options.startup_timeout);
        // The last URL that the server reported, and the reason why it does not answer properly
        // there.
        let mut unwell: Option<(String, String)> = None;
        loop {
            if let Some(status) = self.ended() {
                return Err(LocalError::Died { status, tail: log::tail(&log), log });
            }
            if let Some(state) = State::read(&paths.state()).filter(|state| state.token == token) {
                match Lease::take(&state, options.linger) {
                    Ok(lease) => match find::lists(&lease.base_url, &lease.model) {
                        Ok(()) => return Ok(lease),
                        Err(why) => unwell = Some((lease.base_url.clone(), why)),
                    },
                    Err(error) => unwell = Some((state.address().to_string(), error.to_string())),
                }
            }
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                let tail = log::tail(&log);
                return Err(match unwell {
                    Some((url, why)) => LocalError::Unhealthy { url, why, log, tail },
                    None => LocalError::StartTimeout { after: options.startup_timeout, log, tail },
                });
            }
            thread::sleep(POLL);
        }
    }

    fn ended(&mut self) -> Option<String> {
        match self.child.as_mut()?.try_wait() {
            Ok(status) => status.map(|status| status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Lets the server live. A sleeping thread waits for its exit, so that no zombie process
    /// remains if it exits before this process.
    fn release(mut self) {
        if let Some(mut child) = self.child.take() {
            let reaper = thread::Builder::new().name("extract-local-reaper".into());
            let _ = reaper.stack_size(64 * 1024).spawn(move || child.wait());
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns a random token that no other server has.
fn token() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// Writes a file atomically, unless it already has this content: a running server may be reading
/// it.
fn write_if_other(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let part = path.with_extension("part");
    fs::write(&part, text)?;
    fs::rename(part, path)
}
