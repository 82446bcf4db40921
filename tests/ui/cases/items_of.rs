use extract_llm::{Client, Extract};

#[derive(Extract)]
struct Person {
    name: String,
}

#[derive(Extract)]
struct Team {
    name: String,
    people: Vec<Person>,
    staff: Staff,
}

#[derive(Extract)]
struct Staff(Vec<Person>);

fn lists(client: &Client) {
    let _ = client.extract::<Team>("…").items_of(|team| &team.persons);
    let _ = client.extract::<Team>("…").items_of(|team| &team.name);
    let _ = client.extract::<Team>("…").items_of(|team| &team.staff);
}

fn main() {}
