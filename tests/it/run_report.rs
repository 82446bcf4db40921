//! The report of a run: the file, and the page in a real browser. The browser needs a `ChromeDriver`, with its
//! path in `EXTRACT_CHROMEDRIVER`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use extract_llm::conversation::Prices;
use extract_llm::pipeline::Summary;
use extract_llm::scripted::{Scripted, ScriptedReply, reply};
use extract_llm::{Client, Extract, Quote};
use fantoccini::Locator;
use serde_json::{Value, json};

use crate::support::browser::{browser, console, devtools};

/// A complaint of a customer.
#[derive(Debug, Extract)]
struct Complaint {
    /// The name of the customer, as it stands in the text.
    #[extract(grounded)]
    customer: String,
    #[extract(range(min = 1, max = 5))]
    severity: u8,
    /// The number of the order.
    order: Option<u64>,
    findings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Debug, Extract)]
struct Finding {
    claim: String,
    /// The sentence that says it, word for word.
    evidence: Quote,
}

const HOSTILE: &str = "</script><script>window.broken = 1</script><img src=x onerror=\"window.broken = 2\">\u{2028}--><!--";

/// The texts of complaints: customer, text, claim, evidence, claim, evidence.
const COMPLAINTS: [[&str; 6]; 8] = [
    [
        "Maria Lopez",
        "Maria Lopez writes: The phone arrived two weeks late, in a torn box. The screen is broken in the \
         lower left corner, and nobody answers the hotline. I want my money back before the end of the month.",
        "delivered late",
        "The phone arrived two weeks late, in a torn box.",
        "damaged parcel",
        "in a torn box",
    ],
    [
        "Søren Åkesson",
        "Dear Sir or Madam,\n\nthe coffee machine (model CX-200) leaks since the first day. I have descaled it \
         twice 🙂. It still drips onto the kitchen table.\n\nKind regards\nSøren Åkesson, Malmö",
        "leaks",
        "the coffee machine (model CX-200) leaks since the first day",
        "descaling does not help",
        "I have descaled it twice 🙂. It still drips onto the kitchen table.",
    ],
    [
        "田中美咲",
        "田中美咲です。先週注文した掃除機が届きましたが、電源が入りません。説明書も入っていませんでした。\
         交換をお願いします。",
        "does not switch on",
        "電源が入りません",
        "no manual",
        "説明書も入っていませんでした。",
    ],
    [
        "ليلى حداد",
        "أنا ليلى حداد. وصلت الثلاجة متأخرة ثلاثة أيام، والباب لا يغلق جيدا. أرجو إرسال فني في أقرب وقت.",
        "delivered late",
        "وصلت الثلاجة متأخرة ثلاثة أيام",
        "the door does not close",
        "والباب لا يغلق جيدا",
    ],
    [
        "O’Neill",
        "Third mail about the same order!!! The chairs are red. I ordered blue ones. Ms. O’Neill, Dublin",
        "wrong colour",
        "The chairs are red. I ordered blue ones.",
        "third reminder",
        "Third mail about the same order!!!",
    ],
    [
        "Jonas Weber",
        "Jonas Weber: Die Rechnung RE-2025-11-000482 ist falsch, es wurden zwei Stück berechnet statt einem. \
         Siehe https://shop.example.com/orders/4f9d6c1e-1b7a-4a56-9a3e-6c2f7be0a111?view=full&lang=de.",
        "wrong invoice",
        "es wurden zwei Stück berechnet statt einem",
        "link to the order",
        "https://shop.example.com/orders/4f9d6c1e-1b7a-4a56-9a3e-6c2f7be0a111?view=full&lang=de",
    ],
    [
        "Priya Raman",
        "Priya Raman here. The app logs me out every hour. After the update of Tuesday the photos are gone, \
         all of them. I pay for the large plan since 2021.",
        "logged out",
        "The app logs me out every hour.",
        "photos are lost",
        "the photos are gone, all of them",
    ],
    [
        "Tom Baker",
        "Tom Baker. Great product, but the delivery man threw it over the fence. The lid is cracked.",
        "careless delivery",
        "the delivery man threw it over the fence",
        "the lid is cracked",
        "The lid is cracked.",
    ],
];

