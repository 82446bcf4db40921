//! `docs/providers.md` is written from the rows. This test holds the page against them; with
//! `UPDATE_DOCS=1` it writes the page anew.

use std::fmt::Write;
use std::path::Path;

use extract_core::conversation::Mode;
use extract_core::model::{Auth, Facts, Preset, Ways, presets};
use extract_core::wire::{CacheForm, MaxTokensField, Protocol, ToolChoiceForm};

fn modes(modes: &[Mode]) -> String {
    modes.iter().map(|mode| format!("`{mode}`")).collect::<Vec<_>>().join(", ")
}

fn ways(name: &str, ways: Ways) -> Option<String> {
    let taken: Vec<&str> = [(ways.bytes, "bytes"), (ways.url, "URL"), (ways.id, "id")]
        .iter()
        .filter_map(|(takes, word)| takes.then_some(*word))
        .collect();
    (!taken.is_empty()).then(|| format!("{name} ({})", taken.join(", ")))
}

fn media(facts: &Facts) -> String {
    let media = facts.media;
    let kinds =
        [ways("image", media.image), ways("audio", media.audio), ways("document", media.document)];
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    if kinds.is_empty() { String::from("text alone") } else { kinds.join("; ") }
}

fn quirks(preset: &Preset) -> String {
    let facts = &preset.facts;
    let quirks = &facts.quirks;
    let mut notes = Vec::new();
    notes.push(match quirks.tool_choice {
        ToolChoiceForm::Named => "the tool is chosen by name",
        ToolChoiceForm::Required => "`required` in place of the tool's name",
        ToolChoiceForm::Any => "`any` in place of the tool's name",
        ToolChoiceForm::Auto => "tools cannot be forced",
        _ => "tools are not chosen",
    });
    if preset.protocol == Protocol::Chat && quirks.max_tokens == MaxTokensField::MaxTokens {
        notes.push("`max_tokens`");
    }
    if !facts.sampling {
        notes.push("no sampling parameters");
    }
    if quirks.cache == CacheForm::Marked {
        notes.push("cache points are marked");
    }
    if !quirks.replay.is_empty() {
        notes.push("wants its reasoning back");
    }
    notes.join("; ")
}

fn differences(preset: &Preset) -> String {
    let mut page = String::new();
    for rule in preset.rules {
        let names: Vec<String> = rule.models.iter().map(|name| format!("`{name}`")).collect();
        let mut notes = Vec::new();
        if let Some(taken) = rule.modes {
            notes.push(format!("modes {}", modes(taken)));
        }
        if let Some((dialect, strict)) = rule.schema {
            notes.push(format!("native schema in `{}`{}", dialect.name(), enforced(strict)));
        }
        if let Some((dialect, strict)) = rule.tool {
            notes.push(format!("tools in `{}`{}", dialect.name(), enforced(strict)));
        }
        if let Some(form) = rule.tool_choice {
            notes.push(match form {
                ToolChoiceForm::Named => String::from("the tool is chosen by name"),
                ToolChoiceForm::Auto => String::from("tools cannot be forced"),
                _ => String::from("tools are not chosen"),
            });
        }
        if let Some(sampling) = rule.sampling {
            notes.push(String::from(if sampling { "sampling" } else { "no sampling parameters" }));
        }
        if let Some(tokens) = rule.max_tokens {
            notes.push(format!("{tokens} tokens unless set"));
        }
        writeln!(page, "- {}: {}", names.join(", "), notes.join("; ")).unwrap();
    }
    page
}

fn enforced(strict: bool) -> &'static str {
    if strict { ", enforced" } else { "" }
}

fn page() -> String {
    let mut page = String::from(
        "# Providers\n\nWritten from the rows in `extract-core/src/model/preset/rows.rs`; to change it, change \
         them, and run `UPDATE_DOCS=1 cargo test -p extract-core --test providers_page`.\n\n\
         `Client::new(\"provider/model\")` takes the row of the provider, and of the rules below it those \
         that fit the model. Any other server: `Client::builder().base_url(…).protocol(…)`. The modes \
         stand best first; `Mode::Auto` takes the first.\n",
    );
    for preset in presets() {
        let facts = &preset.facts;
        writeln!(page, "\n## {}\n", preset.name).unwrap();
        if !preset.aliases.is_empty() {
            writeln!(page, "Also {}.\n", preset.aliases.join(", ")).unwrap();
        }
        let key = match (preset.key_variables, preset.auth) {
            ([], _) => String::from("none"),
            (names, auth) => {
                let header = match auth {
                    Auth::Header(name) => name,
                    _ => "authorization",
                };
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("{}, sent as `{header}`", names.join(" or "))
            }
        };
        let rows = [
            ("protocol", preset.protocol.to_string()),
            ("base URL", format!("`{}`", preset.base_url)),
            ("key", key),
            ("modes", modes(facts.modes)),
            (
                "schema",
                format!(
                    "native `{}`{}; tools `{}`{}",
                    facts.schema_dialect.name(),
                    enforced(facts.schema_strict),
                    facts.tool_dialect.name(),
                    enforced(facts.tool_strict)
                ),
            ),
            ("media", media(facts)),
            ("quirks", quirks(preset)),
        ];
        page.push_str("| | |\n|---|---|\n");
        for (name, value) in rows {
            writeln!(page, "| {name} | {value} |").unwrap();
        }
        if !preset.rules.is_empty() {
            write!(page, "\n{}", differences(preset)).unwrap();
        }
    }
    page
}

#[test]
fn the_page_says_what_the_rows_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/providers.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    // A packaged crate has no docs beside it.
    let Ok(written) = std::fs::read_to_string(&path) else { return };
    assert_eq!(written, page, "run this test with UPDATE_DOCS=1");
}
