//! Extracts from a file of texts over the batch service of a provider, at half price. The program can end at any
//! time: the next start goes on with the batches that are at the provider.
//!
//! ```text
//! EXTRACT_MODEL=openai/gpt-6-luna cargo run --example batches [FILE]
//! cargo run --example batches
//! ```
//!
//! Without `EXTRACT_MODEL`, a batch service in front of the embedded model takes the place of the provider. The
//! example then kills itself in the middle of a batch, and goes on.

#[path = "support/batch_service.rs"]
mod batch_service;

use std::process::{Command, Stdio};
use std::time::Duration;

use extract_llm::pipeline::Batches;
use extract_llm::{Client, Extract};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// First and last name.
    #[extract(validate = has_two_names)]
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

/// A reply that fails this rule is asked for again, in a second batch.
fn has_two_names(name: &str) -> Result<(), String> {
    if name.contains(' ') { Ok(()) } else { Err("first and last name".to_owned()) }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join("texts.batches");
    if std::env::var_os("EXTRACT_MODEL").is_some() {
        return extract_all(&Client::from_env()?, Batches::new(&folder)).await;
    }
    let batches = Batches::new(&folder)
        .send_after(Duration::from_millis(200))
        .poll_every(Duration::from_millis(200));
    let of_url = |url: &str| {
        let builder = Client::builder().base_url(url).model("openai/local").max_tokens(100);
        builder.api_key("none").build()
    };
    if let Ok(url) = std::env::var("BATCH_SERVICE") {
        return extract_all(&of_url(&url)?, batches).await;
    }

    let connect = || extract_local::connect(&extract_local::Options::from_env()?);
    let server = tokio::task::spawn_blocking(connect).await??;
    let (url, count) = batch_service::start(server.base_url()).await?;
    // A start from nothing, so that the example shows the same each time.
    let _ = std::fs::remove_dir_all(&folder);

    let mut program = Command::new(std::env::current_exe()?);
    let mut first = program.env("BATCH_SERVICE", &url).stdout(Stdio::null()).spawn()?;
    while count() == 0 && first.try_wait()?.is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first.kill()?;
    first.wait()?;
    println!("killed, with {} batch at the provider", count());
    extract_all(&of_url(&url)?, batches).await
}

async fn extract_all(client: &Client, batches: Batches) -> Result<(), Error> {
    let file = std::env::args().nth(1);
    let file =
        file.as_deref().unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/texts.txt"));
    let texts = std::fs::read_to_string(file)?;
    let mut lines: Vec<String> = texts.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.is_empty());
    lines.push("Petrova is 44.".to_owned()); // its reply fails the rule above

    let folder = batches.folder().to_owned();
    let mut run = client
        .extract_many::<Person, _>(lines.into_iter().enumerate())
        .each(|row| row.validation_retries(1))
        .in_order()
        .in_batches(batches);
    while let Some(row) = run.next().await {
        let row = row?; // an error of the run itself: a wrong key, a full disk
        match row.result {
            Ok(done) => println!("{:>4}  {:?}", row.id + 1, done.value),
            Err(error) => println!("{:>4}  {error}", row.id + 1),
        }
    }
    for batch in run.status() {
        println!("{batch}");
    }
    println!("{}", run.summary());
    println!("all of it is in {}", folder.display());
    Ok(())
}
