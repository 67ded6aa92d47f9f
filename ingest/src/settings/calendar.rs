//! School days, half-terms, periods and weeks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Span;
use jiff::civil::{Date, Weekday};

use super::sheet::{Row, Sheet, Source};
use crate::error::{Error, Kind};
use crate::school::AcademicYear;

const TERM_COLUMNS: &[&str] = &["academic_year", "half_term", "from", "to"];
const DAY_COLUMNS: &[&str] = &["date", "day_type"];
const DAY_OPTIONAL: &[&str] = &["half_term", "school_week", "note"];

/// What a day is to the school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayType {
    /// Pupils are in.
    Term,
    /// Teachers only.
    Inset,
    /// Between terms.
    Holiday,
    /// Between the two halves of a term.
    HalfTerm,
    /// A bank holiday.
    BankHoliday,
    /// Closed for a reason of its own (snow, polling).
    Closure,
    /// Saturday or Sunday within a half-term.
    Weekend,
    /// Pupils are in for part of the day.
    Part,
}

impl DayType {
    const ALL: [Self; 8] = [
        Self::Term,
        Self::Inset,
        Self::Holiday,
        Self::HalfTerm,
        Self::BankHoliday,
        Self::Closure,
        Self::Weekend,
        Self::Part,
    ];

    /// The word in the lake and in data files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Term => "term",
            Self::Inset => "inset",
            Self::Holiday => "holiday",
            Self::HalfTerm => "half_term",
            Self::BankHoliday => "bank_holiday",
            Self::Closure => "closure",
            Self::Weekend => "weekend",
            Self::Part => "part",
        }
    }

    /// The day type of a word in a data file.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day_type| day_type.word() == word)
    }

    /// Whether pupils are in school.
    #[must_use]
    pub const fn pupils_in(self) -> bool {
        matches!(self, Self::Term | Self::Part)
    }
}

/// One of the six halves of the three terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HalfTerm {
    /// Autumn, first half.
    A1,
    /// Autumn, second half.
    A2,
    /// Spring, first half.
    Sp1,
    /// Spring, second half.
    Sp2,
    /// Summer, first half.
    Su1,
    /// Summer, second half.
    Su2,
}

impl HalfTerm {
    /// All six in order.
    pub const ALL: [Self; 6] = [Self::A1, Self::A2, Self::Sp1, Self::Sp2, Self::Su1, Self::Su2];

    /// The word in the lake and in data files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::A1 => "A1",
            Self::A2 => "A2",
            Self::Sp1 => "Sp1",
            Self::Sp2 => "Sp2",
            Self::Su1 => "Su1",
            Self::Su2 => "Su2",
        }
    }

    /// The half-term of a word in a data file.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|half| half.word().eq_ignore_ascii_case(word))
    }
}

/// One day by the school's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// What the day is.
    pub day_type: DayType,
    /// The half-term that it lies in.
    pub half_term: Option<HalfTerm>,
    /// Week of the half-term, from 1.
    pub half_term_week: Option<i8>,
    /// Pupils are in school.
    pub school_day: bool,
    /// The calendar states this academic year; else every day counts as a holiday.
    pub known: bool,
}

/// A span that figures are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// `2025-autumn`, `2026-spring`, `2026-summer` or `2025-26`.
    pub id: String,
    /// Academic year that it lies in.
    pub academic_year: AcademicYear,
    /// First day.
    pub from: Date,
    /// Last day, included.
    pub to: Date,
    /// Days on which pupils are in school.
    pub school_days: u32,
}

/// One ISO week that holds at least one day of a half-term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub start: Date,
    /// Half-term of its first school day.
    pub half_term: Option<HalfTerm>,
    /// Week of that half-term, from 1.
    pub half_term_week: Option<i8>,
    /// Days on which pupils are in school.
    pub school_days: u32,
}

