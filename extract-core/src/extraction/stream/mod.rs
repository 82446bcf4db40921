//! A running extraction that is observed while its reply arrives. It ends with the same checked value, or
//! the same error, as without observation.
//!
//! The loop runs only while its stream is polled. Dropping the stream drops the loop and the connection.

mod answer_block;
mod deltas;
mod element_reader;
mod element_spans;
mod emitted;
mod extraction_stream;
mod futures_stream;
mod items;
mod list_growth;
mod partials;
mod rest_scan;
mod view;

pub use deltas::Deltas;
pub use extraction_stream::ExtractionStream;
pub use items::Items;
pub use partials::{Partials, Update};
pub use view::View;
