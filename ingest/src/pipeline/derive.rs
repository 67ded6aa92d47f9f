//! Derived rows of the days that changed, before they are marked clean.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use jiff::civil::Date;

use super::progress::Progress;
use crate::correction::{CorrectedRequests, Overlay};
use crate::derive::{
    ADD_COLUMNS, APART_COLUMNS, ApartCount, Deriver, FORESEE_COLUMNS, OBSERVE_COLUMNS, Population,
};
use crate::error::{Error, Kind};
use crate::lake::columns::epoch_days;
use crate::lake::{Lake, TableSnapshot};
use crate::schema::{
    ACTIVITY, ACTOR_DAYS, ACTOR_THEME_DAYS, ATTEMPTS, BLOCKED_SITE_DAYS, CHECKS, CLASS_MINUTES, EPISODES,
    NETWORK_DAYS, NETWORK_THEME_DAYS, PANEL_DAYS, REQUESTS, STAFF_ACTIVITY, STAFF_ACTOR_DAYS,
    STAFF_ACTOR_THEME_DAYS, STAFF_ATTEMPTS, STAFF_BLOCKED_SITE_DAYS, STAFF_EPISODES, STAFF_REQUESTS,
    TableSchema,
};
use crate::school::AcademicYear;
use crate::settings::Settings;
use crate::settings::investigations::{Investigations, Purpose, SetApartDay};
use crate::state::State;

/// Records of a day from which on its pages would take more memory than reading it once more takes time.
const MANY_RECORDS: u64 = 1_000_000;

/// Purpose, records, and those of an illegal list among them.
type Apart = Vec<(Purpose, i64, i64)>;

/// Every derived table.
pub const DERIVED: [&TableSchema; 16] = [
    &ATTEMPTS,
    &EPISODES,
    &ACTOR_DAYS,
    &ACTOR_THEME_DAYS,
    &ACTIVITY,
    &BLOCKED_SITE_DAYS,
    &NETWORK_DAYS,
    &NETWORK_THEME_DAYS,
    &CLASS_MINUTES,
    &PANEL_DAYS,
    &STAFF_ATTEMPTS,
    &STAFF_EPISODES,
    &STAFF_ACTOR_DAYS,
    &STAFF_ACTOR_THEME_DAYS,
    &STAFF_ACTIVITY,
    &STAFF_BLOCKED_SITE_DAYS,
];

