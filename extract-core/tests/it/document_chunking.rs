//! The chunks of a document: exact ranges without gaps, bounded, at the best places to cut.

use extract_llm::conversation::approximate_tokens;
use extract_llm::document::{Chunk, Chunking, Document};
use proptest::prelude::*;

fn texts<'t>(text: &'t str, chunks: &[Chunk]) -> Vec<&'t str> {
    chunks.iter().map(|chunk| &text[chunk.bytes.clone()]).collect()
}

fn split<'t>(chunking: &Chunking, text: &'t str) -> Vec<&'t str> {
    texts(text, &chunking.split(&Document::new(text)))
}

/// Counts a token for each byte.
fn by_bytes(chunking: Chunking, most: u64) -> Chunking {
    chunking.count_by(|text| text.len() as u64).max_tokens(most)
}

#[test]
fn as_many_units_as_fit_and_smaller_ones_where_none_fits() {
    let text = "One.\r\n\r\nTwo two. Three three three.\r\n\r\nFour";
    let paragraphs = |most| split(&by_bytes(Chunking::paragraphs(), most), text);
    assert_eq!(paragraphs(100), [text]);
    assert_eq!(paragraphs(40), ["One.\r\n\r\nTwo two. Three three three.\r\n\r\n", "Four"]);
    assert_eq!(paragraphs(31), ["One.\r\n\r\n", "Two two. Three three three.\r\n\r\n", "Four"]);
    // The second paragraph does not fit: its sentences are cut.
    assert_eq!(paragraphs(22), ["One.\r\n\r\n", "Two two. ", "Three three three.\r\n\r\n", "Four"]);
    assert_eq!(
        paragraphs(9),
        ["One.\r\n\r\n", "Two two. ", "Three ", "three ", "three.\r\n\r\n", "Four"]
    );
    let lines = by_bytes(Chunking::lines(), 5);
    assert_eq!(split(&lines, "a\nb\nc\nd\n"), ["a\nb\n", "c\nd\n"]);
    let sentences = by_bytes(Chunking::sentences(), 8);
    assert_eq!(split(&sentences, "A b. C d. E f."), ["A b. ", "C d. ", "E f."]);
}

#[test]
fn a_text_without_places_to_cut_is_cut_between_signs() {
    let signs = by_bytes(Chunking::paragraphs(), 4);
    assert_eq!(split(&signs, "abcdefghij"), ["abcd", "efgh", "ij"]);
    assert_eq!(split(&signs, "שלוםשלום"), ["של", "ום", "של", "ום"]);
    assert_eq!(split(&signs, "e\u{301}e\u{301}"), ["e\u{301}", "e\u{301}"]);
    // One sign is never cut, whatever it counts.
    assert_eq!(split(&signs, "👩‍👩‍👧👩‍👩‍👧"), ["👩‍👩‍👧", "👩‍👩‍👧"]);
    let long = "x".repeat(5_000);
    assert!(split(&Chunking::paragraphs().max_tokens(100), &long).len() > 1);
}

#[test]
fn an_overlap_repeats_whole_sentences_or_else_words() {
    let text = "One two. Three four. Five six. Seven.";
    let chunking = by_bytes(Chunking::sentences(), 24).overlap(12);
    let chunks = chunking.split(&Document::new(text));
    assert_eq!(
        texts(text, &chunks),
        ["One two. ", "One two. Three four. ", "Three four. Five six. ", "Five six. Seven."]
    );
    assert_eq!(chunks[1].overlap, 9);
    assert_eq!(chunks[0].overlap, 0);

    let words = "one two three four five six";
    let chunking = by_bytes(Chunking::sentences(), 16).overlap(6);
    assert_eq!(split(&chunking, words), ["one two ", "two three ", "three four five ", "five six"]);
}

#[test]
fn pages_are_kept_together_or_apart() {
    let text = "a a.\u{c}b b.\u{c} \u{c}c c c c.";
    let document = Document::new(text).pages_at_form_feeds();
    assert_eq!(document.page_starts(), [0, 5, 10, 12]);
    let chunks = by_bytes(Chunking::pages(), 12).split(&document);
    assert_eq!(texts(text, &chunks), ["a a.\u{c}b b.\u{c} \u{c}", "c c c c."]);
    assert_eq!(chunks[0].pages, Some(1..=3));
    let chunks = by_bytes(Chunking::each_page(), 100).split(&document);
    assert_eq!(texts(text, &chunks), ["a a.\u{c}", "b b.\u{c}", " \u{c}", "c c c c."]);
    assert!(chunks[2].is_blank && !chunks[3].is_blank);
    assert_eq!(chunks[3].pages, Some(4..=4));
    let chunks = by_bytes(Chunking::each_page(), 5).split(&document);
    assert_eq!(texts(text, &chunks), ["a a.\u{c}", "b b.\u{c}", " \u{c}", "c c ", "c c."]);
    assert_eq!(chunks[4].pages, Some(4..=4));
}

