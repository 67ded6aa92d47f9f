//! Numbers, days and periods in words, the same in every picture, page and table.

use jiff::civil::Date;
use query::Cell;
use query::disclosure::sealed::SealedSet;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `1,030`
pub(crate) fn whole(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        written.push('-');
    }
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// `12.3`, `1,030`: a decimal where it says something.
pub(crate) fn figure(number: f64) -> String {
    if !number.is_finite() {
        return "not measurable".to_owned();
    }
    if number.fract() == 0.0 || number.abs() >= 1000.0 {
        return whole(number.round() as i64);
    }
    if number.abs() >= 10.0 {
        format!("{number:.1}")
    } else {
        let short = format!("{number:.2}");
        short.strip_suffix('0').map_or(short.clone(), ToOwned::to_owned)
    }
}

/// `20.9 %` of a share between 0 and 1; a share that rounds to nothing but is something says so.
pub(crate) fn per_cent(share: f64) -> String {
    if share > 0.0 && share < 0.0005 {
        return "under 0.1 %".to_owned();
    }
    format!("{:.1} %", share * 100.0)
}

/// A cell as it stands in a table.
pub(crate) fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Integer(number) => whole(*number),
        Cell::Real(number) => figure(*number),
        Cell::Boolean(true) => "yes".to_owned(),
        Cell::Boolean(false) => "no".to_owned(),
        Cell::Missing => "no figure".to_owned(),
    }
}

/// The day, if the text is one as ISO 8601 writes it.
pub(crate) fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn month(date: Date) -> &'static str {
    usize::try_from(date.month()).ok().and_then(|month| MONTHS.get(month - 1)).copied().unwrap_or("")
}

/// `1 September 2025`; other text as it is.
pub(crate) fn day(text: &str) -> String {
    date(text)
        .map_or_else(|| text.to_owned(), |date| format!("{} {} {}", date.day(), month(date), date.year()))
}

/// `17 December 2025, 13:42` for a day with a time, `17 December 2025` for a day; other text as it is.
pub(crate) fn moment(text: &str) -> String {
    match text.split_at_checked(10) {
        Some((before, after)) if date(before).is_some() => {
            let time = after.trim_start_matches(['T', ' ']);
            if time.is_empty() { day(before) } else { format!("{}, {time}", day(before)) }
        }
        _ => text.to_owned(),
    }
}

/// `1 Sep`; other text as it is.
pub(crate) fn short_day(text: &str) -> String {
    date(text).map_or_else(
        || text.to_owned(),
        |date| format!("{} {}", date.day(), month(date).get(..3).unwrap_or("")),
    )
}

/// `autumn term 2025`, `school year 2025-26`.
pub(crate) fn period(text: &str) -> String {
    match text.split_once('-') {
        Some((year, season @ ("autumn" | "spring" | "summer"))) => format!("{season} term {year}"),
        Some((year, end)) if year.len() == 4 && end.len() == 2 => format!("school year {text}"),
        _ => text.to_owned(),
    }
}

/// The name of a group of a sealed set; its id where the set does not name it.
pub(crate) fn group<'a>(set: &'a SealedSet, id: &'a str) -> &'a str {
    set.groups.iter().find(|group| group.id == id).map_or(id, |group| &group.name)
}

/// First letter large.
pub(crate) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(whole(1030), "1,030");
        assert_eq!(whole(-1_234_567), "-1,234,567");
        assert_eq!(whole(999), "999");
        assert_eq!(figure(12.34), "12.3");
        assert_eq!(figure(0.5), "0.5");
        assert_eq!(figure(0.25), "0.25");
        assert_eq!(figure(3.0), "3");
        assert_eq!(figure(f64::NAN), "not measurable");
        assert_eq!(per_cent(0.2094), "20.9 %");
        assert_eq!(per_cent(0.0), "0.0 %");
        assert_eq!(per_cent(0.0004), "under 0.1 %");
    }

    #[test]
    fn days_and_periods_read_as_people_say_them() {
        assert_eq!(day("2025-09-01"), "1 September 2025");
        assert_eq!(short_day("2025-09-01"), "1 Sep");
        assert_eq!(day("week 3"), "week 3");
        assert_eq!(moment("2025-12-17 13:42"), "17 December 2025, 13:42");
        assert_eq!(moment("2025-12-17"), "17 December 2025");
        assert_eq!(moment("a word longer than ten"), "a word longer than ten");
        assert_eq!(period("2025-autumn"), "autumn term 2025");
        assert_eq!(period("2025-26"), "school year 2025-26");
        assert_eq!(sentence("autumn"), "Autumn");
    }
}