/// Computes the derived rows of all dirty days again; returns how many days that were.
pub(super) async fn dirty_days(
    lake: &Lake,
    state: &mut State,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<u64, Error> {
    let vouched = state.vouched_apart()?;
    let standing = settings.investigations().standing(&vouched);
    if standing != vouched {
        // A row that was taken out needs a key to come back.
        state.vouch_apart(&standing, &mut |_| Ok(()))?;
    }
    let investigations = settings.investigations().only(&standing);
    set_apart_anew(lake, state, &investigations).await?;
    derive_anew(lake, state, settings).await?;
    let marked = state.dirty_days()?;
    let frozen: BTreeSet<Date> = state.closed_days()?.into_iter().collect();
    let days: BTreeSet<Date> = marked.iter().copied().filter(|day| !frozen.contains(day)).collect();
    if !days.is_empty() {
        let pupils = lake.readable(&REQUESTS).await?;
        let staff = lake.readable(&STAFF_REQUESTS).await?;
        let overlay = Overlay::load(state)?;
        let mut number = 0;
        let checks = lake.readable(&CHECKS).await?;
        let roster = state.roster()?;
        let mut apart: Vec<(Date, Apart)> = Vec::new();
        lake.replace_days(&DERIVED, &days, &mut |day| {
            number += 1;
            progress.deriving(number, days.len());
            let mut set_apart = investigations.on(day);
            // What was written down by an account is under the person once a roster has that account.
            if let Some(accounts) = roster.get(&AcademicYear::of(day)) {
                let persons = set_apart.tokens.iter().filter_map(|(token, purpose)| {
                    accounts.get(token).map(|member| (member.person, *purpose))
                });
                let persons: Vec<_> = persons.collect();
                set_apart.tokens.extend(persons);
            }
            set_apart.tests = recorded_tests(&checks, day, settings)?;
            let panel: Vec<String> =
                settings.canary().on(day).into_iter().map(|site| site.site.clone()).collect();
            let mut counts = Vec::new();
            let mut of = |population| {
                let requests = CorrectedRequests {
                    pupils: &pupils,
                    staff: &staff,
                    population,
                    day,
                    overlay: overlay.day(day, settings.taxonomy()),
                    taxonomy: settings.taxonomy(),
                };
                let (rows, found) = derived(&requests, &set_apart, &panel)?;
                counts.extend(found.iter().map(|(purpose, count)| (*purpose, count.records, count.illegal)));
                Ok::<_, Error>(rows)
            };
            let mut rows = of(Population::Pupils)?;
            rows.extend(of(Population::Staff)?);
            apart.push((day, counts));
            Ok(rows)
        })
        .await?;
        for (day, counts) in apart {
            state.record_apart(day, &counts)?;
        }
    }
    for day in marked {
        state.mark_clean(day)?;
    }
    Ok(days.len() as u64)
}

fn derived(
    requests: &CorrectedRequests<'_>,
    set_apart: &SetApartDay,
    panel: &[String],
) -> Result<(crate::lake::derived::DerivedRows, Vec<(Purpose, ApartCount)>), Error> {
    let mut deriver = Deriver::new(requests.taxonomy).with_apart(set_apart.clone()).with_panel(panel);
    // Three more columns are read only where they decide something.
    let columns = |pass: &[&'static str]| -> Vec<&'static str> {
        let apart = if set_apart.is_empty() { &[] } else { APART_COLUMNS };
        pass.iter().chain(apart).copied().collect()
    };
    if requests.rows() > MANY_RECORDS {
        requests.each(&columns(FORESEE_COLUMNS), &mut |batch| deriver.foresee(&batch))?;
    }
    requests.each(&columns(OBSERVE_COLUMNS), &mut |batch| deriver.observe(&batch))?;
    requests.each(&columns(ADD_COLUMNS), &mut |batch| deriver.add(&batch))?;
    let derived = deriver.finish();
    Ok((derived.tables(requests.population)?, derived.apart().to_vec()))
}

/// Marks the days whose single records are kept when a derived table, or the canary panel, is another than when they
/// were derived. What was derived before of days whose records have gone stays as it is.
async fn derive_anew(lake: &Lake, state: &mut State, settings: &Settings) -> Result<(), Error> {
    let basis = basis(settings);
    if state.derived_basis()?.as_deref() == Some(basis.as_str()) {
        return Ok(());
    }
    let mut days = BTreeSet::new();
    for table in [&REQUESTS, &STAFF_REQUESTS] {
        let snapshot = lake.readable(table).await?;
        days.extend(snapshot.files.iter().filter_map(|file| file.partition.parse::<Date>().ok()));
    }
    state.replace_derived_basis(&basis, days)
}

/// What derived rows depend on beside the records and what is set apart: the tables' columns, and the panel.
fn basis(settings: &Settings) -> String {
    let mut hasher = blake3::Hasher::new();
    for table in DERIVED {
        hasher.update(table.name.as_bytes());
        for column in table.columns {
            hasher.update(column.name.as_bytes()).update(b",");
        }
        hasher.update(b";");
    }
    hasher.update(settings.canary().version().as_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Marks the days on which the vouched rows of `investigations.csv` say another thing than when they were derived.
async fn set_apart_anew(
    lake: &Lake,
    state: &mut State,
    investigations: &Investigations,
) -> Result<(), Error> {
    let (old, new) = (state.apart_rules()?, investigations.rules());
    if old == new {
        return Ok(());
    }
    let changed: Vec<_> = old.symmetric_difference(&new).collect();
    let mut days = BTreeSet::new();
    for table in [&REQUESTS, &STAFF_REQUESTS] {
        let snapshot = lake.readable(table).await?;
        days.extend(snapshot.files.iter().filter_map(|file| file.partition.parse::<Date>().ok()));
    }
    days.retain(|day| changed.iter().any(|rule| (rule.from..=rule.to).contains(day)));
    state.replace_apart_rules(&new, days)
}

/// Tests of an illegal list that were written down with their device: of that day, or of half an hour around
/// a time that is known.
fn recorded_tests(
    checks: &TableSnapshot,
    day: Date,
    settings: &Settings,
) -> Result<Vec<(i64, i64, i64)>, Error> {
    const AROUND_US: i64 = 30 * 60 * 1_000_000;
    let columns = ["checked_utc", "local_date", "time_known", "code", "device"];
    let mut tests = Vec::new();
    checks.read_day(day, Some(&columns), &mut |batch| {
        let missing = || Error::new(Kind::Corrupt, "table `checks` has other columns");
        let column = |name: &str| batch.column_by_name(name).ok_or_else(missing);
        let moments =
            column("checked_utc")?.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(missing)?;
        let days = column("local_date")?.as_primitive_opt::<Date32Type>().ok_or_else(missing)?;
        let known = column("time_known")?.as_boolean_opt().ok_or_else(missing)?;
        let codes = column("code")?.as_string_opt::<i32>().ok_or_else(missing)?;
        let devices = column("device")?.as_primitive_opt::<Int64Type>().ok_or_else(missing)?;
        for row in 0..batch.num_rows() {
            if days.value(row) != epoch_days(day)
                || devices.is_null(row)
                || !settings.classifier().is_illegal(codes.value(row))
            {
                continue;
            }
            let at = moments.value(row);
            let (from, to) =
                if known.value(row) { (at - AROUND_US, at + AROUND_US) } else { (i64::MIN, i64::MAX) };
            tests.push((devices.value(row), from, to));
        }
        Ok(())
    })?;
    Ok(tests)
}
