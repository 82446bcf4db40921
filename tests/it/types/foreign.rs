//! Types of other crates, each with its feature.

use extract_llm::contract::Base64;
use extract_llm::either::Either;
use extract_llm::indexmap::{IndexMap, IndexSet};
use extract_llm::rust_decimal::Decimal;
use extract_llm::url::Url;
use extract_llm::uuid::Uuid;
use extract_llm::{chrono, jiff};

use super::row::{Family, Row};

pub(crate) fn rows(rows: &mut Vec<Row>) {
    let mut family = Family("`chrono`", rows);
    family.row("chrono::NaiveDate", ["2024-02-29".parse::<chrono::NaiveDate>().unwrap()]);
    family.row("chrono::NaiveTime", ["23:59:59".parse::<chrono::NaiveTime>().unwrap()]);
    family.row(
        "chrono::NaiveDateTime",
        ["2024-02-29T23:59:59.5".parse::<chrono::NaiveDateTime>().unwrap()],
    );
    family.row(
        "chrono::DateTime<Utc>",
        ["2024-02-29T23:59:59Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()],
    );
    family.row(
        "chrono::DateTime<FixedOffset>",
        ["2024-02-29T23:59:59+05:30".parse::<chrono::DateTime<chrono::FixedOffset>>().unwrap()],
    );
    family.row("chrono::Weekday", [chrono::Weekday::Mon, chrono::Weekday::Sun]);
    family.row("chrono::TimeDelta", [chrono::TimeDelta::new(5, 7).unwrap()]);

    let mut family = Family("`jiff`", rows);
    family.row("jiff::civil::Date", [jiff::civil::date(2024, 2, 29)]);
    family.row("jiff::civil::Time", [jiff::civil::time(23, 59, 59, 0)]);
    family.row("jiff::civil::DateTime", [jiff::civil::date(2024, 2, 29).at(1, 2, 3, 0)]);
    family.row("jiff::Timestamp", ["2024-02-29T23:59:59Z".parse::<jiff::Timestamp>().unwrap()]);
    family
        .row("jiff::Zoned", ["2024-02-29T12:00:00+05:30[+05:30]".parse::<jiff::Zoned>().unwrap()]);
    family.row("jiff::SignedDuration", [jiff::SignedDuration::from_secs(90 * 60)]);
    family.row("jiff::Span", [Duration("P1Y2M3DT4H".parse().unwrap())]);

    let mut family = Family("Other crates", rows);
    family.row("uuid::Uuid", [Uuid::nil(), Uuid::from_u128(u128::MAX / 7)]);
    family.row("url::Url", ["https://example.com/a?b=c#d".parse::<Url>().unwrap()]);
    family.row("rust_decimal::Decimal", [Decimal::new(-12_345, 2), Decimal::ZERO]);
    family.row("either::Either<A, B>", [Either::Left(7_u8), Either::Right("x".to_owned())]);
    family.row(
        "IndexMap<String, T>",
        [IndexMap::<String, u8>::from([("b".to_owned(), 1), ("a".to_owned(), 2)])],
    );
    family.row("IndexSet<T>", [IndexSet::<u8>::from([2, 1])]);
    family.row("Base64", [Base64(vec![]), Base64(vec![0, 255, 7, 9])]);
}

/// `Span` has no `PartialEq`, only a field-wise comparison.
#[derive(Debug, Clone, serde::Serialize, extract_llm::Extract)]
#[serde(transparent)]
struct Duration(jiff::Span);

impl PartialEq for Duration {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}
