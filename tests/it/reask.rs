//! Partial re-asks: the parts that are asked for, their form, the savings, and that the merged
//! value equals a full regeneration.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use extract_llm::dialect::Dialect;
use extract_llm::extraction::{Limit, Reask, RetryContext};
use extract_llm::model::{Profile, SchemaPrompt};
use extract_llm::scripted::{Scripted, SeenRequest, reply};
use extract_llm::{Client, ErrorKind, Extract, Mode};
use serde_json::{Value, json};

use crate::support::scripted::{self, client_of, scripted as client};

/// An order, as a customer wrote it.
#[derive(Debug, PartialEq, Extract)]
struct Order {
    /// Name of the customer.
    customer: String,
    lines: Vec<Line>,
    #[extract(range(min = 0.0))]
    total: f64,
}

/// One line of an order.
#[derive(Debug, PartialEq, Extract)]
struct Line {
    #[extract(validate = known_sku)]
    sku: String,
    #[extract(range(min = 1))]
    quantity: u32,
}

fn known_sku(sku: &str) -> Result<(), &'static str> {
    if sku.starts_with("A-") { Ok(()) } else { Err("an article number that begins with A-") }
}

fn order(lines: usize) -> Value {
    let lines: Vec<Value> =
        (0..lines).map(|n| json!({"sku": format!("A-{n}"), "quantity": n + 1})).collect();
    json!({"customer": "Ada", "lines": lines, "total": 9.5})
}

/// Returns the function of the tool at `index` in a request body.
fn tool(body: &Value, index: usize) -> &Value {
    &body["tools"][index]["function"]
}

#[tokio::test]
async fn one_bad_element_of_200_costs_a_tenth_of_a_regeneration_at_most() {
    let right = order(200);
    let mut bad = right.clone();
    bad["lines"][57]["quantity"] = json!("many");
    let part = json!({"lines_57": right["lines"][57]});
    let (client, model) = client([reply::tool(bad), reply::tool(part.clone())]);

    let done = client.extract::<Order>("a long order").report().await.unwrap();

    assert_eq!(done.value, serde_json::from_value(right.clone()).unwrap());
    assert_eq!(done.ledger.attempts[1].parts, ["/lines/57"]);
    let (asked, whole) = (part.to_string().len(), right.to_string().len());
    assert!(asked * 10 <= whole, "{asked} of {whole} bytes");
    assert_eq!(done.ledger.attempts[1].reply.len(), asked);

    // The request's schema is the element's.
    let body = &model.seen()[1].body;
    let tool = tool(body, 1);
    let asked = &tool["parameters"];
    assert_eq!(body["tool_choice"]["function"]["name"], tool["name"]);
    assert_eq!(asked["required"], json!(["lines_57"]));
    assert_eq!(asked["properties"].as_object().unwrap().len(), 1);
    let element = &asked["properties"]["lines_57"];
    assert_eq!(element["description"], "At /lines/57: One line of an order.");
    let line = element["$ref"].as_str().and_then(|at| asked.pointer(&at[1..])).unwrap_or(element);
    assert_eq!(line["required"], json!(["sku", "quantity"]));
    assert_eq!(line["properties"]["quantity"]["minimum"], 1);
    assert!(!asked.to_string().contains("customer"), "the whole is not repeated: {asked}");

    // Earlier messages stay unchanged, and every call gets a result.
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[2]["role"], "tool");
    let feedback = messages[2]["content"].as_str().unwrap();
    for words in
        ["/lines/57/quantity: expected an integer", "`Order_parts`", "- `lines_57`: /lines/57"]
    {
        assert!(feedback.contains(words), "{words}: {feedback}");
    }
    assert!(feedback.len() < 700, "{} bytes: {feedback}", feedback.len());
}

