//! Tests of the engine's rooms through their interface, a module for each capability.

mod dialects;
mod support;

mod asking;
mod batches;
#[cfg(feature = "blocking")]
mod blocking;
mod broken_peers;
mod budgets;
mod cache;
mod cancellation;
mod confidence;
mod confidence_wire;
mod dialects_hostile;
mod dialects_limits;
mod dialects_oracle;
mod dialects_property;
mod dialects_recorded;
mod dialects_render;
mod dialects_shapes;
mod document;
mod document_chunking;
mod doubles;
mod failure_classes;
mod fallback;
#[cfg(all(feature = "rustls-tls", feature = "http2"))]
mod faults;
mod gateway;
mod interactions;
mod limits;
mod long_lists;
mod many;
mod many_journal;
mod many_shared_journal;
mod many_worker;
mod model_rules;
mod one_model;
mod prompt_cache;
mod prompt_cache_plan;
mod provider_faults;
mod reading_properties;
mod reading_repairs;
mod reading_schemas;
mod reading_thinking;
mod real_server;
mod reasoning_answers;
mod refused_features;
mod security_page;
mod step_down;
mod stop_reasons;
mod stream_ends;
mod stream_oddities;
mod time;
mod time_page;
mod tokens;
mod wire_encode;
