//! [`Digest`]: a short SHA-256 hash, which identifies an input or a schema in a journal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The first 128 bits of a SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 16]);

/// A digest of several parts. Their order and their boundaries count.
pub(crate) struct DigestOf(Sha256);

impl Digest {
    /// Starts a digest for one purpose.
    pub(crate) fn start(purpose: &[u8]) -> DigestOf {
        let mut digest = DigestOf(Sha256::new());
        digest.add(purpose);
        digest
    }
}

impl DigestOf {
    /// Adds a part.
    pub(crate) fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.update(part);
    }

    /// Returns the digest.
    pub(crate) fn finish(self) -> Digest {
        let mut short = [0; 16];
        short.iter_mut().zip(self.0.finalize()).for_each(|(to, from)| *to = from);
        Digest(short)
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The text is not one of 32 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("not 32 hexadecimal digits")]
pub(crate) struct NoDigest;

impl FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        if text.len() != 32 || !text.is_ascii() {
            return Err(NoDigest);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| NoDigest)?;
        // A sign is a digit for `from_str_radix`.
        let digest = Self(number.to_be_bytes());
        if digest.to_string() == text { Ok(digest) } else { Err(NoDigest) }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_count() {
        let of = |parts: &[&str]| {
            let mut digest = Digest::start(b"test");
            parts.iter().for_each(|part| digest.add(part));
            digest.finish()
        };
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["ab"]));
        assert_ne!(of(&["a", "b"]), of(&["b", "a"]));
    }

    #[test]
    fn the_text_is_read_back() {
        let digest = Digest::start(b"test").finish();
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
        for bad in ["", "0", "+0000000000000000000000000000000", &"g".repeat(32), &"A".repeat(32)] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
