//! Keeps a local model ready until Enter is pressed, for other programs to use:
//! `cargo run -p extract-local --example serve`

use extract_local::{LocalError, Options, connect};

fn main() -> Result<(), LocalError> {
    let server = connect(&Options::from_env()?)?;
    println!("{} at {}", server.model(), server.base_url());
    println!("press Enter to let it go");
    let _ = std::io::stdin().read_line(&mut String::new());
    Ok(())
}
