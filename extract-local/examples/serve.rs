//! Starts a local model for other programs, and keeps it running until Enter is pressed:
//! `cargo run -p extract-local --example serve`

use extract_local::{LocalError, Options, connect};

fn main() -> Result<(), LocalError> {
    let server = connect(&Options::from_env()?)?;
    println!("{} at {}", server.model(), server.base_url());
    println!("press Enter to let it go");
    let _ = std::io::stdin().read_line(&mut String::new());
    Ok(())
}
