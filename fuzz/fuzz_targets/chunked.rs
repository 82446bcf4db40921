//! Texts in portions: the result equals that of the whole text, and partials never panic.
#![no_main]

use std::sync::OnceLock;

use extract_core::contract::Shape;
use extract_core::reading::{PartialMode, Incremental, Reader};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fn shapes() -> &'static [Shape] {
    static SHAPES: OnceLock<Vec<Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        [
            json!({}),
            json!({"type": "object", "properties": {
                "a": {"type": "string"}, "b": {"type": ["integer", "null"]}, "c": {"$ref": "#"}
            }}),
            json!({"type": "array", "items": {"type": ["string", "number", "null"]}}),
        ]
        .iter()
        .map(|schema| Shape::compile(schema).expect("these schemas are good"))
        .collect()
    })
}

fuzz_target!(|data: &[u8]| {
    let [choice, step, rest @ ..] = data else { return };
    let text = String::from_utf8_lossy(rest);
    let shape = &shapes()[usize::from(*choice) % shapes().len()];
    let reader = Reader::new(shape);
    let mut incremental = Incremental::new(reader);
    for (index, piece) in text.as_bytes().chunks(usize::from(*step % 9) + 1).enumerate() {
        incremental.feed(piece);
        if index % 16 == 0 {
            let _ = incremental.partial(PartialMode::Withheld);
        }
    }
    assert_eq!(incremental.finish(), reader.read(&text));
});
