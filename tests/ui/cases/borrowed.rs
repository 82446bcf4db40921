use std::borrow::Cow;
use std::marker::PhantomData;

use extract_llm::Extract;

#[derive(Extract)]
struct Order<'a> {
    sku: &'a str,
    tags: Vec<&'static str>,
    #[serde(borrow)]
    note: Cow<'a, str>,
    fine: PhantomData<&'a str>,
}

fn main() {}
