//! A trend: lines from a zero baseline, and the band of the interval where there is one line.

use query::{Cell, ColumnRole, Error, Kind, Table};

use super::Width;
use super::axis::{self, Field};
use super::palette::{DARK_BLUE, DARK_GREY, GRID, INK, STROKES, Stroke};
use super::sheet::{Lettering, Point, Sheet, undrawable, width_of};
use super::words;
use plotters::prelude::Polygon;
use plotters::style::Color;

/// Which columns of a table make the picture.
#[derive(Clone, Debug, Default)]
pub struct LineChoice<'a> {
    /// Heading; the table's own if empty.
    pub title: String,
    /// Column along the bottom: days or weeks.
    pub x: &'a str,
    /// Column of the figure.
    pub measure: &'a str,
    /// Columns of the interval's ends.
    pub interval: Option<(&'a str, &'a str)>,
    /// Column whose values are a line each.
    pub series: Option<&'a str>,
    /// Rows to take: column and the words it must hold.
    pub only: Vec<(&'a str, &'a str)>,
    /// What the figures say, in a sentence under the heading; empty where it stands beside the picture.
    pub reading: &'a str,
}

impl<'a> LineChoice<'a> {
    /// First dimension along the bottom, the last figure that has an interval (else the first) upwards.
    #[must_use]
    pub fn usual(table: &'a Table) -> Option<Self> {
        let x = table.columns.iter().find(|column| column.role == ColumnRole::Dimension)?;
        let of_role = |position: usize| table.columns.get(position).map(|column| column.role);
        let with_interval = (0..table.columns.len()).rev().find(|position| {
            of_role(*position) == Some(ColumnRole::Measure)
                && of_role(position + 1) == Some(ColumnRole::Lower)
                && of_role(position + 2) == Some(ColumnRole::Upper)
        });
        let measure = with_interval
            .or_else(|| table.columns.iter().position(|column| column.role == ColumnRole::Measure))?;
        let interval = with_interval
            .and_then(|at| Some((&*table.columns.get(at + 1)?.id, &*table.columns.get(at + 2)?.id)));
        Some(Self {
            title: String::new(),
            x: &x.id,
            measure: &table.columns.get(measure)?.id,
            interval,
            series: None,
            only: Vec::new(),
            reading: "",
        })
    }
}

#[derive(Clone, Copy)]
struct Value {
    x: f64,
    figure: Option<f64>,
    ends: Option<(f64, f64)>,
}

struct Series {
    name: String,
    values: Vec<Value>,
}

