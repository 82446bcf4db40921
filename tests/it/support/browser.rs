//! A headless Chromium through a `ChromeDriver`, whose path is in `EXTRACT_CHROMEDRIVER`.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use extract_llm::reqwest::Method;
use extract_llm::url::{ParseError, Url};
use fantoccini::ClientBuilder;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

/// A process that is killed at the end of the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a browser. `None`, with a line on the output, if no driver is named.
pub(crate) async fn browser() -> Option<(Running, fantoccini::Client)> {
    let Ok(driver) = std::env::var("EXTRACT_CHROMEDRIVER") else {
        println!("skipped: EXTRACT_CHROMEDRIVER does not say where a ChromeDriver is");
        return None;
    };
    let (driver, url) = drive(&driver);
    let browser = browse(&url).await;
    Some((driver, browser))
}

fn drive(driver: &str) -> (Running, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let driver = Command::new(driver)
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (Running(driver), format!("http://127.0.0.1:{port}"))
}

async fn browse(url: &str) -> fantoccini::Client {
    let options = json!({
        "goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
        ]},
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    let Value::Object(options) = options else { unreachable!() };
    for _ in 0..100 {
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        match builder.capabilities(options.clone()).connect(url).await {
            Ok(browser) => return browser,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("no browser at {url}");
}

/// A command that only Chromium has.
#[derive(Debug)]
struct ChromiumCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for ChromiumCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// Sends a command of the `DevTools` protocol.
pub(crate) async fn devtools(browser: &fantoccini::Client, command: &str, parameters: Value) {
    let body = json!({"cmd": command, "params": parameters});
    browser.issue_cmd(ChromiumCommand { path: "goog/cdp/execute", body }).await.unwrap();
}

/// Returns the lines of the console since the last call: errors, warnings and violated policies.
pub(crate) async fn console(browser: &fantoccini::Client) -> Vec<Value> {
    let body = json!({"type": "browser"});
    let lines = browser.issue_cmd(ChromiumCommand { path: "se/log", body }).await.unwrap();
    lines.as_array().unwrap().clone()
}
