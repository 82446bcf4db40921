//! How a type stands in a request's tools: whole, or as one tool a variant and one call an element.

use super::Extraction;

/// How a type stands in a request's tools. It has a meaning where tools are used.
///
/// ```
/// use extract_llm::extraction::Layout;
///
/// assert_eq!(Layout::default(), Layout::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Layout {
    /// One tool a variant, where the type is an enum with data or a list of one, and the provider
    /// is known to do well with that: a tool has a description and a schema of its own, and a
    /// provider's limits on what one schema may hold count for each tool alone. A list is asked for
    /// in parallel calls where the model makes them. Everything else is one tool.
    #[default]
    Auto,
    /// One tool, whose arguments are the whole value.
    Whole,
    /// One tool a variant, and one call an element, also of a list of structs: tools are used where
    /// the model takes them at all. What cannot be said so is one tool, and noted.
    Each,
}

impl<T> Extraction<T> {
    /// How the type stands in the request's tools.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// use extract_llm::extraction::Layout;
    /// # use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [[1, 2], [3, 4]]}))]));
    /// let points: Vec<(u8, u8)> = client
    ///     .extract("(1, 2) and (3, 4)")
    ///     .layout(Layout::Whole) // all of them in one call
    ///     .await?;
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn layout(mut self, layout: Layout) -> Self {
        self.options.layout = layout;
        self
    }
}
