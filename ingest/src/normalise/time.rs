//! When: instants and wall-clock times to one moment with every local answer (decision A8).

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

use super::order::{Order, Pass};
use crate::detect::FoldPolicy;
use crate::error::{Error, Kind};
use crate::event::Moment;
use crate::fields::{TimeBasis, When};
use crate::quick_map::QuickMap;
use crate::report::{Notice, Reason, Reject, Tally};
use crate::school::AcademicYear;
use crate::settings::Settings;
use crate::settings::calendar::{Day, week_start};

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
const DAY_US: i64 = 24 * 60 * MINUTE_US;

/// Days before the file's newest record, or after now, that no clock of a filter is wrong by and still says
/// anything.
const FAR_DAYS: i64 = 400;

/// Days that are remembered; a file of made-up times must not fill the memory.
const MOST_DAYS: usize = 4096;

/// An instant, with what the October rule had to say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) utc_us: i64,
    pub(crate) basis: TimeBasis,
    pub(crate) ambiguous: bool,
    /// The record has a time of day.
    pub(crate) time_known: bool,
}

/// The stretch of time around an instant in which the offset does not change.
#[derive(Clone, Copy)]
struct Stretch {
    from_us: i64,
    until_us: i64,
    offset_us: i64,
    /// Up to here the wall clock shows times for the second time.
    fold_until_us: i64,
}

/// One civil day of a log without offsets.
#[derive(Clone, Copy)]
struct CivilDay {
    date: Date,
    number: i64,
    /// The one offset of the day; none on the two days on which the clock changes.
    offset_us: Option<i64>,
}

/// One local day with the calendar's answers.
#[derive(Clone, Copy)]
struct LocalDay {
    date: Date,
    academic_year: AcademicYear,
    week_start: Date,
    day: Day,
}

/// Reads the times of one file, in its order.
pub(crate) struct Clock<'s> {
    settings: &'s Settings,
    /// The zone of wall-clock times in the log.
    log_zone: TimeZone,
    /// The zone that the school lives by.
    school_zone: TimeZone,
    now_us: i64,
    /// When the file was written last, for times without a year.
    written: Date,
    newest_us: i64,
    gap_seen: bool,
    unknown_year_seen: bool,
    order: Order,
    fold: FoldPolicy,
    /// Years whose keys were destroyed.
    closed_years: BTreeSet<AcademicYear>,
    stretch: Stretch,
    civil: Option<CivilDay>,
    last_day: Option<(i64, LocalDay)>,
    days: QuickMap<i64, LocalDay>,
}

impl<'s> Clock<'s> {
    pub(crate) fn new(settings: &'s Settings, zone: &str, now: Timestamp) -> Result<Self, Error> {
        let find = |zone: &str| {
            TimeZone::get(zone).map_err(|_| {
                Error::new(Kind::Configuration, "the time zone is not known")
                    .help("name it as in `zone = \"Europe/London\"`, in watershed.toml or in the profile")
            })
        };
        Ok(Self {
            settings,
            log_zone: find(zone)?,
            school_zone: find(settings.zone())?,
            now_us: now.as_microsecond(),
            written: now.to_zoned(TimeZone::UTC).date(),
            newest_us: i64::MIN,
            gap_seen: false,
            unknown_year_seen: false,
            order: Order::default(),
            fold: FoldPolicy::Order,
            closed_years: BTreeSet::new(),
            stretch: Stretch { from_us: 1, until_us: 0, offset_us: 0, fold_until_us: 0 },
            civil: None,
            last_day: None,
            days: QuickMap::default(),
        })
    }

    /// When the file was written last.
    pub(crate) fn set_written(&mut self, written: Timestamp) {
        self.written = written.to_zoned(TimeZone::UTC).date();
    }

    /// Years of which no record may be taken in.
    pub(crate) fn set_closed_years(&mut self, years: BTreeSet<AcademicYear>) {
        self.closed_years = years;
    }

    /// What the profile says about times that October repeats.
    pub(crate) fn set_fold(&mut self, fold: FoldPolicy) {
        self.fold = fold;
    }

