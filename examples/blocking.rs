//! A script without `async`: a list of persons from a text, as they arrive. With the feature `blocking`.

use extract_llm::blocking::{Wait, WaitEach};
use extract_llm::{Client, Error, Extract};

#[derive(Debug, Extract)]
struct Person {
    name: String,
    /// In years.
    age: u8,
}

fn main() -> Result<(), Error> {
    let client = Client::local();

    let one: Person = client.extract("Maria Lopez is 34 years old.").wait()?;
    println!("{one:?}");

    let text = "Tom Hill is 51 and Aisha Khan is 27.";
    let mut people = client.extract::<Vec<Person>>(text).items();
    for person in people.wait_each() {
        println!("{:?}", person?);
    }
    println!("{} in all", people.finish().wait()?.len());
    Ok(())
}