#[tokio::test]
async fn several_invalid_elements_are_asked_for_together_in_every_mode() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    bad["lines"][17].as_object_mut().unwrap().remove("sku");
    bad["lines"][59] = json!(null);
    bad["total"] = json!(-1);
    let parts = json!({
        "lines_3": right["lines"][3], "lines_17": right["lines"][17],
        "lines_59": right["lines"][59], "corrected_total": right["total"],
    });
    for mode in [Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        let say = |value: &Value| match mode {
            Mode::Tools => reply::tool(value.clone()),
            _ => reply::json(value.clone()),
        };
        let (client, model) = client([say(&bad), say(&parts)]);

        let done = client.extract::<Order>("a long order").mode(mode).report().await.unwrap();

        assert_eq!(done.value, serde_json::from_value(right.clone()).unwrap(), "{mode}");
        let asked = ["/lines/3", "/lines/17", "/lines/59", "/total"];
        let mut pointers = done.ledger.attempts[1].parts.clone();
        pointers.sort_by_key(|pointer| asked.iter().position(|asked| asked == pointer));
        assert_eq!(pointers, asked, "{mode}");
        let body = &model.seen()[1].body;
        match mode {
            Mode::JsonSchema => {
                let schema = &body["response_format"]["json_schema"];
                assert_eq!(schema["name"], "Order_parts");
                assert_eq!(schema["schema"]["properties"].as_object().unwrap().len(), 4);
            }
            Mode::JsonObject | Mode::Text => {
                let last = body["messages"].as_array().unwrap().last().unwrap();
                let words = last["content"].as_str().unwrap();
                assert!(words.contains("The type of the parts:"), "{words}");
                assert!(words.contains("corrected_total") && words.contains("sku"), "{words}");
                assert!(!words.contains("customer:"), "the whole is not repeated: {words}");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn small_values_and_large_parts_are_re_asked_as_a_whole() {
    let asked = async |bad: Value, reask: Reask| {
        let (client, model) = client([reply::tool(bad), reply::tool(order(3))]);
        let done = client.extract::<Order>("an order").reask(reask).report().await.unwrap();
        (
            done.ledger.attempts[1].parts.clone(),
            model.seen()[1].body["tools"].as_array().unwrap().len(),
        )
    };
    let mut small = order(3);
    small["lines"][1]["quantity"] = json!(0);
    assert_eq!(asked(small.clone(), Reask::Auto).await, (vec![], 1));
    assert_eq!(asked(small, Reask::Parts).await, (vec![String::from("/lines/1")], 2));

    let mut many = order(100);
    for n in 0..50 {
        many["lines"][n]["quantity"] = json!(0);
    }
    assert_eq!(asked(many.clone(), Reask::Auto).await.0, [""; 0]);
    assert_eq!(asked(many, Reask::Parts).await.0.len(), 50);

    let mut one = order(100);
    one["lines"][9]["quantity"] = json!(0);
    assert_eq!(asked(one.clone(), Reask::Auto).await.0, ["/lines/9"]);
    assert_eq!(asked(one, Reask::Whole).await, (vec![], 1));

    // The invalid member itself may be large or missing.
    let mut none = order(100);
    none.as_object_mut().unwrap().remove("customer");
    assert_eq!(asked(none, Reask::Auto).await.0, ["/customer"]);
    let mut no_list = order(100);
    no_list["lines"] = json!({"sku": "A-1".repeat(1_000)});
    assert_eq!(asked(no_list, Reask::Auto).await.0, [""; 0]);
}

#[tokio::test]
async fn a_whole_value_in_reply_to_a_partial_re_ask_is_accepted() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    for whole in [reply::tool(right.clone()), reply::json(right.clone())] {
        let (client, model) = client([reply::tool(bad.clone()), whole]);
        let done = client.extract::<Order>("a long order").report().await.unwrap();
        assert_eq!(done.value, serde_json::from_value(right.clone()).unwrap());
        assert_eq!(model.seen().len(), 2);
    }
    // A single part without its wrapping name is accepted too.
    let (client, _) = client([reply::tool(bad), reply::tool(right["lines"][3].clone())]);
    let done =
        client.extract::<Order>("a long order").validation_retries(1).report().await.unwrap();
    assert_eq!(done.value, serde_json::from_value(right).unwrap());
}

#[tokio::test]
async fn a_part_that_is_still_invalid_is_asked_for_again_alone() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    bad["lines"][40]["sku"] = json!("B-40");
    let half = json!({"lines_3": right["lines"][3], "lines_40": {"sku": "C-40", "quantity": 41}});
    let rest = json!({"lines_40": right["lines"][40]});
    let (client, model) = client([reply::tool(bad), reply::tool(half), reply::tool(rest)]);

    let done = client.extract::<Order>("a long order").report().await.unwrap();

    assert_eq!(done.value, serde_json::from_value(right).unwrap());
    let asked: Vec<&[String]> =
        done.ledger.attempts.iter().map(|one| one.parts.as_slice()).collect();
    assert_eq!(asked[1].len(), 2);
    assert_eq!(asked[2], ["/lines/40"]);
    // Every call has a result, including the call of the parts.
    let messages = model.seen()[2].body["messages"].as_array().unwrap().clone();
    let roles: Vec<&Value> = messages.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "tool"]);
    assert_eq!(messages[3]["tool_calls"][0]["function"]["name"], "Order_parts");
    let feedback = messages[4]["content"].as_str().unwrap();
    assert!(feedback.contains("C-40") && !feedback.contains("/lines/3"), "{feedback}");
}

