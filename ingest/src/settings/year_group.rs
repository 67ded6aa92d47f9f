//! Year groups as small numbers: -1 Nursery, 0 Reception, 1-13.

const NAMES: [&str; 15] = [
    "Nursery",
    "Reception",
    "Year 1",
    "Year 2",
    "Year 3",
    "Year 4",
    "Year 5",
    "Year 6",
    "Year 7",
    "Year 8",
    "Year 9",
    "Year 10",
    "Year 11",
    "Year 12",
    "Year 13",
];

/// The group id of a year group; none outside -1 to 13.
#[must_use]
pub fn name(year_group: i8) -> Option<&'static str> {
    usize::try_from(i16::from(year_group) + 1).ok().and_then(|index| NAMES.get(index).copied())
}

/// Reads `Nursery`, `Reception`, `R`, `Year 7`, `Y7`, `7`.
#[must_use]
pub fn parse(text: &str) -> Option<i8> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "nursery" | "n" | "-1" => return Some(-1),
        "reception" | "r" | "yr" | "year r" | "0" => return Some(0),
        _ => {}
    }
    let digits = ["year", "yr", "y"].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(&text);
    digits.trim().parse().ok().filter(|year| (1..=13).contains(year))
}

/// The key stage of a year group, as the lake has it.
#[must_use]
pub const fn key_stage(year_group: i8) -> Option<&'static str> {
    match year_group {
        -1 | 0 => Some("EYFS"),
        1 | 2 => Some("KS1"),
        3..=6 => Some("KS2"),
        7..=9 => Some("KS3"),
        10 | 11 => Some("KS4"),
        12 | 13 => Some("KS5"),
        _ => None,
    }
}

/// The key stage that a year group belongs to in a sealed set: Nursery and Reception join KS1.
#[must_use]
pub const fn sealed_key_stage(year_group: i8) -> Option<&'static str> {
    match year_group {
        -1 | 0 => Some("KS1"),
        other => key_stage(other),
    }
}

/// The word of a key stage in a data file.
#[must_use]
pub fn key_stage_from_word(word: &str) -> Option<&'static str> {
    ["EYFS", "KS1", "KS2", "KS3", "KS4", "KS5"].into_iter().find(|stage| stage.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(name(-1), Some("Nursery"));
        assert_eq!(name(0), Some("Reception"));
        assert_eq!(name(13), Some("Year 13"));
        assert_eq!(name(14), None);
        assert_eq!(name(-2), None);
        for (text, year) in
            [("R", 0), ("Year 7", 7), ("y10", 10), ("13", 13), ("Nursery", -1), ("Yr 6", 6), ("reception", 0)]
        {
            assert_eq!(parse(text), Some(year), "{text}");
        }
        for text in ["14", "-2", "", "Year", "seven"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn stages() {
        assert_eq!(key_stage(0), Some("EYFS"));
        assert_eq!(sealed_key_stage(0), Some("KS1"));
        assert_eq!((key_stage(2), key_stage(3), key_stage(6)), (Some("KS1"), Some("KS2"), Some("KS2")));
        assert_eq!((key_stage(9), key_stage(10), key_stage(12)), (Some("KS3"), Some("KS4"), Some("KS5")));
    }
}
