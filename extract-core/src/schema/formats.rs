//! String formats that JSON Schema does not define, or defines more narrowly.

/// Returns whether a text is a time such as `12:30`, `12:30:59` or `12:30:59.5`.
pub(super) fn is_time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let parts: Vec<&str> = clock.split(':').collect();
    let within = |part: &&str, most: u8| {
        part.len() == 2
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse::<u8>().is_ok_and(|n| n <= most)
    };
    let clock_fits = match parts.as_slice() {
        [hour, minute] => within(hour, 23) && within(minute, 59) && fraction.is_none(),
        [hour, minute, second] => within(hour, 23) && within(minute, 59) && within(second, 60),
        _ => false,
    };
    clock_fits && fraction.is_none_or(is_digits)
}

/// Returns whether a text consists of ASCII digits and is not empty.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns whether a text is a date, then `T` or a space, then a time without an offset.
pub(super) fn is_date_time(text: &str) -> bool {
    text.split_once(['T', 't', ' ']).is_some_and(|(date, time)| is_date(date) && is_time(time))
}

/// Returns whether a text is a date such as `2024-02-29`; the year may have a sign and more digits.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.trim_start_matches(['+', '-']).split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let within = |part: &str, most: u8| {
        part.len() == 2
            && is_digits(part)
            && part.parse::<u8>().is_ok_and(|n| (1..=most).contains(&n))
    };
    year.len() >= 4 && is_digits(year) && within(month, 12) && within(day, 31)
}

/// Returns whether a text begins with a date and ends with the name of a time zone in brackets. The
/// time between them is not checked.
pub(super) fn is_zoned(text: &str) -> bool {
    text.strip_suffix(']').and_then(|text| text.split_once('[')).is_some_and(|(moment, zone)| {
        let date = moment.split_once(['T', 't', ' ']).map_or(moment, |(date, _)| date);
        !zone.is_empty() && is_date(date)
    })
}

/// Returns whether a text is a duration such as `P1Y2M3W4DT5H6M7.5S`. Parts may be missing, and a sign
/// may precede it.
pub(super) fn is_duration(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-']).to_ascii_uppercase();
    let Some(text) = text.strip_prefix('P') else { return false };
    let (date, time) = text.split_once('T').map_or((text, None), |(a, b)| (a, Some(b)));
    let in_order = |mut text: &str, units: &str| {
        let mut left = units;
        while !text.is_empty() {
            let Some(at) = text.find(|c: char| c.is_ascii_alphabetic()) else { return false };
            let (count, tail) = text.split_at(at);
            let (unit, tail) = tail.split_at(1);
            let Some((_, later)) = left.split_once(unit) else { return false };
            let mut halves = count.split(['.', ',']);
            if !halves.all(is_digits) || count.split(['.', ',']).count() > 2 {
                return false;
            }
            (text, left) = (tail, later);
        }
        true
    };
    let some = !date.is_empty() || time.is_some_and(|time| !time.is_empty());
    some && in_order(date, "YMWD")
        && time.is_none_or(|time| !time.is_empty() && in_order(time, "HMS"))
}
