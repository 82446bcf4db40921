//! Figures for people: counts, shares, amounts and times.

use std::time::Duration;

use super::super::progress::Minutes;

/// Returns a count with commas between groups of three digits.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a count with its noun, in the singular for 1.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Returns a share in percent. Only none of the whole is 0 %, and only the whole is 100 %.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    if part >= whole {
        return "100 %".to_owned();
    }
    let share = part as f64 / whole as f64 * 100.0;
    if share < 0.1 {
        "under 0.1 %".to_owned()
    } else if share > 99.9 {
        "over 99.9 %".to_owned()
    } else {
        format!("{} %", trimmed(format!("{share:.1}")))
    }
}

/// Returns an amount in US dollars: with cents from one dollar on, else with three significant digits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
pub(super) fn dollars(amount: f64) -> String {
    if amount.is_nan() || amount <= 0.0 {
        return "$0".to_owned();
    }
    if amount >= 1.0 {
        let cents = (amount * 100.0).round().min(1e18) as u64;
        return format!("${}.{:02}", count(cents / 100), cents % 100);
    }
    let decimals = (2.0 - amount.log10().floor()).clamp(2.0, 9.0) as usize;
    let text = trimmed(format!("{amount:.decimals$}"));
    if text == "0" { "under $0.000000001".to_owned() } else { format!("${text}") }
}

/// Returns a time in the unit that fits it.
pub(super) fn seconds(time: f64) -> String {
    if time.is_nan() || time <= 0.0 {
        return "0 s".to_owned();
    }
    if time < 0.000_05 {
        "under 0.1 ms".to_owned()
    } else if time < 0.01 {
        format!("{} ms", trimmed(format!("{:.1}", time * 1_000.0)))
    } else if time < 0.999_5 {
        format!("{:.0} ms", time * 1_000.0)
    } else if time < 9.95 {
        format!("{} s", trimmed(format!("{time:.1}")))
    } else if time < 59.5 {
        format!("{time:.0} s")
    } else {
        let time = Duration::try_from_secs_f64(time.round()).unwrap_or(Duration::MAX);
        Minutes(time).to_string()
    }
}

/// Returns a decimal number without zeros at its end.
fn trimmed(number: String) -> String {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_true() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "row", "rows"), "1 row");
        let shares = [(0, 0), (0, 9), (1, 3), (1, 100_000), (99_999, 100_000), (5, 5), (1, 2)];
        let expected = ["0 %", "0 %", "33.3 %", "under 0.1 %", "over 99.9 %", "100 %", "50 %"];
        assert_eq!(shares.map(|(part, whole)| percent(part, whole)), expected);
        let amounts = [0.0, 1e-12, 0.000_012_34, 0.031_26, 0.5, 1.0, 1_234.567, f64::NAN];
        let expected = [
            "$0",
            "under $0.000000001",
            "$0.0000123",
            "$0.0313",
            "$0.5",
            "$1.00",
            "$1,234.57",
            "$0",
        ];
        assert_eq!(amounts.map(dollars), expected);
        let times = [0.0, 0.000_01, 0.001_2, 0.25, 0.999_9, 2.0, 12.4, 59.7, 3_725.0, f64::MAX];
        let expected = [
            "0 s",
            "under 0.1 ms",
            "1.2 ms",
            "250 ms",
            "1 s",
            "2 s",
            "12 s",
            "1 min 0 s",
            "1 h 2 min",
        ];
        assert_eq!(times.map(seconds)[..9], expected);
    }
}
