//! Types that serde cannot read back, or whose schema would describe another type: each is refused
//! by name, before anything is sent.

#![allow(dead_code, reason = "most of these types are never made")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use extract_llm::contract::{Contract, ContractError, TypeFault};
use extract_llm::{Answer, Client, ErrorKind, Extract, Maybe};
use serde_json::{Value, json};

/// Returns the fault that a type is refused for. Panics if it is not refused for a fault of the
/// type.
#[track_caller]
fn fault<T: Extract>() -> TypeFault {
    match Contract::of::<T>() {
        Err(ContractError::Type { name, source }) => {
            assert!(!name.is_empty());
            *source
        }
        Err(other) => panic!("{other}"),
        Ok(contract) => panic!("it is taken: {}", contract.schema()),
    }
}

#[track_caller]
fn doubled<T: Extract>() -> (String, String, String) {
    match fault::<T>() {
        TypeFault::DoubledMember { member, first, second } => (member, first, second),
        other => panic!("{other}"),
    }
}

fn words(member: &str, first: &str, second: &str) -> (String, String, String) {
    (member.to_owned(), first.to_owned(), second.to_owned())
}

#[derive(Debug, PartialEq, serde::Serialize, Extract)]
struct Item {
    id: u32,
    #[serde(alias = "label")]
    name: Option<String>,
}

#[derive(Debug, PartialEq, serde::Serialize, Extract)]
struct Stamp {
    #[serde(rename = "id")]
    stamp: u32,
}

#[derive(Debug, PartialEq, serde::Serialize, Extract)]
#[serde(tag = "kind")]
enum Shape {
    Circle { radius: u8 },
    Square { side: u8 },
}

mod doubled_members {
    use super::*;

    #[derive(Extract)]
    struct Order {
        id: u32,
        #[serde(flatten)]
        item: Item,
    }

    #[derive(Extract)]
    struct Two {
        #[serde(flatten)]
        item: Item,
        #[serde(flatten)]
        stamp: Option<Stamp>,
    }

    #[derive(Extract)]
    #[serde(rename_all = "camelCase")]
    struct Drawn {
        kind: String,
        #[serde(flatten)]
        shape: Shape,
    }

    #[derive(Extract)]
    struct Alias {
        #[serde(alias = "name")]
        title: String,
        #[serde(flatten)]
        item: Item,
    }

    #[derive(Extract)]
    struct ItsAlias {
        #[serde(flatten)]
        item: Item,
        #[serde(flatten)]
        label: BTreeMap<Label, u8>,
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Extract)]
    #[serde(rename_all = "lowercase")]
    enum Label {
        Label,
    }

    #[derive(Extract)]
    struct Deep {
        id: u8,
        #[serde(flatten)]
        inner: Box<Inner>,
    }

    #[derive(Extract)]
    struct Inner {
        other: u8,
        #[serde(flatten)]
        item: Item,
    }

    #[derive(Extract)]
    struct Unit {
        #[serde(rename = "Open")]
        open: u8,
        #[serde(flatten)]
        state: State,
    }

    #[derive(Extract)]
    enum State {
        Open,
        Shut(u8),
    }

    #[derive(Extract)]
    #[serde(tag = "id")]
    enum Event {
        Bought(Item),
        Sold { at: u8 },
    }

    #[derive(Extract)]
    #[serde(tag = "id")]
    enum Change {
        Made {
            by: String,
            #[serde(flatten)]
            item: Item,
        },
    }

    #[derive(Extract)]
    struct Page<T> {
        name: u8,
        #[serde(flatten)]
        content: T,
    }

    #[test]
    fn a_member_of_a_field_and_of_a_flattened_type_is_refused() {
        assert_eq!(doubled::<Order>(), words("id", "Order.id", "Order.item"));
        assert_eq!(doubled::<Deep>(), words("id", "Deep.id", "Deep.inner"));
        assert_eq!(doubled::<Page<Item>>(), words("name", "Page.name", "Page.content"));
        assert!(Contract::of::<Page<Shape>>().is_ok());
    }

    #[test]
    fn a_member_of_two_flattened_types_is_refused() {
        assert_eq!(doubled::<Two>(), words("id", "Two.item", "Two.stamp"));
    }

    #[test]
    fn a_tag_counts_as_a_member() {
        assert_eq!(doubled::<Drawn>(), words("kind", "Drawn.kind", "Drawn.shape"));
        assert_eq!(doubled::<Event>(), words("id", "Event", "Event::Bought"));
        assert_eq!(doubled::<Change>(), words("id", "Change::Made.id", "Change::Made.item"));
    }

    #[test]
    fn the_name_of_a_flattened_unit_variant_counts_as_a_member() {
        assert_eq!(doubled::<Unit>(), words("Open", "Unit.open", "Unit.state"));
    }

    #[test]
    fn an_alias_equal_to_a_later_member_is_refused() {
        assert_eq!(doubled::<Alias>(), words("name", "Alias.title", "Alias.item"));
        assert_eq!(doubled::<ItsAlias>(), words("label", "ItsAlias.item", "ItsAlias.label"));
    }

    #[test]
    fn the_fault_is_found_at_every_depth() {
        let order = words("id", "Order.id", "Order.item");
        assert_eq!(doubled::<Vec<Option<Order>>>(), order);
        assert_eq!(doubled::<HashMap<String, (u8, Box<Order>)>>(), order);
        assert_eq!(doubled::<Maybe<Order>>(), order);
        assert_eq!(doubled::<Answer<Order>>(), order);
        assert_eq!(doubled::<Page<Named<Order>>>(), order);
    }

    #[derive(Extract)]
    struct Named<T> {
        value: [T; 2],
    }

    #[tokio::test]
    async fn the_error_names_the_type_and_both_fields_and_nothing_is_sent() {
        let model = extract_llm::scripted::Scripted::new([]);
        let client = Client::with_model(model.clone());
        let error = client.extract::<Order>("text").await.err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::Contract(ContractError::Type { .. })), "{error}");
        assert_eq!(
            Contract::of::<Order>().unwrap_err().to_string(),
            "`Order` cannot be asked for: `Order.id` and `Order.item` both have the member `id`, and \
             stand in one object, where serde gives it to one of them: rename it in one of the two"
        );
        assert_eq!(model.seen().len(), 0);
    }

    /// serde cannot read the refused types back.
    #[test]
    fn serde_does_not_read_what_is_refused() {
        let both = json!({"id": 1, "name": "x"});
        assert!(serde_json::from_value::<Order>(both.clone()).is_err());
        assert!(serde_json::from_value::<Two>(both).unwrap().stamp.is_none());
        let tagged = json!({"kind": "Circle", "radius": 1});
        assert!(serde_json::from_value::<Drawn>(tagged).is_err());
    }
}