/// A term, or the three of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PeriodSpan {
    Autumn,
    Spring,
    Summer,
    Year,
}

impl PeriodSpan {
    const ALL: [Self; 4] = [Self::Autumn, Self::Spring, Self::Summer, Self::Year];

    const fn halves(self) -> (HalfTerm, HalfTerm) {
        match self {
            Self::Autumn => (HalfTerm::A1, HalfTerm::A2),
            Self::Spring => (HalfTerm::Sp1, HalfTerm::Sp2),
            Self::Summer => (HalfTerm::Su1, HalfTerm::Su2),
            Self::Year => (HalfTerm::A1, HalfTerm::Su2),
        }
    }

    fn id(self, year: AcademicYear) -> String {
        let first = year.first_year();
        match self {
            Self::Autumn => format!("{first:04}-autumn"),
            Self::Spring => format!("{:04}-spring", first + 1),
            Self::Summer => format!("{:04}-summer", first + 1),
            Self::Year => year.to_string(),
        }
    }

    fn read(id: &str) -> Option<(Self, AcademicYear)> {
        if let Some(year) = AcademicYear::parse(id) {
            return Some((Self::Year, year));
        }
        let (year, word) = id.split_once('-')?;
        let year: i16 = year.parse().ok().filter(|_| year.len() == 4)?;
        let (span, month) = match word {
            "autumn" => (Self::Autumn, 9),
            "spring" => (Self::Spring, 1),
            "summer" => (Self::Summer, 6),
            _ => return None,
        };
        Some((span, AcademicYear::of(Date::new(year, month, 1).ok()?)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exception {
    day_type: DayType,
    half_term: Option<HalfTerm>,
    school_week: Option<i8>,
}

type Halves = BTreeMap<HalfTerm, (Date, Date)>;

/// The school's calendar.
#[derive(Clone, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<AcademicYear, Halves>,
    exceptions: BTreeMap<Date, Exception>,
}

impl Calendar {
    pub(crate) fn read(terms: &Source, days: &Source) -> Result<Self, Error> {
        let mut years = read_terms(&terms.shipped_sheet(TERM_COLUMNS, &[])?)?;
        let mut exceptions = read_days(&days.shipped_sheet(DAY_COLUMNS, DAY_OPTIONAL)?)?;
        let mut own_years = BTreeSet::new();
        if let Some(sheet) = terms.school_sheet(TERM_COLUMNS, &[])? {
            for (year, halves) in read_terms(&sheet)? {
                own_years.insert(year);
                years.insert(year, halves);
            }
        }
        if let Some(sheet) = days.school_sheet(DAY_COLUMNS, DAY_OPTIONAL)? {
            let own = read_days(&sheet)?;
            let inset = own.iter().filter(|(_, day)| day.day_type == DayType::Inset);
            own_years.extend(inset.map(|(date, _)| AcademicYear::of(*date)));
            drop_guessed_inset(&mut exceptions, &own_years);
            exceptions.extend(own);
        } else {
            drop_guessed_inset(&mut exceptions, &own_years);
        }
        Ok(Self { years, exceptions })
    }

    /// The calendar that ships: usual dates of schools in England, 2023-24 to 2027-28.
    ///
    /// # Errors
    /// Never with the data files as they ship; a test reads them.
    pub fn shipped() -> Result<Self, Error> {
        let source = |name, shipped| Source { name, shipped, school: None };
        Self::read(&source("terms.csv", super::TERMS), &source("calendar.csv", super::CALENDAR))
    }

    /// What a day is.
    #[must_use]
    pub fn day(&self, date: Date) -> Day {
        let exception = self.exceptions.get(&date);
        let year = self.years.get(&AcademicYear::of(date));
        let within = year.and_then(|halves| {
            halves
                .iter()
                .find(|(_, (from, to))| *from <= date && date <= *to)
                .map(|(half, span)| (*half, *span))
        });
        let half_term = exception.and_then(|day| day.half_term).or(within.map(|(half, _)| half));
        let day_type = match (exception, within) {
            (Some(day), _) => day.day_type,
            (None, Some(_)) if weekend(date) => DayType::Weekend,
            (None, Some(_)) => DayType::Term,
            (None, None) => between(year, date),
        };
        let half_term_week = exception
            .and_then(|day| day.school_week)
            .or_else(|| within.map(|(_, (from, _))| weeks_between(from, date)));
        Day { day_type, half_term, half_term_week, school_day: day_type.pupils_in(), known: year.is_some() }
    }

    /// Days between two days, both included, on which pupils are in school.
    #[must_use]
    pub fn school_days(&self, from: Date, to: Date) -> Vec<Date> {
        days(from, to).filter(|date| self.day(*date).school_day).collect()
    }

    /// A period by its id.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the id has another form or the calendar does not state the year.
    pub fn period(&self, id: &str) -> Result<Period, Error> {
        let (span, year) = PeriodSpan::read(id).ok_or_else(|| {
            Error::new(Kind::Configuration, "this is not a period")
                .help("name a term or an academic year: 2025-autumn, 2026-spring, 2026-summer or 2025-26")
        })?;
        self.make_period(span, year).ok_or_else(|| {
            Error::new(Kind::Configuration, format!("the calendar has no academic year {year}"))
                .help("state its half-terms in settings/terms.csv: academic_year,half_term,from,to")
        })
    }

    /// Every period of every year that the calendar states, in order.
    #[must_use]
    pub fn periods(&self) -> Vec<Period> {
        let years =
            self.years.keys().flat_map(|year| PeriodSpan::ALL.into_iter().map(move |span| (span, *year)));
        years.filter_map(|(span, year)| self.make_period(span, year)).collect()
    }

    /// The term that a day lies in, its half-term holiday included.
    #[must_use]
    pub fn term_of(&self, date: Date) -> Option<Period> {
        let year = AcademicYear::of(date);
        [PeriodSpan::Autumn, PeriodSpan::Spring, PeriodSpan::Summer]
            .into_iter()
            .filter_map(|span| self.make_period(span, year))
            .find(|period| period.from <= date && date <= period.to)
    }

    /// The ISO weeks between two days that hold a day of a half-term.
    #[must_use]
    pub fn weeks(&self, from: Date, to: Date) -> Vec<Week> {
        let mut weeks: Vec<Week> = Vec::new();
        for date in days(from, to) {
            let day = self.day(date);
            if day.half_term.is_none() {
                continue;
            }
            let start = week_start(date);
            if weeks.last().is_none_or(|week| week.start != start) {
                let (half_term, half_term_week) = (day.half_term, day.half_term_week);
                weeks.push(Week { start, half_term, half_term_week, school_days: 0 });
            }
            if let Some(week) = weeks.last_mut().filter(|_| day.school_day) {
                week.school_days += 1;
            }
        }
        weeks
    }

    /// Academic years whose pupil days lie outside 185-192, with their number: probably a slip.
    #[must_use]
    pub fn odd_years(&self) -> Vec<(AcademicYear, u32)> {
        let years = self.years.keys().filter_map(|year| self.make_period(PeriodSpan::Year, *year));
        let counts = years.map(|period| (period.academic_year, period.school_days));
        counts.filter(|(_, count)| !(185..=192).contains(count)).collect()
    }

    fn make_period(&self, span: PeriodSpan, academic_year: AcademicYear) -> Option<Period> {
        let halves = self.years.get(&academic_year)?;
        let (first, last) = span.halves();
        let (from, to) = (halves.get(&first)?.0, halves.get(&last)?.1);
        let school_days = days(from, to).filter(|date| self.day(*date).school_day).count() as u32;
        Some(Period { id: span.id(academic_year), academic_year, from, to, school_days })
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Calendar({} years, {} other days)", self.years.len(), self.exceptions.len())
    }
}

fn read_terms(sheet: &Sheet) -> Result<BTreeMap<AcademicYear, Halves>, Error> {
    let mut years: BTreeMap<AcademicYear, Halves> = BTreeMap::new();
    let mut last: Option<(AcademicYear, Row<'_>)> = None;
    for row in sheet.rows() {
        let year = row.parse("academic_year", "an academic year such as 2025-26", AcademicYear::parse)?;
        let half = row.parse("half_term", "one of A1, A2, Sp1, Sp2, Su1, Su2", HalfTerm::from_word)?;
        let (from, to) = (row.date("from")?, row.date("to")?);
        if from > to {
            return Err(row.error("`from` lies after `to`"));
        }
        if AcademicYear::of(from) != year || AcademicYear::of(to) != year {
            return Err(row.error("the half-term lies outside its academic year (1 September to 31 August)"));
        }
        let halves = years.entry(year).or_default();
        if halves.insert(half, (from, to)).is_some() {
            return Err(row.error("this half-term is stated twice"));
        }
        let ends: Vec<_> = halves.values().collect();
        if ends.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
            return Err(row.error("the half-terms overlap or are out of order"));
        }
        last = Some((year, row));
    }
    if let Some((year, row)) = last
        && let Some((short, _)) = years.iter().find(|(_, halves)| halves.len() != HalfTerm::ALL.len())
    {
        let place = if *short == year { " (the last one stated)" } else { "" };
        return Err(row.error(format!("the academic year {short}{place} needs all six half-terms")));
    }
    Ok(years)
}

fn read_days(sheet: &Sheet) -> Result<BTreeMap<Date, Exception>, Error> {
    let mut days = BTreeMap::new();
    for row in sheet.rows() {
        let words = "term, inset, holiday, half_term, bank_holiday, closure, weekend or part";
        let day = Exception {
            day_type: row.parse("day_type", words, DayType::from_word)?,
            half_term: row.parse_optional(
                "half_term",
                "one of A1, A2, Sp1, Sp2, Su1, Su2",
                HalfTerm::from_word,
            )?,
            school_week: row.parse_optional("school_week", "a number from 1 to 20", |text| {
                text.parse().ok().filter(|week| (1..=20).contains(week))
            })?,
        };
        if days.insert(row.date("date")?, day).is_some() {
            return Err(row.error("this day is stated twice"));
        }
    }
    Ok(days)
}

/// The shipped teacher days are a guess; they go as soon as the school states its own year.
fn drop_guessed_inset(exceptions: &mut BTreeMap<Date, Exception>, own_years: &BTreeSet<AcademicYear>) {
    exceptions
        .retain(|date, day| day.day_type != DayType::Inset || !own_years.contains(&AcademicYear::of(*date)));
}

/// Outside every half-term: inside a term it is the half-term holiday.
fn between(year: Option<&Halves>, date: Date) -> DayType {
    let inside = |first: HalfTerm, second: HalfTerm| {
        year.and_then(|halves| Some(halves.get(&first)?.1 < date && date < halves.get(&second)?.0))
            == Some(true)
    };
    if inside(HalfTerm::A1, HalfTerm::A2)
        || inside(HalfTerm::Sp1, HalfTerm::Sp2)
        || inside(HalfTerm::Su1, HalfTerm::Su2)
    {
        DayType::HalfTerm
    } else {
        DayType::Holiday
    }
}

fn weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Monday of the ISO week.
#[must_use]
pub fn week_start(date: Date) -> Date {
    let back = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(Span::new().days(back)).unwrap_or(date)
}

fn weeks_between(from: Date, date: Date) -> i8 {
    let hours = week_start(date).duration_since(week_start(from)).as_hours();
    i8::try_from(hours / (24 * 7) + 1).unwrap_or(i8::MAX)
}

fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |date| date.tomorrow().ok()).take_while(move |date| *date <= to)
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
