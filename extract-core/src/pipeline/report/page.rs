//! The page as a whole: the template with its sections.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::super::summary::Summary;
use super::chart::histogram;
use super::escape::Html;
use super::figures::{count, counted, dollars, percent, seconds};
use super::problems::problems;
use super::rows::rows_json;

const TEMPLATE: &str = include_str!("report.html");
pub(crate) const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Returns the page of a run.
pub(super) fn page(summary: &Summary) -> String {
    // A browser hashes what stands between the tags, with line feeds alone.
    let (style, script) = (STYLE.replace('\r', ""), SCRIPT.replace('\r', ""));
    let name = Html(&summary.type_name).to_string();
    let version = env!("CARGO_PKG_VERSION");
    fill(
        TEMPLATE,
        &[
            ("style-hash", &hash(&style)),
            ("script-hash", &hash(&script)),
            ("style", &style),
            ("script", &script),
            ("name", &name),
            ("lead", &lead(summary)),
            ("notices", &notices(summary)),
            ("headline", &headline(summary)),
            ("outcomes", &outcomes(summary)),
            ("details", &details(summary)),
            ("failures", &counts("failures", "Failures", "Kind", "bad", &summary.failures)),
            ("models", &counts("models", "Models", "Model", "", &summary.models)),
            ("latency", &histogram("Latency", &summary.latency, "longest", seconds)),
            ("cost", &cost(summary)),
            ("problems", &problems(summary)),
            ("kept", &kept(summary)),
            ("version", version),
            ("rows", &rows_json(&summary.rows)),
        ],
    )
}

/// Puts texts into the places `{{name}}` of a template. What is put in is not searched for places.
pub(crate) fn fill(template: &str, texts: &[(&str, &str)]) -> String {
    let size = template.len() + texts.iter().map(|(_, text)| text.len()).sum::<usize>();
    let mut page = String::with_capacity(size);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let text = texts.iter().find(|(known, _)| *known == name);
        page.push_str(text.map_or("", |(_, text)| text));
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Returns the source expression of a Content-Security-Policy that allows this text alone.
pub(crate) fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// Returns the number of rows: that of the source, or of those that the run has seen.
fn all_rows(summary: &Summary) -> u64 {
    let seen = summary
        .done
        .saturating_add(summary.failed)
        .saturating_add(summary.passed_over)
        .saturating_add(summary.put_back);
    summary.total.unwrap_or(0).max(seen)
}

fn lead(summary: &Summary) -> String {
    let all = counted(all_rows(summary), "row", "rows");
    let failed = match summary.failed {
        0 => "none failed".to_owned(),
        failed => format!("{} failed", count(failed)),
    };
    format!("{} of {all} {} a value, {failed}.", count(summary.done), has(summary.done))
}

fn has(number: u64) -> &'static str {
    if number == 1 { "has" } else { "have" }
}

/// Returns what a reader must know before the figures.
fn notices(summary: &Summary) -> String {
    let mut notices = String::new();
    if let Some(reason) = &summary.stopped {
        notices.push_str(&format!(
            "<p class=\"notice\"><strong>Stopped before its end.</strong> <span dir=\"auto\">{}</span></p>",
            Html(reason)
        ));
    }
    if summary.damaged_lines > 0 {
        notices.push_str(&format!(
            "<p class=\"notice\"><strong>{} of the journal could not be read.</strong> \
             Their rows were asked again.</p>",
            counted(summary.damaged_lines, "line", "lines"),
        ));
    }
    notices
}

