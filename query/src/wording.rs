//! Numbers and days as people read them.

use jiff::civil::Date;

/// `1,234,567`.
pub(crate) fn whole(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// `3 episodes`, `1 episode`.
pub(crate) fn counted(value: i64, one: &str, many: &str) -> String {
    format!("{} {}", whole(value), if value == 1 { one } else { many })
}

/// `12.3 %`; a share that is neither 0 nor 1 is never shown as such.
pub(crate) fn percent(share: f64) -> String {
    match share * 100.0 {
        value if value > 0.0 && value < 0.05 => "under 0.1 %".to_owned(),
        value if (99.95..100.0).contains(&value) => "over 99.9 %".to_owned(),
        value => format!("{value:.1} %"),
    }
}

/// A rate or one end of its interval: one decimal.
pub(crate) fn rate(value: f64) -> String {
    format!("{value:.1}")
}

/// How many times as much: two figures that say something.
pub(crate) fn times(ratio: f64) -> String {
    match ratio {
        value if value < 0.01 => "under 0.01".to_owned(),
        value if value < 9.95 => format!("{value:.2}"),
        value if value < 1000.0 => format!("{value:.0}"),
        _ => "over 1,000".to_owned(),
    }
}

/// `8 December 2025`.
pub(crate) fn day(date: Date) -> String {
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
    let month = MONTHS[(date.month() - 1) as usize];
    format!("{} {month} {}", date.day(), date.year())
}

/// The first few days of a list, and how many more there are.
pub(crate) fn days(dates: &[Date]) -> String {
    let shown: Vec<String> = dates.iter().take(5).map(ToString::to_string).collect();
    let more = dates.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// A key under which `year_9` stands before `year_10`: runs of digits compare as numbers.
pub(crate) fn natural(text: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (words, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        parts.push((words.to_owned(), tail[..end].parse().unwrap_or(0)));
        rest = &tail[end..];
    }
    parts
}

/// The first letter in upper case.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn numbers() {
        assert_eq!([0, 999, 1000, 1_234_567, -4321].map(whole), ["0", "999", "1,000", "1,234,567", "-4,321"]);
        assert_eq!(
            [0.0, 0.0001, 0.123, 0.9999, 1.0].map(percent),
            ["0.0 %", "under 0.1 %", "12.3 %", "over 99.9 %", "100.0 %"]
        );
        assert_eq!(counted(1, "pupil", "pupils"), "1 pupil");
    }

    #[test]
    fn groups_in_order() {
        let mut groups = ["Year 10", "Guest", "Year 9", "Year 7"];
        groups.sort_by_key(|group| natural(group));
        assert_eq!(groups, ["Guest", "Year 7", "Year 9", "Year 10"]);
    }

    #[test]
    fn days_in_words() {
        assert_eq!(day(date(2025, 12, 8)), "8 December 2025");
        let week: Vec<Date> = (1..=7).map(|d| date(2025, 9, d)).collect();
        assert_eq!(days(&week[..2]), "2025-09-01, 2025-09-02");
        assert!(days(&week).ends_with("2025-09-05 and 2 more"));
    }
}
