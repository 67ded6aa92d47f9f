//! The plan of a run: from the clocks, the holds and what lies on the disk.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::clocks::days_before;
use super::disk::{self, Going, Sealed};
use super::doubt;
use super::holding::Holding;
use super::imported::Imported;
use super::report::{Line, RetainReport, Tier};
use super::tables::{Amount, Bounds, LakePlan};
use crate::error::Error;
use crate::lake::Lake;
use crate::pipeline::LINES_KEPT_DAYS;
use crate::pseudonymise::Keyring;
use crate::schema::TABLES;
use crate::school::{AcademicYear, SchoolConfig, SchoolRoot};
use crate::state::{Begun, State, Work, key_work};

/// What a plan is made from.
pub(super) struct Basis<'b> {
    pub(super) school: &'b SchoolConfig,
    pub(super) root: &'b SchoolRoot,
    /// None where there is no folder of keys to look into.
    pub(super) keyring: Option<&'b Keyring>,
    pub(super) lake: &'b Lake,
    pub(super) state: &'b State,
    pub(super) today: Date,
    /// Whether nobody else can be writing.
    pub(super) locked: bool,
}

/// Everything that goes.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) begun: Begun,
    pub(super) lake: LakePlan,
    pub(super) holding: Holding,
    pub(super) sealed: Vec<Going>,
    /// Files of the vault that a killed run left.
    pub(super) half_sealed: Vec<Going>,
    /// Years whose key files and rosters go.
    pub(super) keys: BTreeSet<AcademicYear>,
    pub(super) kept: Vec<Going>,
    pub(super) refused: Vec<Going>,
    /// Tables with files that no version names.
    pub(super) untidy: BTreeSet<&'static str>,
    pub(super) ledger_before: Date,
    /// Years that are over and whose key and rosters a hold keeps.
    pub(super) held_years: BTreeMap<AcademicYear, Vec<Going>>,
    /// Names of work of which a hold keeps some or all.
    pub(super) held: BTreeSet<String>,
    /// Whether also the clocks of files are other than was to be expected.
    pub(super) files_doubted: bool,
    pub(super) report: RetainReport,
}

impl Plan {
    pub(super) async fn make(basis: &Basis<'_>) -> Result<Self, Error> {
        let clocks = basis.school.retention;
        let bounds = Bounds {
            detail: clocks.first_detail_day(basis.today),
            events: clocks.first_year(basis.today),
            ledger: clocks.first_ledger_year(basis.today),
        };
        let mut holding = Holding::of(basis.state)?;
        let imported = Imported::read(basis.lake, basis.today).await?;
        let lake = LakePlan::make(basis.lake, bounds, &imported, &mut holding).await?;
        let mut sealed = Sealed::find(
            &basis.root.vault(),
            bounds.detail,
            &imported,
            &holding,
            &basis.state.thinned_files()?,
        )?;
        sealed.find_people(&basis.root.vault(), bounds.events, &holding)?;

        let mut leftovers = disk::half_sealed(basis.root, basis.locked)?;
        let mut untidy = BTreeSet::new();
        for table in TABLES {
            let unnamed = disk::unnamed(&basis.lake.snapshot(table).await?, basis.locked)?;
            if !unnamed.is_empty() {
                untidy.insert(table.name);
            }
            leftovers.extend(unnamed);
        }
        let kept_days = clocks.kept_days(basis.school.keep_sources_days);
        let kept = disk::kept_sources(basis.root, days_before(basis.today, kept_days))?;
        let refused = disk::refused(basis.root, days_before(basis.today, clocks.refused_days))?;

        let mut plan = Self {
            begun: Begun {
                closed: lake.days.union(&sealed.with_requests).copied().collect(),
                destroyed: destroyed(basis, bounds.events, &holding, &lake, &sealed)?,
                words_before: Some(bounds.detail),
                lines_before: Some(days_before(basis.today, LINES_KEPT_DAYS)),
                findings_before: Some(bounds.events.first_day()),
                ..Begun::default()
            },
            lake,
            holding,
            sealed: Vec::new(),
            half_sealed: Vec::new(),
            keys: BTreeSet::new(),
            kept,
            refused,
            untidy,
            ledger_before: bounds.ledger.first_day(),
            held_years: held_years(basis, bounds.events, &sealed)?,
            held: BTreeSet::new(),
            files_doubted: false,
            report: RetainReport::default(),
        };
        plan.keys = plan.begun.destroyed.keys().copied().collect();
        plan.count(basis, &sealed, &leftovers)?;
        plan.sealed = sealed.days.into_values().chain(sealed.people.into_values()).flatten().collect();
        plan.half_sealed
            .extend(leftovers.into_iter().filter(|file| file.path.starts_with(basis.root.vault())));
        Ok(plan)
    }

