//! The report of a run: one HTML file without links to other files. Figures and tables are written here; the
//! script of the page adds the rows and the search.

mod chart;
mod error;
mod escape;
mod figures;
mod page;
mod problems;
mod rows;
pub(crate) mod save;
mod segments;
mod value_lines;

use std::path::Path;

pub use error::ReportError;

/// The parts of a page that other pages use too.
pub(crate) mod html {
    pub(crate) use super::escape::Html;
    pub(crate) use super::figures::{count, counted, percent};
    pub(crate) use super::page::{STYLE, fill, hash};
}

use super::summary::Summary;

/// # Report
impl Summary {
    /// Writes the report of the run to a file: a page for a browser, which needs no network and no other file.
    ///
    /// It shows the outcomes, the failures and problems, latency and cost, and the kept rows: those that failed
    /// with their input, reply and best value, and those whose values have quotes, with the quotes marked in
    /// the text. The rows can be searched.
    ///
    /// The page is written to a temporary file in the same folder, which is then renamed: the file is never
    /// half a page. A file of this name is replaced. It holds inputs and replies as plain text, and on Unix only
    /// its owner can read it.
    ///
    /// Fails if the file cannot be written. The folder must exist.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use serde_json::json;
    /// use extract_llm::{Client, Extract, Quote};
    ///
    /// #[derive(Debug, Extract)]
    /// struct Complaint {
    ///     product: String,
    ///     /// The sentence that says what is wrong.
    ///     evidence: Quote,
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.html");
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"product": "phone", "evidence": "The screen is broken."})),
    /// # ]));
    /// let texts = [("a", "My phone arrived late. The screen is broken.")];
    /// let mut run = client.extract_many::<Complaint, _>(texts);
    /// while let Some(row) = run.next().await {
    ///     println!("{:?}", row?.result);
    /// }
    /// run.summary().html(&path)?;
    /// # let page = std::fs::read_to_string(&path)?;
    /// # assert!(page.contains("Complaint") && page.contains("The screen is broken."));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn html(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let path = path.as_ref();
        save::replace(path, self.to_html().as_bytes())
            .map_err(|source| ReportError { path: path.to_owned(), source })
    }

    /// Returns the report of the run as the text of a page: see [`html`](Self::html).
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let summary = client.extract_many::<u8, _>([("a", "There were seven.")]).finish().await?;
    /// let page = summary.to_html();
    /// assert!(page.starts_with("<!doctype html>"));
    /// # Ok::<(), extract_llm::pipeline::RunError>(()) }).unwrap();
    /// ```
    pub fn to_html(&self) -> String {
        page::page(self)
    }
}