fn headline(summary: &Summary) -> String {
    let usage = &summary.usage;
    let all = all_rows(summary);
    let cost = summary.cost.map_or_else(|| "unknown".to_owned(), |cost| dollars(cost.0));
    let cost_note = match summary.cost {
        None => "a price is not known".to_owned(),
        Some(_) if summary.row_cost.count() == 0 => "no row was asked".to_owned(),
        Some(_) => format!("{} a row", dollars(summary.row_cost.mean())),
    };
    [
        ("Values", count(summary.done), percent(summary.done, all)),
        ("Failed", count(summary.failed), percent(summary.failed, all)),
        ("Requests", count(summary.requests), counted(summary.reasks, "re-ask", "re-asks")),
        (
            "Tokens",
            count(usage.total_tokens()),
            format!("{} in, {} out", count(usage.input_tokens), count(usage.output_tokens)),
        ),
        ("Cost", cost, cost_note),
        ("Time", seconds(summary.elapsed.as_secs_f64()), speed(summary)),
    ]
    .iter()
    .map(|(label, figure, note)| {
        let class = if *label == "Failed" && summary.failed > 0 { " class=\"bad\"" } else { "" };
        format!("<div><dt>{label}</dt><dd><b{class}>{figure}</b> <span>{note}</span></dd></div>")
    })
    .collect::<Vec<_>>()
    .concat()
}

/// Returns the rows in a second that were asked in this run.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn speed(summary: &Summary) -> String {
    let ended = summary.done.saturating_add(summary.failed).saturating_sub(summary.from_journal);
    let time = summary.elapsed.as_secs_f64();
    if ended == 0 || time <= 0.0 {
        return "no row was asked".to_owned();
    }
    match ended as f64 / time {
        fast @ 10.0.. => format!("{fast:.0} rows/s"),
        medium @ 0.1.. => format!("{medium:.1} rows/s"),
        slow => format!("{:.1} rows/min", slow * 60.0),
    }
}

/// Returns the bar of outcomes and its legend.
#[expect(clippy::cast_precision_loss, reason = "shares of a bar")]
fn outcomes(summary: &Summary) -> String {
    let all = all_rows(summary);
    let ended = summary.done.saturating_add(summary.failed).saturating_add(summary.passed_over);
    let shares = [
        ("part done", "with a value", summary.done),
        ("part failed", "failed", summary.failed),
        ("part passed", "passed over", summary.passed_over),
        ("part rest", "not started", all.saturating_sub(ended)),
    ];
    let (mut bar, mut legend, mut left) = (String::new(), String::new(), 0.0);
    for (class, label, number) in shares {
        if number == 0 {
            continue;
        }
        let width = number as f64 / all.max(1) as f64 * 100.0;
        bar.push_str(&format!(
            "<rect class=\"{class}\" x=\"{left:.3}%\" width=\"{width:.3}%\" height=\"100%\">\
             <title>{} {label}</title></rect>",
            count(number)
        ));
        legend.push_str(&format!(
            "<li><svg class=\"key\" width=\"10\" height=\"10\" aria-hidden=\"true\">\
             <rect class=\"{class}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>\
             <b>{}</b> {label} <span class=\"quiet\">{}</span></li>",
            count(number),
            percent(number, all),
        ));
        left += width;
    }
    format!(
        "<svg class=\"outcomes\" width=\"100%\" height=\"16\" role=\"img\" \
         aria-label=\"Outcomes: see the list below\">{bar}</svg><ul class=\"legend\">{legend}</ul>"
    )
}

/// Returns the figures that are not always there.
fn details(summary: &Summary) -> String {
    let usage = &summary.usage;
    let waited = summary.limit_wait.as_secs_f64();
    let figures = [
        (summary.doubtful, "with a field in doubt"),
        (summary.from_journal, "from the journal"),
        (summary.reread, "read again from kept replies"),
        (summary.updated, "brought up to date"),
        (summary.asked_again, "asked again after a passing failure"),
        (summary.put_back, "put back, as the run was stopped"),
        (usage.cached_input_tokens, "input tokens from the prompt cache"),
        (usage.cache_write_tokens, "input tokens written to the prompt cache"),
        (usage.reasoning_tokens, "tokens of reasoning"),
    ];
    let mut details = figures
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, label)| format!("<li><b>{}</b> {label}</li>", count(*number)))
        .collect::<Vec<_>>()
        .concat();
    if waited > 0.0 {
        details.push_str(&format!("<li><b>{}</b> of waits in limits</li>", seconds(waited)));
    }
    if details.is_empty() { details } else { format!("<ul class=\"details\">{details}</ul>") }
}