    /// The instant of a record; the start of the request where end and duration are known.
    pub(crate) fn stamp(
        &mut self,
        when: When,
        basis: TimeBasis,
        duration_ms: Option<i64>,
        tally: &mut Tally,
    ) -> Result<Stamp, Reject> {
        let mut ambiguous = false;
        let written_us = match when {
            When::Instant(utc_us) => utc_us,
            When::Local(local) => self.local(local, &mut ambiguous, tally)?,
            When::Yearless { month, day, time } => {
                let date = self.latest(month, day).ok_or(Reject::at(Reason::Time, 0))?;
                self.local(date.to_datetime(time), &mut ambiguous, tally)?
            }
            When::Day(date) => self.midnight(date)?,
            When::Missing => return Err(Reject::at(Reason::Time, 0)),
        };
        let (utc_us, basis) = match (basis, duration_ms) {
            (TimeBasis::End, Some(duration_ms)) => {
                let start = duration_ms.checked_mul(1000).and_then(|length| written_us.checked_sub(length));
                (start.ok_or(Reject::at(Reason::Time, 0))?, TimeBasis::Start)
            }
            _ => (written_us, basis),
        };
        // Everything later adds or takes an offset or a day; within these bounds nothing overflows.
        if Timestamp::from_microsecond(utc_us).is_err() || utc_us.abs() > i64::MAX / 64 {
            return Err(Reject::at(Reason::Time, 0));
        }
        self.watch_bounds(utc_us, tally);
        Ok(Stamp { utc_us, basis, ambiguous, time_known: !matches!(when, When::Day(_)) })
    }

    /// All local answers for an instant.
    ///
    /// # Errors
    /// [`Reason::YearClosed`] when nothing may be known of its year any more.
    pub(crate) fn moment<'a>(&mut self, stamp: Stamp, tally: &mut Tally) -> Result<Moment<'a>, Reject>
    where
        's: 'a,
    {
        // Every clock of retention counts from the day of the event.
        if stamp.utc_us > self.now_us.saturating_add(FAR_DAYS * DAY_US) {
            return Err(Reject::at(Reason::TimeAhead, 0));
        }
        let stretch = self.stretch(stamp.utc_us);
        let local_us = stamp.utc_us + stretch.offset_us;
        let number = local_us.div_euclid(DAY_US);
        let local_minute = (local_us.rem_euclid(DAY_US) / MINUTE_US) as i16;
        let local = self.local_day(number);
        if self.closed_years.contains(&local.academic_year) {
            return Err(Reject::at(Reason::YearClosed, 0));
        }
        if !local.day.known && !self.unknown_year_seen {
            self.unknown_year_seen = true;
            tally.notice(Notice::CalendarUnknown);
        }
        let in_school = local.day.school_day && stamp.time_known;
        let settings = self.settings;
        Ok(Moment {
            utc_us: stamp.utc_us,
            basis: stamp.basis,
            local_date: local.date,
            local_minute,
            utc_offset_minutes: (stretch.offset_us / MINUTE_US) as i16,
            clock_fold: stamp.utc_us < stretch.fold_until_us,
            clock_ambiguous: stamp.ambiguous,
            academic_year: local.academic_year,
            week_start: local.week_start,
            half_term: local.day.half_term.map(crate::settings::calendar::HalfTerm::word),
            half_term_week: local.day.half_term_week,
            day_type: local.day.day_type.word(),
            school_day: local.day.school_day,
            lesson_period: in_school
                .then(|| settings.lesson_periods().at(local.date, local_minute))
                .flatten(),
        })
    }

    /// The school's day of a further date of a record. It takes no part in the order of the file, which
    /// tells the two passes of October's hour apart: nobody asks a decision for its minute.
    pub(crate) fn day(&self, when: When) -> Option<Date> {
        let instant = match when {
            When::Day(day) => return Some(day),
            When::Local(local) => self.log_zone.to_ambiguous_timestamp(local).compatible().ok()?,
            When::Instant(utc_us) => Timestamp::from_microsecond(utc_us).ok()?,
            When::Yearless { .. } | When::Missing => return None,
        };
        Some(instant.to_zoned(self.school_zone.clone()).date())
    }