mod flattened_types {
    use super::*;

    // The macro cannot see what is behind an alias.
    type Texts = Vec<String>;
    type Pair = (u8, u8);

    #[derive(Extract)]
    struct List {
        #[serde(flatten)]
        texts: Texts,
    }

    #[derive(Extract)]
    struct Tuple {
        #[serde(flatten)]
        pair: Option<Pair>,
    }

    #[derive(Extract)]
    struct Scalar {
        #[serde(flatten)]
        count: Count,
    }

    #[derive(Extract)]
    struct Count(u32);

    #[derive(Extract)]
    struct Page<T> {
        #[serde(flatten)]
        content: T,
    }

    #[derive(Extract)]
    #[serde(tag = "kind")]
    enum Shape {
        Point,
        Line(Pairs),
    }

    /// The derive refuses a list that it sees.
    type Pairs = Vec<Pair>;

    fn not_flat<T: Extract>() -> (String, String) {
        match fault::<T>() {
            TypeFault::NotFlat { field, found } => (field, found),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_flattened_list_or_scalar_is_refused() {
        let words = |field: &str, found: &str| (field.to_owned(), found.to_owned());
        assert_eq!(not_flat::<List>(), words("List.texts", "a list"));
        assert_eq!(not_flat::<Vec<Tuple>>(), words("Tuple.pair", "a list or null"));
        assert_eq!(not_flat::<Scalar>(), words("Scalar.count", "a text, number or boolean"));
        assert_eq!(not_flat::<Page<BTreeSet<u8>>>(), words("Page.content", "a list"));
        assert!(Contract::of::<List>().unwrap_err().to_string().contains(
            "`List.texts` is read from the members of the object around it: expected a struct, a map \
             or an enum, found a list"
        ));
    }

    #[test]
    fn a_list_beside_a_tag_is_refused() {
        assert_eq!(not_flat::<Shape>(), ("Shape::Line".to_owned(), "a list".to_owned()));
    }

    #[test]
    fn flattened_types_with_members_are_accepted() {
        #[derive(Extract)]
        enum Grade {
            Good,
            Bad,
        }
        assert!(Contract::of::<Page<Item>>().is_ok());
        assert!(Contract::of::<Page<Option<Item>>>().is_ok());
        assert!(Contract::of::<Page<BTreeMap<String, u8>>>().is_ok());
        assert!(Contract::of::<Page<Value>>().is_ok());
        assert!(Contract::of::<Page<super::Shape>>().is_ok());
        assert!(Contract::of::<Page<Grade>>().is_ok());
        assert!(Contract::of::<Page<()>>().is_ok());
        assert!(serde_json::from_value::<Page<Grade>>(json!({"Good": null})).is_ok());
        assert!(serde_json::from_value::<Page<()>>(json!({})).is_ok());
    }
}

mod map_keys {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Extract)]
    struct Sku {
        group: String,
        number: u32,
    }

    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Extract)]
    enum Grade {
        Good,
        /// With a description of its own.
        Bad,
    }

    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Extract)]
    enum Mixed {
        Known,
        Other(String),
    }

    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Extract)]
    struct Name(String);

    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Extract)]
    struct Number(Option<u16>);

    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Extract)]
    #[serde(try_from = "String")]
    struct Code {
        letters: Vec<char>,
    }

    impl TryFrom<String> for Code {
        type Error = &'static str;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            Ok(Self { letters: text.chars().collect() })
        }
    }

    type Key = Vec<u8>;
    type Inner = BTreeMap<u8, u8>;

    #[derive(Extract)]
    struct Prices {
        prices: Vec<Option<BTreeMap<Sku, u32>>>,
    }

    #[derive(Extract)]
    enum Change {
        Sold { prices: HashMap<Sku, u32> },
    }

    #[derive(Extract)]
    #[serde(from = "Prices")]
    struct Read {
        count: usize,
    }

    impl From<Prices> for Read {
        fn from(prices: Prices) -> Self {
            Self { count: prices.prices.len() }
        }
    }

    #[track_caller]
    fn keys<T: Extract>() -> (String, String) {
        match fault::<T>() {
            TypeFault::MapKey { place, key, .. } => (place, key),
            other => panic!("{other}"),
        }
    }

    fn words(place: &str, key: &str) -> (String, String) {
        (place.to_owned(), key.to_owned())
    }

    #[test]
    fn keys_that_are_not_texts_are_refused_with_their_pointer() {
        assert_eq!(keys::<BTreeMap<Sku, u8>>(), words("Map_from_Sku_to_uint8", "Sku"));
        assert_eq!(keys::<Vec<Prices>>(), words("Prices.prices", "Sku"));
        assert_eq!(keys::<Change>(), words("Change::Sold.prices", "Sku"));
        assert_eq!(keys::<Read>(), words("Prices.prices", "Sku"));
        let error = Contract::of::<Prices>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`Prices` cannot be asked for: the map in `Prices.prices` has the keys `Sku`: expected \
             texts, numbers or an enum of unit variants, found an object; use `Vec<(Sku, _)>`, or a \
             key that is read from a text (`#[serde(try_from = \"String\")]`)"
        );
    }

    #[test]
    fn lists_maps_and_options_are_refused_as_keys() {
        assert_eq!(keys::<BTreeMap<Key, u8>>().1, "Vec<u8>");
        assert_eq!(keys::<BTreeMap<Inner, u8>>().1, "BTreeMap<u8, u8>");
        assert_eq!(keys::<BTreeMap<(Name, u8), u8>>().1, "(Name, u8)");
        assert_eq!(keys::<HashMap<Option<Sku>, u8>>().1, "Option<Sku>");
        assert_eq!(keys::<BTreeMap<Mixed, u8>>().1, "Mixed");
        assert_eq!(keys::<BTreeMap<(), u8>>().1, "()");
        assert_eq!(keys::<extract_llm::indexmap::IndexMap<Sku, u8>>().1, "Sku");
    }

    /// Asserts that the key type is read from this text.
    fn is_read<K>(key: &str)
    where
        K: serde::de::DeserializeOwned + schemars::JsonSchema + Ord + 'static,
    {
        let contract = Contract::of::<BTreeMap<K, u8>>().unwrap();
        let value = json!({key: 1});
        let problems = extract_core::check::violations(&contract, &value);
        assert!(problems.is_empty(), "{problems}");
        let map: BTreeMap<K, u8> = serde_json::from_value(value).unwrap();
        assert_eq!(map.len(), 1);
    }

    #[test]
    fn keys_that_are_read_from_texts_are_accepted() {
        is_read::<String>("a");
        is_read::<Cow<'static, str>>("a");
        is_read::<char>("a");
        is_read::<bool>("true");
        is_read::<u8>("1");
        is_read::<i64>("-1");
        is_read::<std::num::NonZeroU16>("1");
        is_read::<Grade>("Good");
        is_read::<Name>("a");
        is_read::<Number>("1");
        is_read::<Code>("a");
        is_read::<Option<String>>("a");
        is_read::<extract_llm::uuid::Uuid>("67e55044-10b1-426f-9247-bb680e5fe0c8");
        is_read::<extract_llm::chrono::NaiveDate>("2026-01-31");
        is_read::<std::net::IpAddr>("127.0.0.1");
    }
}

