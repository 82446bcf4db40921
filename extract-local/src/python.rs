//! Finds the Python that installs and runs the managed server, and checks its version, its machine
//! and its pip.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::LocalError;
use crate::platform::{Machine, OLDEST_PYTHON, version};

/// Long enough for a busy machine with a cold disk. Some programs called `python` never answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Prints facts about a Python as JSON. It must also run on very old ones, so that they can be
/// reported.
const PROBE: &str = "\
import json, platform, struct, sys
try:
    from importlib.util import find_spec
    pip = find_spec('pip') is not None
except Exception:
    pip = False
print(json.dumps({
    'version': '%d.%d.%d' % tuple(sys.version_info[:3]),
    'pip': pip,
    'system': sys.platform,
    'processor': platform.machine(),
    'bits': struct.calcsize('P') * 8,
    'libc': ' '.join(platform.libc_ver()).strip() if sys.platform == 'linux' else '',
}))
";

/// The probe's output.
#[derive(Debug, Clone, serde::Deserialize)]
struct Answer {
    version: String,
    pip: bool,
    #[serde(flatten)]
    machine: Machine,
}

/// A suitable Python.
#[derive(Debug, Clone)]
pub(crate) struct Python {
    program: PathBuf,
    arguments: &'static [&'static str],
    version: String,
}

/// The caller's requirement on a Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Run the server.
    Run,
    /// Install the packages with pip, and run the server.
    Pip,
}

impl Python {
    /// Returns the configured Python, or else the first suitable one. Fails with the error of the
    /// most nearly suitable candidate, or with the list of the tried names.
    pub(crate) fn find(given: Option<&Path>, need: Need) -> Result<Self, LocalError> {
        let mut tried = Vec::new();
        let mut nearest: Option<LocalError> = None;
        for (program, arguments) in candidates(given) {
            let found = Self { program, arguments, version: String::new() };
            match found.probe() {
                Ok(answer) => match found.judge(answer, need) {
                    Ok(python) => return Ok(python),
                    // Report the candidate that came nearest to being suitable.
                    Err(error) if nearest.as_ref().is_none_or(|n| rank(&error) > rank(n)) => {
                        nearest = Some(error);
                    }
                    Err(_) => {}
                },
                Err(None) => tried.push(found.name()),
                Err(Some(why)) => tried.push(format!("{} ({why})", found.name())),
            }
        }
        Err(nearest.unwrap_or(LocalError::NoPython { tried }))
    }

    fn judge(mut self, answer: Answer, need: Need) -> Result<Self, LocalError> {
        self.version = answer.version;
        if version(&self.version).is_none_or(|version| version < OLDEST_PYTHON) {
            return Err(LocalError::PythonTooOld { python: self.name(), version: self.version });
        }
        answer.machine.check()?;
        if need == Need::Pip && !answer.pip {
            return Err(LocalError::NoPip { python: self.name() });
        }
        Ok(self)
    }

    /// Returns the command as a user would type it.
    fn name(&self) -> String {
        let mut name = self.program.display().to_string();
        for argument in self.arguments {
            name = format!("{name} {argument}");
        }
        name
    }

    /// Returns the command as a user would type it, and the version.
    pub(crate) fn describe(&self) -> String {
        format!("{} (Python {})", self.name(), self.version)
    }

    /// Returns a command that runs it, without a console window and with empty standard input.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.arguments).stdin(Stdio::null());
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt as _;
            const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
        }
        command
    }

    /// Returns the facts about this Python. Fails with the reason, or with `None` if there is no such
    /// command.
    fn probe(&self) -> Result<Answer, Option<String>> {
        let mut command = self.command();
        // Isolated: a file called json.py in the current directory must not replace the json
        // module.
        command.args(["-I", "-c", PROBE]).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command
            .spawn()
            .map_err(|e| (e.kind() != ErrorKind::NotFound).then(|| e.to_string()))?;
        let output = output_within(child, PROBE_TIMEOUT)?;
        let text = String::from_utf8_lossy(&output);
        text.lines()
            .find_map(|line| serde_json::from_str(line).ok())
            .ok_or_else(|| Some("did not run a Python program".to_owned()))
    }
}

fn rank(error: &LocalError) -> u8 {
    match error {
        LocalError::PythonTooOld { .. } => 0,
        LocalError::NoPip { .. } => 1,
        _ => 2,
    }
}

fn candidates(given: Option<&Path>) -> Vec<(PathBuf, &'static [&'static str])> {
    /// The plain names first. The others help on systems whose `python3` is too old.
    const UNIX: [&str; 7] =
        ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
    const WINDOWS: [&str; 2] = ["python", "python3"];
    match given {
        // Relative to this process's working directory, not to the server's.
        Some(given) if given.components().count() > 1 => {
            let absolute = std::path::absolute(given).unwrap_or_else(|_| given.to_path_buf());
            vec![(absolute, &[])]
        }
        Some(given) => vec![(given.to_path_buf(), &[])],
        None if cfg!(windows) => {
            let launcher: (PathBuf, &'static [&'static str]) = ("py".into(), &["-3"]);
            let plain = WINDOWS.map(|name| (PathBuf::from(name), &[] as &[&str]));
            std::iter::once(launcher).chain(plain).collect()
        }
        None => UNIX.map(|name| (PathBuf::from(name), &[] as &[&str])).into(),
    }
}

/// Waits for a program with little output, and kills it at the timeout. Returns its output.
fn output_within(mut child: Child, timeout: Duration) -> Result<Vec<u8>, String> {
    let deadline = Instant::now() + timeout;
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no answer within {} s", timeout.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    // Reads only the bytes already in the pipe: a grandchild could keep the pipe open.
    let mut out = vec![0; 4096];
    let read =
        child.stdout.take().map_or(Ok(0), |mut pipe| std::io::Read::read(&mut pipe, &mut out));
    out.truncate(read.map_err(|error| error.to_string())?);
    Ok(out)
}
