//! Dates and times of RFC 3339 as values, so that one moment in two offsets is equal.

/// A date with a time, or a time alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moment<'t> {
    /// Seconds from 1970-01-01, or from midnight. In UTC if there is an offset.
    seconds: i64,
    /// The digits behind the point, without zeros at the end.
    fraction: &'t str,
    has_offset: bool,
}

impl<'t> Moment<'t> {
    /// Reads a date with a time: `2026-03-01T10:00:00.5+02:00`. The offset may be absent. `None` if it is none.
    pub(super) fn date_time(text: &'t str) -> Option<Self> {
        let (date, time) = text.trim().split_once(['T', 't', ' '])?;
        let time = Self::time(time)?;
        let days = days(date)?;
        Some(Self { seconds: days.checked_mul(86_400)?.checked_add(time.seconds)?, ..time })
    }

    /// Reads a time: `10:00`, `10:00:00.5Z`. `None` if it is none.
    pub(super) fn time(text: &'t str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
        let (clock, offset) = text.split_at_checked(end)?;
        let (clock, fraction) = clock.trim_end().split_once('.').unwrap_or((clock.trim_end(), ""));
        if !is_digits(fraction) {
            return None;
        }
        let mut parts = clock.split(':');
        let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
        let second = parts.next().map_or(Some(0), |second| number(second, 2))?;
        if parts.next().is_some() || hour > 24 || minute > 59 || second > 60 {
            return None;
        }
        Some(Self {
            seconds: hour * 3_600 + minute * 60 + second - offset_seconds(offset)?,
            fraction: fraction.trim_end_matches('0'),
            has_offset: !offset.is_empty(),
        })
    }
}

/// Returns the seconds of an offset: `Z`, `+02:00`; 0 without one.
fn offset_seconds(offset: &str) -> Option<i64> {
    let sign = match offset.chars().next() {
        None | Some('Z' | 'z') => return (offset.len() < 2).then_some(0),
        Some('-') => -1,
        Some(_) => 1,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    Some(sign * (number(hours, 2)? * 3_600 + number(minutes, 2)? * 60))
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-');
    let year = number(parts.next()?, 4)?;
    let (month, day) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468)
}

/// Returns the number of exactly this many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && is_digits(text)).then(|| text.parse().ok())?
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (date, expected) in
            [("1970-01-01", 0), ("2000-03-01", 11_017), ("1969-12-31", -1), ("2024-02-29", 19_782)]
        {
            assert_eq!(days(date), Some(expected), "{date}");
        }
        assert_eq!(days("2024-13-01"), None);
        assert_eq!(days("24-01-01"), None);
    }

    #[test]
    fn moments_are_equal_by_value() {
        let same = [
            ("2026-03-01T10:00:00Z", "2026-03-01T12:00:00+02:00"),
            ("2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00Z"),
            ("2026-03-01T10:00:00.500Z", "2026-03-01t10:00:00.5z"),
            ("2026-03-01 10:00", "2026-03-01T10:00:00"),
        ];
        for (one, other) in same {
            assert_eq!(Moment::date_time(one).unwrap(), Moment::date_time(other).unwrap(), "{one}");
        }
        let differs = [
            ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00"),
            ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.1Z"),
            ("2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"),
        ];
        for (one, other) in differs {
            assert_ne!(Moment::date_time(one).unwrap(), Moment::date_time(other).unwrap(), "{one}");
        }
        for text in ["", "2026-03-01", "yesterday T noon", "2026-03-01T1:00", "2026-03-01T10:00+2"]
        {
            assert_eq!(Moment::date_time(text), None, "{text}");
        }
    }
}
