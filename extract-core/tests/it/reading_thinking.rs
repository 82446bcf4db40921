//! Thinking in a text is not part of the answer. One row per model family, with a draft in the
//! thinking.

use std::collections::BTreeMap;

use extract_core::contract::{Contract, Shape};
use extract_core::partial::Live;
use extract_core::reading::{Level, PartialMode, ReadError, read, read_any, read_partial};
use serde_json::json;

/// The family, the text before the answer, and the text after it.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("DeepSeek R1, Qwen 3", "<think>\nPerhaps {\"a\": 1}? No.\n</think>\n\n", ""),
    ("opening in the prompt", "Perhaps {\"a\": 1}? No: {b.\n</think>\n\n", ""),
    ("letter case", "<THINK>Perhaps {\"a\": 1}</THINK>", "<|im_end|>"),
    ("prompts, thinking", "<thinking>Perhaps {\"a\": 1}</thinking>\n", ""),
    ("prompts, thought", "<thought>Perhaps {\"a\": 1}</thought>\n", ""),
    ("prompts, thoughts", "<thoughts>Perhaps {\"a\": 1}</thoughts>\n", ""),
    ("prompts, reasoning", "<reasoning>Perhaps {\"a\": 1}</reasoning>\n", ""),
    ("prompts, scratchpad", "<scratchpad>Perhaps {\"a\": 1}</scratchpad>\n", ""),
    ("prompts, analysis", "<analysis>Perhaps {\"a\": 1}</analysis>\n", ""),
    ("Reflection", "<thinking>{\"a\": 1}</thinking><reflection>{\"a\": 3}</reflection>", ""),
    ("in another element", "<response><thought>Perhaps {\"a\": 1}</thought>", "</response>"),
    ("after prose", "Sure. <think>Perhaps {\"a\": 1}?</think> So: ", "</s>"),
    ("twice", "<think>{\"a\": 1}</think>Wait.<think>{\"a\": 3}</think>", ""),
    ("quoted inside", "<think>I end with \"</think>\" and {\"a\": 1}.</think>", ""),
    ("MiniMax M3", "<mm:think>Perhaps {\"a\": 1}</mm:think>", "[e~["),
    ("Seed-OSS", "<seed:think>Perhaps {\"a\": 1}</seed:think>", "<seed:eos>"),
    ("Magistral", "[THINK]Perhaps {\"a\": 1}? No.[/THINK]", "</s>"),
    ("Kimi", "◁think▷Perhaps {\"a\": 1}◁/think▷", "<|im_end|>"),
    ("Gemma 4", "<|channel>thought\nPerhaps {\"a\": 1}?<channel|>", "<turn|>"),
    ("MedGemma", "<unused94>thought\nPerhaps {\"a\": 1}<unused95>", "<end_of_turn>"),
    (
        "Command A",
        "<|START_THINKING|>Perhaps {\"a\": 1}<|END_THINKING|><|START_RESPONSE|>",
        "<|END_RESPONSE|><|END_OF_TURN_TOKEN|>",
    ),
    (
        "OpenThoughts",
        "<|begin_of_thought|>{\"a\": 1}<|end_of_thought|>\n<|begin_of_solution|>",
        "<|end_of_solution|>",
    ),
    ("Phi", "<|thinking|>Perhaps {\"a\": 1}<|/thinking|>", "<|end|>"),
    ("Apertus", "<|inner_prefix|>Perhaps {\"a\": 1}<|inner_suffix|>", "<|assistant_end|>"),
    (
        "gpt-oss",
        "<|channel|>analysis<|message|>Maybe {\"a\": 1}?<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|return|>",
    ),
    (
        "gpt-oss with a preamble",
        "<|channel|>analysis<|message|>{\"a\": 1}<|end|><|start|>assistant<|channel|>commentary<|message|>\
         I say {\"a\": 3}.<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
        "<|end|>",
    ),
    ("gpt-oss without tokens", "analysisMaybe {\"a\": 1}? No.assistantfinal", ""),
];

fn object() -> Shape {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": ["integer", "string", "null"]}},
        "required": ["a"],
    });
    Shape::compile(&schema).unwrap()
}