    /// The part of it that takes nothing from what was taken in: kept sources, refused files, leftovers.
    pub(super) fn files_only(&self) -> Begun {
        Begun {
            work: self.begun.work.iter().filter(|work| is_of_files(work)).cloned().collect(),
            ..Begun::default()
        }
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.report.lines.is_empty() && self.keys.is_empty()
    }

    /// Counts all that goes, for the report and for the deletion log.
    fn count(&mut self, basis: &Basis<'_>, sealed: &Sealed, leftovers: &[Going]) -> Result<(), Error> {
        let mut work: BTreeMap<(Tier, String), (u64, Vec<String>)> = BTreeMap::new();
        let mut lines = Vec::new();
        let mut add = |tier: Tier, period: String, place: &'static str, amount: Amount| {
            let entry = work.entry((tier, period.clone())).or_default();
            entry.0 += amount.rows;
            entry.1.push(in_words(place, amount));
            let Amount { rows, files, bytes } = amount;
            lines.push(Line { tier, place, period, rows, files, bytes });
        };
        for ((tier, period, table), amount) in &self.lake.going {
            add(*tier, period.clone(), table, *amount);
        }
        for (day, files) in &sealed.days {
            add(Tier::Detail, day.to_string(), "vault", amount(files));
        }
        for (year, files) in &sealed.people {
            add(Tier::Events, year.to_string(), "vault", amount(files));
        }
        for (place, files) in [
            ("kept sources", &self.kept),
            ("refused files", &self.refused),
            ("leftovers", &leftovers.to_vec()),
        ] {
            if !files.is_empty() {
                add(Tier::Files, String::new(), place, amount(files));
            }
        }
        let forgotten = basis.state.forgettable(&self.begun)?;
        if forgotten > 0 {
            add(Tier::Events, String::new(), "state", Amount { rows: forgotten, files: 0, bytes: 0 });
        }
        // These go in one transaction with their own entries of the deletion log.
        for (place, rows) in basis.state.ledger_rows_before(self.ledger_before)? {
            lines.push(Line { tier: Tier::Ledger, place, period: String::new(), rows, files: 0, bytes: 0 });
        }
        lines.sort_by(|left, right| (left.tier, &left.period).cmp(&(right.tier, &right.period)));
        self.report.lines = lines;
        self.report.held = self.held_lines(sealed);
        self.report.sealed_whole = sealed.whole.len() as u64;
        let closed = basis.state.closed_days()?;
        self.report.days_closed = self.begun.closed.iter().filter(|day| !closed.contains(day)).count() as u64;
        self.report.keys_destroyed = self.keys.iter().map(ToString::to_string).collect();
        self.report.unfinished = basis.state.unfinished_retention()?;
        let run = doubt::run_of(
            &basis.school.retention,
            basis.school.keep_sources_days,
            basis.today,
            self.report.days_closed,
        );
        self.report.unexpected = doubt::unexpected(basis.state, &run, &self.report)?;
        self.files_doubted = doubt::of_files(basis.state, &run)?.is_some();
        self.begun.run = Some(run);