/// Returns a table of counts with bars, the largest first.
#[expect(clippy::cast_precision_loss, reason = "shares of a bar")]
fn counts(
    id: &str,
    title: &str,
    label: &str,
    class: &str,
    counts: &BTreeMap<String, u64>,
) -> String {
    let mut sorted: Vec<(&str, u64)> =
        counts.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    sorted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let all: u64 = sorted.iter().map(|(_, number)| number).sum();
    let most = sorted.first().map_or(1, |(_, number)| *number).max(1);
    let lines = sorted
        .iter()
        .map(|(name, number)| {
            format!(
                "<tr><th scope=\"row\"><bdi>{}</bdi>\
                 <svg class=\"share\" width=\"100%\" height=\"4\" aria-hidden=\"true\">\
                 <rect class=\"{class}\" width=\"{:.2}%\" height=\"4\" rx=\"2\"/></svg></th>\
                 <td class=\"number\">{}</td><td class=\"number quiet\">{}</td></tr>",
                Html(name),
                *number as f64 / most as f64 * 100.0,
                count(*number),
                percent(*number, all),
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let body = if lines.is_empty() {
        "<p class=\"quiet\">None.</p>".to_owned()
    } else {
        format!(
            "<table class=\"counts\"><thead class=\"unseen\"><tr><th scope=\"col\">{label}</th>\
             <th scope=\"col\">Rows</th><th scope=\"col\">Share</th></tr></thead>\
             <tbody>{lines}</tbody></table>"
        )
    };
    format!(
        "<section aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>{body}</section>"
    )
}

fn cost(summary: &Summary) -> String {
    let known = summary.row_cost.count();
    let asked = summary.latency.count();
    let chart = histogram("Cost", &summary.row_cost, "highest", dollars);
    if known == asked {
        return chart;
    }
    format!(
        "{chart}<p class=\"note\">The cost of {} of {} is known.</p>",
        count(known),
        counted(asked, "row", "rows")
    )
}

/// Returns a sentence on the rows that are kept.
fn kept(summary: &Summary) -> String {
    let failed = summary.rows.iter().filter(|row| row.failure.is_some()).count() as u64;
    let quoted = summary.rows.len() as u64 - failed;
    let of_failed = if failed < summary.failed {
        format!(
            "The first {} of {}",
            count(failed),
            counted(summary.failed, "failed row", "failed rows")
        )
    } else {
        counted(failed, "failed row", "failed rows")
    };
    format!("{of_failed}, and {} with quotes.", counted(quoted, "row", "rows"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::super::kept::{KeptRow, QuotedSpan};
    use super::super::super::summary::ProblemCount;
    use super::super::super::tally::Tally;
    use super::*;
    use crate::contract::ProblemKind;

    const HOSTILE: &str = "</script></style></title>--><!--<script>{{rows}}<img src=x onerror=alert(1)>\
                           \"'><svg onload=alert(2)>&lt;\u{2028}\u{2029}\u{202e}\0";

    fn empty(name: &str) -> Summary {
        Tally::new(name.to_owned(), None).summary(false)
    }

    fn hostile() -> Summary {
        let text = HOSTILE.to_owned();
        let row = KeptRow {
            id: json!(text),
            value: json!({ HOSTILE: text }),
            failure: None,
            message: None,
            reply: None,
            is_reply_cut: false,
            text: text.clone(),
            is_cut: true,
            quotes: vec![QuotedSpan { pointer: text.clone(), start: 0, end: 9 }],
        };
        let failed = KeptRow {
            failure: Some(text.clone()),
            message: Some(text.clone()),
            reply: Some(text.clone()),
            quotes: Vec::new(),
            ..row.clone()
        };
        let problem = ProblemCount {
            pointer: text.clone(),
            kind: ProblemKind::Rule,
            expected: text.clone(),
            count: 3,
            fatal: 1,
            example: json!(text),
            found: text.clone(),
        };
        let mut summary = empty(HOSTILE);
        summary.stopped = Some(text.clone());
        summary.failures.insert(text.clone(), 1);
        summary.models.insert(text, 1);
        summary.problems = vec![problem];
        summary.rows = vec![row, failed];
        summary
    }

    /// Returns the tags of a page, without its style and its scripts.
    fn tags(page: &str) -> Vec<String> {
        let mut page = page.to_owned();
        for (open, close) in [("<style>", "</style>"), ("<script", "</script>")] {
            while let Some((before, rest)) = page.split_once(open) {
                let (_, after) = rest.split_once(close).unwrap();
                page = format!("{before}{after}");
            }
        }
        let tag = |piece: &str| piece.split(['>', ' ']).next().unwrap().to_owned();
        page.split('<').skip(1).map(tag).collect()
    }

    #[test]
    fn no_text_leaves_its_place() {
        let page = page(&hostile());
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
        assert_eq!(page.matches("</style").count(), 1);
        assert_eq!(page.matches("</title").count(), 1);
        assert_eq!(page.matches("<!--").count() + page.matches("-->").count(), 0);
        let tags = tags(&page);
        assert!(!tags.iter().any(|tag| tag == "img"), "{tags:?}");
        let known = "!doctype html head meta title body a p h1 h2 bdi header main section dl dt dd div b \
                     span strong svg rect line text ul li table thead tbody tr th td code noscript form \
                     label input fieldset legend output footer";
        let known: Vec<&str> = known.split(' ').collect();
        for tag in &tags {
            assert!(known.contains(&tag.trim_start_matches('/')), "<{tag}>");
        }
    }

    #[test]
    fn the_data_is_that_of_the_rows() {
        let page = page(&hostile());
        let (_, rest) = page.split_once("id=\"data\">").unwrap();
        let (data, _) = rest.split_once("</script>").unwrap();
        let rows: Value = serde_json::from_str(data).unwrap();
        assert_eq!(rows[0]["id"], HOSTILE);
        assert_eq!(rows[0]["text"][0], json!(["</script>", [0]]));
        assert_eq!(rows[0]["value"][1][2], json!(json!(HOSTILE).to_string()));
        assert_eq!(rows[1]["reply"], HOSTILE);
        assert_eq!(rows[1]["message"], HOSTILE);
    }

    #[test]
    fn the_style_and_the_script_are_those_of_the_policy() {
        let page = page(&empty("Ticket"));
        for (open, close) in [("<style>", "</style>"), ("</script>\n<script>", "</script>")] {
            let (_, rest) = page.split_once(open).unwrap();
            let (text, _) = rest.split_once(close).unwrap();
            assert!(page.contains(&format!("'{}'", hash(text))), "{open}");
        }
        assert!(!page.contains("{{"));
        assert!(
            !page.contains(" style=") && !page.contains("http://") && !page.contains("https://")
        );
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("</"));
    }

    #[test]
    fn figures_stand_in_the_page_without_the_script() {
        let mut summary = empty("Ticket");
        (summary.total, summary.done, summary.failed) = (Some(2_000), 1_200, 300);
        (summary.from_journal, summary.put_back, summary.damaged_lines) = (40, 3, 1);
        summary.elapsed = Duration::from_secs(100);
        summary.stopped = Some("the budget is used up".to_owned());
        summary.failures.insert("refused".to_owned(), 300);
        summary.cost = None;
        let page = page(&summary);
        let (page, _) = page.split_once("<script").unwrap();
        for figure in [
            "1,200 of 2,000 rows have a value, 300 failed.",
            "<b>500</b> not started",
            "<b>40</b> from the journal",
            "1 line of the journal could not be read.",
            "the budget is used up",
            "refused",
            "unknown",
            "15 rows/s",
            "1 min 40 s",
            "The first 0 of 300 failed rows, and 0 rows with quotes.",
        ] {
            assert!(page.contains(figure), "{figure}");
        }
    }
}
