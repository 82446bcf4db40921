//! Calls that models write into their text: one row per model family, in the whole loop and
//! offline; truncated at every byte; with unknown names; and values that look like envelopes.

use extract_llm::extraction::{Outcome, ParseError};
use extract_llm::reading::RepairKind;
use extract_llm::scripted::reply;
use extract_llm::{ErrorKind, Extract, Mode, Step, UserTool, parse};
use serde_json::{Value, json};

use crate::support::scripted::scripted as client;

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    age: u8,
}

#[derive(Debug, PartialEq, Extract)]
struct Company {
    name: String,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Extract)]
struct Doc {
    path: String,
}

fn ida() -> Person {
    Person { name: "Ida".into(), age: 41 }
}

/// A call of `Person` with the name Ida and the age 41, in the envelope of each model family.
const FAMILIES: &[(&str, &str)] = &[
    (
        "Qwen, Hermes",
        "<tool_call>\n{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}\n</tool_call>",
    ),
    ("bare", "{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}"),
    (
        "arguments as text",
        "{\"name\": \"Person\", \"arguments\": \"{\\\"name\\\": \\\"Ida\\\", \\\"age\\\": 41}\"}",
    ),
    (
        "function, parameters",
        "{\"function\": \"Person\", \"parameters\": {\"name\": \"Ida\", \"age\": 41}}",
    ),
    ("tool, args", "{\"tool\": \"Person\", \"args\": {\"name\": \"Ida\", \"age\": 41}}"),
    (
        "Anthropic block",
        "{\"type\": \"tool_use\", \"id\": \"t1\", \"name\": \"Person\", \"input\": {\"name\": \"Ida\", \"age\": 41}}",
    ),
    (
        "OpenAI message",
        "{\"tool_calls\": [{\"id\": \"c1\", \"type\": \"function\", \"function\": {\"name\": \"Person\", \"arguments\": \"{\\\"name\\\": \\\"Ida\\\", \\\"age\\\": 41}\"}}]}",
    ),
    (
        "OpenAI, one",
        "{\"type\": \"function\", \"function\": {\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}}",
    ),
    (
        "list in a fence",
        "I call it:\n```json\n[{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}]\n```",
    ),
    (
        "parallel use",
        "{\"tool_uses\": [{\"recipient_name\": \"functions.Person\", \"parameters\": {\"name\": \"Ida\", \"age\": 41}}]}",
    ),
    (
        "function_call",
        "<function_call>{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}</function_call>",
    ),
    (
        "MiniMax M1",
        "<tool_calls>\n{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}\n</tool_calls>",
    ),
    (
        "Nemotron",
        "<TOOLCALL>[{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}]</TOOLCALL>",
    ),
    (
        "Granite, Phi-4",
        "<|tool_call|>[{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}]<|/tool_call|>",
    ),
    (
        "Llama 3",
        "<|python_tag|>{\"name\": \"Person\", \"parameters\": {\"name\": \"Ida\", \"age\": 41}}<|eom_id|>",
    ),
    ("Llama 3, function", "<function=Person>{\"name\": \"Ida\", \"age\": 41}</function>"),
    (
        "Mistral",
        "[TOOL_CALLS][{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}]",
    ),
    ("Mistral, newer", "[TOOL_CALLS]Person[ARGS]{\"name\": \"Ida\", \"age\": 41}"),
    (
        "Mistral, with an id",
        "[TOOL_CALLS]Person[CALL_ID]x12345678[ARGS]{\"name\": \"Ida\", \"age\": 41}",
    ),
    (
        "Command A",
        "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"Person\", \"parameters\": {\"name\": \"Ida\", \"age\": 41}}\n]<|END_ACTION|>",
    ),
    (
        "InternLM",
        "<|action_start|><|plugin|>\n{\"name\": \"Person\", \"parameters\": {\"name\": \"Ida\", \"age\": 41}}<|action_end|>",
    ),
    (
        "DeepSeek V3, R1",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Person\n```json\n{\"name\": \"Ida\", \"age\": 41}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    ),
    (
        "DeepSeek V3.1",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>Person<｜tool▁sep｜>{\"name\": \"Ida\", \"age\": 41}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    ),
    (
        "DeepSeek DSML",
        "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"Person\">\n<｜DSML｜parameter name=\"name\" string=\"true\">Ida</｜DSML｜parameter>\n<｜DSML｜parameter name=\"age\" string=\"false\">41</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
    ),
    (
        "MiniMax M2",
        "<minimax:tool_call>\n<invoke name=\"Person\">\n<parameter name=\"name\">Ida</parameter>\n<parameter name=\"age\">41</parameter>\n</invoke>\n</minimax:tool_call>",
    ),
    (
        "MiniMax M3",
        "Sure.]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name=\"Person\">\n]<]minimax[>[<name>Ida]<]minimax[>[</name>\n]<]minimax[>[<age>41]<]minimax[>[</age>\n]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>",
    ),
    (
        "Qwen Coder",
        "<tool_call>\n<function=Person>\n<parameter=name>\nIda\n</parameter>\n<parameter=age>\n41\n</parameter>\n</function>\n</tool_call>",
    ),
    (
        "Seed-OSS",
        "<seed:tool_call>\n<function=Person>\n<parameter=name>Ida</parameter>\n<parameter=age>41</parameter>\n</function>\n</seed:tool_call>",
    ),
    (
        "Step 3",
        "<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name=\"Person\"><steptml:parameter name=\"name\">Ida</steptml:parameter><steptml:parameter name=\"age\">41</steptml:parameter></steptml:invoke><｜tool_call_end｜><｜tool_calls_end｜>",
    ),
    (
        "GLM",
        "<tool_call>Person\n<arg_key>name</arg_key>\n<arg_value>Ida</arg_value>\n<arg_key>age</arg_key>\n<arg_value>41</arg_value>\n</tool_call>",
    ),
    (
        "Kimi K2",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.Person:0<|tool_call_argument_begin|>{\"name\": \"Ida\", \"age\": 41}<|tool_call_end|><|tool_calls_section_end|>",
    ),
    (
        "Gemma",
        "<start_function_call>call:Person{name:<escape>Ida<escape>,age:41}<end_function_call>",
    ),
    ("Gemma 4", "<|tool_call>call:Person{name:<|\"|>Ida<|\"|>,age:41}<tool_call|>"),
    (
        "gpt-oss",
        "<|channel|>analysis<|message|>I call it with {\"name\": \"Ada\"}.<|end|><|start|>assistant<|channel|>commentary to=functions.Person <|constrain|>json<|message|>{\"name\": \"Ida\", \"age\": 41}<|call|>",
    ),
    (
        "gpt-oss, by role",
        "<|start|>assistant to=functions.Person<|channel|>commentary json<|message|>{\"name\": \"Ida\", \"age\": 41}<|call|>",
    ),
    ("Functionary 2", "<|recipient|>Person\n<|content|>{\"name\": \"Ida\", \"age\": 41}"),
    ("Functionary 3", ">>>Person\n{\"name\": \"Ida\", \"age\": 41}"),
    (
        "near spelling",
        "<tool_call>{\"name\": \"person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}</tool_call>",
    ),
    (
        "behind thinking",
        "<think>I call <tool_call>{\"name\": \"Person\", \"arguments\": {\"name\": \"Ada\", \"age\": 1}}</tool_call>?</think>\n<tool_call>{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}</tool_call>",
    ),
    (
        "in loose JSON",
        "<tool_call>{'name': 'Person', 'arguments': {'name': 'Ida', 'age': 41,}}</tool_call>",
    ),
];

#[tokio::test]
async fn a_call_in_the_text_is_the_value_in_every_mode() {
    for (family, text) in FAMILIES {
        for mode in [Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
            let (client, model) = client([reply::text(*text)]);
            let report = client
                .extract::<Person>("Ida is 41.")
                .mode(mode)
                .validation_retries(0)
                .report()
                .await;
            let report = report.unwrap_or_else(|error| panic!("{family}, {mode}: {error}"));
            assert_eq!(report.value, ida(), "{family}, {mode}");
            let repairs = &report.ledger.attempts[0].repairs;
            assert_eq!(repairs[0].kind, RepairKind::Envelope, "{family}, {mode}");
            assert_eq!(model.seen().len(), 1);
        }
    }
}

#[test]
fn a_call_in_a_text_is_read_offline() {
    for (family, text) in FAMILIES {
        let parsed = parse::<Person>(text).unwrap_or_else(|error| panic!("{family}: {error}"));
        assert_eq!(parsed.value, ida(), "{family}");
        assert_eq!(parsed.repairs[0].kind, RepairKind::Envelope, "{family}");
    }
}

#[test]
fn a_call_truncated_anywhere_is_the_right_value_or_none() {
    for (family, text) in FAMILIES {
        for cut in (0..text.len()).filter(|&cut| text.is_char_boundary(cut)) {
            let text = &text[..cut];
            if let Ok(parsed) = parse::<Person>(text) {
                assert_eq!(parsed.value, ida(), "{family}: {text}");
            }
            // Nearly every text fits this type. A lone bracket is not an envelope yet.
            let doc = text.replace("Person", "Doc").replace("name\": \"Ida", "path\": \"Ida");
            let marked = text.len() > 1 && text.starts_with(['<', '[', '>']);
            if let (true, Ok(parsed)) = (marked, parse::<Doc>(&doc)) {
                assert_eq!(parsed.repairs[0].kind, RepairKind::Envelope, "{family}: {text}");
                if doc.contains("path\": \"Ida") {
                    assert_eq!(parsed.value.path, "Ida", "{family}: {text}");
                }
            }
            if let Ok(parsed) = parse::<Company>(&text.replace("Person", "Company")) {
                assert_eq!(parsed.value.name, "Ida", "{family}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_of_another_tool_is_a_problem_that_lists_the_tools() {
    for (family, text) in FAMILIES.iter().filter(|(family, _)| *family != "near spelling") {
        let text = text.replace("Person", "search");
        let (client, _) = client([reply::text(text.clone())]);
        let error =
            client.extract::<Company>("Ida is 41.").validation_retries(0).await.unwrap_err();
        let ErrorKind::Invalid { problems, .. } = error.kind() else { panic!("{family}: {error}") };
        let words = problems.to_string();
        assert!(words.contains("`Company`") && words.contains("`search`"), "{family}: {words}");
        assert!(matches!(parse::<Company>(&text), Err(ParseError::Read(_))), "{family}");
    }
}

#[tokio::test]
async fn feedback_for_a_written_call_is_a_user_turn() {
    let wrong = "<tool_call>{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\"}}</tool_call>";
    let right = "<tool_call>{\"name\": \"Person\", \"arguments\": {\"name\": \"Ida\", \"age\": 41}}</tool_call>";
    let (client, model) = client([reply::text(wrong), reply::text(right)]);
    let value: Person = client.extract("Ida is 41.").mode(Mode::Tools).await.unwrap();
    assert_eq!(value, ida());
    let messages = model.seen()[1].body["messages"].clone();
    let turns: Vec<&str> =
        messages.as_array().unwrap().iter().map(|turn| turn["role"].as_str().unwrap()).collect();
    assert_eq!(turns[turns.len() - 2..], ["assistant", "user"]);
    let messages = messages.as_array().unwrap();
    assert_eq!(messages[messages.len() - 2]["content"], wrong);
    assert!(messages[messages.len() - 1]["content"].as_str().unwrap().contains("/age"));
}

#[derive(Debug, PartialEq, Extract)]
enum Action {
    /// Book a table.
    Reserve {
        #[extract(range(min = 1, max = 12))]
        people: u8,
    },
    /// Cancel a booking.
    Cancel { id: u64 },
}

#[tokio::test]
async fn several_written_calls_are_read_separately() {
    let first = "<tool_call>\n{\"name\": \"Cancel\", \"arguments\": {\"id\": 7}}\n</tool_call>\n\
                 <tool_call>\n{\"name\": \"Reserve\", \"arguments\": {\"people\": 40}}\n</tool_call>";
    let second = "[TOOL_CALLS]Reserve[ARGS]{\"people\": 4}";
    let (client, model) = client([reply::text(first), reply::text(second)]);
    let actions: Vec<Action> = client.extract("Cancel 7, and a table for 4.").await.unwrap();
    assert_eq!(actions, [Action::Cancel { id: 7 }, Action::Reserve { people: 4 }]);
    let messages = model.seen()[1].body["messages"].clone();
    let words =
        messages.as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert!(words.contains("Call 1: Accepted") && words.contains("Call 2: "), "{words}");
}

#[tokio::test]
async fn the_lists_of_several_written_calls_are_joined() {
    let text = "<tool_call>{\"name\": \"{{}}\", \"arguments\": {\"value\": [1, 2]}}</tool_call>\n\
                <tool_call>{\"name\": \"{{}}\", \"arguments\": {\"value\": [3]}}</tool_call>";
    let name = extract_llm::contract::Contract::of::<Vec<u8>>().unwrap().name().to_owned();
    let (client, _) = client([reply::text(text.replace("{{}}", &name))]);
    assert_eq!(client.extract::<Vec<u8>>("1, 2, 3").await.unwrap(), [1, 2, 3]);
    assert_eq!(parse::<Vec<u8>>(&text.replace("{{}}", &name)).unwrap().value, [1, 2, 3]);
}

#[tokio::test]
async fn written_calls_of_user_tools_are_returned() {
    let text =
        "<tool_call>{\"name\": \"weather\", \"arguments\": {\"path\": \"Rome\"}}</tool_call>";
    let (client, _) = client([reply::text(text)]);
    let tools = [UserTool::of::<Doc>().unwrap().named("weather")];
    let step = client.extract::<Person>("Weather?").tools(tools).step().await.unwrap();
    let Step::Calls(calls) = step else { panic!("{step:?}") };
    assert_eq!(calls.calls[0].name(), "weather");
    assert_eq!(calls.calls[0].arguments, json!({"path": "Rome"}));
    assert_eq!(calls.ledger.attempts[0].outcome, Outcome::Called);
    let messages = calls.resume(|_| Ok("Rain.".to_owned()));
    assert_eq!(messages.messages().len(), 3, "the question, the call and its result");
}

#[tokio::test]
async fn arguments_that_are_an_envelope_are_unwrapped() {
    let arguments = json!({"name": "Company", "arguments": {"name": "Acme", "note": "x"}});
    let (client, _) = client([reply::tool(arguments)]);
    let value: Company = client.extract("Acme").mode(Mode::Tools).await.unwrap();
    assert_eq!(value, Company { name: "Acme".into(), note: Some("x".into()) });
}

#[derive(Debug, PartialEq, Extract)]
struct Call {
    name: String,
    arguments: Value,
}

#[derive(Debug, PartialEq, Extract)]
struct Product {
    name: String,
    parameters: Doc,
}

#[test]
fn a_type_with_the_members_of_an_envelope_is_read_unchanged() {
    let text = json!({"name": "Call", "arguments": {"name": "Ida", "arguments": {}}}).to_string();
    let parsed = parse::<Call>(&text).unwrap();
    assert_eq!(parsed.value.name, "Call");
    assert_eq!(parsed.value.arguments, json!({"name": "Ida", "arguments": {}}));

    let calls = json!([{"name": "search", "arguments": {"q": 1}}]).to_string();
    assert_eq!(parse::<Vec<Call>>(&calls).unwrap().value[0].name, "search");

    let product = "{'name': 'Desk', 'parameters': {'path': 'oak'}}";
    assert_eq!(parse::<Product>(product).unwrap().value.name, "Desk");

    let any = json!({"name": "search", "arguments": {"q": 1}});
    assert_eq!(parse::<Value>(&any.to_string()).unwrap().value, any);

    let wrapped =
        json!({"name": "Product", "parameters": {"name": "Desk", "parameters": {"path": "oak"}}});
    assert_eq!(parse::<Product>(&wrapped.to_string()).unwrap().value.name, "Desk");
}

#[test]
fn text_that_looks_like_a_call_inside_a_value_is_data() {
    #[derive(Debug, PartialEq, Extract)]
    struct Log {
        title: String,
        entries: Vec<Value>,
    }
    let log = json!({
        "title": "say <tool_call> or </think>",
        "entries": [{"name": "Log", "arguments": {"title": "no", "entries": []}}],
    });
    for text in [log.to_string(), format!("Here you are:\n```json\n{log}\n```"), format!("{log},")]
    {
        let parsed = parse::<Log>(&text).unwrap();
        assert_eq!(parsed.value.title, "say <tool_call> or </think>");
        assert_eq!(parsed.value.entries.len(), 1);
    }
    let note = "<tool_call>\n<function=Company>\n<parameter=name>\nA </parameter> B\n</parameter>\n</function>\n</tool_call>";
    assert_eq!(parse::<Company>(note).unwrap().value.name, "A </parameter> B");
    let text = extract_core::contract::Shape::compile(&json!({"type": "string"})).unwrap();
    let reader = extract_core::reading::Reader::new(&text).offered(&["Company"]);
    assert_eq!(reader.read("Write <tool_call> first.").unwrap().value, "Write <tool_call> first.");
}

/// Returns all partial values of a stream of this text, in pieces of about `pieces` bytes.
fn shown(text: &str, pieces: usize) -> Vec<Value> {
    let contract = extract_llm::contract::Contract::of::<Company>().unwrap();
    let mut live = extract_llm::partial::Live::<Company>::new(contract);
    let mut seen = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = (pieces..=rest.len()).find(|&at| rest.is_char_boundary(at)).unwrap_or(rest.len());
        live.feed(&rest[..at]);
        rest = &rest[at..];
        if live.take_changed() {
            seen.push(live.partial().json());
        }
    }
    live.end();
    seen.push(live.partial().json());
    seen
}

#[test]
fn a_stream_never_shows_the_members_of_an_envelope() {
    for (family, text) in FAMILIES {
        let text = text.replace("Person", "Company").replace("person", "company");
        for pieces in [1, 3, 7, 1000] {
            for value in shown(&text, pieces) {
                let name = value["name"].as_str().unwrap_or_default();
                assert!("Ida".starts_with(name), "{family}, {pieces}: {value}");
            }
        }
    }
    let plain = shown("{\"name\": \"Community Ltd\", \"note\": \"x\"}", 1);
    assert!(
        plain.contains(&json!({"name": "Community"})),
        "a value is shown as it comes: {plain:?}"
    );
}

#[test]
fn the_arguments_in_an_envelope_are_shown_as_they_arrive() {
    for text in [
        "<tool_call>\n{\"name\": \"Company\", \"arguments\": {\"name\": \"Acme\", \"note\": \"long",
        "[TOOL_CALLS]Company[ARGS]{\"name\": \"Acme\", \"note\": \"long",
    ] {
        for pieces in [1, 5, 1000] {
            assert_eq!(
                shown(text, pieces).last().unwrap(),
                &json!({"name": "Acme", "note": "long"}),
                "{text}"
            );
        }
    }
}
