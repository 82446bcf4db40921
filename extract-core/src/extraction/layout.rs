//! [`Layout`]: the tools that represent a type in a request.

/// The tools that represent a type in a request. Used only in the mode of tools.
///
/// ```
/// use extract_llm::extraction::Layout;
///
/// assert_eq!(Layout::default(), Layout::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Layout {
    /// One tool for each variant, if the type is an enum with data or a list of such enums, and the
    /// provider handles this well. Each tool then has a separate description and schema, and the
    /// provider's schema limits apply to each tool alone. Lists are requested in parallel calls if the
    /// model supports these. All other types are one tool. The default.
    #[default]
    Auto,
    /// One tool, whose arguments are the whole value.
    Whole,
    /// One tool for each variant, and one call for each element, for lists of structs too. Tools are
    /// preferred to other modes if the model supports them. Types that cannot be represented so are one
    /// tool, with a note.
    Each,
}