#[test]
fn the_answer_follows_the_thinking() {
    let (shape, text) = (object(), Shape::compile(&json!({"type": "string"})).unwrap());
    for (family, before, behind) in FAMILIES {
        for answer in [
            "{\"a\": 2}",
            "```json\n{\"a\": 2}\n```",
            "{\"a\": \"write </think> or [/THINK] here\"}",
        ] {
            let reply = format!("{before}{answer}{behind}");
            let reading = read(&reply, &shape, Level::Lenient).unwrap();
            assert!(reading.fits(), "{family}");
            let expected = if answer.contains("write") {
                json!({"a": "write </think> or [/THINK] here"})
            } else {
                json!({"a": 2})
            };
            assert_eq!(reading.value, expected, "{family}: {answer}");
            assert_eq!(reading.rivals, 0, "{family}");
            assert_eq!(read_any(&reply).unwrap().value, expected, "{family}");
        }
        if !before.contains("<response>") && !before.contains("So: ") {
            let reply = format!("{before}It is two.{behind}");
            let reading = read(&reply, &text, Level::Lenient).unwrap();
            let shown = reading.value.as_str().unwrap().trim_end_matches("<|assistant_end|>");
            assert_eq!(shown, "It is two.", "{family}");
        }
    }
}

#[test]
fn unterminated_thinking_contains_no_answer() {
    let texts = Shape::compile(&json!({"type": "string"})).unwrap();
    for (family, before, _) in FAMILIES {
        if before.starts_with(['P', 'a']) {
            continue;
        }
        for cut in (3..before.len()).filter(|&cut| before.is_char_boundary(cut)) {
            let reply = &before[..cut];
            if let Ok(reading) = read(reply, &object(), Level::Lenient) {
                assert!(!reading.fits(), "{family}: {reply} gives {}", reading.value);
            }
            let Ok(reading) = read_partial(reply, &texts, PartialMode::Shown) else { continue };
            let shown = reading.value.as_str().unwrap();
            assert!(!shown.contains('{'), "{family}: {shown}");
        }
    }
    let error = read("<think>It is {\"a\": 1}", &object(), Level::Lenient).unwrap_err();
    assert_eq!(error, ReadError::OnlyThinking { mark: "<think>".into() });
}

#[test]
fn a_thinking_mark_inside_the_answer_is_content() {
    for answer in [
        json!({"a": "write </think> here"}),
        json!({"a": "<think>"}),
        json!({"a": "<|channel|>final<|message|>"}),
        json!({"a": "[THINK] and </s>"}),
    ] {
        for reply in [
            answer.to_string(),
            format!("{answer},"),
            format!("```json\n{answer}\n```"),
            format!("Here you are: {answer} Anything else?"),
            format!("<think>no</think>{answer}"),
        ] {
            let reading = read(&reply, &object(), Level::Lenient).unwrap();
            assert_eq!(reading.value, answer, "{reply}");
        }
    }
    let texts = Shape::compile(&json!({"type": "string"})).unwrap();
    for text in ["Write `<think>` first.", "It says \"</think>\".", "a < b", "plain\n"] {
        assert_eq!(read(text, &texts, Level::Lenient).unwrap().value, text);
    }
}

#[test]
fn elements_of_an_answer_may_have_the_names_of_thinking() {
    let schema = json!({
        "type": "object",
        "properties": {"reasoning": {"type": "string"}, "name": {"type": "string"}},
        "required": ["reasoning", "name"],
    });
    let text = "<Person><reasoning>as said</reasoning><name>Ida</name></Person>";
    let reading = read(text, &Shape::compile(&schema).unwrap(), Level::Lenient).unwrap();
    assert_eq!(reading.value, json!({"reasoning": "as said", "name": "Ida"}));
}

#[test]
fn a_stream_shows_no_thinking_with_any_portions() {
    type Numbers = BTreeMap<String, u32>;
    for (family, before, behind) in FAMILIES {
        // Without its opening mark, thinking looks like an answer while it streams.
        if before.starts_with(['P', 'a']) {
            continue;
        }
        let reply = format!("{before}{{\"value\": {{\"a\": 2}}}}{behind}");
        for pieces in [1, 2, 5, 11, 10_000] {
            let mut live = Live::<Numbers>::new(Contract::of::<Numbers>().unwrap());
            let mut rest = reply.as_str();
            while !rest.is_empty() {
                let all = rest.len();
                let at = (pieces..=all).find(|&at| rest.is_char_boundary(at)).unwrap_or(all);
                live.feed(&rest[..at]);
                rest = &rest[at..];
                let shown = live.partial().json();
                assert!(shown.get("a").is_none_or(|a| *a == json!(2)), "{family}: {shown}");
            }
            live.end();
            assert_eq!(live.partial().json(), json!({"a": 2}), "{family}, {pieces}");
        }
    }
}

#[test]
fn hostile_texts_are_read_in_linear_time() {
    for piece in ["<think>", "{\"a\": ", "\"<", "[THINK]x[/THINK]"] {
        let text = piece.repeat(200_000 / piece.len());
        if let Ok(reading) = read(&text, &object(), Level::Lenient) {
            assert!(!reading.fits() || reading.is_cut(), "{piece}");
        }
    }
}
