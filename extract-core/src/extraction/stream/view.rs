//! [`View`]: how a stream presents a reply that is arriving.

use crate::contract::{Contract, Problems};
use crate::extraction::channel::StreamEvent;
use crate::extraction::error::Error;
use crate::extraction::withdrawn::Withdrawn;

/// What is made of a reply as it arrives. It cannot be implemented elsewhere.
pub trait View: sealed::Observer {
    /// What [`ExtractionStream::next`] gives.
    type Item<'a>
    where
        Self: 'a;

    /// What is new.
    #[doc(hidden)]
    fn show(&mut self) -> Option<Self::Item<'_>>;
}

pub(super) mod sealed {
    use super::{Contract, Error, Problems, StreamEvent, Withdrawn};

    /// What the stream and its view have to do with each other.
    pub trait Observer {
        /// Takes in what the loop told.
        fn handle(&mut self, event: StreamEvent);

        /// Whether there is something to show that was not shown.
        fn has_update(&mut self) -> bool;

        /// Learns what is asked for; an error where nothing should be asked at all.
        fn prepare(&mut self, contract: &Contract) -> Result<(), Error> {
            let _ = contract;
            Ok(())
        }

        /// Why the loop should not go on.
        fn stop_problems(&mut self) -> Option<Problems> {
            None
        }

        /// Whether something was shown that the value has to be compared with.
        fn needs_settled_value(&self) -> bool {
            false
        }

        /// What was shown and is not in the value.
        fn withdrawn(&self) -> &[Withdrawn] {
            &[]
        }
    }
}