        let clocks = basis.school.retention;
        self.begun.work = work
            .into_iter()
            .map(|((tier, period), (rows, parts))| Work {
                what: what(tier, &period),
                why: match tier {
                    Tier::Detail => format!("detail is kept {} days after the event", clocks.detail_days),
                    Tier::Events => {
                        format!("events are kept this academic year and {} before", clocks.previous_years)
                    }
                    Tier::Ledger => clocks.ledger_words(),
                    Tier::Files => "clocks of sources, refused files and leftovers".to_owned(),
                },
                rows,
                detail: parts.join("; "),
            })
            .collect();
        for (year, check_value) in &self.begun.destroyed {
            let value = check_value.map_or_else(|| "never used".to_owned(), crate::pseudonymise::written);
            self.begun.work.push(Work {
                what: key_work(*year),
                why: "its events are gone, and the clock of their year has run out".to_owned(),
                rows: 0,
                detail: format!("check value {value}"),
            });
        }
        self.held = self.report.held.iter().map(|line| what(line.tier, &line.period)).collect();
        Ok(())
    }

    fn held_lines(&self, sealed: &Sealed) -> Vec<Line> {
        let in_tables = self.lake.held.iter().map(|((tier, period, table), amount)| Line {
            tier: *tier,
            place: table,
            period: period.clone(),
            rows: amount.rows,
            files: amount.files,
            bytes: amount.bytes,
        });
        // As long as a year's key and roster stay, everybody's pseudonyms of it can be made again.
        let whole_school = self.held_years.iter().flat_map(|(year, rosters)| {
            let line = |place, Amount { rows, files, bytes }: Amount| Line {
                tier: Tier::Events,
                place,
                period: year.to_string(),
                rows,
                files,
                bytes,
            };
            let key = line("keys", Amount { rows: 0, files: 1, bytes: 32 });
            [Some(key), (!rosters.is_empty()).then(|| line("rosters", amount(rosters)))].into_iter().flatten()
        });
        let in_vault = sealed.held.iter().map(|(day, files)| {
            let Amount { rows, files, bytes } = amount(files);
            Line { tier: Tier::Detail, place: "vault", period: day.to_string(), rows, files, bytes }
        });
        in_tables.chain(whole_school).chain(in_vault).collect()
    }
}

/// Years that are over, that no hold touches and of which anything is left: a key, a roster, events.
fn destroyed(
    basis: &Basis<'_>,
    first_kept: AcademicYear,
    holding: &Holding,
    lake: &LakePlan,
    sealed: &Sealed,
) -> Result<BTreeMap<AcademicYear, Option<i64>>, Error> {
    let with_key = basis.keyring.map(Keyring::years).transpose()?.unwrap_or_default();
    let mut years = basis.state.years_known()?;
    years.extend(&with_key);
    years.extend(&lake.years);
    years.extend(sealed.people.keys());
    let mut destroyed = BTreeMap::new();
    for year in years.into_iter().filter(|year| *year < first_kept && !holding.touches_year(*year)) {
        let known = basis.state.key_check_value(year)?;
        let read = match basis.keyring {
            Some(keyring) if known.is_none() && with_key.contains(&year) && !keyring.is_destroyed(year) => {
                Some(keyring.check_value(year)?)
            }
            _ => known,
        };
        let already = basis.state.destroyed_keys()?.into_iter().any(|key| key.year == year);
        if !already || read.is_some() || with_key.contains(&year) {
            destroyed.insert(year, read);
        }
    }
    Ok(destroyed)
}

/// Years that are over, of which a hold keeps the key, with their rosters.
fn held_years(
    basis: &Basis<'_>,
    first_kept: AcademicYear,
    sealed: &Sealed,
) -> Result<BTreeMap<AcademicYear, Vec<Going>>, Error> {
    let holding = Holding::of(basis.state)?;
    let with_key = basis.keyring.map(Keyring::years).transpose()?.unwrap_or_default();
    let over = with_key.into_iter().filter(|year| *year < first_kept && holding.touches_year(*year));
    Ok(over.map(|year| (year, sealed.held_people.get(&year).cloned().unwrap_or_default())).collect())
}

/// Whether noted work takes nothing from what was taken in.
pub(super) fn is_of_files(work: &Work) -> bool {
    work.what == what(Tier::Files, "")
}

fn what(tier: Tier, period: &str) -> String {
    format!("{tier} {period}").trim_end().to_owned()
}

fn amount(files: &[Going]) -> Amount {
    files.iter().fold(Amount::default(), |mut sum, file| {
        sum.add(0, file.bytes);
        sum
    })
}

fn in_words(place: &str, amount: Amount) -> String {
    format!("{place} {} rows {} files {} bytes", amount.rows, amount.files, amount.bytes)
}
