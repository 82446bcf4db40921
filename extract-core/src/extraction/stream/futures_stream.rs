//! Implements the `Stream` trait of the `futures` crates for streams of owned items.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::Stream;

use super::deltas::Deltas;
use super::extraction_stream::ExtractionStream;
use super::items::Items;
use crate::contract::Extract;
use crate::conversation::Delta;
use crate::extraction::error::Error;

impl<T, V> Unpin for ExtractionStream<T, V> {}

/// The elements, as returned by [`next`](ExtractionStream::next): for `StreamExt`, or for functions that
/// take a stream.
///
/// Back-pressure: the reply is read only when the stream is polled and has no element left. Only elements
/// that arrived together are buffered.
///
/// If the stream is used by reference, it can still be [finished](ExtractionStream::finish).
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::{Client, Error};
/// # use serde_json::json;
/// use futures_util::TryStreamExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 2]}))]));
/// let mut numbers = client.extract::<Vec<u8>>("one, two").items();
/// let doubled: Vec<u8> = (&mut numbers).map_ok(|number| 2 * number).try_collect().await?;
/// assert_eq!(doubled, [2, 4]);
/// assert_eq!(numbers.finish().await?, [1, 2]);
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
impl<T: Extract, E: Extract> Stream for ExtractionStream<T, Items<E>> {
    type Item = Result<E, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(context)
    }
}

/// The deltas, as returned by [`next`](ExtractionStream::next).
impl<T: Extract> Stream for ExtractionStream<T, Deltas> {
    type Item = Result<Delta, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(context)
    }
}
