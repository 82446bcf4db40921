//! Types with rules of the crates `garde` and `validator`: their errors are reported under the
//! names on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::support::scripted::scripted;
use extract_llm::check::{CheckContext, CheckFailure};
use extract_llm::extraction::ParseError;
use extract_llm::scripted::reply;
use extract_llm::{ErrorKind, Extract, parse};
use serde_json::{Value, json};

/// Returns the problems of a value, sorted by pointer, because those crates do not keep the fields'
/// order.
fn found<T: Extract>(value: &Value) -> Vec<String> {
    let mut found = match parse::<T>(&value.to_string()) {
        Ok(_) => Vec::new(),
        Err(ParseError::Invalid { problems, .. }) => problems
            .iter()
            .map(|problem| format!("{} {}", problem.pointer, problem.expected))
            .collect(),
        Err(error) => panic!("{error}"),
    };
    found.sort();
    found
}

mod by_garde {
    use super::*;
    use garde::Validate;

    #[derive(Debug, Extract, Validate)]
    #[extract(garde)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)]
    struct Order {
        #[garde(custom(ascii_only))]
        #[extract(validate = short)]
        buyer_name: String,
        #[garde(dive)]
        all_lines: Vec<Line>,
        #[garde(dive)]
        by_name: BTreeMap<String, Line>,
        #[garde(dive)]
        spare_part: Option<Box<Line>>,
        #[garde(dive)]
        #[serde(flatten)]
        the_last: Last,
        #[garde(dive)]
        pay_by: Payment,
        #[garde(dive)]
        plain_type: Plain,
        #[garde(skip)]
        total_sum: u8,
    }

    #[derive(Debug, Extract, Validate)]
    #[serde(rename_all = "SCREAMING-KEBAB-CASE")]
    struct Line {
        #[garde(custom(ascii_only))]
        sku_code: String,
        #[garde(inner(custom(odd)))]
        part_numbers: Vec<u8>,
        #[garde(dive)]
        newtype_field: Newtype,
    }

    #[derive(Debug, Extract, Validate)]
    struct Newtype(#[garde(custom(odd))] u8);

    #[derive(Debug, Extract, Validate)]
    struct Last {
        #[garde(custom(odd))]
        #[serde(rename = "l/s~t")]
        last_one: u8,
    }

    #[derive(Debug, Extract, Validate)]
    #[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
    enum Payment {
        #[garde(transparent)]
        InCash(#[garde(custom(odd))] u8),
        ByCard {
            #[garde(custom(ascii_only))]
            card_number: String,
        },
    }

    /// Not `Extract`: its names on the wire are known only from the JSON.
    #[derive(Debug, serde::Deserialize, schemars::JsonSchema, Validate)]
    struct Plain {
        #[garde(custom(odd))]
        kept: u8,
        #[garde(custom(odd))]
        #[serde(rename = "otherName")]
        renamed: u8,
    }

    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn odd(number: &u8, (): &()) -> garde::Result {
        if number % 2 == 1 { Ok(()) } else { Err(garde::Error::new("odd")) }
    }

    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn ascii_only(text: &str, (): &()) -> garde::Result {
        if text.is_ascii() { Ok(()) } else { Err(garde::Error::new("ascii")) }
    }

    fn short(text: &str) -> Result<(), &'static str> {
        if text.len() < 9 { Ok(()) } else { Err("at most 8 bytes") }
    }

    /// Its rules need the whole value of the annotated type, but not of the type around it.
    #[test]
    fn a_readable_type_is_checked_inside_an_unreadable_one() {
        #[derive(Debug, Extract, Validate)]
        #[extract(garde)]
        #[allow(dead_code, reason = "only checked")]
        struct Parcel {
            #[garde(skip)]
            id: u8,
            #[garde(dive)]
            parts: Vec<Part>,
        }
        #[derive(Debug, Extract, Validate)]
        #[extract(garde)]
        #[allow(dead_code, reason = "only checked")]
        struct Part {
            #[garde(custom(odd))]
            count: u8,
        }
        let rule = "/parts/1/count a value that passes its rule (odd)";
        let value = |id: Value| json!({"id": id, "parts": [{"count": 1}, {"count": 2}]});
        assert_eq!(found::<Parcel>(&value(json!(1))), [rule]);
        assert_eq!(found::<Parcel>(&value(json!("x"))), ["/id an integer", rule]);
    }

    #[test]
    fn garde_errors_are_reported_under_the_names_on_the_wire() {
        let line = |sku: &str| json!({"SKU-CODE": sku, "PART-NUMBERS": [1, 2], "NEWTYPE-FIELD": 2});
        let good = json!({"SKU-CODE": "A", "PART-NUMBERS": [1], "NEWTYPE-FIELD": 1});
        let value = json!({
            "buyerName": "Zoë Zoë Zoë",
            "allLines": [good, line("é")],
            "byName": {"good": good, "bad/one": line("A")},
            "sparePart": line("A"),
            "l/s~t": 2,
            "payBy": {"by_card": {"cardNumber": "é"}},
            "plainType": {"kept": 2, "otherName": 2},
            "totalSum": 0,
        });
        let odd = "a value that passes its rule (odd)";
        let ascii = "a value that passes its rule (ascii)";
        assert_eq!(
            found::<Order>(&value),
            [
                format!("/allLines/1/NEWTYPE-FIELD {odd}"),
                format!("/allLines/1/PART-NUMBERS/1 {odd}"),
                format!("/allLines/1/SKU-CODE {ascii}"),
                format!("/buyerName {ascii}"),
                "/buyerName at most 8 bytes".to_owned(),
                format!("/byName/bad~1one/NEWTYPE-FIELD {odd}"),
                format!("/byName/bad~1one/PART-NUMBERS/1 {odd}"),
                format!("/l~1s~0t {odd}"),
                format!("/payBy/by_card/cardNumber {ascii}"),
                "/plainType a value that passes its rule (odd, at renamed)".to_owned(),
                format!("/plainType/kept {odd}"),
                format!("/sparePart/NEWTYPE-FIELD {odd}"),
                format!("/sparePart/PART-NUMBERS/1 {odd}"),
            ]
        );
        assert_eq!(
            found::<Payment>(&json!({"in_cash": 2})),
            Vec::<String>::new(),
            "no problem is found"
        );
    }

    struct Limits {
        most: u32,
    }

    #[derive(Debug, Extract, Validate)]
    #[extract(garde)]
    #[garde(context(Limits))]
    struct Amount {
        #[garde(custom(within))]
        #[serde(rename = "inCents")]
        cents: u32,
    }

    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn within(cents: &u32, limits: &Limits) -> garde::Result {
        if *cents <= limits.most { Ok(()) } else { Err(garde::Error::new("too much")) }
    }

    #[tokio::test]
    async fn the_rules_get_the_context_of_the_call() {
        let (client, model) =
            scripted([reply::tool(json!({"inCents": 101})), reply::tool(json!({"inCents": 99}))]);
        let done = client
            .extract::<Amount>("about a euro")
            .context(Limits { most: 100 })
            .report()
            .await
            .unwrap();
        assert_eq!(done.value.cents, 99);
        assert_eq!(done.ledger.attempts[0].problems[0].pointer, "/inCents");
        assert_eq!(model.seen().len(), 2);

        let (client, _) = scripted([reply::tool(json!({"inCents": 99}))]);
        let error = client.extract::<Amount>("about a euro").await.unwrap_err();
        let ErrorKind::Check { source: CheckFailure::NoContext { type_name }, .. } = error.kind()
        else {
            panic!("{error:?}")
        };
        assert!(type_name.ends_with("Limits"));
    }
}

mod by_validator {
    use super::*;
    use validator::{Validate, ValidationError};

