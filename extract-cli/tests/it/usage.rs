//! Mistakes in the command, which are told before anything is asked; help; and the schema.

use crate::support::{Folder, Server, ended, inputs};

#[test]
fn mistakes_end_with_a_sentence_and_the_code_1() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(2));
    folder.write("rows", &inputs(2));
    folder.write("wrong.json", "{\"type\": \"strin\"}");
    folder.write("broken.json", "{");
    folder.write("array.json", "[\n{\"text\": \"a\"}\n]\n");
    let url = server.url();
    let with = format!("--schema s.json --model m --base-url {url}");
    for (arguments, words) in [
        ("run".to_owned(), "--schema"),
        (format!("run {with} --frobnicate"), "--frobnicate"),
        (format!("run --schema none.json --model m --base-url {url}"), "none.json cannot be read"),
        (format!("run --schema broken.json --model m --base-url {url}"), "Expected a JSON Schema"),
        (format!("run --schema wrong.json --model m --base-url {url}"), "wrong.json"),
        (format!("run --schema s.json --base-url {url}"), "no model"),
        ("run --schema s.json --model nobody/m".to_owned(), "nobody"),
        ("run --schema s.json --model openai/gpt-6-luna".to_owned(), "OPENAI_API_KEY"),
        ("run --schema s.json --model local --requests-per-minute 5".to_owned(), "embedded model"),
        (format!("run {with} -i none.jsonl"), "none.jsonl cannot be read"),
        (format!("run {with} -i rows"), "--input-format"),
        (format!("run {with} -i in.jsonl -o out"), "--output-format"),
        (format!("run {with} -i in.jsonl -o in.jsonl"), "same file"),
        (format!("run {with} -i in.jsonl -o no/folder/out.jsonl"), "cannot be written"),
        (format!("run {with} -i in.jsonl -o no/folder/out.parquet"), "cannot be written"),
        (format!("run {with} -i in.jsonl --journal in.jsonl"), "same file"),
        (format!("run {with} -i in.jsonl --journal j -o ./j.jsonl --errors j.jsonl"), "same file"),
        (format!("run {with} -i array.json"), "jq -c"),
        (format!("run {with} -i in.jsonl --report no/folder/run.html"), "cannot be written"),
        (format!("run {with} -i in.jsonl --journal s.json"), "no journal"),
        (format!("run {with} -i in.jsonl --output-format parquet"), "--output"),
        (format!("run {with} --input-format parquet"), "--input"),
        (format!("run {with} -i in.jsonl --delimiter ;"), "--delimiter"),
        (format!("run {with} -i in.jsonl --prompt nothing"), "--prompt"),
        (format!("run {with} -i in.jsonl --doubt-below 0.8 -o out.csv"), "JSON Lines"),
        (format!("run {with} -i in.jsonl --doubt-below 8"), "--doubt-below"),
        (format!("run {with} -i in.jsonl --failed only"), "--journal"),
        (format!("run {with} -i in.jsonl --budget lots"), "US dollars"),
        (format!("run {with} -i in.jsonl --deadline soon"), "30s"),
        (format!("retry-dead {with}"), "--journal"),
        (format!("retry-dead {with} --journal none"), "none"),
        ("dead --journal none".to_owned(), "none"),
        ("schema --schema s.json --dialect klingon".to_owned(), "openai-strict"),
    ] {
        if arguments.contains("parquet") && !cfg!(feature = "parquet") {
            continue;
        }
        let ended = ended(folder.command(&arguments).spawn().unwrap());
        assert_eq!(ended.code, Some(1), "{arguments}: {ended:?}");
        assert!(ended.stderr.contains(words), "{arguments}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments}");
    }
    assert_eq!(server.count(), 0);
    assert_eq!(folder.read("in.jsonl"), inputs(2));
}

#[test]
fn help_says_what_there_is() {
    let folder = Folder::new();
    for (arguments, words) in [
        ("--help", vec!["retry-dead", "Examples:", "OPENAI_API_KEY", "--budget 5"]),
        (
            "run --help",
            vec!["--schema", "--journal", "Exit codes:", "130", "EXTRACT_MODEL", "Parquet"],
        ),
        ("--version", vec![env!("CARGO_PKG_VERSION")]),
    ] {
        let ended = ended(folder.command(arguments).spawn().unwrap());
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{arguments}");
        for word in words {
            assert!(ended.stdout.contains(word), "{arguments}: no {word} in {}", ended.stdout);
        }
    }
}

#[test]
fn a_schema_is_shown() {
    let folder = Folder::new();
    let ended =
        ended(folder.command("schema --schema s.json --dialect openai-strict").spawn().unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for words in [
        "Ticket as it stands in prompts:",
        "Ticket in openai-strict: fits",
        "  parts: list of struct (sku: text, count: integer of 64 bits), or null",
        "  due: date, or null",
        "  other: JSON as text",
    ] {
        assert!(ended.stdout.contains(words), "no {words} in {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("gemini"), "{}", ended.stdout);
}

#[test]
fn the_model_may_come_from_the_environment() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(2));
    let mut command = folder.command("run --schema s.json -i in.jsonl");
    command.env("EXTRACT_MODEL", "test-model").env("EXTRACT_BASE_URL", server.url());
    let ended = ended(command.spawn().unwrap());
    assert_eq!((ended.code, server.count()), (Some(0), 2), "{ended:?}");
}
