//! The clocks: how long each tier is kept, counted from the day of the event.

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};
use crate::school::{AcademicYear, SchoolId};

/// `[school.retention]` of `watershed.toml`. What is not stated has the default of [`Clocks::default`].
///
/// | tier | holds | clock |
/// |---|---|---|
/// | R0 | whole records, addresses, search words, names | `detail_days` after the event |
/// | R1 | events with keyed pseudonyms | the current academic year and `previous_years` before it |
/// | R2 | what a hold covers | until the hold is released |
/// | R3 | sealed sets | for good |
/// | ledger | changes, tests, imports, the deletion log, the access audit, page views | `ledger_years` academic years before the current one |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clocks {
    /// R0: days after the event, 1 to 400.
    pub detail_days: u16,
    /// R1: whole academic years before the current one, 0 to 3.
    pub previous_years: u8,
    /// Ledgers: academic years before the current one, 1 to 10.
    pub ledger_years: u8,
    /// Days that a refused file lies in `refused/`, 1 to 90.
    pub refused_days: u16,
    /// Whether `watch` runs `retain` once on each day.
    pub nightly: bool,
}

impl Default for Clocks {
    fn default() -> Self {
        Self { detail_days: 90, previous_years: 1, ledger_years: 6, refused_days: 30, nightly: false }
    }
}

impl Clocks {
    /// Refuses a clock that cannot be meant. There is no nearest sensible value: a clock that was
    /// silently changed would keep what should go, or the reverse.
    ///
    /// # Errors
    /// [`Kind::Configuration`] with the key and its bounds.
    pub fn check(&self, school: &SchoolId) -> Result<(), Error> {
        let bounds = [
            ("detail_days", self.detail_days, 1, 400),
            ("previous_years", u16::from(self.previous_years), 0, 3),
            ("ledger_years", u16::from(self.ledger_years), 1, 10),
            ("refused_days", self.refused_days, 1, 90),
        ];
        for (key, value, least, greatest) in bounds {
            if !(least..=greatest).contains(&value) {
                return Err(Error::new(
                    Kind::Configuration,
                    format!(
                        "watershed.toml: `{key}` of `{school}` is {value}; it can be {least} to {greatest}"
                    ),
                )
                .help("correct it under [school.retention]; without the line the default holds"));
            }
        }
        if u16::from(self.ledger_years) < u16::from(self.previous_years) {
            return Err(Error::new(
                Kind::Configuration,
                format!("watershed.toml: `ledger_years` of `{school}` is less than its `previous_years`"),
            )
            .help("imports must stay at least as long as the events they brought"));
        }
        Ok(())
    }

    /// R1: the first academic year that is kept.
    #[must_use]
    pub fn first_year(&self, today: Date) -> AcademicYear {
        years_before(today, self.previous_years)
    }

    /// R0: the first local day whose detail is kept. Never in a year that R1 has done with.
    #[must_use]
    pub fn first_detail_day(&self, today: Date) -> Date {
        days_before(today, self.detail_days).max(self.first_year(today).first_day())
    }

    /// Ledgers: the first academic year that is kept.
    #[must_use]
    pub fn first_ledger_year(&self, today: Date) -> AcademicYear {
        years_before(today, self.ledger_years)
    }

    /// The ledgers' clock, as the deletion log says it.
    pub(crate) fn ledger_words(&self) -> String {
        format!("ledgers are kept {} academic years before this", self.ledger_years)
    }

    /// Days that a source is kept after its commit: as the school says, and no longer than detail.
    #[must_use]
    pub fn kept_days(&self, keep_sources_days: u16) -> u16 {
        if keep_sources_days == 0 { self.detail_days } else { keep_sources_days.min(self.detail_days) }
    }

    /// The clocks in words, and which are longer than the default: `check` prints both.
    #[must_use]
    pub fn words(&self) -> String {
        let usual = Self::default();
        let mut longer = Vec::new();
        for (is, name) in [
            (self.detail_days > usual.detail_days, "detail_days"),
            (self.previous_years > usual.previous_years, "previous_years"),
            (self.ledger_years > usual.ledger_years, "ledger_years"),
            (self.refused_days > usual.refused_days, "refused_days"),
        ] {
            if is {
                longer.push(name);
            }
        }
        let mut text = format!(
            "R0 detail {} days after the event, R1 events this academic year and {} before, ledgers {} years before, refused files {} days, {}",
            self.detail_days,
            self.previous_years,
            self.ledger_years,
            self.refused_days,
            if self.nightly { "every night by `watch`" } else { "by `watershed retain` only" }
        );
        if !longer.is_empty() {
            text.push_str(&format!(
                "; longer than the default, so the DPIA has to say why: {}",
                longer.join(", ")
            ));
        }
        text
    }
}