    #[derive(Debug, Extract, Validate)]
    #[extract(validator)]
    #[serde(rename_all = "camelCase")]
    #[validate(schema(function = "buyer_is_first"))]
    struct Order {
        #[validate(custom(function = "ascii"))]
        buyer_name: String,
        #[validate(nested)]
        all_lines: Vec<Line>,
        #[validate(nested)]
        one_line: Line,
    }

    #[derive(Debug, Extract, Validate)]
    #[serde(rename_all = "kebab-case")]
    struct Line {
        #[validate(custom(function = "ascii", message = "only ASCII"))]
        sku_code: String,
    }

    fn buyer_is_first(order: &Order) -> Result<(), ValidationError> {
        let first = order.all_lines.first().is_none_or(|line| line.sku_code > order.buyer_name);
        if first { Ok(()) } else { Err(ValidationError::new("buyer_is_first")) }
    }

    fn ascii(text: &str) -> Result<(), ValidationError> {
        if text.is_ascii() {
            return Ok(());
        }
        let mut error = ValidationError::new("ascii");
        error.add_param(Cow::from("most"), &127);
        Err(error)
    }

    #[test]
    fn validator_errors_are_reported_under_the_names_on_the_wire() {
        let value = json!({
            "buyerName": "é",
            "allLines": [{"sku-code": "a"}, {"sku-code": "é"}],
            "oneLine": {"sku-code": "é"},
        });
        assert_eq!(
            found::<Order>(&value),
            [
                "/allLines/1/sku-code a value that passes its rule (only ASCII)",
                "/buyerName a value that passes `ascii` (most 127)",
                "/oneLine/sku-code a value that passes its rule (only ASCII)",
            ]
        );
    }

    #[test]
    fn a_rule_of_the_whole_value_is_reported_at_the_root() {
        let value = json!({
            "buyerName": "b", "allLines": [{"sku-code": "a"}], "oneLine": {"sku-code": "a"},
        });
        assert_eq!(found::<Order>(&value), [" a value that passes `buyer_is_first`"]);
    }

    struct Known(&'static [&'static str]);

    #[derive(Debug, Extract, Validate)]
    #[extract(validator(context = Known))]
    #[validate(context = Known)]
    struct Basket {
        #[validate(custom(function = "is_known", use_context))]
        #[serde(rename = "article")]
        sku: String,
    }

    fn is_known(sku: &str, known: &Known) -> Result<(), ValidationError> {
        if known.0.contains(&sku) { Ok(()) } else { Err(ValidationError::new("known")) }
    }

    #[test]
    fn the_rules_get_the_context_of_the_call() {
        let background = CheckContext::new().value(Known(&["A-1"]));
        let read = |sku: &str| background.parse::<Basket>(&json!({"article": sku}).to_string());
        assert_eq!(read("A-1").unwrap().value.sku, "A-1");
        let error = read("B").unwrap_err();
        assert!(error.to_string().contains("/article: expected a value that passes `known`"));
        let error = parse::<Basket>(r#"{"article": "A-1"}"#).unwrap_err();
        assert!(matches!(error, ParseError::Check { source: CheckFailure::NoContext { .. }, .. }));
    }
}
