//! Quotes and grounded values: their location in the source, the problems of those that are
//! missing, and that the search costs no more than linear work for any source.

use crate::support::scripted::scripted;
use extract_core::grounding::SearchCost;
use extract_llm::check::CheckContext;
use extract_llm::extraction::ParseError;
use extract_llm::grounding::Grounded;
use extract_llm::grounding::{Match, Source};
use extract_llm::scripted::reply;
use extract_llm::{Extract, Message, Quote};
use proptest::prelude::*;
use serde_json::json;

const LETTER: &str = "Dear Ms. O’Neill,\n\nyour order “A-17” (3 chairs, €99.50) was infor-\nmally \
                      confirmed on 5 May. The chairs are red. The chairs are sturdy.\n\nPrice: -5 %";

/// Returns the part of the letter that matches a quote, and the quality of the match.
fn found(quote: &str) -> Option<(&'static str, Match)> {
    let located = Source::from(LETTER).locate(quote)?;
    let text = &LETTER[located.bytes];
    assert_eq!(text.chars().count(), located.chars.len());
    Some((text, located.quality))
}

#[test]
fn quotes_are_found_in_spite_of_case_space_and_punctuation() {
    use Match::{Exact, Fuzzy, Normalised};
    for (quote, expected) in [
        ("The chairs are red.", Some(("The chairs are red.", Exact))),
        ("  3 chairs\n", Some(("3 chairs", Exact))),
        ("the CHAIRS are red", Some(("The chairs are red", Normalised))),
        (
            "Dear Ms O'Neill: your order \"A-17\"",
            Some(("Dear Ms. O’Neill,\n\nyour order “A-17", Normalised)),
        ),
        ("was informally confirmed", Some(("was infor-\nmally confirmed", Normalised))),
        ("was in-formally confirmed", Some(("was infor-\nmally confirmed", Normalised))),
        ("the chairs are stturdy", Some(("The chairs are sturdy", Fuzzy))),
        ("3 chairs, 99.50", None),
        ("confirmed on 6 May", None),
        ("Price: 5 %", None),
        ("Price: −5 %", Some(("Price: -5 %", Normalised))),
        ("Price: 5 EUR", None),
        ("was informally confirmed on 5 March. The chairs are red.", None),
        ("was not informally confirmed on 5 May. The chairs are red. The chairs are sturdy.", None),
        (
            "informally confirmed on 5 May. The chiars are red",
            Some(("infor-\nmally confirmed on 5 May. The chairs are red", Fuzzy)),
        ),
        (
            "informally confirmed on 5 May. The cha irs are red",
            Some(("infor-\nmally confirmed on 5 May. The chairs are red", Fuzzy)),
        ),
        ("", None),
        ("…", None),
    ] {
        let expected =
            expected.map(|(text, quality)| (text.replace("mally \n", "mally "), quality));
        let found = found(quote).map(|(text, quality)| (text.to_owned(), quality));
        assert_eq!(found, expected, "{quote:?}");
    }
}

#[test]
fn whole_words_are_preferred_to_parts_of_words() {
    let source = Source::from("In 1934 the party of art had 34 members; articles: 34.");
    assert_eq!(source.locate("34").unwrap().bytes, 29..31);
    assert_eq!(source.locate("art").unwrap().bytes, 21..24);
    assert_eq!(source.locate("artic").unwrap().bytes, 41..46, "a part of a word is found last");
}

#[test]
fn characters_are_found_in_any_unicode_composition() {
    let source = Source::from("Ve\u{301}ronique\u{a0}a con\u{fb01}né: Straße, ΟΔΟΣ, 東京\n都, ﬁn.");
    for (quote, text) in [
        ("Véronique a", "Ve\u{301}ronique\u{a0}a"),
        ("confiné", "con\u{fb01}né"),
        ("οδος", "ΟΔΟΣ"),
        ("東京都", "東京\n都"),
        ("fin", "ﬁn"),
    ] {
        let located = source.locate(quote).unwrap_or_else(|| panic!("{quote}"));
        assert_eq!((&source[located.bytes], located.quality), (text, Match::Normalised));
    }
    assert!(Source::from("Ve\u{301}ro").locate("ve ro").is_none());
}

