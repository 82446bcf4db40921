//! How a type stands in a request's tools: whole, or as one tool a variant and one call an element.

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
