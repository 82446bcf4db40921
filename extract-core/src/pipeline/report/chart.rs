//! Histograms as SVG. Positions along the axis are in percent and heights in pixels, so that texts keep their
//! size at any width.

use super::super::distribution::Distribution;
use super::escape::Html;
use super::figures::counted;

/// The most and the fewest bars.
const MOST_BARS: usize = 32;
const FEWEST_BARS: usize = 8;

/// The growth from one bucket to the next.
const GROWTH: f64 = 1.5;

/// The height of the bars, of a line of text, and of the space for the axis.
const PLOT: f64 = 104.0;
const LINE: f64 = 15.0;
const AXIS: f64 = 22.0;

/// The least distance of two texts, in percent of the width.
const APART: f64 = 19.0;

/// The quantiles that are marked and listed.
const QUANTILES: [(f64, &str); 3] = [(0.5, "median"), (0.9, "90 %"), (0.99, "99 %")];

/// Returns a histogram with its quantiles.
pub(super) fn histogram(
    name: &str,
    figures: &Distribution,
    largest: &str,
    show: fn(f64) -> String,
) -> String {
    let Some(axis) = Axis::new(figures) else {
        return "<p class=\"quiet\">No figures.</p>".to_owned();
    };
    let listed = |label: &str, figure: f64| {
        format!("<div><dt>{label}</dt><dd>{}</dd></div>", Html(&show(figure)))
    };
    let mut quantiles: String =
        QUANTILES.iter().map(|(share, label)| listed(label, figures.quantile(*share))).collect();
    quantiles.push_str(&listed(largest, figures.quantile(1.0)));
    quantiles.push_str(&listed("mean", figures.mean()));
    format!("{}<dl class=\"quantiles\">{quantiles}</dl>", axis.svg(name, figures, show))
}

/// The bars with the ends of their ranges.
struct Axis {
    /// The start of the first range, and the end of each.
    edges: Vec<f64>,
    counts: Vec<u64>,
}

impl Axis {
    /// Returns the bars of a distribution. `None` without figures.
    fn new(figures: &Distribution) -> Option<Self> {
        let buckets = figures.buckets();
        let (first, _) = *buckets.first()?;
        let start = if figures.quantile(0.0) > 0.0 { first / GROWTH } else { 0.0 };
        let mut axis = Self { edges: vec![start], counts: Vec::new() };
        for merged in buckets.chunks(buckets.len().div_ceil(MOST_BARS).max(1)) {
            axis.edges.extend(merged.last().map(|(end, _)| *end));
            axis.counts.push(merged.iter().map(|(_, count)| count).sum());
        }
        axis.widen();
        Some(axis)
    }

    /// Adds empty bars on both sides of a few.
    fn widen(&mut self) {
        while self.counts.len() < FEWEST_BARS {
            let end = self.edges.last().copied().unwrap_or_default();
            self.edges.push(end * GROWTH);
            self.counts.push(0);
            if let Some(start) = self.edges.first().copied().filter(|start| *start > 0.0) {
                self.edges.insert(0, start / GROWTH);
                self.counts.insert(0, 0);
            }
        }
    }

