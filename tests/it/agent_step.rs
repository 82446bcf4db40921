//! User-defined tools: calls are returned with checked arguments, invalid calls are asked for
//! again, and the conversation continues with their results.

use extract_llm::conversation::{ProviderErrorKind, Role, ToolResult};
use extract_llm::extraction::{ArgumentsError, Calls, InputError, Outcome};
use extract_llm::model::Profile;
use extract_llm::scripted::Scripted;
use extract_llm::scripted::reply;
use extract_llm::{Client, Error, ErrorKind, Extract, Message, Mode, Part, Step, UserTool};
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::bodies;
use crate::support::scripted::{client_of, scripted as client};

/// The weather of a city, now.
#[derive(Debug, PartialEq, Extract)]
struct Weather {
    city: String,
    #[extract(validate = upper)]
    country: String,
}

fn upper(code: &str) -> Result<(), &'static str> {
    if code.len() == 2 { Ok(()) } else { Err("a code of two letters") }
}

/// The luggage of a traveller.
#[derive(Debug, PartialEq, Extract)]
struct Packing {
    umbrella: bool,
}

fn tools() -> [UserTool; 2] {
    let schema = json!({"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]});
    [
        UserTool::of::<Weather>().unwrap().named("get_weather"),
        UserTool::new("convert", schema).unwrap().description("Euros to dollars."),
    ]
}

fn calls<T: std::fmt::Debug>(step: Step<T>) -> Calls {
    match step {
        Step::Calls(calls) => calls,
        Step::Value(report) => panic!("no calls: {report:?}"),
    }
}

#[tokio::test]
async fn a_call_is_returned_and_its_result_leads_to_the_value() {
    let (client, model) = client([
        reply::call("get_weather", json!({"city": "Rome", "country": "IT"})),
        reply::call("Packing", json!({"umbrella": true})),
    ]);
    let question = [Message::user("Do I need an umbrella in Rome?")];

    let step = client.extract::<Packing>(&question[..]).system("Be brief.").tools(tools()).step();
    let handed = calls(step.await.unwrap());

    assert_eq!(handed.calls.len(), 1);
    let call = &handed.calls[0];
    assert_eq!(call.name(), "get_weather");
    assert_eq!(call.arguments["city"], "Rome");
    let weather: Weather = call.parse().unwrap();
    assert_eq!(weather, Weather { city: "Rome".into(), country: "IT".into() });
    assert!(matches!(call.parse::<Packing>(), Err(ArgumentsError::Invalid(_))));
    assert_eq!(handed.ledger.attempts[0].outcome, Outcome::Called);
    let roles: Vec<Role> =
        handed.conversation.messages().iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant], "the system message is not kept");

    let messages = handed.resume(|call| match call.parse::<Weather>() {
        Ok(weather) => Ok(format!("Rain in {}.", weather.city)),
        Err(error) => Err(error.to_string()),
    });
    let next = client.extract::<Packing>(&messages).system("Be brief.").tools(tools()).step();
    let Step::Value(report) = next.await.unwrap() else { panic!("no value") };

    assert_eq!(report.value, Packing { umbrella: true });
    let seen = model.seen();
    let names: Vec<&Value> = seen[0].body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["function"]["name"])
        .collect();
    assert_eq!(names, ["Packing", "get_weather", "convert"]);
    assert_eq!(seen[0].body["tools"][1]["function"]["description"], "The weather of a city, now.");
    assert_eq!(seen[0].body["tools"][2]["function"]["description"], "Euros to dollars.");
    assert_eq!(seen[0].body["tool_choice"], "required");
    let messages = seen[1].body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[3]["role"], "tool");
    assert_eq!(messages[3]["content"], "Rain in Rome.");
    assert_eq!(messages[3]["tool_call_id"], messages[2]["tool_calls"][0]["id"]);
}

