//! Long lists: the expected number of elements, what is missing, and where two replies with elements of one
//! list meet. Knows no loop.

mod cut;
mod expected;
mod list_settings;
mod progress;
mod seam;

pub(super) use cut::{CutPlace, cut_back};
pub(super) use expected::ExpectedItems;
pub use expected::{CountedBy, Expected, ListCount};
pub(super) use list_settings::ListPolicy;
pub(super) use progress::{Gap, Lists};
pub(super) use seam::{Seam, seam};
