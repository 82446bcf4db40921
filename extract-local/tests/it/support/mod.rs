//! Shared parts of the black-box tests: a scripted Python, a simulated server on the loopback, and
//! a bounded wait.
#![allow(dead_code, unreachable_pub)] // every test file uses only some of these

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use extract_local::{Options, Progress, Which};

/// A generous limit: no test here measures speed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Polls until `so` returns true. Panics with `what` after [`PATIENCE`].
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Returns whether a process is alive. A zombie is not.
pub fn alive(pid: u32) -> bool {
    let stat = if Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().unwrap_or_default().to_owned()
    } else {
        let ps = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
        String::from_utf8_lossy(&ps.expect("ps runs").stdout).into_owned()
    };
    !stat.trim().is_empty() && !stat.trim().starts_with('Z')
}

/// Sends SIGKILL.
pub fn kill(pid: u32) {
    assert!(pid > 1);
    let status = Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status();
    assert!(status.expect("sh runs").success());
}

/// Returns the directory where the server of this instance keeps its files.
pub fn run_directory(instance: &str) -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let root = variable("EXTRACT_CACHE_DIR").unwrap_or_else(|| {
        let home = variable("HOME").expect("a home");
        if cfg!(target_os = "macos") {
            home.join("Library/Caches/extract-llm")
        } else {
            variable("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache")).join("extract-llm")
        }
    });
    let newest = std::fs::read_dir(root.join("local"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(&format!("-{instance}")))
        .max_by_key(|entry| entry.metadata().unwrap().modified().unwrap());
    newest.expect("the server has a directory").path()
}

/// Returns options for a managed server with shared packages and a separate instance, and a list
/// that collects its progress events.
pub fn managed(instance: &str) -> (Options, Arc<Mutex<Vec<Progress>>>) {
    let said = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&said);
    let options = Options::from_env()
        .expect("a sound environment")
        .which(Which::Managed)
        .instance(instance)
        .linger(Duration::from_secs(1))
        .on_progress(move |progress| keep.lock().unwrap().push(progress.clone()));
    (options, said)
}

/// Writes an executable script and returns its path.
#[cfg(unix)]
pub fn script(directory: &Path, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = directory.join(name);
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    path
}

/// A simulated server on the loopback, and the paths that were requested.
pub struct Playing {
    pub port: u16,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Playing {
    /// Answers every listed path with its status and body, and every other path with 404.
    pub fn answering(pages: &'static [(&'static str, u16, &'static str)]) -> Self {
        Self::with(move |stream, path| {
            let (status, body) = pages
                .iter()
                .find(|(page, ..)| *page == path)
                .map_or((404, "not found"), |(_, status, body)| (*status, *body));
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n{body}",
                body.len()
            );
            // Some servers keep the connection open in spite of `Connection: close`.
            thread::sleep(Duration::from_millis(200));
        })
    }

    /// Answers every request with this function.
    pub fn with(answer: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (keep, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
                thread::spawn(move || {
                    let path = read_path(&mut stream);
                    keep.lock().unwrap().push(path.clone());
                    answer(&mut stream, &path);
                });
            }
        });
        Self { port, asked }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }
}

fn read_path(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Returns a port on which nothing listens.
pub fn closed_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
