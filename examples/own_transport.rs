//! Your own way to the server: the settings of the HTTP client, and a proxy of your own on a Unix socket.
//!
//! ```text
//! cargo run --example own_transport
//! ```
//!
//! The proxy here counts connections and forwards them to the embedded model's server. Yours may add headers,
//! log, or hold the key, so that the program needs none.

#[cfg(unix)]
#[path = "support/local.rs"]
mod local;

#[cfg(unix)]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use extract_llm::model::Protocol;
    use extract_llm::{Client, Mode};
    use tokio::net::{TcpStream, UnixListener};

    // Only the server of this client is of interest.
    let (_, server) = local::client(Protocol::Chat, Mode::Tools).await?;
    let url = extract_llm::reqwest::Url::parse(server.base_url())?;
    let address = format!(
        "{}:{}",
        url.host_str().unwrap_or("127.0.0.1"),
        url.port_or_known_default().unwrap_or(80)
    );

    let path = std::env::temp_dir().join(format!("extract-llm-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path)?;
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut inside, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let address = address.clone();
            tokio::spawn(async move {
                if let Ok(mut outside) = TcpStream::connect(address).await {
                    let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
                }
            });
        }
    });

    let socket = path.clone();
    let client = Client::builder()
        .base_url(server.base_url())
        .model(server.model())
        .mode(Mode::Tools)
        .http_client(move |http| {
            http.unix_socket(socket.as_path())
                .pool_idle_timeout(Duration::from_secs(20))
                .user_agent("my-program/1")
        })
        .build()?;
    let n: u8 = client.extract("There were seven of them.").await?;
    println!("{n}, over {} connections of the proxy", connections.load(Ordering::Relaxed));
    std::fs::remove_file(&path)?;
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("This example needs a Unix socket.");
}
