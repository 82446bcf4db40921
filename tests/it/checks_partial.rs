//! All problems of a value are reported together, even if serde cannot read the whole value. Its
//! readable parts are checked by their rules, in every shape of value.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::support::scripted::scripted;
use extract_llm::check::{CheckError, Context};
use extract_llm::extraction::{ArgumentsError, BadItems, ParseError};
use extract_llm::scripted::reply;
use extract_llm::{Extract, Problem, Step, UserTool};
use serde_json::{Value, json};

/// Texts that the schema accepts and serde refuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Extract)]
#[serde(try_from = "String")]
struct Code(String);

impl TryFrom<String> for Code {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with("C-") { Ok(Self(text)) } else { Err("a code begins with C-".into()) }
    }
}

/// Each field can have a fault of another kind, independently of the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Extract)]
struct Leaf {
    kind: u32,
    #[extract(range(max = 9))]
    bound: u32,
    code: Code,
    #[extract(validate = even)]
    rule: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn even(n: &u32) -> Result<(), &'static str> {
    if n % 2 == 0 { Ok(()) } else { Err("an even number") }
}

fn good() -> Value {
    json!({"kind": 1, "bound": 2, "code": "C-1", "rule": 4})
}

fn bad() -> Value {
    json!({"kind": "many", "bound": 10, "code": "1", "rule": 3})
}

const FAULTS: [&str; 4] = ["/bound", "/code", "/kind", "/rule"];

/// Returns all problems of a value without repairs, because a call's arguments are already parsed.
fn told<T: Extract + std::fmt::Debug>(value: &Value) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (client, _) = scripted([reply::call("take", json!({}))]);
    let take = UserTool::new("take", json!({"type": "object"})).unwrap();
    let step = runtime.block_on(client.extract::<Vec<u8>>("x").tools([take]).step()).unwrap();
    let Step::Calls(mut calls) = step else { panic!("{step:?}") };
    calls.calls[0].arguments = value.clone();
    match calls.calls[0].parse::<T>() {
        Err(ArgumentsError::Invalid(problems)) => {
            let mut all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            all.sort();
            all
        }
        other => panic!("{other:?}"),
    }
}

/// Asserts that exactly the four faults of a leaf at this pointer are reported.
#[track_caller]
fn assert_all<T: Extract + std::fmt::Debug>(at: &str, value: &Value) {
    let told = told::<T>(value);
    let found: Vec<&str> = told.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    let expected: Vec<String> = FAULTS.iter().map(|fault| format!("{at}{fault}")).collect();
    assert_eq!(found, expected, "{told:#?}");
}

#[derive(Debug, Extract)]
struct Nested {
    inner: Inner,
}

#[derive(Debug, Extract)]
#[serde(rename_all = "camelCase")]
struct Inner {
    the_leaf: Leaf,
}

#[derive(Debug, Extract)]
struct Optional {
    maybe: Option<Box<Leaf>>,
}

#[derive(Debug, Extract)]
struct Flat {
    name: String,
    #[serde(flatten)]
    leaf: Leaf,
}

#[derive(Debug, Extract)]
struct FlatMap {
    name: String,
    #[serde(flatten)]
    others: BTreeMap<String, Leaf>,
}

#[derive(Debug, Extract)]
struct Newtype(Leaf);

#[derive(Debug, Extract)]
#[serde(transparent)]
struct Transparent {
    leaf: Leaf,
}

#[derive(Debug, Extract)]
struct Tuple(u8, Leaf);

#[derive(Debug, Extract)]
enum External {
    One(Leaf),
    #[serde(rename = "two")]
    Two {
        leaf: Leaf,
    },
    Three(u8, Leaf),
    Four,
}

#[derive(Debug, Extract)]
#[serde(tag = "type")]
enum Internal {
    One(Leaf),
    Two { leaf: Leaf },
    Four,
}

#[derive(Debug, Extract)]
#[serde(tag = "type", content = "content")]
enum Adjacent {
    One(Leaf),
    Two { leaf: Leaf },
    Four,
}

#[derive(Debug, Extract)]
struct FlatEnum {
    name: String,
    #[serde(flatten)]
    what: External,
}