    /// Returns the ranges of the bars with their counts.
    fn ranges(&self) -> impl Iterator<Item = (f64, f64, u64)> + '_ {
        let ends = self.edges.iter().skip(1);
        self.edges
            .iter()
            .zip(ends)
            .zip(&self.counts)
            .map(|((from, to), count)| (*from, *to, *count))
    }

    #[expect(clippy::cast_precision_loss, reason = "at most 40 bars")]
    fn width(&self) -> f64 {
        100.0 / self.counts.len().max(1) as f64
    }

    /// Returns the place of a figure, in percent of the width. `None` outside the bars.
    fn place(&self, figure: f64) -> Option<f64> {
        let mut left = 0.0;
        for (from, to, _) in self.ranges() {
            if figure <= to {
                let share = match (figure, from) {
                    _ if figure < from => return None,
                    _ if from > 0.0 && to > from => (figure / from).ln() / (to / from).ln(),
                    _ if to > from => (figure - from) / (to - from),
                    _ => 1.0,
                };
                return Some(left + share * self.width());
            }
            left += self.width();
        }
        None
    }

    /// Returns round figures with their places, far enough apart.
    fn ticks(&self) -> Vec<(f64, f64)> {
        let mut ticks: Vec<(f64, f64)> = Vec::new();
        // Powers of ten come first, so that they stay where there is little room.
        for factor in [1.0, 3.0, 2.0, 5.0] {
            for exponent in -9..=9 {
                let figure = factor * 10_f64.powi(exponent);
                let Some(place) = self.place(figure) else { continue };
                if ticks.iter().all(|(_, other)| (place - other).abs() >= APART) {
                    ticks.push((figure, place));
                }
            }
        }
        ticks
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    fn svg(&self, name: &str, figures: &Distribution, show: fn(f64) -> String) -> String {
        let (marks, top) = marks(self, figures);
        let base = top + PLOT;
        let most = self.counts.iter().copied().max().unwrap_or(1).max(1);
        let mut svg = format!(
            "<svg class=\"histogram\" role=\"img\" aria-label=\"{}\" width=\"100%\" height=\"{}\">",
            Html(&described(name, figures, show)),
            base + AXIS,
        );
        let mut left = 0.0;
        for (from, to, count) in self.ranges() {
            if count > 0 {
                let height = (count as f64 / most as f64 * PLOT).max(2.0);
                svg.push_str(&format!(
                    "<rect class=\"bar\" x=\"{:.2}%\" y=\"{:.1}\" width=\"{:.2}%\" height=\"{height:.1}\">\
                     <title>{} – {}: {}</title></rect>",
                    left + self.width() * 0.06,
                    base - height,
                    self.width() * 0.88,
                    Html(&show(from)),
                    Html(&show(to)),
                    counted(count, "row", "rows"),
                ));
            }
            left += self.width();
        }
        svg.push_str(&format!(
            "<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"{base}\" y2=\"{base}\"/>{marks}"
        ));
        for (figure, place) in self.ticks() {
            svg.push_str(&text("tick", place, base + LINE, &show(figure)));
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Returns the marks of the quantiles, and the height of their texts. Texts that would touch stand in lines of
/// their own.
fn marks(axis: &Axis, figures: &Distribution) -> (String, f64) {
    let mut placed: Vec<(f64, &str, f64)> = Vec::new();
    let mut line = 0.0;
    for (share, label) in QUANTILES {
        let Some(place) = axis.place(figures.quantile(share)) else { continue };
        let is_free = placed.last().is_none_or(|(before, ..)| place - before >= APART);
        line = if is_free { 0.0 } else { line + LINE };
        placed.push((place, label, line));
    }
    let lowest = placed.iter().map(|(.., line)| *line).fold(0.0, f64::max);
    let top = lowest + LINE + 6.0;
    let mut marks = String::new();
    for (place, label, line) in placed {
        marks.push_str(&format!(
            "<line class=\"mark\" x1=\"{place:.2}%\" x2=\"{place:.2}%\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            line + LINE,
            top + PLOT,
        ));
        marks.push_str(&text("label", place, line + LINE - 4.0, label));
    }
    (marks, top)
}

/// Returns a text above or below the axis, within its ends.
fn text(class: &str, place: f64, y: f64, text: &str) -> String {
    let anchor = match place {
        ..9.0 => "start",
        91.0.. => "end",
        _ => "middle",
    };
    format!(
        "<text class=\"{class}\" x=\"{place:.2}%\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        Html(text)
    )
}

fn described(name: &str, figures: &Distribution, show: fn(f64) -> String) -> String {
    let quantiles =
        QUANTILES.map(|(share, label)| format!("{label} {}", show(figures.quantile(share))));
    format!("{name} of {}: {}", counted(figures.count(), "row", "rows"), quantiles.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::figures::seconds;
    use super::*;

    fn distribution(figures: &[f64]) -> Distribution {
        let mut distribution = Distribution::new(1_000.0);
        figures.iter().for_each(|figure| distribution.add(*figure));
        distribution
    }

    #[test]
    fn every_figure_is_in_a_bar_and_every_mark_has_a_place() {
        let wide: Vec<f64> = (0..20).map(|n| 0.001 * 2_f64.powi(n)).collect();
        for figures in [&[0.0][..], &[0.0, 0.0, 3.0], &[0.2], &[0.001, 0.002], &wide, &[1e300]] {
            let distribution = distribution(figures);
            let axis = Axis::new(&distribution).unwrap();
            assert_eq!(axis.counts.iter().sum::<u64>(), figures.len() as u64, "{figures:?}");
            assert!((FEWEST_BARS..=MOST_BARS + 1).contains(&axis.counts.len()), "{figures:?}");
            assert_eq!(axis.edges.len(), axis.counts.len() + 1);
            for (share, _) in QUANTILES {
                let place = axis.place(distribution.quantile(share)).unwrap();
                assert!((0.0..=100.001).contains(&place), "{figures:?}: {place}");
            }
            let svg = histogram("Latency", &distribution, "longest", seconds);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(svg.contains("aria-label=\"Latency of "), "{svg}");
        }
        let empty = distribution(&[]);
        assert!(histogram("Latency", &empty, "longest", seconds).contains("No figures"));
    }

    #[test]
    fn ticks_are_round_and_apart() {
        let axis = Axis::new(&distribution(&[0.02, 0.2, 2.0, 20.0])).unwrap();
        let mut ticks = axis.ticks();
        ticks.sort_by(|one, other| one.1.total_cmp(&other.1));
        assert!(ticks.len() >= 3, "{ticks:?}");
        assert!(
            ticks.windows(2).all(|pair| matches!(pair, [one, other] if other.1 - one.1 >= APART))
        );
    }
}
