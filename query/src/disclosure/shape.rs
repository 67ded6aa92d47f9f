//! What a school of that size may have at all, and when: fixed by the public roll (rule 8, D0).

use std::fmt;

use ingest::school::AcademicYear;

use super::policy::AudienceWord;
use super::sealed::RollGroup;
use crate::error::{Error, Kind};

/// Fewer counted pupils than this: no tables.
const LEAST_FOR_TABLES: u32 = 30;
/// Fewer than this: once per academic year.
const LEAST_FOR_TERMS: u32 = 150;
/// Fewer than this: no table for parents.
const LEAST_FOR_PARENTS: u32 = 200;

/// Term of an English school year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// September to December.
    Autumn,
    /// January to Easter.
    Spring,
    /// Easter to July.
    Summer,
}

/// A period that a set can be sealed for; there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// `2025-autumn`: the calendar year of its first day.
    Term(i16, Term),
    /// `2025-26`.
    Year(AcademicYear),
}

impl Period {
    /// Reads `2025-autumn` or `2025-26`.
    ///
    /// # Errors
    /// [`Kind::Configuration`] for anything else: weeks, half-terms and spans of one's own would
    /// overlap, and two overlapping figures give away their difference.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let term = |word: &str| match word {
            "autumn" => Some(Term::Autumn),
            "spring" => Some(Term::Spring),
            "summer" => Some(Term::Summer),
            _ => None,
        };
        let year = |digits: &str| {
            let plain = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<i16>().ok()).flatten()
        };
        AcademicYear::parse(text)
            .map(Self::Year)
            .or_else(|| {
                let (digits, word) = text.split_once('-')?;
                Some(Self::Term(year(digits)?, term(word)?))
            })
            .ok_or_else(|| {
                Error::new(Kind::Configuration, "this is not a period that a set can be sealed for").help(
                    "use a term, as `2025-autumn`, `2026-spring` or `2026-summer`, or an academic year, as `2025-26`; \
                     no other span is ever published, because overlapping spans give away their difference",
                )
            })
    }

    /// The academic year that it lies in.
    #[must_use]
    pub fn academic_year(self) -> AcademicYear {
        let first_of = |year: i16, month: i8| AcademicYear::of(jiff::civil::date(year, month, 1));
        match self {
            Self::Year(year) => year,
            Self::Term(year, Term::Autumn) => first_of(year, 9),
            Self::Term(year, Term::Spring | Term::Summer) => first_of(year, 1),
        }
    }

    /// The period of the same kind before it.
    #[must_use]
    pub fn previous(self) -> Self {
        match self {
            Self::Term(year, Term::Autumn) => Self::Term(year, Term::Summer),
            Self::Term(year, Term::Spring) => Self::Term(year - 1, Term::Autumn),
            Self::Term(year, Term::Summer) => Self::Term(year, Term::Spring),
            Self::Year(year) => Self::Year(AcademicYear::of(jiff::civil::date(year.first_year() - 1, 9, 1))),
        }
    }

    /// Whether it is a whole academic year.
    #[must_use]
    pub const fn is_year(self) -> bool {
        matches!(self, Self::Year(_))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => year.fmt(formatter),
            Self::Term(year, term) => {
                let word = match term {
                    Term::Autumn => "autumn",
                    Term::Spring => "spring",
                    Term::Summer => "summer",
                };
                write!(formatter, "{year:04}-{word}")
            }
        }
    }
}

/// Pupils that a table can be about: those whose year group has accounts of its own. They decide
/// the shape, for they are the group that a reader can look for somebody in.
pub(super) fn counted(roll: &[RollGroup]) -> u32 {
    roll.iter().filter(|group| group.counted).map(|group| group.pupils).sum()
}

/// Shape of an audience's sets of one academic year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Once a year, not once a term.
    pub(super) yearly: bool,
    /// Whether there are tables: T0 to T3 for governors, T0 and T1 for parents.
    pub(super) tables: bool,
    audience: AudienceWord,
}