/// The rows of the run.
const ROWS: usize = 200;

fn complaint([customer, _, first, evidence, second, other]: [&str; 6], severity: usize) -> Value {
    json!({
        "customer": customer,
        "severity": severity,
        "order": u64::MAX - 7,
        "findings": [
            {"claim": first, "evidence": evidence},
            {"claim": second, "evidence": other},
        ],
    })
}

/// Returns an input with the replies that it gets.
fn row(number: usize) -> ((String, String), Vec<ScriptedReply>) {
    let mut sample = COMPLAINTS[number % COMPLAINTS.len()];
    let hostile = format!("{} {HOSTILE}", sample[1]);
    if number == 5 {
        sample[1] = &hostile;
        sample[2] = HOSTILE;
        sample[5] = HOSTILE;
    }
    let id = if number == 5 { HOSTILE.to_owned() } else { format!("mail-{:04}", 1_000 + number) };
    let good = complaint(sample, 1 + number % 5);
    let mut invented = good.clone();
    invented["findings"][1]["evidence"] = json!("The manager was rude to me on the phone.");
    let replies = match number {
        n if n % 29 == 3 => vec![reply::refusal("I cannot help with this request.")],
        n if n % 31 == 7 => vec![reply::truncated("{\"customer\": \"Maria Lopez\", \"sever")],
        n if n % 67 == 11 => vec![reply::filtered()],
        n if n % 19 == 13 => vec![reply::tool(invented.clone()), reply::tool(invented)],
        n if n % 23 == 17 => {
            let severe = complaint(sample, 9);
            let mut worse = severe.clone();
            worse["findings"][0]["claim"] = Value::Null;
            vec![reply::tool(worse), reply::tool(severe)]
        }
        n if n % 9 == 4 => vec![reply::tool(complaint(sample, 0)), reply::tool(good)],
        97 => vec![reply::text(format!("Sorry! {HOSTILE}")), reply::text(HOSTILE)],
        101 => Vec::new(),
        _ => vec![reply::tool(good)],
    };
    let text = if number == 101 { String::new() } else { sample[1].to_owned() };
    let spread = (number * 7_919) % 101;
    let wait = Duration::from_micros(200 + (spread * spread * spread / 40) as u64);
    let tokens = (300 + spread as u64 * 4, 80 + spread as u64);
    let replies = replies.into_iter().map(|reply| reply.after(wait).usage(tokens.0, tokens.1));
    ((id, text), replies.collect())
}

/// Returns the summary of a run with rows of all kinds.
async fn summary() -> Summary {
    let (inputs, replies): (Vec<_>, Vec<_>) = (0..ROWS).map(row).unzip();
    let client = Client::builder()
        .prices(Prices::new(0.25, 2.0))
        .validation_retries(1)
        .with_model(Scripted::new(replies.into_iter().flatten()));
    let run = client.extract_many::<Complaint, _>(inputs).concurrency(1).report_rows(60);
    run.finish().await.unwrap()
}