mod names {
    use super::*;

    mod billing {
        use super::*;

        #[derive(Debug, PartialEq, Extract)]
        pub(super) struct Row {
            pub(super) total: u32,
        }
    }

    mod shipping {
        use super::*;

        #[derive(Debug, PartialEq, Extract)]
        pub(super) struct Row {
            pub(super) weight: f64,
        }
    }

    #[derive(Debug, PartialEq, Extract)]
    struct Wrapper<T> {
        value: T,
    }

    #[derive(Debug, PartialEq, Extract)]
    struct Pair<A, B> {
        first: A,
        second: B,
    }

    #[track_caller]
    fn shared<T: Extract>() -> (String, String, String) {
        match fault::<T>() {
            TypeFault::SharedName { name, first, second, first_type, second_type } => {
                assert!(first_type.contains("names::"), "{first_type}");
                assert!(second_type.contains("names::"), "{second_type}");
                (name, first, second)
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn types_of_one_name_in_different_modules_stay_separate() {
        type Both = Pair<billing::Row, Vec<shipping::Row>>;
        let contract = Contract::of::<Both>().unwrap();
        let definitions = contract.schema()["$defs"].as_object().unwrap();
        assert_eq!(definitions.keys().collect::<Vec<_>>(), ["Row", "Row2"]);
        let value = json!({"first": {"total": 1}, "second": [{"weight": 0.5}]});
        assert!(extract_core::check::violations(&contract, &value).is_empty());
        let both = extract_llm::parse::<Both>(&value.to_string()).unwrap().value;
        assert_eq!(both.first, billing::Row { total: 1 });
        assert_eq!(both.second, [shipping::Row { weight: 0.5 }]);
        let swapped = json!({"first": {"weight": 0.5}, "second": [{"total": 1}]});
        assert!(extract_llm::parse::<Both>(&swapped.to_string()).is_err());

        type Wrapped = Pair<Wrapper<billing::Row>, Wrapper<shipping::Row>>;
        let contract = Contract::of::<Wrapped>().unwrap();
        let value = json!({"first": {"value": {"total": 1}}, "second": {"value": {"weight": 0.5}}});
        assert!(extract_core::check::violations(&contract, &value).is_empty());
        assert!(Contract::of::<Pair<Wrapped, Both>>().is_ok());
    }

    #[test]
    fn types_of_one_name_in_blocks_of_a_function_are_refused() {
        #[derive(Extract)]
        struct Row {
            total: u32,
        }
        type Outer = Row;
        let words = |name: &str, first: &str, second: &str| {
            (name.to_owned(), first.to_owned(), second.to_owned())
        };
        {
            #[derive(Extract)]
            struct Row {
                weight: f64,
            }
            let found = shared::<Pair<Outer, Vec<Row>>>();
            assert_eq!(found, words("Row", "Pair.first", "Pair.second"));
            // The wrappers also share a name. The remedy is inside them.
            let found = shared::<Pair<Wrapper<Outer>, Wrapper<Row>>>();
            assert_eq!(found, words("Row", "Wrapper.value", "Wrapper.value"));
        }
        {
            // One type is the root, and the other is inside it.
            #[derive(Extract)]
            struct Row {
                inner: Outer,
            }
            assert_eq!(shared::<Row>(), words("Row", "Row.inner", "Row"));
        }
        {
            #[derive(Extract)]
            #[extract(name = "Weighed")]
            struct Row {
                weight: f64,
            }
            let contract = Contract::of::<Pair<Wrapper<Outer>, Wrapper<Row>>>().unwrap();
            let value =
                json!({"first": {"value": {"total": 1}}, "second": {"value": {"weight": 0.5}}});
            assert!(extract_core::check::violations(&contract, &value).is_empty());
            let schema = contract.schema().to_string();
            assert!(schema.contains("Wrapper_for_Row") && schema.contains("Wrapper_for_Weighed"));
        }
        {
            // Types with equal schemas may share a name.
            #[derive(Extract)]
            struct Row {
                total: u32,
            }
            assert!(Contract::of::<Pair<Outer, Row>>().is_ok());
        }
    }

    #[test]
    fn the_error_names_both_types_and_the_remedy() {
        #[derive(Extract)]
        struct Row {
            total: u32,
        }
        type Outer = Row;
        fn inner() -> String {
            #[derive(Extract)]
            struct Row {
                weight: f64,
            }
            Contract::of::<Pair<Outer, Row>>().unwrap_err().to_string()
        }
        let error = inner();
        assert!(error.contains("`Pair.first` (`"), "{error}");
        assert!(error.contains("remedy::Row`) and `Pair.second` (`"), "{error}");
        assert!(error.contains("inner::Row`) have two types of the name `Row`"), "{error}");
        assert!(
            error.ends_with("name one of the types with `#[extract(name = \"..\")]`"),
            "{error}"
        );
    }
}
