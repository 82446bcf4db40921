//! A cluster whose roles are processes of this machine.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use datafusion::prelude::{ParquetReadOptions, SessionContext};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Result;
use crate::roles::client;
use crate::ticket::Settings;

/// How long a role may take to start.
const START: Duration = Duration::from_mins(1);

/// A cluster of a scheduler, some executors, and a model's server. Dropping it kills all of them.
#[derive(Debug)]
pub struct Cluster {
    program: PathBuf,
    settings: Settings,
    model_port: u16,
    scheduler_port: u16,
    executors: Vec<Child>,
    others: Vec<Child>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.executors.iter_mut().chain(&mut self.others) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Cluster {
    /// Starts a cluster of two executors with four tasks and 20 calls at a time each. `program` is the binary of
    /// this package. `journal` is a folder, or empty.
    ///
    /// # Errors
    ///
    /// Fails if a process does not start within a minute.
    pub async fn start(program: &Path, delay: Duration, journal: &str) -> Result<Self> {
        let (model_port, scheduler_port) = (free_port()?, free_port()?);
        let settings = Settings {
            model_url: format!("http://127.0.0.1:{model_port}/v1"),
            journal: journal.to_owned(),
            concurrency: 20,
        };
        let mut cluster = Self {
            program: program.to_owned(),
            settings,
            model_port,
            scheduler_port,
            executors: Vec::new(),
            others: Vec::new(),
        };
        let delay = delay.as_millis().to_string();
        let model = cluster.spawn(["model", &model_port.to_string(), &delay])?;
        cluster.others.push(model);
        let scheduler = cluster.spawn(["scheduler", &scheduler_port.to_string(), ""])?;
        cluster.others.push(scheduler);
        wait_for(model_port).await?;
        wait_for(scheduler_port).await?;
        for _ in 0..2 {
            let (flight, grpc) = (free_port()?, free_port()?);
            let executor = cluster.spawn(["executor", &flight.to_string(), &grpc.to_string()])?;
            cluster.executors.push(executor);
            wait_for(flight).await?;
        }
        Ok(cluster)
    }

    fn spawn(&self, role: [&str; 3]) -> Result<Child> {
        let child = Command::new(&self.program)
            .args(role.into_iter().filter(|argument| !argument.is_empty()))
            .env("SCHEDULER_PORT", self.scheduler_port.to_string())
            .env("MODEL_URL", &self.settings.model_url)
            .env("JOURNAL", &self.settings.journal)
            .env("CONCURRENCY", self.settings.concurrency.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(child)
    }

    /// Returns a session of the cluster with the table `docs` over a folder of Parquet files.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be read.
    pub async fn session(&self, folder: &Path) -> Result<SessionContext> {
        let ctx = client(self.scheduler_port, &self.settings).await?;
        let folder = folder.display().to_string();
        ctx.register_parquet("docs", &folder, ParquetReadOptions::default()).await?;
        Ok(ctx)
    }

    /// Kills an executor with SIGKILL.
    ///
    /// # Errors
    ///
    /// Fails if there is none.
    pub fn kill_executor(&mut self) -> Result<()> {
        let mut executor = self.executors.pop().ok_or("no executor is left")?;
        executor.kill()?;
        executor.wait()?;
        Ok(())
    }

    /// Returns the number of calls of the model, and the most at the same time.
    ///
    /// # Errors
    ///
    /// Fails if the model's server does not answer.
    pub async fn calls(&self) -> Result<(u64, u64)> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.model_port)).await?;
        socket.write_all(b"GET /counts HTTP/1.0\r\nhost: model\r\n\r\n").await?;
        let mut response = String::new();
        socket.read_to_string(&mut response).await?;
        let (_, body) = response.split_once("\r\n\r\n").ok_or("no body")?;
        let counts: Value = serde_json::from_str(body)?;
        let count = |name: &str| counts.get(name).and_then(Value::as_u64).unwrap_or_default();
        Ok((count("calls"), count("most_running")))
    }

    /// Waits until the model was called this often.
    ///
    /// # Errors
    ///
    /// Fails if it is not within a minute.
    pub async fn wait_for_calls(&self, calls: u64) -> Result<()> {
        let started = Instant::now();
        while self.calls().await?.0 < calls {
            if started.elapsed() > START {
                return Err(format!("fewer than {calls} calls").into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// Returns a port that nobody listens on.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Waits until somebody listens on a port.
async fn wait_for(port: u16) -> Result<()> {
    let started = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        if started.elapsed() > START {
            return Err(format!("nobody listens on port {port}").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
