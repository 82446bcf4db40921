//! The settings about what others are told.

use std::sync::Arc;

#[cfg(feature = "metrics")]
use super::MetricNames;
use super::TraceContent;
use crate::conversation::Settings;
use crate::extraction::builder::Extraction;
use crate::extraction::client::ClientBuilder;
use crate::extraction::events::{Listener, NextRequest};
use crate::extraction::settings::settings;

settings! {
    "# Traces and events\n\nWhat others are told about an extraction.";

    /// Hands what happens in the extraction to a function or a [`Listener`], on a thread of its own: requests,
    /// waits, attempts with their repairs and problems, cache hits, models that are passed over, the end. Several
    /// can be added. A function becomes a listener with a thread, so make it once, for a client.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use std::time::Duration;
    /// use extract_llm::extraction::{Event, Listener};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let listener = Listener::new(|event| match event {
    ///     Event::Done { type_name, error: Some((kind, text)), .. } => eprintln!("{type_name}: {kind}: {text}"),
    ///     Event::Done { type_name, ledger, .. } => println!("{type_name}: {:?}", ledger.cost()),
    ///     _ => {}
    /// });
    /// # let model = Scripted::new([reply::tool(json!({"value": 7}))]);
    /// let client = Client::builder().on_event(&listener).with_model(model);
    /// let seven: u8 = client.extract("Seven.").await?;
    /// listener.flush(Duration::from_secs(5));
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn on_event(listener: impl Into<Listener>) |it| it.options.listeners.push(listener.into());

    /// Calls a function before each request, which may change its settings: headers, fields of the body, limits.
    /// It begins each time with the settings of the extraction. It runs in the extraction, so it must not block.
    /// If it panics, an error is traced, and the request is sent without its change. The messages stay as they
    /// are: they are yours already. Several can be added, and run in that order.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let model = Scripted::new([reply::tool(json!({"value": 7}))]);
    /// let client = Client::builder()
    ///     .before_request(|next, settings| {
    ///         let name = format!("{}-{}", next.type_name, next.extraction);
    ///         settings.extra_body.insert("user".to_owned(), name.into());
    ///     })
    ///     .with_model(model);
    /// let seven: u8 = client.extract("Seven.").await?;
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn before_request(change: impl Fn(&NextRequest, &mut Settings) + Send + Sync + 'static) |it| {
        it.options.before_request.push(Arc::new(change));
    };

    /// Puts the texts of requests and replies into the [traces](TraceContent) of this extraction. The default
    /// is not to.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::extraction::TraceContent;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let seven: u8 = client.extract("Seven.").trace_content(TraceContent::up_to(2_000)).await?;
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    fn trace_content(content: TraceContent) |it| it.options.trace_content = Some(content);

    /// Chooses the names of the metrics that have an older form. The default is
    /// [`Current`](MetricNames::Current).
    ///
    /// ```
    /// # use extract_llm::Client;
    /// use extract_llm::extraction::MetricNames;
    ///
    /// let client = Client::builder().base_url("http://127.0.0.1:8000/v1").model("m").metric_names(MetricNames::Both);
    /// # client.build()?;
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    #[cfg(feature = "metrics")]
    fn metric_names(names: MetricNames) |it| it.options.metric_names = names;
}
