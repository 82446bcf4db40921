//! The Rust programs of the README and of every page in `docs/`, as doc tests. `it/doc_pages.rs` fails
//! if a page with a program is missing here.

#![cfg(doctest)]

#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../../docs/adding-a-provider.md")]
struct AddingAProvider;

#[doc = include_str!("../../docs/answers.md")]
struct Answers;

#[doc = include_str!("../../docs/architecture.md")]
struct Architecture;

#[doc = include_str!("../../docs/cache.md")]
struct Cache;

#[doc = include_str!("../../docs/batches.md")]
struct Batches;

#[doc = include_str!("../../docs/checking.md")]
struct Checking;

#[doc = include_str!("../../docs/confidence.md")]
struct Confidence;

#[doc = include_str!("../../docs/errors.md")]
struct Errors;

#[doc = include_str!("../../docs/feedback.md")]
struct Feedback;

#[doc = include_str!("../../docs/load.md")]
struct Load;

#[doc = include_str!("../../docs/long-documents.md")]
struct LongDocuments;

#[doc = include_str!("../../docs/many-inputs.md")]
struct ManyInputs;

#[doc = include_str!("../../docs/long-lists.md")]
struct LongLists;

#[doc = include_str!("../../docs/other-crates.md")]
struct OtherCrates;

#[doc = include_str!("../../docs/prompt-cache.md")]
struct PromptCache;

#[doc = include_str!("../../docs/providers.md")]
struct Providers;

#[doc = include_str!("../../docs/reading.md")]
struct Reading;

#[doc = include_str!("../../docs/streaming.md")]
struct Streaming;

#[doc = include_str!("../../docs/testing.md")]
struct Testing;

#[doc = include_str!("../../docs/tokens.md")]
struct Tokens;

#[doc = include_str!("../../docs/evaluating.md")]
struct Evaluating;

#[doc = include_str!("../../docs/watching.md")]
struct Watching;

#[doc = include_str!("../../docs/type-support.md")]
struct TypeSupport;
