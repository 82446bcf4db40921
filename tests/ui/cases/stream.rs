use extract_llm::Extract;

#[derive(Extract)]
#[extract(stream(required))]
struct OnType {
    a: String,
}

#[derive(Extract)]
struct OnFields {
    #[extract(stream)]
    bare: String,
    #[extract(stream(done))]
    other: String,
    #[extract(stream(whole = true))]
    value: String,
    #[extract(stream(whole), stream(whole))]
    twice: String,
    #[serde(skip)]
    #[extract(stream(whole))]
    skipped: String,
    #[serde(flatten)]
    #[extract(stream(required))]
    flat: Inner,
}

#[derive(Extract)]
struct Inner {
    b: String,
}

#[derive(Extract)]
#[extract(stream(whole))]
struct Whole {
    #[extract(stream(required))]
    a: String,
}

#[derive(Extract)]
#[serde(untagged)]
enum Untagged {
    A {
        #[extract(stream(whole))]
        a: String,
    },
    B(u8),
}

#[derive(Extract)]
enum OnVariant {
    #[extract(stream(whole))]
    A(u8),
}

fn main() {}