    fn local(&mut self, local: DateTime, ambiguous: &mut bool, tally: &mut Tally) -> Result<i64, Reject> {
        let day = self.civil_day(local.date());
        let time = local.time();
        let seconds =
            (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
        let local_us = day.number * DAY_US + seconds * SECOND_US + i64::from(time.subsec_nanosecond()) / 1000;
        if let Some(offset_us) = day.offset_us {
            self.order.outside(local_us);
            return Ok(local_us - offset_us);
        }
        let offset = match self.log_zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                self.order.outside(local_us);
                offset
            }
            AmbiguousOffset::Gap { .. } => {
                if !self.gap_seen {
                    self.gap_seen = true;
                    tally.notice(Notice::ClockSeemsUtc);
                }
                return Err(Reject::at(Reason::TimeGap, 0));
            }
            AmbiguousOffset::Fold { before, after } => match self.pass(day.number, local_us)? {
                Pass::First => before,
                Pass::Second => after,
                Pass::Unknown => {
                    *ambiguous = true;
                    tally.notice(Notice::TimeAmbiguous);
                    after
                }
            },
        };
        Ok(local_us - i64::from(offset.seconds()) * SECOND_US)
    }

    /// The latest such day that is not after the day following the file's own date.
    fn latest(&self, month: i8, day: i8) -> Option<Date> {
        let latest = self.written.tomorrow().ok()?;
        // Eight years hold every 29 February.
        (0..=8)
            .filter_map(|back| Date::new(latest.year() - back, month, day).ok())
            .find(|date| *date <= latest)
    }

    fn pass(&mut self, day: i64, local_us: i64) -> Result<Pass, Reject> {
        match self.fold {
            FoldPolicy::Order => Ok(self.order.inside(day, local_us)),
            FoldPolicy::First => Ok(Pass::First),
            FoldPolicy::Second => Ok(Pass::Second),
            FoldPolicy::Reject => Err(Reject::at(Reason::Time, 0)),
        }
    }

    fn midnight(&self, date: Date) -> Result<i64, Reject> {
        let midnight = self.school_zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible();
        midnight.map(Timestamp::as_microsecond).map_err(|_| Reject::at(Reason::Time, 0))
    }

    fn civil_day(&mut self, date: Date) -> CivilDay {
        if let Some(day) = self.civil.filter(|day| day.date == date) {
            return day;
        }
        let at = |hour, minute, second| {
            self.log_zone.to_ambiguous_timestamp(date.at(hour, minute, second, 0)).offset()
        };
        let offset_us = match (at(0, 0, 0), at(23, 59, 59)) {
            (
                AmbiguousOffset::Unambiguous { offset: first },
                AmbiguousOffset::Unambiguous { offset: last },
            ) if first == last => Some(i64::from(first.seconds()) * SECOND_US),
            _ => None,
        };
        let number = date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
        let day = CivilDay { date, number, offset_us };
        self.civil = Some(day);
        day
    }

    fn stretch(&mut self, utc_us: i64) -> Stretch {
        if self.stretch.from_us <= utc_us && utc_us < self.stretch.until_us {
            return self.stretch;
        }
        let instant = Timestamp::from_microsecond(utc_us).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset_us = |instant| i64::from(self.school_zone.to_offset(instant).seconds()) * SECOND_US;
        let next_us = Timestamp::from_microsecond(utc_us + 1).unwrap_or(Timestamp::MAX);
        let before = self.school_zone.preceding(next_us).next().map(|change| change.timestamp());
        let after =
            self.school_zone.following(instant).next().map(|change| change.timestamp().as_microsecond());
        let from_us = before.map_or(i64::MIN, Timestamp::as_microsecond);
        let repeated_us = before
            .and_then(|change| Timestamp::from_microsecond(change.as_microsecond() - 1).ok())
            .map_or(0, |earlier| (offset_us(earlier) - offset_us(instant)).max(0));
        self.stretch = Stretch {
            from_us,
            until_us: after.unwrap_or(i64::MAX),
            offset_us: offset_us(instant),
            fold_until_us: from_us.saturating_add(repeated_us),
        };
        self.stretch
    }

    fn local_day(&mut self, number: i64) -> LocalDay {
        if let Some((_, day)) = self.last_day.filter(|(known, _)| *known == number) {
            return day;
        }
        if self.days.len() >= MOST_DAYS {
            self.days.clear();
        }
        let calendar = self.settings.calendar();
        let day = *self.days.entry(number).or_insert_with(|| {
            let date = Date::constant(1970, 1, 1).checked_add(Span::new().days(number)).unwrap_or(Date::ZERO);
            LocalDay {
                date,
                academic_year: AcademicYear::of(date),
                week_start: week_start(date),
                day: calendar.day(date),
            }
        });
        self.last_day = Some((number, day));
        day
    }

    /// Far from now or from the rest of the file, or a clock that was never set.
    fn watch_bounds(&mut self, utc_us: i64, tally: &mut Tally) {
        const NEVER_SET: [i64; 2] = [0, 10_957];
        let future = utc_us > self.now_us.saturating_add(DAY_US);
        let stale = utc_us < self.newest_us.saturating_sub(FAR_DAYS * DAY_US);
        if future || stale || NEVER_SET.contains(&utc_us.div_euclid(DAY_US)) {
            tally.notice(Notice::TimeOutOfBounds);
        } else {
            self.newest_us = self.newest_us.max(utc_us);
        }
    }
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
