//! The page of `examples/live_page.rs` in a real browser: fields fill in while the embedded model
//! writes. Needs a `ChromeDriver`, with its path in `EXTRACT_CHROMEDRIVER`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::Locator;
use serde_json::Value;

use crate::support::browser::{Running, browser};

/// Returns the path of the example that was built beside this test.
fn example() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples/live_page");
    assert!(path.exists(), "`cargo build --examples` comes first: no {}", path.display());
    path
}

fn serve() -> (Running, String) {
    let mut server =
        Command::new(example()).env_remove("EXTRACT_MODEL").stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    (Running(server), address.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_the_page_fill_in_while_the_model_writes() {
    let Some((_driver, browser)) = browser().await else {
        return;
    };
    let (_server, page) = serve();

    browser.goto(&page).await.unwrap();
    browser.find(Locator::Css("button")).await.unwrap().click().await.unwrap();
    let state = browser.find(Locator::Id("state")).await.unwrap();
    let mut ended = String::new();
    for _ in 0..1200 {
        ended = state.text().await.unwrap();
        if ended == "checked" || ended.starts_with("failed") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let shown = browser.execute("return window.shown;", Vec::new()).await.unwrap();
    let name = browser.find(Locator::Id("name")).await.unwrap().text().await.unwrap();
    browser.close().await.unwrap();

    assert_eq!(ended, "checked");
    let shown = shown.as_array().unwrap();
    assert!(shown.len() > 5, "{shown:?}");
    let last = shown.last().unwrap();
    assert_eq!(last["name"], name.as_str());
    // A part of the title was shown before the whole title.
    let title = last["title"].as_str().unwrap();
    let half = |value: &&Value| {
        value["title"].as_str().is_some_and(|seen| {
            !seen.is_empty() && seen.len() < title.len() && title.starts_with(seen)
        })
    };
    assert!(shown.iter().any(|value| half(&value)), "{shown:?}");
    assert!(shown.iter().any(|value| value["name"] == last["name"] && value["title"].is_null()));
}
