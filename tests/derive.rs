//! x
use extract_llm::Extract;
/// Hello.
#[derive(Debug, Extract)]
struct Node<T> { /** a
b */ #[extract(range(min = 3), description = "d", example = 3)] v: T, #[serde(default, alias = "kids")] #[extract(length(max=3))] children: Vec<Node<T>>, m: Mixed }
#[derive(Debug, Extract)]
#[serde(rename_all="camelCase")]
enum Mixed { #[extract(description="hm")] #[serde(alias="x")] AbC, D(u8, u8), E { #[extract(email)] a: String }, F(Box<Mixed>) }
#[test]
fn x() {
    println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(Node<u8>)).unwrap());
    let n: Node<u8> = serde_json::from_str(r#"{"v":1,"children":[{"v":2,"m":"x"}],"m":{"e":{"a":"x"}}}"#).unwrap();
    println!("{n:?}");
}
