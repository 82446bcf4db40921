//! The ledger as JSON, and the conversation of a report.

use extract_llm::conversation::Role;
use extract_llm::extraction::BadItems;
use extract_llm::scripted::reply;
use extract_llm::{Conversation, Extract, Ledger, Message, Mode, Report};
use serde_json::json;

use crate::support::scripted::scripted;

#[derive(Debug, PartialEq, Extract)]
struct Bill {
    #[extract(range(min = 0))]
    total: i64,
}

#[tokio::test]
async fn a_ledger_is_read_back_from_its_json() {
    let (client, _) = scripted([reply::text("none"), reply::text("```json\n[1, 300, 2,]\n```")]);
    let done = client
        .extract::<Vec<u8>>("1, 300, 2")
        .mode(Mode::Text)
        .bad_items(BadItems::LeaveOut)
        .report()
        .await
        .unwrap();
    assert_eq!(done.value, [1, 2]);
    assert_eq!((done.ledger.attempts.len(), done.ledger.left_out.len()), (2, 1));
    assert!(!done.ledger.repairs().is_empty() && !done.ledger.attempts[0].problems.is_empty());

    let json = serde_json::to_value(&done).unwrap();
    assert_eq!(json["value"], json!([1, 2]));
    let ledger = &json["ledger"];
    assert!(ledger["attempts"][0]["latency"].is_f64() && ledger["latency"].is_f64(), "{ledger}");
    assert_eq!(serde_json::from_value::<Ledger>(ledger.clone()).unwrap(), done.ledger);
    let text = serde_json::to_string(&done.ledger).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), done.ledger);

    for wrong in [json!(-1.0), json!(1e40), json!("soon")] {
        let mut ledger = ledger.clone();
        ledger["latency"] = wrong;
        assert!(serde_json::from_value::<Ledger>(ledger).is_err());
    }
}

/// The names of the members are promised: a journal of an earlier version is read.
#[tokio::test]
async fn the_members_of_the_json_are_stable() {
    let (client, _) =
        scripted([reply::tool(json!({"total": -1})), reply::tool(json!({"total": 1}))]);
    let done = client.extract::<Bill>("1").report().await.unwrap();
    let json = serde_json::to_value(&done.ledger).unwrap();
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(
        names(&json).join(" "),
        "usage cost latency limit_wait attempts judgements notes lists left_out withdrawn passed_over"
    );
    let attempt = &json["attempts"][0];
    assert_eq!(
        names(attempt).join(" "),
        "number address mode parts model outcome stop reply repairs problems usage cost latency waited \
         limit_wait request_id transport_retries error"
    );
    assert_eq!(names(&attempt["problems"][0]).join(" "), "pointer kind expected found");
    assert_eq!(attempt["outcome"], "rejected");
    assert_eq!(attempt["mode"], "tools");
    assert_eq!(attempt["stop"], "tool_calls");
}

fn roles(conversation: &Conversation) -> Vec<Role> {
    conversation.messages().iter().map(|message| message.role).collect()
}

#[tokio::test]
async fn a_conversation_goes_on_where_the_report_ends() {
    let (client, script) = scripted([
        reply::tool(json!({"total": -1})),
        reply::tool(json!({"total": 119})),
        reply::tool(json!({"value": 19})),
    ]);
    let example = [Message::user("Total: 7"), Message::assistant("{\"total\":7}")];
    let done: Report<Bill> = client
        .extract("Total: 119, with 19 of tax")
        .system("Amounts are in euros.")
        .examples(&example)
        .report()
        .await
        .unwrap();
    // The input, the rejected call with its feedback, and the accepted call with its result. No settings.
    assert_eq!(
        roles(&done.conversation),
        [Role::User, Role::Assistant, Role::Tool, Role::Assistant, Role::Tool]
    );

    let next = done.conversation.user("And the tax alone?");
    let tax: u8 = client.extract(&next).system("Amounts are in euros.").await.unwrap();
    assert_eq!(tax, 19);
    let seen = script.seen();
    let body = &seen.last().unwrap().body;
    let sent: Vec<&str> =
        body["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(sent, ["system", "user", "assistant", "tool", "assistant", "tool", "user"]);
    let (call, result) = (&body["messages"][4], &body["messages"][5]);
    assert_eq!(call["tool_calls"][0]["id"], result["tool_call_id"]);
}

#[tokio::test]
async fn a_conversation_without_calls_ends_with_the_reply() {
    let (client, _) = scripted([reply::text("{\"total\": 119}")]);
    let done = client.extract::<Bill>("Total: 119").mode(Mode::Text).report().await.unwrap();
    assert_eq!(roles(&done.conversation), [Role::User, Role::Assistant]);
    assert_eq!(done.conversation.messages()[1].text(), "{\"total\": 119}");
}

#[tokio::test]
async fn a_streamed_report_has_the_same_conversation() {
    let replies = || [reply::tool(json!({"total": -1})), reply::tool(json!({"total": 119}))];
    let (client, _) = scripted(replies());
    let whole = client.extract::<Bill>("Total: 119").report().await.unwrap();
    let (client, _) = scripted(replies());
    let streamed = client.extract::<Bill>("Total: 119").stream().report().await.unwrap();
    assert_eq!(streamed.conversation, whole.conversation);
}