#[tokio::test]
async fn missing_parts_and_unreadable_replies_are_asked_for_again() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    bad["lines"][40]["sku"] = json!("B-40");
    let one = json!({"lines_3": right["lines"][3]});
    let other = json!({"lines_40": right["lines"][40]});
    let replies = [reply::tool(bad), reply::tool(one), reply::text("Sorry?"), reply::tool(other)];
    let (client, _) = client(replies);

    let done =
        client.extract::<Order>("a long order").validation_retries(3).report().await.unwrap();

    assert_eq!(done.value, serde_json::from_value(right).unwrap());
    assert_eq!(done.ledger.attempts[2].parts, ["/lines/40"]);
    assert_eq!(done.ledger.attempts[3].parts, ["/lines/40"]);
}

#[tokio::test]
async fn unchanged_parts_lead_to_a_re_ask_for_the_whole() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    let same = json!({"lines_3": bad["lines"][3]});
    let (client, model) = client([reply::tool(bad), reply::tool(same), reply::tool(right.clone())]);

    let done = client.extract::<Order>("a long order").report().await.unwrap();

    assert_eq!(done.value, serde_json::from_value(right).unwrap());
    let asked: Vec<usize> = done.ledger.attempts.iter().map(|one| one.parts.len()).collect();
    assert_eq!(asked, [0, 1, 0]);
    // The parts tool stays in the request, because the conversation has calls of it. It is not the
    // tool to call.
    let body = &model.seen()[2].body;
    assert_eq!(body["tools"].as_array().unwrap().len(), 2);
    assert_eq!(body["tool_choice"]["function"]["name"], "Order");
}

#[tokio::test]
async fn a_rule_over_the_whole_that_fails_after_a_merge_asks_for_the_whole() {
    #[derive(Debug, Extract)]
    #[extract(validate = adds_up)]
    struct Bill {
        amounts: Vec<Amount>,
        total: u32,
    }
    #[derive(Debug, Extract)]
    struct Amount {
        #[allow(dead_code, reason = "only asked for")]
        what: String,
        #[extract(range(min = 1))]
        euros: u32,
    }
    fn adds_up(bill: &Bill) -> Result<(), &'static str> {
        let sum: u32 = bill.amounts.iter().map(|amount| amount.euros).sum();
        if sum == bill.total { Ok(()) } else { Err("a total that is the sum of the amounts") }
    }
    let bill = |first: u32, total: u32| {
        let mut amounts = vec![json!({"what": "a chair", "euros": first})];
        amounts.resize(50, json!({"what": "another chair", "euros": 1}));
        amounts[0]["euros"] = json!(first);
        json!({"amounts": amounts, "total": total})
    };
    // The rule of the whole value is checked only after the parts are valid.
    let mut bad = bill(0, 60);
    bad["amounts"][0]["euros"] = json!("few");
    let part = json!({"amounts_0": {"what": "a chair", "euros": 5}});
    let (client, _) = client([reply::tool(bad), reply::tool(part), reply::tool(bill(5, 54))]);

    let done = client.extract::<Bill>("a bill").report().await.unwrap();

    assert_eq!(done.value.total, 54);
    let asked: Vec<usize> = done.ledger.attempts.iter().map(|one| one.parts.len()).collect();
    assert_eq!(asked, [0, 1, 0]);
    assert_eq!(done.ledger.attempts[1].problems[0].pointer, "");
}

/// Returns a model with OpenAI's strict dialect.
fn strict(replies: impl IntoIterator<Item = Value>) -> Scripted {
    let mut profile = Profile::new("openai", "strict").modes([Mode::Tools]);
    profile.tool_dialect = &Dialect::OPENAI_STRICT;
    profile.tool_strict = true;
    Scripted::new(replies.into_iter().map(reply::tool)).with_profile(profile)
}

#[derive(Debug, PartialEq, Extract)]
struct Shelf {
    books: BTreeMap<String, Book>,
    opened: (String, u8),
    note: Option<String>,
}

