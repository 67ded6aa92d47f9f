//! What the clocks drop from the tables of the lake.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, StringArray, TimestampMicrosecondArray};
use arrow::compute::kernels::boolean::not;
use jiff::Timestamp;
use jiff::civil::Date;

use super::holding::Holding;
use super::imported::Imported;
use super::report::Tier;
use crate::error::{Error, Kind};
use crate::lake::{DataFile, IMPORTED, Lake, TableSnapshot};
use crate::pipeline::DERIVED;
use crate::schema::{
    CHANGES, CHECKS, IMPORTS, INCIDENT_LINKS, INCIDENTS, REJECTS, REQUESTS, STAFF_INCIDENT_LINKS,
    STAFF_INCIDENTS, STAFF_REQUESTS, TableSchema,
};
use crate::school::AcademicYear;

/// Tables by local day whose rows are detail.
pub(super) const DETAIL: [&TableSchema; 2] = [&REQUESTS, &STAFF_REQUESTS];

/// Tables by academic year whose rows are events, beside the derived ones. Links come behind the incidents
/// that say whom they are about.
const EVENTS: [&TableSchema; 5] =
    [&INCIDENTS, &STAFF_INCIDENTS, &INCIDENT_LINKS, &STAFF_INCIDENT_LINKS, &REJECTS];

/// Tables that name nobody and are kept as the ledgers are.
const LEDGERS: [&TableSchema; 2] = [&CHANGES, &CHECKS];

/// What goes from one table.
#[derive(Debug)]
pub(super) struct TablePlan {
    pub(super) table: &'static TableSchema,
    /// Paths of files that go whole.
    pub(super) whole: BTreeSet<String>,
    /// Paths of files of which only held rows stay.
    pub(super) thinned: BTreeSet<String>,
}

impl TablePlan {
    const fn new(table: &'static TableSchema) -> Self {
        Self { table, whole: BTreeSet::new(), thinned: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.thinned.is_empty()
    }
}

/// Rows and files of a table and period.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    pub(super) rows: u64,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

impl Amount {
    pub(super) fn add(&mut self, rows: u64, bytes: u64) {
        self.rows += rows;
        self.files += 1;
        self.bytes += bytes;
    }
}

/// A table's rows of one day or year, gone or held.
pub(super) type Amounts = BTreeMap<(Tier, String, &'static str), Amount>;

/// What goes from all tables, and what the holds keep.
#[derive(Debug, Default)]
pub(super) struct LakePlan {
    pub(super) tables: Vec<TablePlan>,
    pub(super) going: Amounts,
    pub(super) held: Amounts,
    /// Days whose detail goes, as far as it does.
    pub(super) days: BTreeSet<Date>,
    /// Years of which events go.
    pub(super) years: BTreeSet<AcademicYear>,
}

/// First days and years that are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) detail: Date,
    pub(super) events: AcademicYear,
    pub(super) ledger: AcademicYear,
}

impl LakePlan {
    pub(super) async fn make(
        lake: &Lake,
        bounds: Bounds,
        imported: &Imported,
        holding: &mut Holding,
    ) -> Result<Self, Error> {
        let mut plan = Self::default();
        if holding.is_of_persons() {
            for table in [&INCIDENT_LINKS, &STAFF_INCIDENT_LINKS] {
                let snapshot = lake.snapshot(table).await?;
                for file in &snapshot.files {
                    snapshot.read(file, Some(&["linked", "incident", "local_date"]), &mut |batch| {
                        holding.learn(&batch)
                    })?;
                }
            }
            // A row that comes late can make an incident held of which an earlier row is somebody else's: all are
            // known before the first is judged, or dropping would keep what the plan says goes.
            for table in [&INCIDENTS, &STAFF_INCIDENTS] {
                let snapshot = lake.snapshot(table).await?;
                let touched = |file: &&DataFile| {
                    AcademicYear::parse(&file.partition).is_none_or(|year| holding.touches_year(year))
                };
                let files: Vec<&DataFile> = snapshot.files.iter().filter(touched).collect();
                for file in files {
                    snapshot.read(file, Some(&looked_at(table)), &mut |batch| {
                        holding.keeps(&batch, false).map(|_| ())
                    })?;
                }
            }
        }
        for table in DETAIL {
            let snapshot = lake.snapshot(table).await?;
            let day_of = |file: &DataFile| file.partition.parse::<Date>().ok();
            let clock = |file: &DataFile| Some(imported.earlier(file.import(), day_of(file)?));
            let old = |file: &DataFile| clock(file).is_some_and(|day| day < bounds.detail);
            plan.table(&snapshot, Tier::Detail, &old, holding)?;
        }
        // A day that is not over stays open: what is dated to it and goes came long before.
        plan.days.retain(|day| *day < bounds.detail);
        let year_of = |file: &DataFile| AcademicYear::parse(&file.partition);
        for table in EVENTS.into_iter().chain(DERIVED) {
            let snapshot = lake.snapshot(table).await?;
            let old = |file: &DataFile| year_of(file).is_some_and(|year| year < bounds.events);
            plan.table(&snapshot, Tier::Events, &old, holding)?;
        }
        for table in LEDGERS {
            let snapshot = lake.snapshot(table).await?;
            let old = |file: &DataFile| year_of(file).is_some_and(|year| year < bounds.ledger);
            plan.table(&snapshot, Tier::Ledger, &old, holding)?;
        }
        plan.imports(lake, bounds, holding).await?;
        plan.tables.retain(|table| !table.is_empty());
        Ok(plan)
    }

