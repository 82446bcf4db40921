//! [`View`]: the presentation of a reply that is arriving.

use crate::contract::{Contract, Problems};
use crate::extraction::channel::StreamEvent;
use crate::extraction::error::Error;
use crate::extraction::withdrawn::Withdrawn;

/// A presentation of a reply that is arriving. The trait is sealed.
pub trait View: sealed::Observer {
    /// The items of [`ExtractionStream::next`](crate::extraction::ExtractionStream::next).
    type Item<'a>
    where
        Self: 'a;

    /// Returns the next update, if there is one.
    #[doc(hidden)]
    fn show(&mut self) -> Option<Self::Item<'_>>;
}

pub(super) mod sealed {
    use super::{Contract, Error, Problems, StreamEvent, Withdrawn};

    /// The interface between a stream and its view.
    pub trait Observer {
        /// Handles an event of the loop.
        fn handle(&mut self, event: StreamEvent);

        /// Whether there is an update that was not shown yet.
        fn has_update(&mut self) -> bool;

        /// Receives the contract of the extraction. Fails if no request should be sent.
        fn prepare(&mut self, contract: &Contract) -> Result<(), Error> {
            let _ = contract;
            Ok(())
        }

        /// Takes the problems for which the loop should end, if there are any.
        fn stop_problems(&mut self) -> Option<Problems> {
            None
        }

        /// Whether something was shown that must be compared with the accepted value.
        fn needs_settled_value(&self) -> bool {
            false
        }

        /// Returns the elements that were shown and are not in the value.
        fn withdrawn(&self) -> &[Withdrawn] {
            &[]
        }
    }
}