#[derive(Debug, PartialEq, Extract)]
struct Book {
    title: String,
    #[extract(range(min = 1))]
    pages: u32,
    /// By chapter.
    marks: BTreeMap<String, u8>,
    subtitle: Option<String>,
}

#[tokio::test]
async fn parts_are_lowered_and_restored_like_the_whole() {
    let book = |pages: Value| {
        let marks = json!([{"key": "one", "value": 3}, {"key": "two", "value": 5}]);
        json!({"title": "A book", "pages": pages, "marks": marks, "subtitle": null})
    };
    let books: Vec<Value> = (0..20)
        .map(
            |n| json!({"key": format!("b/{n}"), "value": book(json!(if n == 7 { 0 } else { 90 }))}),
        )
        .collect();
    let whole = json!({"books": books, "opened": {"0": "May", "1": 300}, "note": null});
    let part = json!({"books_b_7": book(json!(70)), "opened_1": 30});
    let model = strict([whole, part]);

    let done = client_of(&model).extract::<Shelf>("a shelf").report().await.unwrap();

    assert_eq!(done.value.books.len(), 20);
    let mended = &done.value.books["b/7"];
    assert_eq!((mended.pages, mended.marks["two"], mended.subtitle.as_deref()), (70, 5, None));
    assert_eq!(done.value.opened, (String::from("May"), 30));
    assert_eq!(done.ledger.attempts[1].parts, ["/books/b~17", "/opened/1"]);

    let body = &model.seen()[1].body;
    let tool = tool(body, 1);
    assert_eq!(tool["strict"], true);
    let asked = &tool["parameters"];
    assert_eq!(asked["additionalProperties"], false);
    let places = asked.to_string();
    assert!(places.contains("At /books/7/value") && places.contains("At /opened/1"), "{places}");
    assert!(places.contains("\"key\""), "maps are sent as pairs: {places}");
}

#[tokio::test]
async fn wrapped_roots_and_recursive_types_have_parts_too() {
    #[derive(Debug, PartialEq, Extract)]
    struct Node {
        name: String,
        #[extract(range(max = 9))]
        rank: u8,
        children: Vec<Node>,
    }
    let leaf =
        |name: &str, rank: u8| json!({"name": name.repeat(30), "rank": rank, "children": []});
    let tree = |rank: u8| {
        let inner =
            json!({"name": "inner", "rank": 1, "children": [leaf("a", 1), leaf("b", rank)]});
        let mut nodes: Vec<Value> = (0..30).map(|_| leaf("x", 2)).collect();
        nodes[4] = json!({"name": "outer", "rank": 1, "children": [inner]});
        json!({"value": nodes})
    };
    let part = json!({"value_4_children_0_children_1": leaf("b", 5)});
    for dialect in [&Dialect::JSON_SCHEMA, &Dialect::OPENAI_STRICT, &Dialect::GEMINI_JSON_SCHEMA] {
        let mut profile = Profile::new("any", "any").modes([Mode::Tools]);
        profile.tool_dialect = dialect;
        let replies = [reply::tool(tree(77)), reply::tool(part.clone())];
        let client = Client::with_model(Scripted::new(replies).with_profile(profile));

        let done = client.extract::<Vec<Node>>("a wood").report().await.unwrap();

        assert_eq!(
            done.ledger.attempts[1].parts,
            ["/4/children/0/children/1"],
            "{}",
            dialect.name()
        );
        let right: Vec<Node> = serde_json::from_value(tree(5)["value"].clone()).unwrap();
        assert_eq!(done.value, right, "{}", dialect.name());
    }
}

