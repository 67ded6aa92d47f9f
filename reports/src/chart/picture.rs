//! From the schema of a table to its picture: what `--format svg` and `--format png` draw.

use query::{Audience, Cell, ColumnRole, Error, Kind, Releasable, Table};

use super::{HeatChoice, LineChoice, Rendered, Width, control, heat_map, line, ratios, svg};

/// Draws a table for an audience.
type Draw = fn(&Table, &str, Width) -> Result<String, Error>;

/// Tables that have a picture: schema without version, how it is asked for, what draws it.
const PICTURES: [(&str, &str, Draw); 10] = [
    ("watershed.trend", "trend", trend),
    ("watershed.trend.pupils", "trend --table pupils", pupils),
    ("watershed.trend.chart", "trend --table chart", control::draw),
    ("watershed.trend.year", "trend --table year", ratios::draw),
    ("watershed.trend.confounders", "trend --table confounders", confounders),
    ("watershed.trend.out-of-hours", "trend --table out-of-hours", out_of_hours),
    ("watershed.groups.themes", "groups --table theme", themes),
    ("watershed.groups.lessons", "groups --table lessons", lessons),
    ("watershed.groups.mix", "groups --table mix", mix),
    ("watershed.coverage.days", "coverage --table days", days),
];

/// The picture of a table; for the same audience.
///
/// # Errors
/// [`Kind::Configuration`] where the table has no picture, naming those that have one.
pub fn picture<A: Audience>(table: &Releasable<Table, A>, width: Width) -> Result<Rendered<A>, Error> {
    let (stem, drawn) = drawn(table.value(), A::WORD, width)?;
    svg(&stem, drawn)
}

/// The picture, and a name for its file.
pub(super) fn drawn(table: &Table, audience: &str, width: Width) -> Result<(String, String), Error> {
    let schema = table.schema.split('/').next().unwrap_or_default();
    let Some((_, _, draw)) = PICTURES.iter().find(|(known, ..)| *known == schema) else {
        let known: Vec<String> = PICTURES.iter().map(|(_, asked, _)| format!("`{asked}`")).collect();
        return Err(Error::new(Kind::Configuration, "this table has no picture")
            .help(format!("pictures have: {}", known.join(", "))));
    };
    Ok((schema.replace('.', "-"), draw(table, audience, width)?))
}

/// Columns by which a trend may be split.
const SPLITS: [&str; 5] = ["theme", "four_c", "severity", "group_id", "key_stage"];

fn split(table: &Table) -> Option<&'static str> {
    SPLITS.into_iter().find(|id| table.column(id).is_some())
}

/// Lines of a measure by week: the four series with most of it where the table is split.
fn lines(
    table: &Table,
    audience: &str,
    width: Width,
    measure: &str,
    ends: (&str, &str),
) -> Result<String, Error> {
    let series = split(table);
    let table = most_first(table, series, measure);
    let interval = series.is_none().then_some(ends);
    let choice = LineChoice {
        x: "week_start_date",
        measure,
        interval,
        series,
        reading: &table.reading,
        ..LineChoice::default()
    };
    line::draw(&table, &choice, audience, width)
}

/// The same rows with the series in the order of their sums, largest first.
fn most_first(table: &Table, series: Option<&str>, measure: &str) -> Table {
    let mut table = table.clone();
    let (Some(series), Some(measure)) = (series.and_then(|id| table.column(id)), table.column(measure))
    else {
        return table;
    };
    let name = |row: &[Cell]| row.get(series).and_then(Cell::text).unwrap_or_default().to_owned();
    let mut sums: Vec<(String, f64)> = Vec::new();
    for row in &table.rows {
        let value = row.get(measure).and_then(Cell::number).unwrap_or(0.0);
        match sums.iter_mut().find(|(known, _)| *known == name(row)) {
            Some((_, sum)) => *sum += value,
            None => sums.push((name(row), value)),
        }
    }
    sums.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    table.rows.sort_by_key(|row| sums.iter().position(|(known, _)| *known == name(row)));
    table
}

