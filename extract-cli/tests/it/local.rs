//! The command on the embedded model: a real server, a real model, no key.

use crate::support::{Folder, ended};

#[test]
fn the_embedded_model_reads_tickets() {
    let folder = Folder::new();
    folder.write("s.json", include_str!("../../examples/ticket.schema.json"));
    let texts = [
        "My kettle leaks and I need a new one today!",
        "\"Thank you, the lamp is lovely.\"",
        "",
        "The tent has no poles.",
        "I wait for my refund since March.",
        "Do you sell spare parts for the radio?",
    ];
    let rows = texts.iter().enumerate().map(|(index, text)| format!("{index},{text}\n"));
    folder.write("in.csv", &format!("id,text\n{}", rows.collect::<String>()));
    let arguments =
        "run --schema s.json -i in.csv --journal j --in-order --max-tokens 200 --with-ledger";
    let first = ended(folder.command(arguments).spawn().unwrap());
    assert_eq!((first.code, first.rows().len()), (Some(2), 6), "{first:?}"); // one text is empty
    assert_eq!(first.rows()[2]["error"]["kind"], "input");
    let values: Vec<_> = first.rows().into_iter().filter(|row| row["value"].is_object()).collect();
    // The answers of this small model are uncertain, and may not end. Those that end fit the schema.
    assert!(values.len() >= 3, "{first:?}");
    for row in &values {
        assert!(
            row["value"]["product"].is_string() && row["value"]["is_urgent"].is_boolean(),
            "{row}"
        );
        assert!(row["ledger"]["input_tokens"].as_u64().unwrap() > 0, "{row}");
    }

    let second = ended(folder.command(arguments).spawn().unwrap());
    assert!(second.stderr.contains("6 were in the journal\n0 requests"), "{}", second.stderr);
    for (one, other) in first.rows().iter().zip(second.rows()) {
        assert_eq!((&one["id"], &one["value"]), (&other["id"], &other["value"]));
    }
}
