//! The number of requests that may run at the same time. It grows while the server answers and halves when
//! the server refuses.

/// The number of requests at the start.
const START: f64 = 32.0;

/// The growth for each answer until the first refusal.
const FIRST_GROWTH: f64 = 1.0 / 8.0;

/// The least growth for each answer after a refusal.
const LEAST_GROWTH: f64 = 1.0 / 64.0;

/// The requests that run, and how many may.
#[derive(Debug)]
pub(super) struct Window {
    size: f64,
    ceiling: f64,
    running: u32,
    was_refused: bool,
}

impl Window {
    /// Creates a window that grows up to `ceiling` requests.
    pub(super) fn new(ceiling: u32) -> Self {
        let ceiling = f64::from(ceiling.max(1));
        Self { size: START.min(ceiling), ceiling, running: 0, was_refused: false }
    }

    /// Returns the number of requests that may run now.
    pub(super) fn size(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 2^32")]
        let size = self.size as u32;
        size.max(1)
    }

    /// Returns the number of requests that run.
    #[cfg(test)]
    pub(super) fn running(&self) -> u32 {
        self.running
    }

    /// Whether one more request may run.
    pub(super) fn has_room(&self) -> bool {
        self.running < self.size()
    }

    /// Counts one more running request.
    pub(super) fn enter(&mut self) {
        self.running = self.running.saturating_add(1);
    }

    /// Counts one running request less.
    pub(super) fn leave(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// Grows after an answer, if all places were taken. Call it before [`leave`](Self::leave).
    pub(super) fn answered(&mut self) {
        if self.running < self.size() {
            return;
        }
        let growth =
            if self.was_refused { (1.0 / self.size).max(LEAST_GROWTH) } else { FIRST_GROWTH };
        self.size = (self.size + growth).min(self.ceiling);
    }

    /// Halves after a refusal. Call it before [`leave`](Self::leave), once for refusals at the same time.
    pub(super) fn refused(&mut self) {
        self.was_refused = true;
        self.size = (self.size.min(f64::from(self.running)) / 2.0).max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(ceiling: u32) -> Window {
        let mut window = Window::new(ceiling);
        while window.has_room() {
            window.enter();
        }
        window
    }

    #[test]
    fn it_starts_with_32_and_grows_to_its_ceiling_while_all_places_are_taken() {
        let mut window = full(40);
        assert_eq!(window.running(), 32);
        for _ in 0..1_000 {
            window.answered();
            window.leave();
            while window.has_room() {
                window.enter();
            }
        }
        assert_eq!(window.size(), 40);

        let mut idle = Window::new(40);
        idle.enter();
        (0..1_000).for_each(|_| idle.answered());
        assert_eq!(idle.size(), 32, "places that nobody needs say nothing about the server");
    }

    #[test]
    fn it_halves_down_to_one_and_grows_slowly_afterwards() {
        let mut window = full(100);
        for expected in [16, 8, 4, 2, 1, 1] {
            window.refused();
            assert_eq!(window.size(), expected);
        }
        while window.running() > 1 {
            window.leave();
        }
        window.answered();
        assert_eq!(window.size(), 2);
    }

    #[test]
    fn a_ceiling_of_zero_counts_as_one() {
        assert!(Window::new(0).has_room());
    }
}
