//! The roles of a cluster: scheduler, executor and client.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ballista::prelude::SessionContextExt as _;
use ballista_core::config::LogRotationPolicy;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;
use datafusion::common::DataFusionError;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::Result;
use crate::ticket::{Settings, function};

/// The seconds between two signs of life of an executor. Ballista's default is 60.
const HEARTBEAT: u64 = 2;

/// The seconds without a sign of life after which an executor is lost. Ballista's default is 180.
const TIMEOUT: u64 = 6;

/// The most partitions of a query, and so of tasks of a stage.
pub const PARTITIONS: usize = 8;

/// Runs the scheduler until the process ends.
///
/// # Errors
///
/// Fails if the port is taken or a setting is invalid.
pub async fn scheduler(port: u16, settings: &Settings) -> Result<()> {
    let settings = settings.clone();
    let session = move |config: SessionConfig| {
        let mut state = default_session_builder(config)?;
        let function = function(&settings).map_err(DataFusionError::External)?;
        extract_datafusion::register_in(&mut state, function)?;
        Ok(state)
    };
    let config = SchedulerConfig {
        bind_port: port,
        external_host: String::from("127.0.0.1"),
        task_distribution: TaskDistributionPolicy::RoundRobin,
        executor_timeout_seconds: TIMEOUT,
        expire_dead_executor_interval_seconds: HEARTBEAT,
        no_executors_grace_period_seconds: TIMEOUT,
        override_session_builder: Some(Arc::new(session)),
        ..SchedulerConfig::default()
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let cluster = BallistaCluster::new_from_config(&config).await?;
    Ok(start_server(cluster, address, Arc::new(config)).await?)
}

/// The ports of an executor and of its scheduler.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// The port of the scheduler.
    pub scheduler: u16,
    /// The port at which others read the results of this executor.
    pub flight: u16,
    /// The port at which the scheduler reaches this executor.
    pub grpc: u16,
}

/// Runs an executor with this number of tasks at a time until the process ends.
///
/// # Errors
///
/// Fails if a port is taken, the scheduler cannot be reached, or a setting is invalid.
pub async fn executor(ports: Ports, tasks: usize, settings: &Settings) -> Result<()> {
    let mut state = default_session_builder(SessionConfig::new())?;
    extract_datafusion::register_in(&mut state, function(settings)?)?;
    let config = ExecutorProcessConfig {
        scheduler_host: String::from("127.0.0.1"),
        scheduler_port: ports.scheduler,
        scheduler_connect_timeout_seconds: 30,
        external_host: Some(String::from("127.0.0.1")),
        port: ports.flight,
        grpc_port: ports.grpc,
        vcores: tasks,
        log_rotation_policy: LogRotationPolicy::Never,
        executor_heartbeat_interval_seconds: HEARTBEAT,
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&state))),
        ..ExecutorProcessConfig::default()
    };
    Ok(start_executor_process(Arc::new(config)).await?)
}

/// Returns a session whose queries run on the cluster.
///
/// # Errors
///
/// Fails if a setting is invalid.
pub async fn client(scheduler: u16, settings: &Settings) -> Result<SessionContext> {
    let config = SessionConfig::new().with_target_partitions(PARTITIONS);
    let state = SessionStateBuilder::new().with_default_features().with_config(config).build();
    let url = format!("df://127.0.0.1:{scheduler}");
    let ctx = SessionContext::remote_with_state(&url, state).await?;
    // On the session that comes back: Ballista replaces the functions of the state.
    let mut registry = ctx.clone();
    extract_datafusion::register_in(&mut registry, function(settings)?)?;
    Ok(ctx)
}