fn trend(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    lines(table, audience, width, "rate_per_1000", ("rate_lower_per_1000", "rate_upper_per_1000"))
}

fn pupils(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    lines(table, audience, width, "prevalence_share", ("prevalence_lower_share", "prevalence_upper_share"))
}

/// Three shares as three lines: one row for each, with its name in a column.
fn confounders(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let week = line::column(table, "week_start_date")?;
    let mut long = table.clone();
    let mut heading = table.columns[week].clone();
    heading.id = "what".into();
    heading.heading = "What".into();
    let share = query::TableColumn {
        id: "share".into(),
        heading: "Share of records".into(),
        unit: "share of all records of the week's school days",
        role: ColumnRole::Measure,
    };
    long.columns = vec![table.columns[week].clone(), heading, share];
    long.rows = Vec::new();
    for id in ["identified_share", "decrypted_share", "uncategorised_share"] {
        let at = line::column(table, id)?;
        let name = table.columns[at].heading.to_string();
        long.rows.extend(table.rows.iter().map(|row| {
            let cell = |at: usize| row.get(at).cloned().unwrap_or(Cell::Missing);
            vec![cell(week), Cell::Text(name.clone()), cell(at)]
        }));
    }
    let choice = LineChoice {
        x: "week_start_date",
        measure: "share",
        series: Some("what"),
        reading: &table.reading,
        ..LineChoice::default()
    };
    line::draw(&long, &choice, audience, width)
}

fn heat(table: &Table, audience: &str, width: Width, choice: HeatChoice<'_>) -> Result<String, Error> {
    heat_map::draw(table, &HeatChoice { reading: &table.reading, ..choice }, audience, width)
}

fn out_of_hours(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let hours = line::column(table, "hours")?;
    let types = line::column(table, "day_type")?;
    let text = |row: &[Cell], at: usize| row.get(at).and_then(Cell::text).unwrap_or_default().to_owned();
    let from = |hours: &str| hours.split(' ').next().and_then(|hour| hour.parse::<u32>().ok());
    let mut bands = table.clone();
    // The sum of a row would darken over all of its parts.
    bands.rows.retain(|row| from(&text(row, hours)).is_some());
    let mut across: Vec<String> = bands.rows.iter().map(|row| text(row, hours)).collect();
    across.sort_by_key(|hours| from(hours));
    across.dedup();
    let mut down: Vec<String> = bands.rows.iter().map(|row| text(row, types)).collect();
    down.dedup();
    // A whole grid keeps both orders: days as in the table, hours as in the day.
    let mut whole = Vec::new();
    for day_type in &down {
        for band in &across {
            let known =
                bands.rows.iter().find(|row| text(row, types) == *day_type && text(row, hours) == *band);
            let mut empty = vec![Cell::Missing; bands.columns.len()];
            empty[types] = Cell::Text(day_type.clone());
            empty[hours] = Cell::Text(band.clone());
            whole.push(known.cloned().unwrap_or(empty));
        }
    }
    bands.rows = whole;
    let choice =
        HeatChoice { down: "day_type", across: "hours", measure: "episodes", ..HeatChoice::default() };
    heat(&bands, audience, width, choice)
}

fn themes(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let choice = HeatChoice {
        down: "theme",
        across: "group_id",
        measure: "rate_per_1000",
        absent_is_none: true,
        ..HeatChoice::default()
    };
    heat(table, audience, width, choice)
}

fn lessons(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let choice = HeatChoice {
        down: "lesson_period",
        across: "weekday",
        panel: Some("group_id"),
        measure: "rate_per_1000",
        ..HeatChoice::default()
    };
    heat(table, audience, width, choice)
}

fn mix(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let choice = HeatChoice { down: "theme", across: "group_id", measure: "share", ..HeatChoice::default() };
    heat(table, audience, width, choice)
}

fn days(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let choice =
        LineChoice { x: "local_date", measure: "records", reading: &table.reading, ..LineChoice::default() };
    line::draw(table, &choice, audience, width)
}
