//! [`RequestId`]: the name of a request in a batch.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::extraction::Digest;

/// The name of a request in a batch: a hash of the request, and a number that no other request of the folder
/// has. All providers accept its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RequestId {
    pub(super) key: Digest,
    pub(super) serial: u64,
}

/// 32 hexadecimal digits, a hyphen, and the number.
impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.key, self.serial)
    }
}

/// The text is not the name of a request.
#[derive(Debug, thiserror::Error)]
#[error("not the name of a request")]
pub(super) struct NoRequestId;

impl FromStr for RequestId {
    type Err = NoRequestId;

    fn from_str(text: &str) -> Result<Self, NoRequestId> {
        let (key, serial) = text.split_once('-').ok_or(NoRequestId)?;
        let key = key.parse().map_err(|_| NoRequestId)?;
        let serial = serial.parse().map_err(|_| NoRequestId)?;
        Ok(Self { key, serial })
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