    fn table(
        &mut self,
        snapshot: &TableSnapshot,
        tier: Tier,
        old: &dyn Fn(&DataFile) -> bool,
        holding: &mut Holding,
    ) -> Result<(), Error> {
        let mut plan = TablePlan::new(snapshot.table);
        for file in snapshot.files.iter().filter(|file| old(file)) {
            let key = (tier, file.partition.clone(), snapshot.table.name);
            let (all, held) = held_rows(snapshot, file, tier, holding)?;
            if held > 0 {
                self.held.entry(key.clone()).or_default().add(held, file.size_bytes);
            }
            if held == all && all > 0 {
                continue;
            }
            self.going.entry(key).or_default().add(all - held, file.size_bytes);
            if held == 0 { &mut plan.whole } else { &mut plan.thinned }.insert(file.path.clone());
            match tier {
                Tier::Detail => self.days.extend(file.partition.parse::<Date>()),
                _ => self.years.extend(AcademicYear::parse(&file.partition)),
            }
        }
        self.tables.push(plan);
        Ok(())
    }

    /// Rows of `imports` go with the ledgers, but not before the last file that an import of theirs wrote:
    /// without its row nobody would see that file.
    async fn imports(&mut self, lake: &Lake, bounds: Bounds, holding: &mut Holding) -> Result<(), Error> {
        let snapshot = lake.snapshot(&IMPORTS).await?;
        let is_old =
            |file: &DataFile| AcademicYear::parse(&file.partition).is_some_and(|year| year < bounds.ledger);
        if !snapshot.files.iter().any(is_old) {
            return Ok(());
        }
        let mut needed = BTreeSet::new();
        for table in IMPORTED {
            let going = self.tables.iter().find(|plan| plan.table.name == table.name);
            let files = lake.snapshot(table).await?.files;
            let stays = |file: &&DataFile| going.is_none_or(|plan| !plan.whole.contains(&file.path));
            needed.extend(files.iter().filter(stays).filter_map(|file| file.import().map(str::to_owned)));
        }
        let mut in_use = BTreeSet::new();
        for file in snapshot.files.iter().filter(|file| is_old(file)) {
            snapshot.read(file, Some(&["fingerprint"]), &mut |batch| {
                let fingerprints = batch.column(0).as_any().downcast_ref::<StringArray>();
                let mut fingerprints = fingerprints.into_iter().flat_map(|column| column.iter().flatten());
                if fingerprints.any(|fingerprint| needed.contains(fingerprint.get(..16).unwrap_or_default()))
                {
                    in_use.insert(file.path.clone());
                }
                Ok(())
            })?;
        }
        let old = |file: &DataFile| is_old(file) && !in_use.contains(&file.path);
        self.table(&snapshot, Tier::Ledger, &old, holding)
    }
}

/// Rows of a file, and how many of them the holds keep. Ledgers and rejects are about nobody.
fn held_rows(
    snapshot: &TableSnapshot,
    file: &DataFile,
    tier: Tier,
    holding: &mut Holding,
) -> Result<(u64, u64), Error> {
    let has_day = snapshot.table.columns.iter().any(|column| column.name == "local_date");
    let touched = match file.partition.parse::<Date>() {
        Ok(day) => holding.touches(day, day),
        Err(_) => AcademicYear::parse(&file.partition).is_some_and(|year| holding.touches_year(year)),
    };
    if let (Some(rows), false) = (file.rows, touched && has_day && tier != Tier::Ledger) {
        return Ok((rows, 0));
    }
    let (mut all, mut held) = (0, 0);
    let looks = touched && has_day && tier != Tier::Ledger;
    let columns = looked_at(snapshot.table);
    snapshot.read(file, Some(if looks { &columns } else { &[] }), &mut |batch| {
        all += batch.num_rows() as u64;
        if looks {
            held += holding.keeps(&batch, tier == Tier::Detail)?.true_count() as u64;
        }
        Ok(())
    })?;
    Ok((all, held))
}

/// The columns that a hold looks at, as far as the table has them.
fn looked_at(table: &TableSchema) -> Vec<&'static str> {
    let wanted = ["actor", "subject", "linked", "incident", "local_date"];
    table.columns.iter().map(|column| column.name).filter(|name| wanted.contains(name)).collect()
}

