//! [`Distribution`]: how a figure is spread over the rows.

use hdrhistogram::Histogram;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// The digits that are kept of a figure.
const DIGITS: u8 = 2;

/// The largest figure, in the smallest unit. A histogram that grows would count larger ones as the smallest.
const LARGEST: u64 = 1 << 62;

/// How a figure is spread over the rows, with two significant digits.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The figures in the smallest unit. `None` if there is no memory for them.
    counts: Option<Histogram<u64>>,
    /// The smallest units in one unit.
    scale: f64,
    sum: f64,
}

impl Distribution {
    /// Makes an empty distribution, whose smallest unit is one of `scale` in a unit.
    pub(super) fn new(scale: f64) -> Self {
        let counts = Histogram::new_with_bounds(1, LARGEST, DIGITS).ok();
        Self { counts, scale, sum: 0.0 }
    }

    /// Adds a figure.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cast to the nearest number of the range"
    )]
    pub(super) fn add(&mut self, figure: f64) {
        self.sum += figure;
        if let Some(counts) = &mut self.counts {
            counts.saturating_record((figure * self.scale).round() as u64);
        }
    }

    /// Returns the number of figures.
    pub fn count(&self) -> u64 {
        self.counts.as_ref().map_or(0, Histogram::len)
    }

    /// Returns the sum of the figures.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Returns the mean; 0 without figures.
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    pub fn mean(&self) -> f64 {
        if self.count() == 0 { 0.0 } else { self.sum / self.count() as f64 }
    }

    /// Returns the figure that this share of the rows does not exceed: 0.5 for the median, 1 for the largest. 0
    /// without figures.
    pub fn quantile(&self, share: f64) -> f64 {
        self.counts.as_ref().map_or(0.0, |counts| self.unit(counts.value_at_quantile(share)))
    }

    /// Returns buckets of growing width: the upper bound of each, and the number of figures in it. Empty ones
    /// between others are included.
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let Some(counts) = self.counts.as_ref().filter(|counts| !counts.is_empty()) else {
            return Vec::new();
        };
        let first = counts.min().max(1);
        counts
            .iter_log(first, 1.5)
            .map(|step| (self.unit(step.value_iterated_to()), step.count_since_last_iteration()))
            .collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "two digits are kept")]
    fn unit(&self, figure: u64) -> f64 {
        figure as f64 / self.scale
    }
}

/// Count, sum, mean, the quantiles 0.5, 0.9, 0.99 and 1, and the buckets.
impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Distribution", 8)?;
        fields.serialize_field("count", &self.count())?;
        fields.serialize_field("sum", &self.sum)?;
        fields.serialize_field("mean", &self.mean())?;
        fields.serialize_field("p50", &self.quantile(0.5))?;
        fields.serialize_field("p90", &self.quantile(0.9))?;
        fields.serialize_field("p99", &self.quantile(0.99))?;
        fields.serialize_field("max", &self.quantile(1.0))?;
        fields.serialize_field("buckets", &self.buckets())?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_spread() {
        let mut seconds = Distribution::new(1_000.0);
        assert_eq!((seconds.count(), seconds.quantile(0.5)), (0, 0.0));
        assert!(seconds.buckets().is_empty());
        for figure in [0.0, 0.1, 0.1, 0.2, 4.0] {
            seconds.add(figure);
        }
        assert_eq!(seconds.count(), 5);
        assert!((seconds.mean() - 0.88).abs() < 1e-9);
        assert!((seconds.quantile(0.5) - 0.1).abs() < 0.01, "{}", seconds.quantile(0.5));
        assert!((seconds.quantile(1.0) - 4.0).abs() < 0.04);
        assert_eq!(seconds.buckets().iter().map(|(_, count)| count).sum::<u64>(), 5);
        seconds.add(f64::MAX); // stays in the range
        assert_eq!(seconds.count(), 6);
        assert!(seconds.quantile(1.0) > 1e15);
    }

    #[test]
    fn figures_far_above_the_smallest_unit_are_kept() {
        let mut dollars = Distribution::new(1e9);
        for figure in [0.000_2, 0.000_4, 0.03, 1_250.0] {
            dollars.add(figure);
        }
        for (share, figure) in [(0.25, 0.000_2), (0.5, 0.000_4), (0.75, 0.03), (1.0, 1_250.0)] {
            let found = dollars.quantile(share);
            assert!((found / figure - 1.0).abs() < 0.01, "{share}: {found}");
        }
    }
}
