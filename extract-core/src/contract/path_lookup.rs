//! [`PathLookup`]: finds the JSON pointer for a path in Rust, as `/lines/0/skuCode` for
//! `lines[0].sku_code`. The checker walks a type's fields under both names; for a look-up it does so
//! without any validator.

/// A path in Rust that is searched, and the current state of the walk.
#[derive(Debug)]
pub(super) struct PathLookup {
    /// The field names and indexes of the path.
    path: Vec<String>,
    /// The number of segments of the path that the walk has passed at its current value.
    depth: usize,
    /// The most segments that the walk has passed, and the JSON pointer there.
    furthest: (usize, String),
}

impl PathLookup {
    /// Starts a look-up at the JSON pointer `from`.
    #[cfg(any(feature = "garde", feature = "validator"))]
    pub(super) fn new(path: Vec<String>, from: &str) -> Self {
        Self { path, depth: 0, furthest: (0, from.to_owned()) }
    }

    /// Enters a field, or a member without a field. Returns the depth for [`leave`](Self::leave); `None` if
    /// the path leads elsewhere.
    ///
    /// `field` is the name in Rust, and whether the path must name it.
    pub(super) fn enter(&mut self, field: Option<(&str, bool)>, pointer: &str) -> Option<usize> {
        let depth = self.depth;
        if let Some((name, named)) = field {
            let fits = self.path.get(depth).is_some_and(|next| next == name);
            if fits {
                self.depth += 1;
            } else if named {
                return None;
            }
        }
        if self.depth > self.furthest.0 {
            self.furthest = (self.depth, pointer.to_owned());
        }
        Some(depth)
    }

    /// Returns to the depth before [`enter`](Self::enter).
    pub(super) fn leave(&mut self, depth: usize) {
        self.depth = depth;
    }

    /// Returns the JSON pointer of the longest part of the path that was found, and the rest of the path.
    #[cfg(any(feature = "garde", feature = "validator"))]
    pub(super) fn found(self) -> (String, Vec<String>) {
        let (passed, pointer) = self.furthest;
        (pointer, self.path.into_iter().skip(passed).collect())
    }
}