impl Shape {
    pub(super) fn of(audience: AudienceWord, counted: u32) -> Self {
        let least = match audience {
            AudienceWord::Governors => LEAST_FOR_TABLES,
            AudienceWord::Parents => LEAST_FOR_PARENTS,
        };
        Self { yearly: counted < LEAST_FOR_TERMS, tables: counted >= least, audience }
    }

    /// The name in the ledger.
    pub(super) fn id(self) -> String {
        let tables = match (self.tables, self.audience) {
            (false, _) => "no-tables",
            (true, AudienceWord::Governors) => "t0-t3",
            (true, AudienceWord::Parents) => "t0-t1-permitted",
        };
        format!("{tables}-{}", if self.yearly { "yearly" } else { "termly" })
    }

    /// Refuses a period of the other kind.
    pub(super) fn admits(self, period: Period) -> Result<(), Error> {
        if self.yearly == period.is_year() {
            return Ok(());
        }
        let year = period.academic_year();
        let help = if self.yearly {
            format!(
                "a school with fewer than {LEAST_FOR_TERMS} counted pupils publishes once per academic year: use `{year}`"
            )
        } else {
            let (first, second) = (year.first_year(), year.first_year() + 1);
            format!(
                "this school publishes per term: use `{first}-autumn`, `{second}-spring` or `{second}-summer`"
            )
        };
        Err(Error::new(Kind::Configuration, format!("{period}: not a period of this school")).help(help))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;

    #[test]
    fn periods_are_terms_and_academic_years_only() {
        for text in ["2025-autumn", "2026-spring", "2026-summer", "2025-26", "1999-00"] {
            assert_eq!(Period::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "2025",
            "2025-27",
            "autumn",
            "2025-w36",
            "2025-09",
            "2025-Autumn",
            "25-26",
            "+025-autumn",
            "2025-autumn ",
        ] {
            assert_eq!(Period::parse(text).unwrap_err().kind(), Kind::Configuration, "{text}");
        }
    }

    #[test]
    fn terms_know_their_year_and_the_term_before() {
        let walk = |text: &str| {
            let period = Period::parse(text).unwrap();
            (period.academic_year().to_string(), period.previous().to_string())
        };
        assert_eq!(walk("2025-autumn"), ("2025-26".to_owned(), "2025-summer".to_owned()));
        assert_eq!(walk("2026-spring"), ("2025-26".to_owned(), "2025-autumn".to_owned()));
        assert_eq!(walk("2026-summer"), ("2025-26".to_owned(), "2026-spring".to_owned()));
        assert_eq!(walk("2025-26"), ("2025-26".to_owned(), "2024-25".to_owned()));
    }

    #[test]
    fn size_decides_tables_and_grain() {
        let ids = |counted| {
            (Shape::of(AudienceWord::Governors, counted).id(), Shape::of(AudienceWord::Parents, counted).id())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(ids(29), pair("no-tables-yearly", "no-tables-yearly"));
        assert_eq!(ids(30), pair("t0-t3-yearly", "no-tables-yearly"));
        assert_eq!(ids(149), pair("t0-t3-yearly", "no-tables-yearly"));
        assert_eq!(ids(150), pair("t0-t3-termly", "no-tables-termly"));
        assert_eq!(ids(199), pair("t0-t3-termly", "no-tables-termly"));
        assert_eq!(ids(200), pair("t0-t3-termly", "t0-t1-permitted-termly"));
    }

    #[test]
    fn the_other_kind_of_period_is_refused_with_help() {
        let small = Shape::of(AudienceWord::Governors, 62);
        assert!(small.admits(Period::parse("2025-26").unwrap()).is_ok());
        let refused = small.admits(Period::parse("2026-spring").unwrap()).unwrap_err();
        assert!(refused.helping().unwrap().ends_with("use `2025-26`"));
        let large = Shape::of(AudienceWord::Governors, 1_030);
        assert!(large.admits(Period::parse("2025-autumn").unwrap()).is_ok());
        let refused = large.admits(Period::parse("2025-26").unwrap()).unwrap_err();
        assert!(refused.helping().unwrap().contains("`2025-autumn`, `2026-spring` or `2026-summer`"));
    }
}