/// Writes the report into the folder of the build, where a developer can look at it.
async fn report() -> (Summary, PathBuf) {
    let summary = summary().await;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("run_report.html");
    summary.html(&path).unwrap();
    (summary, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_written_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.html");
    std::fs::write(&path, "an older report").unwrap();
    let summary = summary().await;
    assert_eq!(summary.done + summary.failed, ROWS as u64);
    for kind in ["refused", "truncated", "content_filtered", "invalid", "input"] {
        assert!(summary.failures.contains_key(kind), "{kind}: {:?}", summary.failures);
    }
    summary.html(&path).unwrap();
    let page = std::fs::read_to_string(&path).unwrap();
    assert_eq!(page, summary.to_html());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let error = summary.html(folder.path().join("none/run.html")).unwrap_err();
    assert!(error.to_string().contains("run.html` cannot be written: "), "{error}");
    assert_eq!(page.matches("<script").count(), 2);
    assert!(page.contains("/findings/*/evidence"), "a problem is listed");
    assert!(page.contains("18446744073709551608"), "a number is not rounded");
}

/// Waits until an expression of the page is true.
async fn wait_for(page: &fantoccini::Client, condition: &str) {
    for _ in 0..100 {
        if page.execute(&format!("return {condition};"), vec![]).await.unwrap() == json!(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never true: {condition}");
}

/// The texts of the page with less contrast than the level AA of WCAG, and the number of all texts.
const CONTRASTS: &str = r"
    const parse = (color) => {
        const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
        return { r, g, b, a };
    };
    const over = (top, below) => {
        const mix = (part) => top[part] * top.a + below[part] * (1 - top.a);
        return { r: mix('r'), g: mix('g'), b: mix('b'), a: 1 };
    };
    const ground = (element) => {
        if (!element) return { r: 255, g: 255, b: 255, a: 1 };
        const color = parse(getComputedStyle(element).backgroundColor);
        return color.a === 1 ? color : over(color, ground(element.parentElement));
    };
    const light = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const weak = [];
    let count = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || !element.checkVisibility() || element.closest('script, title')) continue;
        const style = getComputedStyle(element);
        const below = ground(element);
        const color = over(parse(element instanceof SVGElement ? style.fill : style.color), below);
        const [dark, bright] = [light(color), light(below)].sort((one, other) => one - other);
        const contrast = (bright + 0.05) / (dark + 0.05);
        count += 1;
        if (contrast < 4.5) weak.push(`${contrast.toFixed(2)} ${element.className} ${node.data.slice(0, 40)}`);
    }
    return [weak, count, getComputedStyle(document.body).backgroundColor];
";

async fn set_scheme(page: &fantoccini::Client, scheme: &str) {
    let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
    devtools(page, "Emulation.setEmulatedMedia", features).await;
}

async fn set_width(page: &fantoccini::Client, width: u32) {
    let metrics =
        json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600});
    devtools(page, "Emulation.setDeviceMetricsOverride", metrics).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_in_a_browser_from_a_file() {
    let Some((_driver, page)) = browser().await else {
        return;
    };
    let (summary, path) = report().await;
    page.goto(&format!("file://{}", path.display())).await.unwrap();
    let all = summary.rows.len();
    wait_for(&page, &format!("document.querySelectorAll('.row').length === {all}")).await;

    the_search_filters(&page, all).await;
    a_span_is_linked_with_its_value(&page).await;
    a_problem_leads_to_its_row(&page).await;

    let open_all = "for (const row of document.querySelectorAll('.row')) row.open = true;";
    page.execute(open_all, vec![]).await.unwrap();
    wait_for(&page, &format!("document.querySelectorAll('.row .body').length === {all}")).await;
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        set_scheme(&page, scheme).await;
        let seen = page.execute(CONTRASTS, vec![]).await.unwrap();
        assert_eq!(seen[0], json!([]), "{scheme}: too little contrast");
        assert!(seen[1].as_u64().unwrap() > 500, "{scheme}: {} texts", seen[1]);
        grounds.push(seen[2].clone());
    }
    assert_ne!(grounds[0], grounds[1]);
    for width in [360, 768, 1_280] {
        set_width(&page, width).await;
        let scrolled = "const page = document.documentElement;\
                        return [page.scrollWidth, page.clientWidth, innerWidth];";
        let sizes = page.execute(scrolled, vec![]).await.unwrap();
        assert_eq!(sizes[2], json!(width));
        assert_eq!(sizes[0], sizes[1], "the page scrolls sideways at {width} px");
    }

    let broken = page.execute("return window.broken ?? null;", vec![]).await.unwrap();
    let images = page.execute("return document.images.length;", vec![]).await.unwrap();
    let console = console(&page).await;
    page.close().await.unwrap();
    assert_eq!((broken, images), (Value::Null, json!(0)));
    assert!(console.is_empty(), "{console:#?}");
}