/// Draws the chosen columns for the audience named.
pub(super) fn draw(
    table: &Table,
    choice: &LineChoice<'_>,
    audience: &str,
    width: Width,
) -> Result<String, Error> {
    let (places, series) = read(table, choice)?;
    let narrow = width.is_narrow();
    let left_out = series.len().saturating_sub(STROKES.len());
    let shown: Vec<(&Series, &Stroke)> = series.iter().zip(&STROKES).collect();
    let banded =
        shown.len() == 1 && shown.iter().any(|(line, _)| line.values.iter().any(|v| v.ends.is_some()));
    let measure = column(table, choice.measure)?;
    let (heading, unit) =
        table.columns.get(measure).map_or(("", ""), |column| (&*column.heading, column.unit));
    let title = if choice.title.is_empty() { table.title.clone() } else { choice.title.clone() };

    let sheet = Sheet::new(&format!("line-{}-{}", slug(&title), width.0), width.0);
    let margin = if narrow { 10 } else { 16 };
    let room = sheet.width() - 2 * margin;
    let mut below = 12;
    let large = Lettering::new(if narrow { 16 } else { 18 }).bold();
    below += sheet.paragraph((margin, below), room, &title, large)? + 6;
    below += sheet.reading((margin, below), room, choice.reading)?;
    below += legend(&sheet, (margin, below), room, &shown, banded.then_some(table.interval))?;
    let small = Lettering::new(13).colour(DARK_GREY);
    let axis_title = if unit.is_empty() || heading.eq_ignore_ascii_case(unit) {
        heading.to_owned()
    } else {
        format!("{heading} ({unit})")
    };
    below +=
        sheet.group("axis-title", |sheet| sheet.paragraph((margin, below), room, &axis_title, small))? + 10;

    let largest = shown
        .iter()
        .flat_map(|(line, _)| &line.values)
        .flat_map(|value| [value.figure, value.ends.filter(|_| banded).map(|ends| ends.1)])
        .flatten()
        .fold(0.0, f64::max);
    let ticks = axis::ticks(largest, if narrow { 4 } else { 5 });
    let top_value = ticks.last().copied().unwrap_or(1.0);
    let label = Lettering::new(13);
    let widest = ticks.iter().map(|tick| width_of(&words::figure(*tick), label)).max().unwrap_or(20);
    let (left, right) = (margin + widest + 8, sheet.width() - margin - 6);
    let (top, bottom) = (below, below + if narrow { 190 } else { 260 });
    let first = places.first().map_or(0.0, |place| place.0);
    let last = places.last().map_or(1.0, |place| place.0);
    let span = if last > first { first..last } else { first - 0.5..first + 0.5 };
    let inset = 10;
    let field = Field::new(span, 0.0..top_value, (left + inset, right - inset), (top, bottom));

    sheet.group("axis", |sheet| {
        for tick in &ticks {
            let (_, y) = field.at(first, *tick);
            sheet.line((left, y), (right, y), if *tick == 0.0 { INK } else { GRID }, 1)?;
            sheet.text((left - 8, y), &words::figure(*tick), label.right().middle())?;
        }
        along(sheet, &field, &places, narrow)
    })?;
    let step = usual_step(&places);
    if banded {
        for (line, _) in &shown {
            sheet.group("interval", |sheet| interval(sheet, &field, line, step))?;
        }
    }
    for (line, stroke) in &shown {
        sheet.group("line", |sheet| {
            for run in runs(line, step) {
                let points: Vec<Point> =
                    run.iter().filter_map(|v| v.figure.map(|figure| field.at(v.x, figure))).collect();
                if points.len() > 1 {
                    sheet.dashed_group("stroke", stroke.dash, |sheet| {
                        sheet.path(points.clone(), stroke.colour, 3)
                    })?;
                }
                for point in points {
                    sheet.marker(point, stroke.marker, stroke.colour)?;
                }
            }
            Ok(())
        })?;
    }

    below = bottom + 28;
    let across = across_title(table, choice, &places);
    let centred = Lettering::new(13).colour(DARK_GREY).centred();
    sheet.group("axis-title", |sheet| sheet.text(((left + right) / 2, below), &across, centred))?;
    below += 26;
    let mut foot = foot(table, audience);
    if left_out > 0 {
        foot = format!("{left_out} more in the table. {foot}");
    }
    let note = Lettering::new(12).colour(DARK_GREY);
    below += sheet.group("note", |sheet| sheet.paragraph((margin, below), room, &foot, note))? + 10;
    let described = description(table, &axis_title, &shown, &places);
    Ok(sheet.finish(&title, &described, below))
}

/// What stands at the foot of each picture of a live table.
pub(super) fn foot(table: &Table, audience: &str) -> String {
    let period = format!(
        "{}, {} to {}, {} school days.",
        table.school,
        words::day(&table.period.from),
        words::day(&table.period.to),
        table.period.school_days
    );
    if audience == "staff" {
        format!("For staff only: personal data, not anonymised. {period}")
    } else {
        period
    }
}

/// Letters and digits of a heading, for ids inside the picture.
pub(super) fn slug(text: &str) -> String {
    let mut written: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    written.truncate(60);
    written
}

/// Position of a column that must be there.
pub(super) fn column(table: &Table, id: &str) -> Result<usize, Error> {
    table.column(id).ok_or_else(|| {
        Error::new(Kind::Configuration, format!("the table {} has no column {id}", table.schema))
            .help("Choose one of its columns.")
    })
}

/// Whether a row is among those chosen.
pub(super) fn chosen(table: &Table, row: &[Cell], only: &[(&str, &str)]) -> bool {
    only.iter().all(|(id, wanted)| {
        table.column(id).and_then(|at| row.get(at)).is_some_and(|cell| words::cell(cell) == *wanted)
    })
}

