//! Finding where a value stands in the JSON by its path in Rust: `lines[0].sku_code` is
//! `/lines/0/skuCode` where the type says so. The walk of the validators knows both, so it is walked
//! for it, with no validator run.

/// A path that is looked for.
#[derive(Debug)]
pub(super) struct PathLookup {
    /// The names and indexes that lead to it.
    path: Vec<String>,
    /// How many of them have been passed on the way to where the walk is.
    depth: usize,
    /// The furthest that the walk came: how many were passed, and where that is.
    furthest: (usize, String),
}

impl PathLookup {
    #[cfg(any(feature = "garde", feature = "validator"))]
    pub(super) fn new(path: Vec<String>, from: &str) -> Self {
        Self { path, depth: 0, furthest: (0, from.to_owned()) }
    }

    /// Steps into a field, if it lies on the path (or leaves the path open). Gives the depth to go
    /// back to.
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

    pub(super) fn leave(&mut self, depth: usize) {
        self.depth = depth;
    }

    /// Where it is, as far as the walk knew it, and the rest of the path.
    #[cfg(any(feature = "garde", feature = "validator"))]
    pub(super) fn found(self) -> (String, Vec<String>) {
        let (passed, pointer) = self.furthest;
        (pointer, self.path.into_iter().skip(passed).collect())
    }
}
