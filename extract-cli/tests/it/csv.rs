//! CSV in and out.

use crate::support::{Folder, Server};

const HEADER: &str = "id,product,is_urgent,parts,rating,due,other,error_kind,error\n";
const PARTS: &str = r#""[{""sku"":""A-1"",""count"":2}]",,2026-03-01,"{""n"":[1]}""#;

#[test]
fn rows_and_columns_become_rows_and_columns() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    let text = "id;name;body\n1;x;\"kettle,\nurgent\"\n2;y\nb-3;z;\"\"\"lamp\"\"\"\n";
    folder.write("in.csv", text);
    let ended =
        folder.run(&server, "run -i in.csv -o out.csv --delimiter ; --text-field body --in-order");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let expected = format!(
        "{HEADER}1,\"kettle,\",true,{PARTS},,\n\
         2,,,,,,,input,\"line 4 has 2 cells, and the first row names 3 columns\"\n\
         b-3,\"\"\"lamp\"\"\",false,{PARTS},,\n"
    );
    // A row that cannot be read has the number of its row as id.
    assert_eq!(folder.read("out.csv"), expected);
}

#[test]
fn the_only_column_has_the_texts_and_no_rows_give_a_header() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.tsv", "message\nkettle\tx\n");
    folder.write("one.csv", "message\nkettle leaks\n");
    folder.write("none.csv", "message\n");
    let ended = folder.run(&server, "run -i one.csv --output-format csv");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, format!("{HEADER}1,kettle,false,{PARTS},,\n"));
    let ended = folder.run(&server, "run -i none.csv -o none-out.csv");
    assert_eq!((ended.code, folder.read("none-out.csv").as_str()), (Some(0), HEADER), "{ended:?}");
    let ended = folder.run(&server, "run -i in.tsv");
    assert_eq!(ended.code, Some(2), "{ended:?}"); // two cells, one column
    assert_eq!(server.count(), 1);
}

#[test]
fn a_missing_column_is_named_before_anything_is_asked() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.csv", "key,body\n1,kettle\n");
    folder.write("in.jsonl", "{\"key\": 1, \"body\": \"kettle\"}\n");
    folder.write("twice.csv", "id,text,text\n1,a,b\n");
    for (arguments, words) in [
        ("run -i in.csv", vec!["no column `text`", "--text-field", "`key`, `body`"]),
        ("run -i in.jsonl", vec!["no column `text`", "--text-field", "`key`, `body`"]),
        ("run -i in.csv --text-field bdy", vec!["no column `bdy`", "`key`, `body`"]),
        ("run -i in.jsonl --text-field body --id-field id", vec!["no column `id`"]),
        ("run -i in.csv --prompt {body}{subject}", vec!["no column `subject`"]),
        ("run -i twice.csv", vec!["2 columns `text`"]),
    ] {
        let ended = folder.run(&server, arguments);
        assert_eq!(ended.code, Some(1), "{arguments}: {ended:?}");
        for word in words {
            assert!(ended.stderr.contains(word), "{arguments}: {}", ended.stderr);
        }
    }
    assert_eq!(server.count(), 0);
}
