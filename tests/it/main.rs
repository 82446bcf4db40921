//! Black-box tests of the library through its public interface, a module for each capability.

#![allow(
    clippy::duplicate_mod,
    reason = "`breaking` gives the kinds of types of `types` its own rows"
)]

mod support;

mod agent_step;
mod agree;
mod best_partial;
mod breaking;
mod budgets;
mod checks;
mod checks_foreign;
mod checks_partial;
mod checks_schema;
mod contract;
mod derive;
mod doc_pages;
mod environment;
mod errors;
mod errors_page;
mod extraction;
mod failures;
mod feedback;
mod flattened;
mod grounding;
mod kinds_of_types;
mod live_page;
mod llm_check;
mod local;
mod metrics;
mod parallel;
mod partials;
mod provider;
mod providers;
mod public_api;
mod public_reports;
mod reading_page;
mod reask;
mod reask_properties;
mod refusals;
mod report;
mod rows;
mod run_report;
mod runtime;
mod settings;
mod signed_requests;
mod streaming;
mod streaming_elements;
mod streaming_faults;
mod streaming_items;
mod streaming_settled;
mod streaming_time;
mod tools;
mod tools_flow;
mod tools_protocols;
mod traces;
mod types;
mod unions;
mod written_calls;