/// Positions along the bottom with their words, and the lines.
type Read = (Vec<(f64, String)>, Vec<Series>);

fn read(table: &Table, choice: &LineChoice<'_>) -> Result<Read, Error> {
    let x = column(table, choice.x)?;
    let measure = column(table, choice.measure)?;
    let ends = match choice.interval {
        Some((lower, upper)) => Some((column(table, lower)?, column(table, upper)?)),
        None => None,
    };
    let names = choice.series.map(|id| column(table, id)).transpose()?;
    let mut places: Vec<(f64, String)> = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    for row in table.rows.iter().filter(|row| chosen(table, row, &choice.only)) {
        let number = |at: usize| row.get(at).and_then(Cell::number);
        let label = row.get(x).map(words::cell).unwrap_or_default();
        let place = match words::date(&label) {
            Some(date) => f64::from(days_since_2000(date)),
            None => match row.get(x).and_then(Cell::number) {
                Some(number) => number,
                None => places
                    .iter()
                    .find(|(_, known)| *known == label)
                    .map_or(places.len() as f64, |(place, _)| *place),
            },
        };
        if !places.iter().any(|(_, known)| *known == label) {
            places.push((place, label));
        }
        let name = names.and_then(|at| row.get(at)).map(words::cell).unwrap_or_default();
        let value = Value {
            x: place,
            figure: number(measure),
            ends: ends.and_then(|(lower, upper)| Some((number(lower)?, number(upper)?))),
        };
        match series.iter_mut().find(|line| line.name == name) {
            Some(line) => line.values.push(value),
            None => series.push(Series { name, values: vec![value] }),
        }
    }
    places.sort_by(|one, other| one.0.total_cmp(&other.0));
    for line in &mut series {
        line.values.sort_by(|one, other| one.x.total_cmp(&other.x));
    }
    Ok((places, series))
}

pub(super) fn days_since_2000(date: jiff::civil::Date) -> i32 {
    jiff::civil::date(2000, 1, 1).until(date).map_or(0, |span| span.get_days())
}

/// The commonest distance between neighbours: a wider one is a holiday, and the line breaks there.
fn usual_step(places: &[(f64, String)]) -> f64 {
    let mut steps: Vec<f64> = places.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.0)
}

/// Unbroken stretches of a line.
fn runs(line: &Series, step: f64) -> Vec<&[Value]> {
    line.values
        .chunk_by(|one, next| one.figure.is_some() && next.figure.is_some() && next.x - one.x <= step * 1.5)
        .collect()
}

fn interval(sheet: &Sheet, field: &Field, line: &Series, step: f64) -> Result<(), Error> {
    for run in runs(line, step) {
        let ends: Vec<(f64, f64, f64)> =
            run.iter().filter_map(|v| v.ends.map(|(lower, upper)| (v.x, lower, upper))).collect();
        if let [(x, lower, upper)] = ends[..] {
            sheet.line(field.at(x, lower), field.at(x, upper), DARK_BLUE, 1)?;
            continue;
        }
        let above = ends.iter().map(|(x, _, upper)| field.at(*x, *upper));
        let beneath = ends.iter().rev().map(|(x, lower, _)| field.at(*x, *lower));
        let outline: Vec<Point> = above.chain(beneath).collect();
        if outline.len() > 2 {
            sheet.root.draw(&Polygon::new(outline, DARK_BLUE.mix(0.2))).map_err(undrawable)?;
        }
    }
    Ok(())
}

/// Words along the bottom, as many as fit.
pub(super) fn along(
    sheet: &Sheet,
    field: &Field,
    places: &[(f64, String)],
    narrow: bool,
) -> Result<(), Error> {
    let label = Lettering::new(13).centred();
    let widest = places.iter().map(|(_, text)| width_of(&words::short_day(text), label)).max().unwrap_or(20);
    let fit = ((field.right - field.left) / (widest + if narrow { 18 } else { 14 })).max(1) as usize;
    let every = places.len().div_ceil(fit).max(1);
    // Days of events lie as they fell: a name is left out where the one before leaves it no room.
    let mut free = i32::MIN;
    for (position, (place, text)) in places.iter().enumerate() {
        let (x, y) = field.at(*place, 0.0);
        let half = width_of(&words::short_day(text), label) / 2 + 3;
        let named = position % every == 0 && x - half >= free;
        if named {
            free = x + half;
        }
        sheet.line((x, y), (x, y + if named { 7 } else { 4 }), INK, 1)?;
        if named {
            sheet.text((x, y + 9), &words::short_day(text), label)?;
        }
    }
    Ok(())
}

