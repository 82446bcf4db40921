//! Parquet in and out.

use std::fs::File;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, Int32Array, LargeStringArray, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::support::{Answer, Folder, Server, inputs, text_of, ticket};

/// Reads a file whole.
fn read(folder: &Folder, name: &str) -> RecordBatch {
    let file = File::open(folder.file(name)).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches: Vec<RecordBatch> =
        builder.with_batch_size(100_000).build().unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    batches.into_iter().next().unwrap()
}

fn write(folder: &Folder, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(folder.file(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn the_columns_of_a_file_have_the_types_of_the_schema() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &format!("{}nothing\n", inputs(1_500)));
    let arguments = "run -i in.jsonl -o out.parquet --in-order --with-ledger --concurrency 16";
    let ended = folder.run(&server, arguments);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let batch = read(&folder, "out.parquet");
    assert_eq!(batch.num_rows(), 1_501);
    let column = |name: &str| Arc::clone(batch.column_by_name(name).unwrap());
    assert_eq!(column("id").as_string::<i32>().value(3), "r3");
    assert_eq!(column("product").as_string::<i32>().value(3), "kettle3");
    assert!(!column("is_urgent").as_boolean().value(3));
    assert!(column("rating").as_primitive::<Float64Type>().is_null(3));
    assert_eq!(column("due").as_primitive::<Date32Type>().value(3), 20_513); // 2026-03-01
    assert_eq!(column("other").as_string::<i32>().value(3), "{\"n\":[1]}");
    let parts = column("parts").as_list::<i32>().value(3);
    let counts = Arc::clone(parts.as_struct().column_by_name("count").unwrap());
    assert_eq!(counts.as_primitive::<Int64Type>().value(0), 2);
    assert!(matches!(column("parts").data_type(), DataType::List(_)));
    assert_eq!(column("input_tokens").as_primitive::<Int64Type>().value(3), 100);
    assert!(column("error").is_null(3) && column("product").is_null(1_500));
    assert!(column("error").as_string::<i32>().value(1_500).starts_with("line 1501 is no JSON"));
    // No other file is left.
    let files = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(files.count(), 3);
}

#[test]
fn maps_and_tagged_objects_have_columns_of_their_own() {
    let folder = Folder::new();
    let value = json!({
        "product": "set",
        "other": {"n": [1], "m": []},
        "parts": [{"product": "kettle", "kettle": 2}, {"product": "lamp"}],
    });
    let server = Server::start(move |_| value.clone().into());
    let variant = |part: &str| {
        json!({
            "type": "object",
            "properties": {"product": {"const": part}, part: {"type": "integer"}},
            "required": ["product"],
        })
    };
    let schema = json!({
        "type": "object",
        "properties": {
            "product": {"type": "string"},
            "other": {"type": "object", "additionalProperties":
                {"type": "array", "items": {"type": "integer"}}},
            "parts": {"type": "array", "items": {"anyOf": [variant("lamp"), variant("kettle")]}},
        },
        "required": ["product"],
    });
    folder.write("s.json", &schema.to_string());
    folder.write("in.jsonl", &inputs(2));
    let ended = folder.run(&server, "run -i in.jsonl -o out.parquet --in-order");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let batch = read(&folder, "out.parquet");
    let column = |name: &str| Arc::clone(batch.column_by_name(name).unwrap());
    let counts = column("other").as_map().value(1);
    assert_eq!(counts.column(0).as_string::<i32>().value(0), "n");
    let parts = column("parts").as_list::<i32>().value(1);
    let kettles = Arc::clone(parts.as_struct().column_by_name("kettle").unwrap());
    assert_eq!(kettles.as_primitive::<Int64Type>().value(0), 2);
    assert!(kettles.is_null(1));
    let DataType::List(item) = column("parts").data_type().clone() else { panic!("no list") };
    let DataType::Struct(members) = item.data_type() else { panic!("no struct") };
    let names: Vec<&String> = members.iter().map(|member| member.name()).collect();
    assert_eq!(names, ["product", "lamp", "kettle"]);
}

#[test]
fn texts_of_a_file_are_read_batch_by_batch() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    let texts: Vec<String> = (0..700).map(|number| format!("lamp{number} flickers")).collect();
    write(
        &folder,
        "in.parquet",
        vec![
            ("key", Arc::new(Int32Array::from_iter_values(0..700))),
            ("unused", Arc::new(LargeStringArray::from_iter_values(&texts))),
            ("body", Arc::new(BinaryArray::from_iter_values(&texts))), // as some programs write texts
        ],
    );
    let arguments =
        "run -i in.parquet --text-field body --id-field key --in-order --concurrency 16";
    let ended = folder.run(&server, arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows = ended.rows();
    assert_eq!(rows.len(), 700);
    assert_eq!(rows[699], json!({"id": 699, "value": ticket("lamp699 flickers")}));

    let ended = folder.run(&server, "run -i in.parquet");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("`key`, `unused`, `body`"), "{ended:?}");
    folder.write("no.parquet", "no Parquet");
    assert_eq!(folder.run(&server, "run -i no.parquet").code, Some(1));
}

#[test]
fn the_output_of_one_run_is_the_input_of_another() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(5));
    assert_eq!(folder.run(&server, "run -i in.jsonl -o one.parquet").code, Some(0));
    let ended =
        folder.run(&server, "run -i one.parquet --prompt {product}-{parts}-{due} --in-order");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut texts: Vec<String> = server.requests().iter().skip(5).map(text_of).collect();
    texts.sort();
    assert_eq!(texts[0], "kettle0-[{\"sku\":\"A-1\",\"count\":2}]-2026-03-01");
}

#[test]
fn a_value_that_its_column_cannot_hold_is_an_error() {
    let folder = Folder::new();
    let server = Server::start(|request| {
        let text = text_of(request);
        let mut value = ticket(&text);
        if text.starts_with("kettle1") {
            value["parts"][0]["count"] = u64::MAX.into();
        }
        if text.starts_with("kettle2") {
            value["more"] = true.into();
        }
        Answer::from(value)
    });
    folder.write("in.jsonl", &inputs(3));
    let ended = folder.run(&server, "run -i in.jsonl -o out.parquet --errors dead.jsonl");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(read(&folder, "out.parquet").num_rows(), 2);
    let dead = folder.rows("dead.jsonl");
    assert_eq!((dead.len(), &dead[0]["error"]["kind"]), (1, &json!("output")));
    assert!(
        dead[0]["error"]["message"].as_str().unwrap().starts_with("/parts/0/count "),
        "{dead:?}"
    );
    assert_eq!(dead[0]["error"]["best"]["parts"][0]["count"], u64::MAX);
    assert!(ended.stderr.contains("no columns for them: `more`"), "{}", ended.stderr);
    assert!(ended.stderr.contains("1 values do not fit"), "{}", ended.stderr);
}