#[derive(Debug, Extract)]
struct Tree {
    leaf: Option<Leaf>,
    children: Vec<Tree>,
}

#[test]
fn every_fault_is_reported_in_every_shape_of_value() {
    assert_all::<Leaf>("", &bad());
    assert_all::<Nested>("/inner/theLeaf", &json!({"inner": {"theLeaf": bad()}}));
    assert_all::<Vec<Leaf>>("/1", &json!([good(), bad(), good()]));
    assert_all::<[Leaf; 2]>("/1", &json!([good(), bad()]));
    assert_all::<BTreeSet<Leaf>>("/0", &json!([bad()]));
    assert_all::<BinaryHeap<Leaf>>("/1", &json!([good(), bad()]));
    assert_all::<BTreeMap<String, Leaf>>("/a~1b", &json!({"a/b": bad(), "c": good()}));
    assert_all::<BTreeMap<u8, Leaf>>("/7", &json!({"7": bad(), "8": good()}));
    assert_all::<(u8, Leaf)>("/1", &json!([1, bad()]));
    assert_all::<Optional>("/maybe", &json!({"maybe": bad()}));
    assert_all::<Flat>("", &{
        let mut value = bad();
        value["name"] = json!("x");
        value
    });
    assert_all::<FlatMap>("/b", &json!({"name": "x", "a": good(), "b": bad()}));
    assert_all::<Newtype>("", &bad());
    assert_all::<Transparent>("", &bad());
    assert_all::<Tuple>("/1", &json!([1, bad()]));
    assert_all::<External>("/One", &json!({"One": bad()}));
    assert_all::<External>("/two/leaf", &json!({"two": {"leaf": bad()}}));
    assert_all::<External>("/Three/1", &json!({"Three": [1, bad()]}));
    assert_all::<Vec<Internal>>(
        "/1/leaf",
        &json!([{"type": "Four"}, {"type": "Two", "leaf": bad()}]),
    );
    assert_all::<Vec<Internal>>(
        "/0",
        &json!([{
            "type": "One", "kind": "many", "bound": 10, "code": "1", "rule": 3,
        }]),
    );
    assert_all::<Adjacent>("/content", &json!({"type": "One", "content": bad()}));
    assert_all::<Adjacent>("/content/leaf", &json!({"type": "Two", "content": {"leaf": bad()}}));
    assert_all::<FlatEnum>("/One", &json!({"name": "x", "One": bad()}));
    assert_all::<Tree>(
        "/children/0/children/1/leaf",
        &json!({"leaf": good(), "children": [{"leaf": null, "children": [
            {"leaf": good(), "children": []}, {"leaf": bad(), "children": []},
        ]}]}),
    );
}

#[test]
fn every_problem_is_reported_once_by_the_most_specific_layer() {
    assert_eq!(
        told::<Leaf>(&bad()),
        [
            "/bound: expected at most 9, found 10",
            r#"/code: expected a value that can be read (a code begins with C-), found "1""#,
            r#"/kind: expected an integer, found "many""#,
            "/rule: expected an even number, found 3",
        ]
    );
    // A missing member is reported by the schema alone.
    assert_eq!(
        told::<Vec<Leaf>>(&json!([{"bound": 1, "code": "C-1", "rule": 3}])),
        ["/0/kind: missing required field", "/0/rule: expected an even number, found 3"]
    );
    assert_eq!(
        told::<BTreeMap<Code, Leaf>>(&json!({"x": good(), "C-1": bad()}))[4..],
        [r#"/x: expected a value that can be read (a code begins with C-), found "x""#]
    );
}

/// A field with a custom reader, and rules that use more than the value.
#[derive(Debug, Extract)]
#[extract(validate = never_reached)]
struct Ticket {
    #[serde(deserialize_with = "in_hours")]
    #[extract(validate = short)]
    hours: u64,
    #[extract(validate_with = is_mentioned)]
    title: String,
    #[extract(grounded)]
    quote: String,
    days: u8,
}

fn in_hours<'de, D: serde::Deserializer<'de>>(de: D) -> Result<u64, D::Error> {
    use serde::Deserialize as _;
    Ok(u64::deserialize(de)? * 60)
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn short(minutes: &u64) -> Result<(), String> {
    if *minutes < 600 { Ok(()) } else { Err(format!("fewer than {minutes} minutes")) }
}

fn is_mentioned(title: &str, cx: Context<'_>) -> Result<(), CheckError> {
    if cx.source()?.contains(title) { Ok(()) } else { Err("words of the text".into()) }
}

fn never_reached(_: &Ticket) -> Result<(), Problem> {
    Err(Problem::rule("", "a whole ticket"))
}

#[test]
fn fields_with_custom_readers_are_read_and_checked() {
    use extract_llm::check::CheckContext;

    let value = json!({"hours": 10, "title": "Red", "quote": "white", "days": "two"});
    let background = CheckContext::new().source("It is blue.");
    let ParseError::Invalid { problems, .. } =
        background.parse::<Ticket>(&value.to_string()).unwrap_err()
    else {
        panic!("it is read");
    };
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            r#"/days: expected an integer, found "two""#,
            "/hours: expected fewer than 600 minutes, found 10",
            r#"/title: expected words of the text, found "Red""#,
            r#"/quote: expected words copied from the text as they stand there, found "white", and nothing like it"#,
        ]
    );
}