#[derive(Debug, Extract)]
struct Answer {
    reasons: Vec<Quote>,
    #[extract(grounded)]
    names: Vec<String>,
    #[extract(grounded)]
    #[serde(rename = "nick-name")]
    nickname: Option<String>,
    happy: Grounded<bool>,
}

#[tokio::test]
async fn a_missing_quote_is_reported_with_the_nearest_text() {
    let text = "Ada: the tea was cold. Bob (Bobby): the tea was cold, and I left.";
    let answer = |reason: &str, name: &str, nick: &str, left: &str| {
        reply::tool(json!({
            "reasons": ["the tea was cold", reason],
            "names": ["Ada", name],
            "nick-name": nick,
            "happy": {"value": false, "quotes": [left]},
        }))
    };
    let (client, model) = scripted([
        answer("the soup was cold", "Carl", "Robert", "I will come again"),
        answer("the tea was cold", "Bob", "Bobby", "and I left"),
    ]);
    let done = client.extract::<Answer>(text).report().await.unwrap();
    let problems: Vec<String> =
        done.ledger.attempts[0].problems.iter().map(ToString::to_string).collect();
    let copied = "expected words copied from the text as they stand there, found";
    assert_eq!(
        problems,
        [
            format!(
                r#"/reasons/1: {copied} "the soup was cold", to which the nearest is "the tea was cold""#
            ),
            format!(r#"/names/1: {copied} "Carl", and nothing like it"#),
            format!(r#"/nick-name: {copied} "Robert", and nothing like it"#),
            format!(r#"/happy/quotes/0: {copied} "I will come again", and nothing like it"#),
        ]
    );
    assert!(model.seen()[1].body.to_string().contains("to which the nearest is"));

    // A repeated quote gets the next occurrence.
    let places: Vec<_> =
        done.value.reasons.iter().map(|quote| quote.located().unwrap().bytes.start).collect();
    assert_eq!(places, [5, 36]);
    assert_eq!(done.value.happy.quotes[0].located().unwrap().quality, Match::Exact);
    assert!(!*done.value.happy, "the value is reached by deref");
    assert_eq!(done.value.names, ["Ada", "Bob"]);
    assert_eq!(done.value.nickname.as_deref(), Some("Bobby"));
}

#[test]
fn quotes_beyond_the_last_occurrence_get_the_last_occurrence() {
    let background = CheckContext::new().source("tea, Tea, and tea");
    let read = background.parse::<Vec<Quote>>(r#"["tea", "tea", "tea", "tea"]"#);
    let quotes = read.unwrap().value;
    let places: Vec<_> = quotes
        .iter()
        .map(|quote| quote.located().map(|place| (place.bytes.start, place.quality)).unwrap())
        .collect();
    use Match::Exact;
    assert_eq!(places, [(0, Exact), (14, Exact), (14, Exact), (14, Exact)]);
}

#[test]
fn several_messages_are_one_source_and_no_quote_spans_two() {
    let messages = [
        Message::user("The first ends here"),
        Message::assistant("The model said so."),
        Message::user("and the second begins."),
    ];
    let source = Source::of(&messages);
    let located = source.locate("the second begins").unwrap();
    assert_eq!(source.part_at(located.bytes.start).unwrap().message, 2);
    for across in ["ends here\n\nand the second", "ends here and the second", "The model said so"] {
        assert_eq!(source.locate(across), None, "{across}");
    }
}

#[test]
fn without_a_source_nothing_is_grounded() {
    let error = extract_llm::parse::<Quote>(r#""tea""#).unwrap_err();
    assert!(matches!(error, ParseError::Check { .. }), "{error}");
    assert!(serde_json::from_value::<Quote>(json!("tea")).unwrap().located().is_none());
}

/// Returns the number of steps that a search takes.
fn steps(source: &Source, quote: &str) -> u64 {
    let mut effort = SearchCost::default();
    let _ = source.locate_after(quote, 0, &mut effort);
    effort.steps
}

/// Returns texts of about this many bytes that are hard to search.
fn hostile(bytes: usize) -> Vec<String> {
    vec![
        "a".repeat(bytes),
        "a ".repeat(bytes / 2),
        "ab".repeat(bytes / 2),
        "the cat sat on the mat ".repeat(bytes / 23),
        "-\n".repeat(bytes / 2),
        "a-\n   ".repeat(bytes / 6),
        "e\u{301}".repeat(bytes / 3),
        "\u{fdfa}".repeat(bytes / 3),
        " ".repeat(bytes),
        numbers(bytes / 8),
    ]
}

/// Returns numbers of seven digits, separated by spaces.
fn numbers(count: usize) -> String {
    let numbers: Vec<String> = (0..count).map(|n| format!("{:07}", n * 7919 % 9_999_991)).collect();
    numbers.join(" ")
}

#[test]
fn the_search_takes_linear_work_for_any_source() {
    let quotes = [
        "b".repeat(355),
        format!("{}b", "a".repeat(354)),
        format!("{}b", "a ".repeat(177)),
        "the cat sat on the hat and the bat ".repeat(10),
        "a".repeat(1 << 20),
        "x-\n".repeat(500),
    ];
    for (small, large) in hostile(1 << 17).iter().zip(&hostile(1 << 20)) {
        let (small, large) = (Source::from(small.as_str()), Source::from(large.as_str()));
        for quote in &quotes {
            let (few, many) = (steps(&small, quote), steps(&large, quote));
            let bytes = large.len() as u64;
            // The close comparison of the best candidates costs the same for sources of any length.
            let closely = 4 * 2 * 2048 * 2048;
            assert!(many <= 40 * bytes + closely, "{many} steps in {bytes} bytes");
            assert!(many <= 8 * few + 40 * 8 + closely, "{few} steps, then {many}");
        }
    }
}

#[test]
fn a_quote_is_found_at_the_far_end_of_a_large_source() {
    let mut text = "the cat sat on the mat. ".repeat(40_000);
    text += "In the end the dog “ran” away, 7 times.";
    let source = Source::from(text.as_str());
    let tail = text.len();
    for (quote, quality) in [
        ("In the end the dog “ran” away", Match::Exact),
        ("in the end the dog 'ran' away", Match::Normalised),
        ("In the end the dogg ran away, 7 times", Match::Fuzzy),
    ] {
        let located = source.locate(quote).unwrap();
        assert_eq!(located.quality, quality);
        assert!(located.bytes.start >= tail - 60, "{located:?}");
    }
    assert_eq!(source.locate("In the end the dogg ran away, 8 times"), None);
}

/// Generates prose with all characters that the search folds.
fn prose() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Der",
        "Hund",
        "lief",
        "schnell",
        "œuvre",
        "naïve",
        "ΟΔΟΣ",
        "東京",
        "12",
        "3.50",
        "co-op",
        "don’t",
        "e\u{301}tude",
        "ﬁn",
        "İstanbul",
        "🙂",
        "§",
        "x",
    ]);
    let gap =
        prop::sample::select(vec![" ", "  ", "\n", ", ", ". ", " – ", "—", " “", "” ", "\t", "; "]);
    prop::collection::vec((word, gap), 1..40)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(word, gap)| [word, gap]).collect())
}

