//! Streamed elements of lists inside a value: the lists that `items_of` and `items_at` find, and
//! the errors if there is none.

use std::collections::{BTreeMap, BTreeSet, HashSet, LinkedList, VecDeque};
use std::sync::{Arc, LazyLock};

use extract_llm::dialect::Dialect;
use extract_llm::extraction::{ExtractionStream, InputError, Items};
use extract_llm::model::Profile;
use extract_llm::partial::Partial;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Error, ErrorKind, Extract, Extraction, Mode};
use serde_json::json;

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
}

#[derive(Debug, Extract)]
struct Team {
    people: Vec<Person>,
    name: String,
}

fn ada() -> Person {
    Person { name: "Ada".to_owned() }
}

/// Returns the first element of a truncated reply, which arrives only if the stream follows the
/// right list.
async fn first<T: Extract, E: Extract>(
    cut: &str,
    items: impl FnOnce(Extraction<T>) -> ExtractionStream<T, Items<E>>,
) -> E {
    let model = Scripted::new([reply::truncated(cut)]).mode(Mode::JsonObject).pieces_of(1);
    let mut stream = items(Client::with_model(model).extract::<T>("…").validation_retries(0));
    let first = stream.next().await.expect("an element").expect("no error before it");
    let error = stream.finish().await.err().expect("it was cut off");
    assert!(matches!(error.kind(), ErrorKind::Truncated { .. }), "{error}");
    first
}

/// Returns the pointer in the error, and asserts that no request was sent.
async fn refused<T: Extract, E: Extract>(
    items: impl FnOnce(Extraction<T>) -> ExtractionStream<T, Items<E>>,
) -> Option<String> {
    let model = Scripted::new([]);
    let mut stream = items(Client::with_model(model.clone()).extract::<T>("…"));
    let kind = stream.next().await.unwrap().err().map(Error::into_kind);
    let Some(ErrorKind::Input(InputError::NoList { pointer })) = kind else {
        panic!("it was not refused")
    };
    assert!(stream.next().await.is_none());
    assert!(model.seen().is_empty());
    pointer
}

#[tokio::test]
async fn a_field_selects_its_list() {
    // The field's address equals the struct's address.
    let cut = r#"{"people": [{"name": "Ada"}, {"na"#;
    assert_eq!(
        first(cut, |team: Extraction<Team>| team.items_of(|team| &team.people)).await,
        ada()
    );
    assert_eq!(
        first(cut, |team: Extraction<Team>| team.items_at::<Person>("/people")).await,
        ada()
    );

    let whole = json!({"people": [{"name": "Ada"}, {"name": "Bob"}], "name": "A"});
    let client = Client::with_model(Scripted::new([reply::tool(whole)]).pieces_of(1));
    let mut people = client.extract::<Team>("…").items_of(|team| &team.people);
    let mut seen = Vec::new();
    while let Some(person) = people.next().await {
        seen.push(person.unwrap().name);
    }
    assert_eq!(seen, ["Ada", "Bob"]);
    assert_eq!(people.finish().await.unwrap().name, "A");
}