async fn the_search_filters(page: &fantoccini::Client, all: usize) {
    let search = page.find(Locator::Id("search")).await.unwrap();
    let shown = "[...document.querySelectorAll('.row')].filter((row) => !row.hidden)";
    for (words, expected) in [
        ("mail-1003", ".every((row) => row.querySelector('.id').textContent === 'mail-1003')"),
        ("manager RUDE", ".every((row) => row.querySelector('.badge').textContent === 'invalid')"),
        (
            "/findings/1/evidence",
            ".every((row) => !row.classList.contains('failed') || row.textContent.includes('/findings/1'))",
        ),
        ("電源が入りません", ".length > 0"),
        ("onerror", ".length > 0"),
    ] {
        search.clear().await.unwrap();
        search.send_keys(words).await.unwrap();
        wait_for(page, &format!("({shown}.length < {all})")).await;
        wait_for(page, &format!("({shown}.length > 0 && {shown}{expected})")).await;
    }
    search.clear().await.unwrap();
    search.send_keys("no row has this").await.unwrap();
    wait_for(
        page,
        &format!("({shown}.length === 0 && !document.getElementById('nothing').hidden)"),
    )
    .await;
    search.clear().await.unwrap();
    search.send_keys(" ").await.unwrap();
    wait_for(page, &format!("({shown}.length === {all})")).await;
    page.execute("document.querySelector('input[value=failed]').click();", vec![]).await.unwrap();
    wait_for(page, &format!("{shown}.every((row) => row.classList.contains('failed'))")).await;
    page.execute("document.querySelector('input[value=all]').click();", vec![]).await.unwrap();
}

async fn a_span_is_linked_with_its_value(page: &fantoccini::Client) {
    let first = page.find(Locator::Css(".row:not(.failed) summary")).await.unwrap();
    first.send_keys("\u{e007}").await.unwrap(); // Enter opens the row
    wait_for(page, "document.querySelectorAll('.row[open] mark.quote').length >= 3").await;
    // The customer, and the second evidence, which is a part of the first one.
    let marks = "[...document.querySelectorAll('.row[open] mark.quote')]";
    let quotes = format!("return {marks}.map((mark) => mark.dataset.quotes);");
    let seen = page.execute(&quotes, vec![]).await.unwrap();
    assert_eq!(seen, json!(["0", "1", "1 2", "1"]));
    let value = page.find(Locator::Css(".row[open] .json [data-quotes='2']")).await.unwrap();
    value.send_keys(" ").await.unwrap();
    let lit = "(selector) => [...document.querySelectorAll(selector)].map((mark) => mark.firstChild.data)";
    let lit = format!("return ({lit})('.row[open] mark.chosen');");
    assert_eq!(page.execute(&lit, vec![]).await.unwrap(), json!(["in a torn box"]));
    // The mark of both leads to both values.
    let mark = page.find(Locator::Css(".row[open] mark[data-quotes='1 2']")).await.unwrap();
    mark.send_keys("\u{e007}").await.unwrap();
    wait_for(page, "document.querySelectorAll('.row[open] .json .chosen').length === 0").await;
    mark.click().await.unwrap();
    wait_for(page, "document.querySelectorAll('.row[open] .json .chosen').length === 2").await;
}

async fn a_problem_leads_to_its_row(page: &fantoccini::Client) {
    let link = "document.querySelector('.problems a')";
    page.execute(&format!("{link}.click();"), vec![]).await.unwrap();
    wait_for(page, &format!("document.getElementById({link}.hash.slice(1)).open")).await;
}