#[test]
fn a_range_is_found_on_its_pages() {
    let document = Document::new("0123456789").pages([0, 4, 8]);
    let places = document.on_pages(3..9);
    let found: Vec<_> = places.iter().map(|place| (place.page, place.bytes.clone())).collect();
    assert_eq!(found, [(1, 3..4), (2, 0..4), (3, 0..1)]);
    assert_eq!(document.page_at(8), Some(3));
    assert_eq!(document.page_at(10), None);
    assert!(Document::new("0123").on_pages(0..2).is_empty());
    assert!(document.on_pages(4..4).is_empty());
}

#[test]
fn an_empty_text_has_no_chunk() {
    assert!(Chunking::paragraphs().split(&Document::new("")).is_empty());
    let blank = Chunking::paragraphs().split(&Document::new(" \n\n "));
    assert!(blank.len() == 1 && blank[0].is_blank);
}

/// Pieces of text that are hard to cut.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,9}",
        2 => Just(" ".to_owned()),
        2 => Just(". ".to_owned()),
        1 => "[0-9]{1,6}",
        1 => Just("\n".to_owned()),
        1 => Just("\r\n\r\n".to_owned()),
        1 => Just("\u{c}".to_owned()),
        1 => Just("👩‍👩‍👧".to_owned()),
        1 => Just("e\u{301}".to_owned()),
        1 => Just("שלום עולם".to_owned()),
        1 => Just("これは日本語です。".to_owned()),
        1 => "\\PC{0,8}",
        1 => "[x]{30,60}",
    ];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

fn chunking() -> impl Strategy<Value = Chunking> {
    let unit = prop_oneof![
        Just(Chunking::pages()),
        Just(Chunking::each_page()),
        Just(Chunking::paragraphs()),
        Just(Chunking::lines()),
        Just(Chunking::sentences()),
    ];
    (unit, 1_u64..40, 0_u64..30)
        .prop_map(|(unit, most, overlap)| unit.max_tokens(most).overlap(overlap))
}

proptest! {
    #[test]
    fn every_byte_is_in_one_chunk_and_in_overlaps(text in text(), chunking in chunking()) {
        let document = Document::new(text.as_str()).pages_at_form_feeds();
        let chunks = chunking.split(&document);
        let mut end = 0;
        let mut last_start = 0;
        for (index, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(chunk.number, index + 1);
            // Both ends are characters' borders, and what follows the overlap continues the chunk before.
            let inside = text.get(chunk.bytes.clone());
            prop_assert!(inside.is_some());
            prop_assert_eq!(chunk.bytes.start + chunk.overlap, end);
            prop_assert!(chunk.bytes.end > end && chunk.bytes.start >= last_start);
            prop_assert_eq!(chunk.is_blank, inside.unwrap_or_default().trim().is_empty());
            (end, last_start) = (chunk.bytes.end, chunk.bytes.start);
        }
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn no_chunk_is_larger_than_the_bound(text in text(), most in 4_u64..60, overlap in 0_u64..30) {
        // Counts that add up exactly: words and single signs.
        let count = |text: &str| text.split_whitespace().map(|word| word.len() as u64).sum::<u64>();
        let chunking = Chunking::paragraphs().count_by(count).max_tokens(most).overlap(overlap);
        let bound = most.max(18); // the longest sign of the texts
        for chunk in chunking.split(&Document::new(text.as_str())) {
            let inside = &text[chunk.bytes.clone()];
            let signs = unicode_length(inside);
            prop_assert!(count(inside) <= bound || signs == 1, "{inside:?} has {}", count(inside));
        }
    }

    #[test]
    fn the_approximate_bound_is_nearly_kept(text in text(), most in 8_u64..60) {
        for chunk in Chunking::sentences().max_tokens(most).split(&Document::new(text.as_str())) {
            let tokens = approximate_tokens(&text[chunk.bytes.clone()]);
            prop_assert!(tokens <= most + most / 5 + 4, "{tokens} of {most}");
        }
    }
}

/// Returns 1 for a text that is one visible sign, for these tests.
fn unicode_length(text: &str) -> usize {
    let joined = text.contains('\u{200d}') || text.chars().count() <= 2;
    if joined && text.len() <= 40 { 1 } else { text.len() }
}
