//! Extracts from all text files of a folder, and writes a file of JSON lines: the file name, and the value or
//! the error. A file that cannot be read becomes a line too.
//!
//! ```text
//! cargo run --example folder [FOLDER] > letters.jsonl
//! ```
//!
//! Without a folder it writes three letters to a temporary one.

use std::path::{Path, PathBuf};

use extract_llm::{Client, Extract};
use serde_json::json;

/// A letter of a customer.
#[derive(Debug, Extract)]
struct Letter {
    /// The name of the sender.
    sender: String,
    /// Whether the sender complains about something.
    complains: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => three_letters(&std::env::temp_dir().join("extract-llm-letters"))?,
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .map(|file| Ok(file?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();

    // Each file is read when its turn comes.
    let inputs = files.into_iter().filter_map(|file| match std::fs::read_to_string(&file) {
        Ok(text) => Some((file, text)),
        Err(error) => {
            println!("{}", json!({"file": file, "error": error.to_string()}));
            None
        }
    });
    let client = Client::from_env()?;
    let mut run =
        client.extract_many::<Letter, _>(inputs).each(|row| row.max_tokens(200)).in_order();
    while let Some(row) = run.next().await {
        let row = row?;
        let line = match row.result {
            Ok(done) => json!({"file": row.id, "value": done.json}),
            Err(error) => {
                json!({"file": row.id, "kind": error.kind(), "error": error.to_string()})
            }
        };
        println!("{line}");
    }
    eprintln!("{}", run.summary());
    Ok(())
}

/// Writes three letters to a folder, and returns it.
fn three_letters(folder: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let letters = [
        (
            "01.txt",
            "Dear all,\nthe lamp arrived broken, and nobody answers the phone!\nMaria Lopez",
        ),
        ("02.txt", "Hello,\nthe chairs are lovely. Thank you very much.\nTom Berg"),
        ("03.txt", "To whom it may concern:\nI was charged twice for one table.\nAnna Kim"),
    ];
    for (name, text) in letters {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(folder.to_owned())
}
