use extract_llm::Extract;

#[derive(Extract)]
#[extract(name = "")]
struct Empty {}

#[derive(Extract)]
#[extract(name = "my order")]
struct Spaced {}

#[derive(Extract)]
#[extract(name = "a_name_that_goes_on_and_on_until_no_provider_takes_it_any_more_at_all")]
struct Long {}

#[derive(Extract)]
#[extract(name = order)]
struct Unquoted {}

#[derive(Extract)]
#[extract(name = "page_of_{U}")]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Extract)]
#[extract(name = "one")]
#[schemars(rename = "another")]
struct Twice {}

fn main() {}