fn across_title(table: &Table, choice: &LineChoice<'_>, places: &[(f64, String)]) -> String {
    let heading =
        table.column(choice.x).and_then(|at| table.columns.get(at)).map_or("", |column| &*column.heading);
    let year = |place: Option<&(f64, String)>| {
        place.and_then(|(_, text)| words::date(text)).map(|date| date.year().to_string())
    };
    match (year(places.first()), year(places.last())) {
        (Some(from), Some(to)) if from == to => format!("{heading}, {from}"),
        (Some(from), Some(to)) => format!("{heading}, {from} to {to}"),
        _ => heading.to_owned(),
    }
}

fn legend(
    sheet: &Sheet,
    (left, top): Point,
    room: i32,
    lines: &[(&Series, &Stroke)],
    interval: Option<&str>,
) -> Result<i32, Error> {
    let named = lines.iter().any(|(line, _)| !line.name.is_empty());
    let lettering = Lettering::new(13);
    let mut next = (left, top);
    let mut step = |words: &str| {
        let width = 36 + width_of(words, lettering) + 18;
        if next.0 > left && next.0 + width > left + room {
            next = (left, next.1 + 20);
        }
        let at = next;
        next.0 += width;
        at
    };
    sheet.group("legend", |sheet| {
        let mut height = 0;
        for (line, stroke) in lines.iter().filter(|_| named && lines.len() > 1) {
            let (x, y) = step(&line.name);
            sheet.dashed_group("stroke", stroke.dash, |sheet| {
                sheet.line((x, y + 9), (x + 28, y + 9), stroke.colour, 3)
            })?;
            sheet.marker((x + 14, y + 9), stroke.marker, stroke.colour)?;
            sheet.text((x + 36, y + 1), &line.name, lettering)?;
            height = y - top + 26;
        }
        if let Some(interval) = interval.filter(|interval| !interval.is_empty()) {
            let (x, y) = step(interval);
            sheet
                .root
                .draw(&plotters::prelude::Rectangle::new(
                    [(x, y + 2), (x + 28, y + 16)],
                    DARK_BLUE.mix(0.2).filled(),
                ))
                .map_err(undrawable)?;
            let words = format!("Shaded: {interval}");
            let used = sheet.paragraph((x + 36, y + 1), room - 36, &words, lettering)?;
            return Ok(y - top + used.max(20) + 4);
        }
        Ok(height)
    })
}

fn description(
    table: &Table,
    axis_title: &str,
    lines: &[(&Series, &Stroke)],
    places: &[(f64, String)],
) -> String {
    let mut text = format!(
        "Line chart. {axis_title}, {}, {} to {}.",
        table.school,
        words::day(&table.period.from),
        words::day(&table.period.to)
    );
    for (line, _) in lines {
        let figures: Vec<(f64, f64)> = line.values.iter().filter_map(|v| Some((v.x, v.figure?))).collect();
        let name = if line.name.is_empty() { String::new() } else { format!("{}: ", line.name) };
        let when = |x: f64| {
            places
                .iter()
                .find(|(place, _)| *place == x)
                .map(|(_, label)| words::day(label))
                .unwrap_or_default()
        };
        let lowest = figures.iter().copied().min_by(|one, other| one.1.total_cmp(&other.1));
        let highest = figures.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1));
        match (lowest, highest, figures.last()) {
            (Some(lowest), Some(highest), Some(last)) => text.push_str(&format!(
                " {name}lowest {} ({}), highest {} ({}), last {} ({}).",
                words::figure(lowest.1),
                when(lowest.0),
                words::figure(highest.1),
                when(highest.0),
                words::figure(last.1),
                when(last.0)
            )),
            _ => text.push_str(&format!(" {name}no figures.")),
        }
    }
    text.push_str(" The figures stand in the table beside it.");
    text
}
