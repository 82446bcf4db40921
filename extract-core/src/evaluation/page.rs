//! The page of an evaluation: one HTML file without links and without a script.

use std::path::Path;

use serde_json::Value;

use super::figures::{Evaluation, Share};
use super::score::{Confusion, FieldScore, Mismatch, Score};
use crate::pipeline::html::{Html, STYLE, count, counted, fill, hash, percent};
use crate::pipeline::{ReportError, save};

const TEMPLATE: &str = include_str!("page.html");

/// The most wrong rows in the list.
const MOST_ROWS: usize = 200;

/// # Page
impl Evaluation {
    /// Writes the evaluation to a file: a page for a browser, which needs no network and no script. A file of this
    /// name is replaced; the page is never half a page. It holds values of the rows as plain text, and on Unix only
    /// its owner can read it.
    ///
    /// Fails if the file cannot be written. The folder must exist.
    pub fn html(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let path = path.as_ref();
        save::replace(path, self.to_html().as_bytes())
            .map_err(|source| ReportError { path: path.to_owned(), source })
    }

    /// Returns the text of the page: see [`html`](Self::html).
    pub fn to_html(&self) -> String {
        page(self)
    }
}

/// Returns the page.
fn page(evaluation: &Evaluation) -> String {
    // A browser hashes what stands between the tags, with line feeds alone.
    let style = STYLE.replace('\r', "");
    fill(
        TEMPLATE,
        &[
            ("style-hash", &hash(&style)),
            ("style", &style),
            ("name", &Html(&evaluation.type_name).to_string()),
            ("lead", &lead(evaluation)),
            ("headline", &headline(evaluation)),
            ("fields", &fields(evaluation)),
            ("confusion", &evaluation.fields.iter().map(confusion).collect::<String>()),
            ("mismatches", &mismatches(evaluation)),
            ("rows", &rows(evaluation)),
            ("version", env!("CARGO_PKG_VERSION")),
        ],
    )
}

fn lead(evaluation: &Evaluation) -> String {
    format!(
        "{} of {} right, {} failed.",
        count(evaluation.right_rows() as u64),
        counted(evaluation.rows.len() as u64, "row", "rows"),
        count(evaluation.failed_rows() as u64),
    )
}

fn headline(evaluation: &Evaluation) -> String {
    let total = &evaluation.total;
    let all = evaluation.rows.len() as u64;
    let (right, failed) = (evaluation.right_rows() as u64, evaluation.failed_rows() as u64);
    let cost = match evaluation.cost {
        Some(cost) => Html(&cost.to_string()).to_string(),
        None => "cost unknown".to_owned(),
    };
    [
        ("F1", Share(total.f1()).to_string(), "of all fields".to_owned()),
        (
            "Precision",
            Share(total.precision()).to_string(),
            counted(total.given, "value given", "values given"),
        ),
        (
            "Recall",
            Share(total.recall()).to_string(),
            counted(total.expected, "value expected", "values expected"),
        ),
        ("Right rows", count(right), percent(right, all)),
        ("Failed rows", count(failed), percent(failed, all)),
        ("Requests", count(evaluation.requests), cost),
    ]
    .iter()
    .map(|(label, figure, note)| {
        format!("<div><dt>{label}</dt><dd><b>{figure}</b> <span>{note}</span></dd></div>")
    })
    .collect::<Vec<_>>()
    .concat()
}

/// Returns a section with a table. The heads of columns with figures begin with `#`.
fn table(id: &str, title: &str, heads: &[&str], lines: &str) -> String {
    let heads: String = heads
        .iter()
        .map(|head| match head.strip_prefix('#') {
            Some(head) => format!("<th scope=\"col\" class=\"number\">{head}</th>"),
            None => format!("<th scope=\"col\">{head}</th>"),
        })
        .collect();
    format!(
        "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{title}</h2>\
         <table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></section>\n"
    )
}

fn fields(evaluation: &Evaluation) -> String {
    let line = |pointer: String, score: &Score| {
        let class = if score.f1().is_some_and(|f1| f1 < 1.0) { " bad" } else { "" };
        format!(
            "<tr><th scope=\"row\">{pointer}</th><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number{class}\">{}</td></tr>",
            count(score.expected),
            count(score.given),
            count(score.matched),
            Share(score.precision()),
            Share(score.recall()),
            Share(score.f1()),
        )
    };
    let mut lines: String =
        evaluation.fields.iter().map(|field| line(code(&field.pointer), &field.score)).collect();
    lines.push_str(&line("All fields".to_owned(), &evaluation.total));
    let heads = ["Field", "#Expected", "#Given", "#Matched", "#Precision", "#Recall", "#F1"];
    table("fields", "Fields", &heads, &lines)
}

/// Returns the confusion table of a field, if it has one.
fn confusion(field: &FieldScore) -> String {
    if field.confusion.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = field
        .confusion
        .iter()
        .map(|Confusion { expected, given, count: number }| {
            let class = if expected == given { "" } else { " bad" };
            format!(
                "<tr><td>{}</td><td>{}</td><td class=\"number{class}\">{}</td></tr>",
                value(expected.as_ref()),
                value(given.as_ref()),
                count(*number)
            )
        })
        .collect();
    let title = format!("Confusion of {}", code(&field.pointer));
    let id = format!("confusion-{}", hash(&field.pointer).replace(['+', '/', '='], ""));
    table(&id, &title, &["Expected", "Given", "#Count"], &lines.concat())
}

fn mismatches(evaluation: &Evaluation) -> String {
    let all = evaluation.fields.iter().flat_map(|field| &field.mismatches);
    let lines: Vec<String> = all
        .map(|Mismatch { row, pointer, expected, given }| {
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                id(row),
                code(pointer),
                value(expected.as_ref()),
                value(given.as_ref())
            )
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    table(
        "mismatches",
        "Mismatches, for example",
        &["Row", "Pointer", "Expected", "Given"],
        &lines.concat(),
    )
}

fn rows(evaluation: &Evaluation) -> String {
    let wrong: Vec<_> = evaluation.rows.iter().filter(|row| !row.is_right).collect();
    if wrong.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = wrong
        .iter()
        .take(MOST_ROWS)
        .map(|row| {
            let failure = row.failure.as_deref().unwrap_or_default();
            format!(
                "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
                 <td class=\"number\">{}</td><td><bdi>{}</bdi></td></tr>",
                id(&row.id),
                count(row.score.expected),
                count(row.score.given),
                count(row.score.matched),
                Html(failure)
            )
        })
        .collect();
    let title = match wrong.len() {
        all if all > MOST_ROWS => {
            format!("The first {MOST_ROWS} of {} wrong rows", count(all as u64))
        }
        _ => "Wrong rows".to_owned(),
    };
    table("rows", &title, &["Row", "#Expected", "#Given", "#Matched", "Error"], &lines.concat())
}

fn code(pointer: &str) -> String {
    match pointer {
        "" => "<span class=\"quiet\">whole value</span>".to_owned(),
        pointer => format!("<code>{}</code>", Html(pointer)),
    }
}

fn value(value: Option<&Value>) -> String {
    match value {
        None => "<span class=\"quiet\">none</span>".to_owned(),
        Some(value) => format!("<code><bdi>{}</bdi></code>", Html(&value.to_string())),
    }
}

fn id(id: &Value) -> String {
    let text = match id {
        Value::String(text) if !text.is_empty() => text.clone(),
        id => id.to_string(),
    };
    format!("<bdi>{}</bdi>", Html(&text))
}
