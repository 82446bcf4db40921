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

/// The width of a character in percent, where the page is 360 pixels wide.
const CHARACTER: f64 = 2.5;

/// The least gap between two texts, in percent.
const GAP: f64 = 3.0;

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
    if figures.quantile(1.0) <= 0.0 {
        let rows = counted(figures.count(), "row", "rows");
        return format!("<p class=\"quiet\">{rows} with {}.</p>", Html(&show(0.0)));
    }
    let listed = |label: &str, figure: f64| {
        format!("<div><dt>{label}</dt><dd>{}</dd></div>", Html(&show(figure)))
    };
    let mut quantiles: String =
        QUANTILES.iter().map(|(share, label)| listed(label, figures.quantile(*share))).collect();
    quantiles.push_str(&listed(largest, figures.quantile(1.0)));
    quantiles.push_str(&listed("mean", figures.mean()));
    let zeros = match axis.zeros {
        0 => String::new(),
        zeros => format!(
            "<p class=\"note\">Without a bar: {} with {}.</p>",
            counted(zeros, "row", "rows"),
            Html(&show(0.0))
        ),
    };
    format!("{}<dl class=\"quantiles\">{quantiles}</dl>{zeros}", axis.svg(name, figures, show))
}

/// The bars with the ends of their ranges.
struct Axis {
    /// The start of the first range, and the end of each.
    edges: Vec<f64>,
    counts: Vec<u64>,
    /// The figures that have no bar, as they are 0 and all others are far above.
    zeros: u64,
}

impl Axis {
    /// Returns the bars of a distribution. `None` without figures.
    fn new(figures: &Distribution) -> Option<Self> {
        let all = figures.buckets();
        let (mut buckets, mut zeros) = (all.as_slice(), 0);
        let is_from_zero = figures.quantile(0.0) <= 0.0;
        if let [(_, lowest), rest @ ..] = buckets {
            let gap = rest.iter().take_while(|(_, count)| *count == 0).count();
            if let (true, true, Some(above)) = (is_from_zero, gap > 1, rest.get(gap..)) {
                (buckets, zeros) = (above, *lowest);
            }
        }
        let (first, _) = *buckets.first()?;
        let start = if is_from_zero && zeros == 0 { 0.0 } else { first / GROWTH };
        let mut axis = Self { edges: vec![start], counts: Vec::new(), zeros };
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

    /// Returns round figures with their places, as far as their texts do not touch.
    fn ticks(&self, show: fn(f64) -> String) -> Vec<Label> {
        let least = self.edges.iter().copied().find(|edge| *edge > 0.0).unwrap_or_default();
        let mut ticks: Vec<Label> = Vec::new();
        // Powers of ten come first, so that they stay where there is little room.
        for factor in [1.0, 3.0, 2.0, 5.0] {
            for exponent in -9..=15 {
                let figure = factor * 10_f64.powi(exponent);
                let Some(place) = self.place(figure).filter(|_| figure >= least) else { continue };
                let tick = Label::new(place, show(figure));
                if ticks.iter().all(|other| !tick.touches(other)) {
                    ticks.push(tick);
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
        for tick in self.ticks(show) {
            svg.push_str(&tick.svg("tick", base + LINE));
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Returns the marks of the quantiles, and the height of their texts. A text ends at its mark. One that would
/// touch the text before stands higher, so that no mark crosses a text.
fn marks(axis: &Axis, figures: &Distribution) -> (String, f64) {
    let mut labels: Vec<(Label, f64)> = Vec::new();
    for (share, label) in QUANTILES {
        let Some(place) = axis.place(figures.quantile(share)) else { continue };
        let label = Label::before(place, label);
        let below = labels.last().filter(|(before, _)| label.touches(before));
        let height = LINE + below.map_or(0.0, |(_, height)| *height);
        labels.push((label, height));
    }
    let top = labels.iter().map(|(_, height)| *height).fold(0.0, f64::max) + 6.0;
    let mut marks = String::new();
    for (label, height) in labels {
        let (place, y) = (label.place, top - height);
        marks.push_str(&format!(
            "<line class=\"mark\" x1=\"{place:.2}%\" x2=\"{place:.2}%\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            y - 4.0,
            top + PLOT,
        ));
        marks.push_str(&label.svg("label", y + 6.0));
    }
    (marks, top)
}

/// A text above or below the axis, within its ends.
struct Label {
    place: f64,
    text: String,
    anchor: &'static str,
}

impl Label {
    fn new(place: f64, text: String) -> Self {
        let half = Self::width(&text) / 2.0;
        let anchor = match place {
            place if place < half => "start",
            place if place > 100.0 - half => "end",
            _ => "middle",
        };
        Self { place, text, anchor }
    }

    /// Makes a text that ends at its place, if there is room.
    fn before(place: f64, text: &str) -> Self {
        let anchor = if place < Self::width(text) + GAP { "start" } else { "end" };
        Self { place, text: text.to_owned(), anchor }
    }

    #[expect(clippy::cast_precision_loss, reason = "short texts")]
    fn width(text: &str) -> f64 {
        text.chars().count() as f64 * CHARACTER
    }

    fn range(&self) -> (f64, f64) {
        let width = Self::width(&self.text);
        let start = match self.anchor {
            "start" => self.place,
            "end" => self.place - width,
            _ => self.place - width / 2.0,
        };
        (start, start + width)
    }

    fn touches(&self, other: &Self) -> bool {
        let (one, two) = (self.range(), other.range());
        one.0 < two.1 + GAP && two.0 < one.1 + GAP
    }

    fn svg(&self, class: &str, y: f64) -> String {
        format!(
            "<text class=\"{class}\" x=\"{:.2}%\" y=\"{y:.1}\" text-anchor=\"{}\">{}</text>",
            self.place,
            self.anchor,
            Html(&self.text),
        )
    }
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
            let counted = axis.counts.iter().sum::<u64>() + axis.zeros;
            assert_eq!(counted, figures.len() as u64, "{figures:?}");
            assert!((FEWEST_BARS..=MOST_BARS + 1).contains(&axis.counts.len()), "{figures:?}");
            assert_eq!(axis.edges.len(), axis.counts.len() + 1);
            for (share, _) in QUANTILES {
                let figure = distribution.quantile(share);
                let place = axis.place(figure);
                let is_shown = place.is_some_and(|place| (0.0..=100.001).contains(&place));
                assert!(is_shown || (figure == 0.0 && axis.zeros > 0), "{figures:?}: {place:?}");
            }
            let svg = histogram("Latency", &distribution, "longest", seconds);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            let is_zero = distribution.quantile(1.0) == 0.0;
            assert_eq!(svg.contains("aria-label=\"Latency of "), !is_zero, "{svg}");
        }
        let empty = distribution(&[]);
        assert!(histogram("Latency", &empty, "longest", seconds).contains("No figures"));
    }

    #[test]
    fn zeros_far_below_the_others_are_noted() {
        let distribution = distribution(&[0.0, 0.0, 3.0, 4.0]);
        assert_eq!(Axis::new(&distribution).unwrap().zeros, 2);
        let chart = histogram("Latency", &distribution, "longest", seconds);
        assert!(chart.contains("Without a bar: 2 rows with 0 s."), "{chart}");
    }

    #[test]
    fn ticks_are_round_and_apart() {
        let axis = Axis::new(&distribution(&[0.02, 0.2, 2.0, 20.0])).unwrap();
        let mut ticks = axis.ticks(seconds);
        ticks.sort_by(|one, other| one.place.total_cmp(&other.place));
        let texts: Vec<&str> = ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(texts, ["100 ms", "1 s", "3 s", "10 s"]);
    }
}