fn years_before(today: Date, years: u8) -> AcademicYear {
    (0..years).fold(AcademicYear::of(today), |year, _| year.before())
}

/// The first day there is when the clock goes back further.
pub(crate) fn days_before(today: Date, days: u16) -> Date {
    let span: Span = i64::from(days).days();
    today.checked_sub(span).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;

    fn school() -> SchoolId {
        SchoolId::parse("oak").unwrap()
    }

    #[test]
    fn days_count_back_from_today_and_never_into_a_year_that_is_over() {
        let clocks = Clocks::default();
        // 90 days before 10 May 2026: 10 of May, 30 of April, 31 of March, 19 of February.
        assert_eq!(clocks.first_detail_day(date(2026, 5, 10)), date(2026, 2, 9));
        assert_eq!(clocks.first_year(date(2026, 8, 31)).to_string(), "2024-25");
        assert_eq!(clocks.first_year(date(2026, 9, 1)).to_string(), "2025-26");
        assert_eq!(clocks.first_ledger_year(date(2026, 5, 10)).to_string(), "2019-20");
        // R1 without a year before: detail of August goes with its year on 1 September.
        let short = Clocks { previous_years: 0, ..clocks };
        assert_eq!(short.first_detail_day(date(2026, 9, 5)), date(2026, 9, 1));
    }

    #[test]
    fn values_out_of_bounds_are_refused_by_name_and_unknown_keys_too() {
        for (clocks, key) in [
            (Clocks { detail_days: 0, ..Clocks::default() }, "detail_days"),
            (Clocks { detail_days: 401, ..Clocks::default() }, "detail_days"),
            (Clocks { previous_years: 4, ..Clocks::default() }, "previous_years"),
            (Clocks { ledger_years: 0, ..Clocks::default() }, "ledger_years"),
            (Clocks { refused_days: 91, ..Clocks::default() }, "refused_days"),
            (Clocks { ledger_years: 1, previous_years: 2, ..Clocks::default() }, "ledger_years"),
        ] {
            let error = clocks.check(&school()).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
        Clocks::default().check(&school()).unwrap();
        assert!(toml::from_str::<Clocks>("detail_day = 30").is_err(), "a slip of the pen is no default");
        assert_eq!(
            toml::from_str::<Clocks>("detail_days = 30").unwrap(),
            Clocks { detail_days: 30, ..Clocks::default() }
        );
    }

    #[test]
    fn the_manual_has_the_defaults() {
        let clocks = Clocks::default();
        let table = format!(
            "| key | default | allowed | what it holds back |\n|---|---|---|---|\n\
             | `detail_days` | {} | 1 to 400 | R0: days after the event |\n\
             | `previous_years` | {} | 0 to 3 | R1: academic years before the current one |\n\
             | `ledger_years` | {} | 1 to 10 | ledgers: academic years before the current one |\n\
             | `refused_days` | {} | 1 to 90 | refused files: days after they were dropped |\n\
             | `nightly` | {} | true, false | whether `watch` runs `retain` once a day |\n",
            clocks.detail_days,
            clocks.previous_years,
            clocks.ledger_years,
            clocks.refused_days,
            clocks.nightly
        );
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/retention.md");
        let manual = std::fs::read_to_string(place).unwrap();
        assert!(manual.contains(&table), "put this table into docs/retention.md:\n{table}");
        // The allowed values are those that are allowed.
        for (key, values) in [
            ("detail_days", [(0, false), (1, true), (400, true), (401, false)]),
            ("previous_years", [(0, true), (3, true), (4, false), (9, false)]),
            ("ledger_years", [(0, false), (1, true), (10, true), (11, false)]),
            ("refused_days", [(0, false), (1, true), (90, true), (91, false)]),
        ] {
            for (value, allowed) in values {
                let clocks: Clocks = toml::from_str(&format!("{key} = {value}")).unwrap();
                assert_eq!(clocks.check(&school()).is_ok(), allowed, "{key} = {value}");
            }
        }
    }

    #[test]
    fn sources_never_outlive_the_detail() {
        let clocks = Clocks { detail_days: 30, ..Clocks::default() };
        assert_eq!([clocks.kept_days(0), clocks.kept_days(7), clocks.kept_days(60)], [30, 7, 30]);
    }

    #[test]
    fn longer_than_usual_is_said() {
        assert!(!Clocks::default().words().contains("DPIA"));
        let words = Clocks { detail_days: 120, refused_days: 60, ..Clocks::default() }.words();
        assert!(words.ends_with("say why: detail_days, refused_days"), "{words}");
    }
}