#[tokio::test]
async fn three_faults_of_three_kinds_take_two_requests() {
    let faulty = json!({"inner": {"theLeaf": bad()}});
    let fine = json!({"inner": {"theLeaf": good()}});
    let (client, model) = scripted([reply::tool(faulty), reply::tool(fine)]);
    let done = client.extract::<Nested>("a leaf").report().await.unwrap();
    assert_eq!(done.value.inner.the_leaf.rule, 4);
    assert_eq!(done.ledger.attempts[0].problems.len(), 4, "{:?}", done.ledger.attempts[0].problems);
    assert_eq!(model.seen().len(), 2);
}

#[tokio::test]
async fn elements_with_faults_of_every_kind_are_left_out_and_the_good_ones_stay() {
    let with = |name: &str, value: Value| {
        let mut leaf = good();
        leaf[name] = value;
        leaf
    };
    let without_code = json!({"kind": 1, "bound": 2, "rule": 4});
    let list = json!([
        good(),
        with("kind", json!("many")),
        with("bound", json!(10)),
        good(),
        with("code", json!("1")),
        with("rule", json!(3)),
        without_code,
        json!(null),
        good(),
    ]);
    let (client, model) = scripted([reply::tool(json!({"value": list}))]);
    let done =
        client.extract::<Vec<Leaf>>("leaves").bad_items(BadItems::LeaveOut).report().await.unwrap();
    assert_eq!(done.value.len(), 3);
    let left_out: Vec<(usize, String)> = done
        .ledger
        .left_out
        .iter()
        .map(|item| (item.index, item.problems[0].pointer.clone()))
        .collect();
    let expected = [
        (1, "/1/kind"),
        (2, "/2/bound"),
        (4, "/4/code"),
        (5, "/5/rule"),
        (6, "/6/code"),
        (7, "/7"),
    ];
    assert_eq!(left_out, expected.map(|(index, at)| (index, at.to_owned())));
    assert_eq!(model.seen().len(), 1);
}

/// A rule of the call sees the list only once all of it can be read. An element with a problem of
/// such a rule is then left out too.
#[tokio::test]
async fn elements_that_a_rule_of_the_call_rejects_are_left_out() {
    let mut odd = good();
    odd["bound"] = json!(7);
    let list = json!([{"kind": "many"}, odd, good(), null, good()]);
    let (client, _) = scripted([reply::tool(json!({"value": list}))]);
    let done = client
        .extract::<Vec<Leaf>>("leaves")
        .bad_items(BadItems::LeaveOut)
        .validate(|leaves, _| match leaves.iter().position(|leaf| leaf.bound == 7) {
            Some(index) => Err(Problem::rule(format!("/{index}/bound"), "no seven")),
            None => Ok(()),
        })
        .report()
        .await
        .unwrap();
    let left_out: Vec<usize> = done.ledger.left_out.iter().map(|item| item.index).collect();
    assert_eq!((left_out, done.value.len()), (vec![0, 1, 3], 2));
    assert_eq!(
        done.ledger.left_out[1].problems[0].to_string(),
        "/1/bound: expected no seven, found 7"
    );
}
