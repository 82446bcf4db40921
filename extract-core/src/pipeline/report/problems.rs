//! The table of problems.

use std::collections::HashMap;

use super::super::kept::KeptRow;
use super::super::summary::{ProblemCount, Summary};
use super::escape::Html;
use super::figures::{count, counted};
use super::rows::id_text;
use crate::contract::ProblemKind;

/// Returns the section of problems; empty if there are none.
pub(super) fn problems(summary: &Summary) -> String {
    if summary.problems.is_empty() {
        return String::new();
    }
    let rows = Rows::new(&summary.rows);
    let lines: String = summary.problems.iter().map(|problem| rows.line(problem)).collect();
    let listed = summary.problems.len() as u64;
    let note = if listed >= super::super::tally::MOST_LISTED as u64 {
        format!("<p class=\"note\">These are the {} most frequent ones.</p>", count(listed))
    } else {
        String::new()
    };
    format!(
        "<section id=\"problems\" aria-labelledby=\"problems-title\">\
         <h2 id=\"problems-title\">Problems <span class=\"count\">{}</span></h2>\
         <p class=\"note\">Each problem of each answer, re-asks included. “Final” are those of the last \
         answer of a row that failed. <code>*</code> stands for any index.</p>{note}\
         <table class=\"problems\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">\
         <th role=\"columnheader\" scope=\"col\">Pointer</th>\
         <th role=\"columnheader\" scope=\"col\">Kind</th>\
         <th role=\"columnheader\" scope=\"col\">Expected</th>\
         <th role=\"columnheader\" scope=\"col\">Found, for example</th>\
         <th role=\"columnheader\" scope=\"col\" class=\"number\">Count</th>\
         <th role=\"columnheader\" scope=\"col\" class=\"number\">Final</th>\
         <th role=\"columnheader\" scope=\"col\">In row</th>\
         </tr></thead><tbody role=\"rowgroup\">{lines}</tbody></table></section>\n",
        counted(listed, "kind", "kinds"),
    )
}

/// The numbers of the kept rows by their ids.
struct Rows(HashMap<String, usize>);

impl Rows {
    fn new(rows: &[KeptRow]) -> Self {
        let numbers = rows.iter().enumerate().rev();
        Self(numbers.map(|(number, row)| (row.id.to_string(), number)).collect())
    }

    fn line(&self, problem: &ProblemCount) -> String {
        let pointer = match problem.pointer.as_str() {
            "" => "<span class=\"quiet\">whole value</span>".to_owned(),
            pointer => format!("<code>{}</code>", Html(pointer)),
        };
        let found = match problem.found.as_str() {
            "" => "<span class=\"quiet\">–</span>".to_owned(),
            found => format!("<code><bdi>{}</bdi></code>", Html(found)),
        };
        let id = id_text(&problem.example);
        let id = match self.0.get(&problem.example.to_string()) {
            Some(number) => format!("<a href=\"#row-{number}\"><bdi>{}</bdi></a>", Html(&id)),
            None => format!("<bdi>{}</bdi>", Html(&id)),
        };
        let bad = if problem.fatal > 0 { " bad" } else { " quiet" };
        format!(
            "<tr role=\"row\"><td role=\"cell\" data-label=\"Pointer\">{pointer}</td>\
             <td role=\"cell\" data-label=\"Kind\">{}</td>\
             <td role=\"cell\" data-label=\"Expected\"><bdi>{}</bdi></td>\
             <td role=\"cell\" data-label=\"Found\">{found}</td>\
             <td role=\"cell\" data-label=\"Count\" class=\"number\">{}</td>\
             <td role=\"cell\" data-label=\"Final\" class=\"number{bad}\">{}</td>\
             <td role=\"cell\" data-label=\"In row\">{id}</td></tr>",
            kind(problem.kind),
            Html(&problem.expected),
            count(problem.count),
            count(problem.fatal),
        )
    }
}

fn kind(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "no JSON",
        ProblemKind::Reading => "reading",
        ProblemKind::Schema => "schema",
        ProblemKind::Type => "type",
        ProblemKind::Rule => "rule",
    }
}
