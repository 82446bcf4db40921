//! [`IntoRows`]: the inputs of a run, from an iterator or a stream.

use std::fmt;
use std::marker::PhantomData;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use crate::conversation::Conversation;

/// The inputs of a run with their ids.
pub struct Rows<K> {
    pub(super) stream: BoxStream<'static, (K, Conversation)>,
    /// The number of rows, if it is known.
    pub(super) total: Option<u64>,
}

impl<K> fmt::Debug for Rows<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("total", &self.total).finish_non_exhaustive()
    }
}

/// Marks the rows of an iterator: see [`IntoRows`].
#[derive(Debug)]
pub struct FromIterator<K>(PhantomData<K>);

/// Marks the rows of a stream: see [`IntoRows`].
#[derive(Debug)]
pub struct FromStream<K>(PhantomData<K>);

/// The kind of a source of rows: see [`IntoRows`].
pub trait RowKind {
    /// The id of a row.
    type Id;
}

impl<K> RowKind for FromIterator<K> {
    type Id = K;
}

impl<K> RowKind for FromStream<K> {
    type Id = K;
}

/// The inputs that a run takes: an iterator or a stream of pairs of an id and an input. `Kind` is inferred.
///
/// Rows are taken one by one, as places become free, so a source may have any length. The id is given back
/// with the row. An iterator runs on the task that polls the run: pass a stream if it waits for something.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no iterator or stream of pairs `(id, input)`",
    note = "an input is a text or a `Conversation`; `.enumerate()` gives ids"
)]
pub trait IntoRows<Kind: RowKind> {
    /// Returns the rows.
    fn into_rows(self) -> Rows<Kind::Id>;
}

impl<I, K, C> IntoRows<FromIterator<K>> for I
where
    I: IntoIterator<Item = (K, C)>,
    I::IntoIter: Send + 'static,
    K: Send + 'static,
    C: Into<Conversation>,
{
    fn into_rows(self) -> Rows<K> {
        let rows = self.into_iter().map(|(id, input)| (id, input.into()));
        let total = known(rows.size_hint());
        Rows { stream: stream::iter(rows).boxed(), total }
    }
}

impl<S, K, C> IntoRows<FromStream<K>> for S
where
    S: Stream<Item = (K, C)> + Send + 'static,
    K: Send + 'static,
    C: Into<Conversation>,
{
    fn into_rows(self) -> Rows<K> {
        let total = known(self.size_hint());
        Rows { stream: self.map(|(id, input)| (id, input.into())).boxed(), total }
    }
}

/// Returns the number of rows if both bounds agree.
fn known((least, most): (usize, Option<usize>)) -> Option<u64> {
    most.filter(|most| *most == least).and_then(|most| u64::try_from(most).ok())
}