#[tokio::test]
async fn nested_fields_are_followed_through_options_and_boxes() {
    #[derive(Debug, Extract)]
    struct Report {
        first: Team,
        second: Option<Box<Team>>,
        last: Arc<Last>,
    }

    #[derive(Debug, Extract)]
    struct Last {
        team: Box<Option<Team>>,
    }

    type Of = Extraction<Report>;
    let team = r#"{"people": [{"name": "Ada"}, {"#;
    let none = r#"{"people": [{"name": "Eve"}], "name": "none"}"#;
    let cut = format!(r#"{{"first": {team}"#);
    assert_eq!(first(&cut, |of: Of| of.items_of(|report| &report.first.people)).await, ada());
    let cut = format!(r#"{{"first": {none}, "second": {team}"#);
    assert_eq!(first(&cut, |of: Of| of.items_of(|report| &report.second.people)).await, ada());
    let cut = format!(r#"{{"first": {none}, "second": {none}, "last": {{"team": {team}"#);
    assert_eq!(first(&cut, |of: Of| of.items_of(|report| &report.last.team.people)).await, ada());
}

#[tokio::test]
async fn pointers_use_the_names_in_the_json() {
    #[derive(Debug, Extract)]
    #[serde(rename_all = "camelCase")]
    struct Company {
        #[serde(rename = "a/b~c")]
        divisions: Vec<Person>,
        all_people: Vec<Person>,
        #[serde(flatten)]
        contact: Contact,
        #[serde(skip)]
        #[expect(dead_code, reason = "it is not in the JSON")]
        cache: Vec<u8>,
        after: Vec<u8>,
    }

    #[derive(Debug, Extract)]
    struct Contact {
        phones: Vec<String>,
        #[serde(flatten)]
        address: Address,
    }

    #[derive(Debug, Extract)]
    struct Address {
        lines: Vec<String>,
    }

    type Of = Extraction<Company>;
    let cut = r#"{"all_people": [], "allPeople": [{"name": "Ada"}, {"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|company| &company.all_people)).await, ada());
    let cut = r#"{"a/b~c": [{"name": "Ada"}, {"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|company| &company.divisions)).await, ada());
    let cut = r#"{"contact": {"phones": ["no"]}, "phones": ["123", "4"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|company| &company.contact.phones)).await, "123");
    let cut = r#"{"phones": ["no"], "lines": ["1 High Street", "T"#;
    let lines = first(cut, |of: Of| of.items_of(|company| &company.contact.address.lines)).await;
    assert_eq!(lines, "1 High Street");
    let cut = r#"{"cache": [7, 7], "after": [1, 2, "#;
    assert_eq!(first(cut, |of: Of| of.items_of(|company| &company.after)).await, 1);
}

#[tokio::test]
async fn newtypes_are_transparent_and_tuples_use_indices() {
    #[derive(Debug, Extract)]
    struct Group {
        members: Members,
        named: Named,
        pair: (Vec<Person>, Vec<Person>),
        places: Places,
    }

    #[derive(Debug, Extract)]
    struct Members(Vec<Person>);

    #[derive(Debug, Extract)]
    #[serde(transparent)]
    struct Named {
        people: Members,
    }

    #[derive(Debug, Extract)]
    struct Places(String, #[serde(skip)] (), Team);

    type Of = Extraction<Group>;
    let cut = r#"{"members": [{"name": "Ada"}, {"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|group| &group.members.0)).await, ada());
    let cut = r#"{"named": [{"name": "Ada"}, {"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|group| &group.named.people.0)).await, ada());
    let cut = r#"{"pair": [[{"name": "Ada"}, {"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|group| &group.pair.0)).await, ada());
    let cut = r#"{"pair": [[{"name": "Bob"}, {"name": "Eve"}], [{"name": "Ada"}, {"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|group| &group.pair.1)).await, ada());
    let cut = r#"{"places": ["here", {"people": [{"name": "Ada"}, {"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|group| &group.places.1.people)).await, ada());
}

#[tokio::test]
async fn every_list_with_a_partial_form_can_be_streamed() {
    #[derive(Debug, Extract)]
    struct Lists {
        maybe: Option<Vec<u8>>,
        boxed: Box<[u8]>,
        deque: Box<Option<VecDeque<u8>>>,
        #[expect(clippy::linkedlist, reason = "it is a list too")]
        linked: LinkedList<u8>,
        tree: BTreeSet<u8>,
        hashed: HashSet<u8>,
        array: [u8; 3],
        shared: Arc<Vec<u8>>,
        lists: Vec<Vec<u8>>,
        #[extract(stream(whole))]
        late: Vec<u8>,
    }

    type Of = Extraction<Lists>;
    let cut = |name: &str| format!(r#"{{"{name}": [1, 2, "#);
    assert_eq!(first(&cut("maybe"), |of: Of| of.items_of(|lists| &lists.maybe)).await, 1);
    assert_eq!(first(&cut("boxed"), |of: Of| of.items_of(|lists| &lists.boxed)).await, 1);
    assert_eq!(first(&cut("deque"), |of: Of| of.items_of(|lists| &lists.deque)).await, 1);
    assert_eq!(first(&cut("linked"), |of: Of| of.items_of(|lists| &lists.linked)).await, 1);
    assert_eq!(first(&cut("tree"), |of: Of| of.items_of(|lists| &lists.tree)).await, 1);
    assert_eq!(first(&cut("hashed"), |of: Of| of.items_of(|lists| &lists.hashed)).await, 1);
    assert_eq!(first(&cut("array"), |of: Of| of.items_of(|lists| &lists.array)).await, 1);
    assert_eq!(first(&cut("shared"), |of: Of| of.items_of(|lists| &lists.shared)).await, 1);
    assert_eq!(first(&cut("late"), |of: Of| of.items_of(|lists| &lists.late)).await, 1);
    let cut = r#"{"lists": [[1, 2], [3"#;
    assert_eq!(first(cut, |of: Of| of.items_of(|lists| &lists.lists)).await, [1, 2]);
}

#[tokio::test]
async fn the_whole_value_may_be_the_list_or_a_tuple_of_lists() {
    let cut = r#"{"value": [1, 2, "#;
    assert_eq!(first(cut, |of: Extraction<Vec<u8>>| of.items_of(|list| list)).await, 1);

    #[derive(Debug, Extract)]
    struct Numbers(Vec<u8>);
    assert_eq!(first(cut, |of: Extraction<Numbers>| of.items_of(|numbers| &numbers.0)).await, 1);

    type Of = Extraction<(String, Vec<u8>)>;
    let cut = r#"{"value": ["[7]", [1, 2, "#;
    assert_eq!(first(cut, |of: Of| of.items_of(|both| &both.1)).await, 1);
    assert_eq!(first(cut, |of: Of| of.items_at::<u8>("/1")).await, 1);
}

#[tokio::test]
async fn a_recursive_type_is_followed_to_a_bounded_depth() {
    #[derive(Debug, Extract)]
    struct Tree {
        left: Option<Box<Self>>,
        right: Option<Box<Self>>,
        leaves: Vec<u8>,
        forest: Vec<Self>,
    }

    type Of = Extraction<Tree>;
    let cut = r#"{"leaves": [1, 2, "#;
    assert_eq!(first(cut, |of: Of| of.items_of(|tree| &tree.leaves)).await, 1);
    let cut = r#"{"leaves": [7], "right": {"leaves": [8], "left": {"leaves": [1, 2, "#;
    assert_eq!(first(cut, |of: Of| of.items_of(|tree| &tree.right.left.leaves)).await, 1);

    #[derive(Debug, Extract)]
    struct Chain {
        links: Vec<u8>,
        next: Option<Box<Self>>,
    }

    fn behind(chain: &Partial<Chain>, links: usize) -> &Partial<Vec<u8>> {
        let first: &ChainPartial = chain;
        &(0..links).fold(first, |chain, _| &chain.next).links
    }

    let cut = format!("{}{}", r#"{"next": "#.repeat(8), r#"{"links": [1, 2, "#);
    let of_eighth = |of: Extraction<Chain>| of.items_of(|chain| behind(chain, 8));
    assert_eq!(first(&cut, of_eighth).await, 1);
    let too_deep = |of: Extraction<Chain>| of.items_of(|chain| behind(chain, 10_000));
    assert_eq!(refused(too_deep).await, None);
}

#[tokio::test]
async fn a_selection_without_a_list_is_an_error_before_anything_is_sent() {
    #[derive(Debug, Extract)]
    struct Hall {
        teams: Vec<Team>,
        by_town: BTreeMap<String, Team>,
        kind: Kind,
        #[serde(deserialize_with = "numbers")]
        sizes: Vec<u8>,
    }

    #[derive(Debug, Extract)]
    enum Kind {
        Open { days: Vec<u8> },
        Closed(String),
    }

    fn numbers<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        serde::Deserialize::deserialize(deserializer)
    }

    static NOBODY: LazyLock<Partial<Vec<Person>>> = LazyLock::new(Partial::new);
    static NEVER: LazyLock<Partial<Vec<u8>>> = LazyLock::new(Partial::new);

    type Of = Extraction<Hall>;
    let outside = refused(|of: Of| of.items_of(|_| &*NOBODY));
    assert_eq!(outside.await, None);
    let element = |of: Of| of.items_of(|hall| hall.teams.first().map_or(&NOBODY, |t| &t.people));
    assert_eq!(refused(element).await, None);
    let entry =
        |of: Of| of.items_of(|hall| hall.by_town.get("Porto").map_or(&NOBODY, |t| &t.people));
    assert_eq!(refused(entry).await, None);
    let variant = |of: Of| {
        of.items_of(|hall| match &*hall.kind {
            Some(KindPartial::Open { days }) => days,
            _ => &NEVER,
        })
    };
    assert_eq!(refused(variant).await, None);
    let read_otherwise = |of: Of| of.items_of(|hall| &hall.sizes);
    assert_eq!(refused(read_otherwise).await, None);
    let copy = |of: Of| of.items_of(|hall| &Box::leak(Box::new(hall.clone())).teams);
    assert_eq!(refused(copy).await, None);

    let error = InputError::NoList { pointer: None }.to_string();
    assert_eq!(error, "what the closure gave is no list that the fields of the type lead to");

    // These lists can be reached by their pointers.
    let team = r#"{"people": [{"name": "Ada"}, {"#;
    let cut = format!(r#"{{"teams": [{team}"#);
    assert_eq!(first(&cut, |of: Of| of.items_at::<Person>("/teams/0/people")).await, ada());
    let cut = format!(r#"{{"by_town": {{"Porto": {team}"#);
    assert_eq!(first(&cut, |of: Of| of.items_at::<Person>("/by_town/Porto/people")).await, ada());
    let cut = r#"{"kind": {"Open": {"days": [1, 2, "#;
    assert_eq!(first(cut, |of: Of| of.items_at::<u8>("/kind/Open/days")).await, 1);
    assert_eq!(first(r#"{"sizes": [1, 2, "#, |of: Of| of.items_at::<u8>("/sizes")).await, 1);
    let missing = refused(|of: Of| of.items_at::<Person>("/teams/people"));
    assert_eq!(missing.await.as_deref(), Some("/teams/people"));
}

#[tokio::test]
async fn a_run_time_schema_without_the_list_is_an_error_too() {
    let named = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let of_other = |of: Extraction<Team>| of.contract(named).items_of(|team| &team.people);
    assert_eq!(refused(of_other).await.as_deref(), Some("/people"));
}

#[tokio::test]
async fn a_list_in_a_tuple_that_is_sent_as_an_object_is_streamed_too() {
    #[derive(Debug, Extract)]
    struct Pair {
        both: (String, Vec<u8>),
    }

    let strict = |text: &str| {
        let mut profile = Profile::new("openai", "strict").modes([Mode::JsonSchema]);
        profile.dialect = &Dialect::OPENAI_STRICT;
        let reply = if text.ends_with('}') { reply::text(text) } else { reply::truncated(text) };
        let model = Scripted::new([reply]).with_profile(profile).pieces_of(1);
        Client::with_model(model).extract::<Pair>("…").items_of(|pair| &pair.both.1)
    };
    let mut numbers = strict(r#"{"both": {"0": "odd", "1": [1, 3, "#);
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    let error = numbers.finish().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated { .. }));
    let numbers = strict(r#"{"both": {"0": "odd", "1": [1, 3]}}"#);
    assert_eq!(numbers.finish().await.unwrap().both.1, [1, 3]);
}