/// Commits what goes from one table; its files lie on the disk until the table is vacuumed.
pub(super) async fn drop_from(lake: &Lake, plan: &TablePlan, holding: &mut Holding) -> Result<(), Error> {
    lake.drop_files(plan.table, &|file| plan.whole.contains(&file.path)).await?;
    if plan.thinned.is_empty() {
        return Ok(());
    }
    let columns = looked_at(plan.table);
    let thinned = |file: &DataFile| plan.thinned.contains(&file.path);
    let as_recorded = DETAIL.iter().any(|table| table.name == plan.table.name);
    lake.drop_rows(plan.table, &columns, &thinned, &mut |batch| {
        not(&holding.keeps(batch, as_recorded)?)
            .map_err(|error| Error::new(Kind::Bug, "rows cannot be told apart").because(error))
    })
    .await?;
    Ok(())
}

/// The newest UTC day of an event that was taken in, no later than the day on which it was.
pub(super) async fn newest_day(lake: &Lake) -> Result<Option<Date>, Error> {
    let snapshot = lake.snapshot(&IMPORTS).await?;
    let mut newest = None;
    for file in &snapshot.files {
        snapshot.read(file, Some(&["imported_utc", "last_utc"]), &mut |batch| {
            let imported = batch.column(0).as_any().downcast_ref::<TimestampMicrosecondArray>();
            let last = batch.column(1).as_any().downcast_ref::<TimestampMicrosecondArray>();
            let (Some(imported), Some(last)) = (imported, last) else {
                return Err(Error::new(Kind::Bug, "columns of `imports` are of other types"));
            };
            for row in 0..batch.num_rows() {
                // An event can be dated after the day on which it came; the day on which it came, by a clock
                // that was ahead.
                let known =
                    day_of(imported, row).zip(day_of(last, row)).map(|(imported, last)| imported.min(last));
                newest = newest.max(known);
            }
            Ok(())
        })?;
    }
    Ok(newest)
}

pub(super) fn day_of(column: &TimestampMicrosecondArray, row: usize) -> Option<Date> {
    let instant = column.is_valid(row).then(|| Timestamp::from_microsecond(column.value(row)).ok());
    instant.flatten().map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC).date())
}