#[tokio::test]
async fn bad_arguments_are_fed_back_and_only_good_ones_reach_the_caller() {
    let (client, model) = client([
        reply::calls([
            ("get_weather", json!({"city": "Rome", "country": "IT"})),
            ("convert", json!({"amount": "many"})),
        ]),
        reply::calls([
            ("get_weather", json!({"city": "Rome", "country": "IT"})),
            ("convert", json!({"amount": "3.5"})),
        ]),
    ]);
    let step = client.extract::<Packing>("Rome for 3.5 euros?").tools(tools()).step();
    let handed = calls(step.await.unwrap());

    let names: Vec<&str> = handed.calls.iter().map(extract_llm::extraction::Call::name).collect();
    assert_eq!(names, ["get_weather", "convert"]);
    assert_eq!(handed.calls[1].arguments, json!({"amount": 3.5}), "the arguments are repaired");
    let messages = &model.seen()[1].body["messages"];
    assert!(messages[2]["content"].as_str().unwrap().starts_with("Not taken"), "{messages}");
    assert!(messages[3]["content"].as_str().unwrap().contains("/amount"), "{messages}");
    // The invalid rounds stay in the conversation.
    assert_eq!(handed.conversation.messages().len(), 5);
    let outcomes: Vec<Outcome> = handed.ledger.attempts.iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, [Outcome::Rejected, Outcome::Called]);
}

#[tokio::test]
async fn an_unknown_tool_is_reported_and_retries_are_limited() {
    let wrong = || reply::call("weather", json!({"city": "Rome"}));
    let (client, model) = client([wrong(), wrong()]);
    let step = client.extract::<Packing>("Rome?").validation_retries(1).tools(tools()).step().await;
    let error = step.unwrap_err();
    let ErrorKind::Invalid { problems, .. } = error.kind() else { panic!("{error:?}") };
    assert_eq!(error.ledger().attempts.len(), 2);
    let told = problems.to_string();
    assert!(told.contains("`Packing`, `get_weather`, `convert`"), "{told}");
    assert_eq!(model.seen().len(), 2);
}

/// Calls are handled before a value in the same turn, and every call of the turn gets an answer.
#[tokio::test]
async fn a_value_beside_calls_waits_for_their_results() {
    let (client, model) = client([
        reply::calls([
            ("Packing", json!({"umbrella": false})),
            ("get_weather", json!({"city": "Rome", "country": "IT"})),
        ]),
        reply::call("Packing", json!({"umbrella": true})),
    ]);
    let handed = calls(client.extract::<Packing>("Rome?").tools(tools()).step().await.unwrap());
    assert_eq!(handed.calls.len(), 1);
    let messages = handed.resume(|_| Err("the service is down".to_owned()));
    let step = client.extract::<Packing>(messages).tools(tools()).step().await.unwrap();
    assert!(matches!(step, Step::Value(report) if report.value.umbrella));
    let body = &model.seen()[1].body;
    let ids: Vec<&Value> =
        body["messages"].as_array().unwrap().iter().map(|m| &m["tool_call_id"]).collect();
    assert_eq!(ids[2..], [&json!("call_0"), &json!("call_1")]);
    assert_eq!(body["messages"][3]["content"], "the service is down");
    let Part::ToolResult(ToolResult { is_error, .. }) =
        &model.seen()[1].request.messages[3].parts[0]
    else {
        panic!("no result")
    };
    assert!(is_error);
}