#[tokio::test]
async fn parts_inside_unions_and_large_elements_are_asked_for_by_member() {
    #[derive(Debug, PartialEq, Extract)]
    #[serde(tag = "kind")]
    enum Event {
        Meeting { at: String, people: Vec<String> },
        Call { at: String, minutes: u8 },
    }
    #[derive(Debug, PartialEq, Extract)]
    enum Mood {
        Good { why: String },
        Bad,
    }
    #[derive(Debug, PartialEq, Extract)]
    struct Day {
        events: Vec<Event>,
        mood: Option<Mood>,
    }
    let day = |minutes: Value, person: Value, why: Value| {
        let crowd: Vec<Value> =
            (0..99).map(|n| json!(format!("person {n:02}"))).chain([person]).collect();
        let mut events = vec![json!({"kind": "Meeting", "at": "noon", "people": crowd})];
        events.push(json!({"kind": "Call", "at": "night", "minutes": minutes}));
        json!({"events": events, "mood": {"Good": {"why": why}}})
    };
    let part = json!({
        "events_0_people_99": "Ada",
        "events_1": {"kind": "Call", "at": "night", "minutes": 9},
        "mood_Good_why": "sun",
    });
    let (client, model) =
        client([reply::tool(day(json!(999), json!(null), json!(null))), reply::tool(part)]);

    let done = client.extract::<Day>("a day").report().await.unwrap();

    let right = day(json!(9), json!("Ada"), json!("sun"));
    assert_eq!(done.value, serde_json::from_value(right).unwrap());
    assert_eq!(done.ledger.attempts[1].parts.len(), 3, "{:?}", done.ledger.attempts[1].parts);
    let body = model.seen()[1].body.clone();
    let asked = &tool(&body, 1)["parameters"]["properties"];
    assert_eq!(asked["events_0_people_99"]["type"], "string");
    assert_eq!(asked["mood_Good_why"]["type"], "string");
}

#[tokio::test]
async fn only_the_latest_parts_and_the_whole_answer_are_shown_again() {
    let mut bad = order(60);
    bad["lines"][3]["quantity"] = json!(0);
    let part = |sku: &str| json!({"lines_3": {"sku": sku, "quantity": 4}});
    let replies = [bad, part("B"), part("C"), part("D"), part("A-3")].map(reply::tool);
    let (client, model) = client(replies);

    let extraction = client.extract::<Order>("a long order").validation_retries(4);
    extraction.retry_context(RetryContext::Last).await.unwrap();

    let counts: Vec<usize> = model.seen().iter().map(|seen| seen.request.messages.len()).collect();
    assert_eq!(counts, [1, 3, 5, 5, 5]);
    let last = format!("{:?}", model.seen()[4].request.messages);
    assert!(last.contains("A-59") && last.contains("\\\"D\\\"") && !last.contains("\\\"C\\\""));
}

#[tokio::test]
async fn another_model_can_be_asked_for_the_parts_alone() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    let part = json!({"lines_3": right["lines"][3]});
    let second = Scripted::new([reply::json(part)]).mode(Mode::JsonSchema);
    let (client, _) = client([reply::tool(bad.clone())]);

    let large = Client::with_model(second.clone());
    let done = client.extract::<Order>("an order").escalate_to(&large, 1).report().await.unwrap();

    assert_eq!(done.value, serde_json::from_value(right).unwrap());
    assert_eq!(done.ledger.attempts[1].parts, ["/lines/3"]);
    let messages = &second.seen()[0].body["messages"];
    assert_eq!(messages[1]["content"], bad.to_string(), "the whole answer is shown");
    assert_eq!(second.seen()[0].body["response_format"]["json_schema"]["name"], "Order_parts");
}

#[tokio::test]
async fn the_schema_of_the_parts_is_described_as_text_in_modes_that_do_so() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    let part = json!({"lines_3": right["lines"][3]});
    let mut profile = Profile::new("small", "small").modes([Mode::JsonSchema]);
    profile.schema_prompt = SchemaPrompt::Always;
    let replies = [reply::json(bad), reply::json(part)];
    let model = Scripted::new(replies).with_profile(profile);

    let extraction = client_of(&model).extract::<Order>("an order");
    extraction.instructions(|contract| format!("As {}.", contract.name())).await.unwrap();

    let messages = model.seen()[1].request.messages.clone();
    assert_eq!(messages[0].text(), "As Order.");
    assert!(messages.last().unwrap().text().ends_with("\n\nAs Order_parts."));
}

/// Returns the number of tools in a request body.
fn tool_count(body: &Value) -> usize {
    body["tools"].as_array().map_or(0, Vec::len)
}

/// Returns a server that accepts only one tool. It answers the other requests with these values, in order.
fn one_tool(values: impl IntoIterator<Item = Value>) -> Scripted {
    let values: Mutex<VecDeque<Value>> = Mutex::new(values.into_iter().collect());
    Scripted::with(move |request| {
        if tool_count(&request.body) > 1 {
            let refusal = json!({"error": {
                "message": "Multiple tools are not supported by this model.",
                "type": "invalid_request_error", "param": "tools", "code": "unsupported_value",
            }});
            return reply::failure(400, refusal);
        }
        reply::tool(values.lock().unwrap().pop_front().expect("a value is left"))
    })
}

