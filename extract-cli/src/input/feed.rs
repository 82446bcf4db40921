//! [`feed`]: reads the input on a thread of its own, and hands its rows to a run.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{BadRow, InputRow, Item, Items, RowId};
use crate::error::CliError;

/// The rows that are read ahead of the run.
const READ_AHEAD: usize = 32;

/// The rows of the input, for a run.
pub(crate) struct Feed {
    rows: Pin<Box<dyn Stream<Item = (RowId, String)> + Send>>,
    /// The rows that are left, if that is known.
    left: Option<usize>,
}

impl Stream for Feed {
    type Item = (RowId, String);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let row = self.rows.poll_next_unpin(context);
        if let Poll::Ready(Some(_)) = row {
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
        row
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.unwrap_or(0), self.left)
    }
}

/// The result of the input beside its rows.
pub(crate) struct Fed {
    /// The rows that have no text.
    pub(crate) bad: Receiver<BadRow>,
    failure: Arc<Mutex<Option<CliError>>>,
}

impl Fed {
    /// Takes the error that ended the input, if there was one.
    pub(crate) fn take_failure(&self) -> Option<CliError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Reads the input on a thread of its own, which ends with the input or with the feed. A thread that waits for
/// stdin does not hold up the end of the process.
pub(crate) fn feed(items: Items, total: Option<u64>) -> (Feed, Fed) {
    let (send, receive) = mpsc::channel(READ_AHEAD);
    let failure = Arc::new(Mutex::new(None));
    let failed = Arc::clone(&failure);
    std::thread::spawn(move || read(items, &send, &failed));
    feed_of(receive, total, failure)
}

/// Feeds rows that are in memory.
pub(crate) fn feed_rows(rows: Vec<Item>) -> (Feed, Fed) {
    let total = rows.iter().filter(|row| matches!(row, Item::Row(_))).count();
    let (send, receive) = mpsc::channel(READ_AHEAD);
    std::thread::spawn(move || {
        for row in rows {
            if send.blocking_send(row).is_err() {
                return;
            }
        }
    });
    feed_of(receive, u64::try_from(total).ok(), Arc::default())
}

fn feed_of(
    items: Receiver<Item>,
    total: Option<u64>,
    failure: Arc<Mutex<Option<CliError>>>,
) -> (Feed, Fed) {
    let (send_bad, bad) = mpsc::channel(READ_AHEAD);
    let rows = stream::unfold((items, send_bad), next_row).boxed();
    let left = total.and_then(|rows| usize::try_from(rows).ok());
    (Feed { rows, left }, Fed { bad, failure })
}

/// Returns the next row with a text. Hands over those without one.
async fn next_row(
    (mut items, bad): (Receiver<Item>, Sender<BadRow>),
) -> Option<((RowId, String), (Receiver<Item>, Sender<BadRow>))> {
    loop {
        match items.recv().await? {
            Item::Row(InputRow { id, text }) => return Some(((id, text), (items, bad))),
            Item::Bad(row) => bad.send(row).await.ok()?,
        }
    }
}

fn read(mut items: Items, rows: &Sender<Item>, failure: &Mutex<Option<CliError>>) {
    loop {
        match items.next() {
            Ok(Some(item)) => {
                if rows.blocking_send(item).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return;
            }
        }
    }
}