/// Signed provider state is replayed unchanged through the caller's conversation.
#[tokio::test]
async fn provider_state_is_replayed_after_a_call() {
    let server = MockServer::start().await;
    let thinking = json!({"type": "thinking", "thinking": "Rain?", "signature": "EqQB+/=="});
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome", "country": "IT"}});
    let turn = |content: Value| {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
            "content": content, "stop_reason": "tool_use",
            "usage": {"input_tokens": 10, "output_tokens": 5},
        })
    };
    let value = json!({"type": "tool_use", "id": "toolu_2", "name": "Packing", "input": {"umbrella": true}});
    for body in [turn(json!([thinking, call])), turn(json!([value]))] {
        Mock::given(path("/messages"))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    let client = Client::builder()
        .model("anthropic/claude-sonnet-4-6")
        .base_url(server.uri())
        .api_key("k")
        .build()
        .unwrap();

    let handed = calls(client.extract::<Packing>("Rome?").tools(tools()).step().await.unwrap());
    let messages = handed.resume(|_| Ok("Rain.".to_owned()));
    let step = client.extract::<Packing>(messages).tools(tools()).step().await.unwrap();

    assert!(matches!(step, Step::Value(report) if report.value.umbrella));
    let requests = server.received_requests().await.unwrap();
    let first: Value = serde_json::from_slice(&requests[0].body).unwrap();
    bodies::keep_as("anthropic-messages", &first);
    assert_eq!(first["tool_choice"], json!({"type": "any"}));
    let second: Value = serde_json::from_slice(&requests[1].body).unwrap();
    bodies::keep_as("anthropic-messages", &second);
    assert_eq!(second["messages"][1]["content"], json!([thinking, call]));
    assert_eq!(second["messages"][2]["content"][0]["tool_use_id"], "toolu_1");
    assert_eq!(second["messages"][2]["content"][0]["content"], "Rain.");
}

#[tokio::test]
async fn tools_combine_with_an_enum_and_with_text_answers() {
    use extract_llm::Answer;
    #[derive(Debug, PartialEq, Extract)]
    enum Plan {
        Stay { nights: u8 },
        Leave { hour: u8 },
    }
    let (client, model) = client([
        reply::call("convert", json!({"amount": 3})),
        reply::text("How long will you stay?"),
    ]);
    let handed =
        calls(client.extract::<Answer<Plan>>("For 3 euros?").tools(tools()).step().await.unwrap());
    let messages = handed.resume(|_| Ok("3.2".to_owned()));
    let step = client.extract::<Answer<Plan>>(messages).tools(tools()).step().await.unwrap();
    let Step::Value(report) = step else { panic!("no value") };
    assert_eq!(report.value.text(), Some("How long will you stay?"));
    let body = &model.seen()[0].body;
    assert_eq!(body["tools"].as_array().unwrap().len(), 4);
    assert_eq!(body["tool_choice"], "auto");
}

#[tokio::test]
async fn unusable_tools_are_refused_before_sending() {
    let model = Scripted::new([]).mode(Mode::Text);
    let step = client_of(&model).extract::<Packing>("Rome?").tools(tools()).step().await;
    let error = step.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Input(InputError::NoTools)), "{error}");

    let (client, model) = client([]);
    let twice = [tools()[0].clone(), tools()[0].clone()];
    let step = client.extract::<Packing>("Rome?").tools(twice).step().await;
    let named = |error: &Error, tool: &str| matches!(error.kind(), ErrorKind::Input(InputError::ToolName(name)) if name == tool);
    assert!(named(&step.unwrap_err(), "get_weather"));
    let taken = [UserTool::of::<Weather>().unwrap().named("Packing")];
    let step = client.extract::<Packing>("Rome?").tools(taken).step().await;
    assert!(named(&step.unwrap_err(), "Packing"));
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn user_tools_select_the_tools_mode() {
    let profile = Profile::new("schema-first", "m").modes([Mode::JsonSchema, Mode::Tools]);
    let model = Scripted::new([reply::call("convert", json!({"amount": 1}))]).with_profile(profile);
    let step = client_of(&model).extract::<Packing>("Rome?").tools(tools()).step().await.unwrap();
    assert_eq!(calls(step).ledger.attempts[0].mode, Mode::Tools);
}

#[tokio::test]
async fn a_provider_failure_is_the_error_of_the_step() {
    let (client, _) = client([reply::status(401)]);
    let step = client.extract::<Packing>("Rome?").tools(tools()).step().await;
    let error = step.unwrap_err();
    assert_eq!(error.provider_error().unwrap().kind, ProviderErrorKind::Authentication);
}