/// Returns a random part of a text, on character boundaries.
fn piece(text: &str, from: prop::sample::Index, to: prop::sample::Index) -> &str {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let (a, b) = (*from.get(&places), *to.get(&places));
    text[a.min(b)..a.max(b)].trim()
}

/// Returns a copy with changed case, white space, quotation marks and dashes.
fn disguised(text: &str, choice: &[u8]) -> String {
    let mut choice = choice.iter().cycle();
    let mut other = || choice.next().is_some_and(|c| c % 2 == 0);
    let mut copy = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' if other() => copy.push(c.to_ascii_uppercase()),
            'A'..='Z' if other() => copy.push(c.to_ascii_lowercase()),
            ' ' if other() => copy.push_str(" \n "),
            ' ' | '\n' | '\t' => copy.push('\u{a0}'),
            '’' => copy.push('\''),
            '“' | '”' => copy.push('"'),
            '—' | '–' => copy.push_str(" - "),
            ',' | ';' if other() => copy.push(' '),
            c => copy.push(c),
        }
    }
    copy.trim().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_part_of_the_source_is_found_exactly(
        text in prose(), from: prop::sample::Index, to: prop::sample::Index,
    ) {
        let quote = piece(&text, from, to);
        prop_assume!(!quote.is_empty());
        let source = Source::from(text.as_str());
        let located = source.locate(quote).unwrap();
        prop_assert_eq!(located.quality, Match::Exact);
        prop_assert_eq!(&text[located.bytes.clone()], quote);
        prop_assert_eq!(text[..located.bytes.start].chars().count(), located.chars.start);
        prop_assert_eq!(text[..located.bytes.end].chars().count(), located.chars.end);
    }

    #[test]
    fn a_copy_in_another_form_is_found_at_its_words(
        text in prose(), from: prop::sample::Index, to: prop::sample::Index,
        choice in prop::collection::vec(any::<u8>(), 1..50),
    ) {
        // Whole words only: a cut inside a word would leave another word.
        let words: Vec<&str> = text.split_whitespace().collect();
        let (a, b) = (from.index(words.len()), to.index(words.len()));
        let quote = words[a.min(b)..=a.max(b)].join(" ");
        prop_assume!(quote.chars().any(char::is_alphanumeric));
        let copy = disguised(&quote, &choice);
        let source = Source::from(text.as_str());
        let located = source.locate(&copy);
        prop_assert!(located.is_some(), "{:?} in {:?}", copy, text);
        let located = located.unwrap();
        prop_assert!(located.quality >= Match::Normalised, "{:?} in {:?}: {:?}", copy, text, located);
        let letters = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        prop_assert_eq!(letters(&text[located.bytes]), letters(&copy));
    }

    #[test]
    fn locations_are_on_character_boundaries_for_any_quote(text in "\\PC{0,200}", quote in "\\PC{0,60}") {
        let source = Source::from(text.as_str());
        if let Some(located) = source.locate(&quote) {
            prop_assert!(text.get(located.bytes.clone()).is_some());
            prop_assert_eq!(text[..located.bytes.start].chars().count(), located.chars.start);
        }
        if let Err(Some(near)) = source.locate_after(&quote, 0, &mut SearchCost::default()) {
            prop_assert!(text.get(near).is_some());
        }
    }

    #[test]
    fn a_copy_with_one_letter_changed_is_found(
        text in "[a-z]{3,9}( [a-z]{3,9}){8,40}", from in 0_usize..4, at: prop::sample::Index,
    ) {
        let words: Vec<&str> = text.split(' ').collect();
        let quote = words[from..from + 5].join(" ");
        let mut copy: Vec<char> = quote.chars().collect();
        let letters: Vec<usize> = (0..copy.len()).filter(|&at| copy[at] != ' ').collect();
        copy[*at.get(&letters)] = 'ß';
        let copy: String = copy.into_iter().collect();
        let located = Source::from(text.as_str()).locate(&copy);
        prop_assert!(located.is_some(), "{:?} in {:?}", copy, text);
        prop_assert_eq!(located.unwrap().quality, Match::Fuzzy);
    }
}