/// Returns the requests with one tool.
fn accepted(model: &Scripted) -> Vec<SeenRequest> {
    model.seen().into_iter().filter(|seen| tool_count(&seen.body) == 1).collect()
}

#[tokio::test]
async fn a_server_that_rejects_the_parts_request_is_asked_for_the_whole() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][3]["quantity"] = json!(0);
    let model = one_tool([bad.clone(), right.clone(), bad.clone(), right.clone()]);
    let client = Client::with_model(model.clone());

    let done = client.extract::<Order>("a long order").report().await.unwrap();

    assert_eq!(done.value, serde_json::from_value(right.clone()).unwrap());
    assert!(done.ledger.notes[0].contains("the whole is asked for again instead of parts"));
    assert_eq!(done.ledger.attempts.len(), 3);
    assert_eq!((model.seen().len(), accepted(&model).len()), (3, 2), "the parts were refused once");
    let messages = accepted(&model)[1].body["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), 3);
    let told = messages[2]["content"].as_str().unwrap();
    assert!(told.ends_with("with the whole answer, corrected."), "{told}");
    assert!(told.contains("\"quantity\": 0"), "the rejected value is shown: {told}");
    // The mode itself is kept.
    let (first, _) = scripted::scripted([reply::tool(bad.clone())]);
    let done = first.extract::<Order>("an order").escalate_to(&client, 1).report().await.unwrap();
    assert_eq!(done.ledger.attempts.last().unwrap().mode, Mode::Tools);
    // The other model sees the rejected value, although its request for parts was refused.
    let messages = accepted(&model)[2].request.messages.clone();
    let [.., value, feedback] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(serde_json::from_str::<Value>(&value.text()).unwrap(), bad);
    assert!(feedback.text().contains("/lines/3/quantity"), "{}", feedback.text());
}

#[tokio::test]
async fn streamed_elements_are_given_once_including_re_asked_ones() {
    let right = order(60)["lines"].clone();
    let mut bad = right.clone();
    bad[0]["quantity"] = json!(0);
    let part = json!({"value_0": right[0]});
    let (client, model) = client([reply::tool(json!({"value": bad})), reply::tool(part)]);

    let mut items = client.extract::<Vec<Line>>("a long order").items();
    let mut seen = Vec::new();
    while let Some(line) = items.next().await {
        seen.push(line.unwrap());
    }

    assert_eq!(model.seen().len(), 2);
    let mut all: Vec<Line> = serde_json::from_value(right).unwrap();
    all.rotate_left(1);
    assert_eq!(seen, all, "the corrected element comes last");
}

#[tokio::test]
async fn budgets_count_parts_as_they_count_the_whole() {
    let mut bad = order(60);
    bad["lines"][3]["quantity"] = json!(0);
    let part = |sku: &str| reply::tool(json!({"lines_3": {"sku": sku, "quantity": 4}}));
    let (client, _) = client([reply::tool(bad), part("B"), part("C"), part("D")]);

    let error = client.extract::<Order>("a long order").validation_retries(2).await.unwrap_err();

    let ErrorKind::Invalid { problems, limit } = error.kind() else { panic!("{error}") };
    let best = error.best();
    let ledger = error.ledger();
    assert_eq!(*limit, Limit::Retries { retries: 2 });
    assert_eq!(best.unwrap().value["lines"][3]["sku"], "C", "the best is a whole value");
    assert_eq!(best.unwrap().value["lines"][59]["sku"], "A-59");
    assert!(problems.to_string().starts_with("/lines/3/sku: expected"), "{problems}");
    assert!(ledger.to_string().contains("of /lines/3 alone"), "{ledger}");
}

#[tokio::test]
async fn invalid_parts_lead_to_a_re_ask_for_the_whole_that_names_its_tool() {
    let right = order(60);
    let mut bad = right.clone();
    bad["lines"][7]["quantity"] = json!("many");
    let part = json!({"lines_7": bad["lines"][7]});
    let (client, model) = client([reply::tool(bad), reply::tool(part), reply::tool(right)]);
    let order = client.extract::<Order>("…").mode(Mode::Tools).await.unwrap();
    assert_eq!(order.lines[7].quantity, 8);
    let last = &model.seen()[2].body;
    let words = last["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    assert!(words.ends_with("Call `Order` again with the whole answer, corrected."), "{words}");
    assert_eq!(last["tool_choice"]["function"]["name"], "Order");
}
