//! Control charts: the values, the centre line and its limits, what is unusual, and where a chart starts
//! anew; one panel for each series.

use query::{Cell, Error, Table};

use super::Width;
use super::axis::{self, Field};
use super::line::{along, column, days_since_2000, foot, slug};
use super::palette::{DARK_BLUE, DARK_GREY, DARK_PINK, GRID, INK, Marker};
use super::sheet::{Lettering, Point, Sheet, width_of};
use super::words;

/// More panels than these are in the table only.
const MOST_PANELS: usize = 6;
/// Columns whose values are a panel each, where the table has one of them.
const SPLITS: [&str; 5] = ["theme", "four_c", "severity", "group_id", "key_stage"];
/// School weeks further apart than this have a holiday between them, and the line breaks.
const BREAK_DAYS: f64 = 10.0;
const DASHED: &str = "6 4";
const ANEW: &str = "2 3";

struct Value {
    x: f64,
    day: String,
    value: f64,
    centre: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    judged: bool,
    unusual: String,
    limits: String,
    anew: Option<String>,
}

struct Panel {
    name: String,
    kind: String,
    unit: String,
    values: Vec<Value>,
}

impl Panel {
    fn between(&self) -> bool {
        self.kind.contains("days between")
    }

    fn latest_unusual(&self) -> Option<&str> {
        self.values.iter().rev().find(|value| !value.unusual.is_empty()).map(|value| value.day.as_str())
    }

    fn runs(&self, joined: impl Fn(&Value, &Value) -> bool) -> Vec<&[Value]> {
        let between = self.between();
        self.values
            .chunk_by(|one, next| (between || next.x - one.x <= BREAK_DAYS) && joined(one, next))
            .collect()
    }
}

/// Draws a table of the schema `watershed.trend.chart/1` for the audience named.
pub(super) fn draw(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let mut panels = read(table)?;
    // What was unusual most lately comes first: six are drawn, and nobody scrolls for the news.
    panels.sort_by_key(|panel| std::cmp::Reverse(panel.latest_unusual().map(str::to_owned)));
    let narrow = width.is_narrow();
    let title = table.title.clone();
    let sheet = Sheet::new(&format!("control-{}-{}", slug(&title), width.0), width.0);
    let margin = if narrow { 10 } else { 16 };
    let room = sheet.width() - 2 * margin;
    let mut below = 12;
    let large = Lettering::new(if narrow { 16 } else { 18 }).bold();
    below += sheet.paragraph((margin, below), room, &title, large)? + 6;
    below += sheet.reading((margin, below), room, &table.reading)?;
    below += legend(&sheet, (margin, below), room)? + 6;
    for panel in panels.iter().take(MOST_PANELS) {
        below = draw_panel(&sheet, panel, (margin, below), narrow)? + 14;
    }
    let mut said = foot(table, audience);
    if panels.len() > MOST_PANELS {
        said = format!("{} more in the table. {said}", panels.len() - MOST_PANELS);
    }
    let note = Lettering::new(12).colour(DARK_GREY);
    below += sheet.group("note", |sheet| sheet.paragraph((margin, below), room, &said, note))? + 10;
    Ok(sheet.finish(&title, &description(table, &panels), below))
}

fn read(table: &Table) -> Result<Vec<Panel>, Error> {
    let at = |id: &str| column(table, id);
    let (x, kind, unit) = (at("week_start_date")?, at("chart")?, at("value_unit")?);
    let (value, centre, lower, upper) = (at("value")?, at("centre")?, at("lower_limit")?, at("upper_limit")?);
    let (signal, limits, anew, judged) = (at("signal")?, at("limits")?, at("rebased")?, at("judged")?);
    let name = SPLITS.into_iter().find_map(|id| table.column(id));
    let mut panels: Vec<Panel> = Vec::new();
    for row in &table.rows {
        let text = |at: usize| row.get(at).and_then(Cell::text).unwrap_or_default().to_owned();
        let number = |at: usize| row.get(at).and_then(Cell::number);
        let of = match name {
            Some(at) if table.columns.get(at).is_some_and(|column| column.id == "severity") => {
                format!("Severity {}", text(at))
            }
            other => other.map(text).unwrap_or_default(),
        };
        if panels.iter().all(|panel| panel.name != of) {
            let unit = unit_of(table, value, &text(unit));
            panels.push(Panel { name: of.clone(), kind: text(kind), unit, values: Vec::new() });
        }
        let day = text(x);
        let (Some(date), Some(value)) = (words::date(&day), number(value)) else { continue };
        let found = Value {
            x: f64::from(days_since_2000(date)),
            day,
            value,
            centre: number(centre),
            lower: number(lower),
            upper: number(upper),
            judged: matches!(row.get(judged), Some(Cell::Boolean(true))),
            unusual: text(signal),
            limits: text(limits),
            anew: Some(text(anew)).filter(|reason| !reason.is_empty()),
        };
        if let Some(panel) = panels.iter_mut().find(|panel| panel.name == of) {
            panel.values.push(found);
        }
    }
    Ok(panels)
}

/// The unit in full: that of the column of values, of which charts of days between have the second half.
fn unit_of(table: &Table, value: usize, short: &str) -> String {
    let whole = table.columns.get(value).map_or("", |column| column.unit);
    let (weekly, between) = whole.split_once("; days between: ").unwrap_or((whole, short));
    if short == "days between" { between } else { weekly }.to_owned()
}

fn legend(sheet: &Sheet, (left, top): Point, room: i32) -> Result<i32, Error> {
    let lettering = Lettering::new(13);
    let (mut x, mut y) = (left, top);
    let entries = ["Value", "Unusual", "Not judged", "Centre line", "Limits", "Starts anew"];
    sheet.group("legend", |sheet| {
        for (position, words) in entries.into_iter().enumerate() {
            let wide = 34 + width_of(words, lettering) + 16;
            if x > left && x + wide > left + room {
                (x, y) = (left, y + 20);
            }
            let middle = y + 9;
            let (from, to) = ((x, middle), (x + 26, middle));
            match position {
                0 => {
                    sheet.line(from, to, DARK_BLUE, 2)?;
                    sheet.marker((x + 13, middle), Marker::Circle, DARK_BLUE)?;
                }
                1 => unusual_mark(sheet, (x + 13, middle))?,
                2 => sheet.outlined((x + 9, middle - 4), (x + 17, middle + 4), DARK_GREY, 1)?,
                3 => sheet.line(from, to, INK, 1)?,
                4 => sheet.dashed_group("limit", DASHED, |sheet| sheet.line(from, to, INK, 1))?,
                _ => sheet.dashed_group("anew", ANEW, |sheet| {
                    sheet.line((x + 13, y), (x + 13, y + 18), DARK_PINK, 2)
                })?,
            }
            sheet.text((x + 34, y + 1), words, lettering)?;
            x += wide;
        }
        Ok(y - top + 22)
    })
}

/// Larger than a value's mark, and another shape: it shows without colour.
fn unusual_mark(sheet: &Sheet, (x, y): Point) -> Result<(), Error> {
    sheet.outlined((x - 7, y - 7), (x + 7, y + 7), DARK_PINK, 2)?;
    sheet.marker((x, y), Marker::Diamond, DARK_PINK)
}

fn draw_panel(sheet: &Sheet, panel: &Panel, (left, top): Point, narrow: bool) -> Result<i32, Error> {
    let room = sheet.width() - 2 * left;
    let mut below = top;
    let heading = match (panel.name.as_str(), panel.kind.as_str()) {
        ("", kind) => format!("Chart: {kind}"),
        (name, kind) => format!("{} ({kind})", words::sentence(name)),
    };
    below += sheet
        .group("panel", |sheet| sheet.paragraph((left, below), room, &heading, Lettering::new(14).bold()))?;
    let small = Lettering::new(13).colour(DARK_GREY);
    let unit = words::sentence(&panel.unit);
    below += sheet.group("axis-title", |sheet| sheet.paragraph((left, below), room, &unit, small))? + 22;

    let places: Vec<(f64, String)> = panel.values.iter().map(|value| (value.x, value.day.clone())).collect();
    let (Some(first), Some(last)) = (places.first(), places.last()) else {
        below += sheet.paragraph((left, below - 16), room, "No figures in these days.", small)?;
        return Ok(below);
    };
    let highest = panel.values.iter().map(|v| v.value.max(v.upper.unwrap_or(0.0))).fold(0.0, f64::max);
    let share = panel.unit.starts_with("share");
    let figure = |value: f64| if share { words::per_cent(value) } else { words::figure(value) };
    let ticks = axis::ticks(highest, if narrow { 3 } else { 4 });
    let label = Lettering::new(13);
    let widest = ticks.iter().map(|tick| width_of(&figure(*tick), label)).max().unwrap_or(20);
    let (from, to) = (left + widest + 8, sheet.width() - left - 6);
    let bottom = below + if narrow { 170 } else { 220 };
    let span = if last.0 > first.0 { first.0..last.0 } else { first.0 - 0.5..first.0 + 0.5 };
    let top_value = ticks.last().copied().unwrap_or(1.0);
    let field = Field::new(span, 0.0..top_value, (from + 10, to - 10), (below, bottom));

    sheet.group("axis", |sheet| {
        for tick in &ticks {
            let (_, y) = field.at(first.0, *tick);
            sheet.line((from, y), (to, y), if *tick == 0.0 { INK } else { GRID }, 1)?;
            sheet.text((from - 8, y), &figure(*tick), label.right().middle())?;
        }
        along(sheet, &field, &places, narrow)
    })?;
    limits(sheet, panel, &field)?;
    anew(sheet, panel, &field, (below, bottom), to)?;
    sheet.group("line", |sheet| {
        for run in panel.runs(|_, _| true) {
            let points: Vec<Point> = run.iter().map(|v| field.at(v.x, v.value)).collect();
            if points.len() > 1 {
                sheet.path(points, DARK_BLUE, 2)?;
            }
        }
        Ok(())
    })?;
    sheet.group("marks", |sheet| {
        let named = Lettering::new(12).centred().colour(DARK_PINK);
        let mut free = i32::MIN;
        for value in &panel.values {
            let (x, y) = field.at(value.x, value.value);
            if !value.unusual.is_empty() {
                unusual_mark(sheet, (x, y))?;
                // Words above, where the ones before leave room; the table has all of them.
                let word = short(&value.unusual);
                let half = width_of(word, named) / 2 + 3;
                let middle = x.clamp(from + half, to - half);
                if middle - half > free {
                    sheet.text((middle, y - 24), word, named)?;
                    free = middle + half;
                }
            } else if value.judged {
                sheet.marker((x, y), Marker::Circle, DARK_BLUE)?;
            } else {
                sheet.filled((x - 4, y - 4), (x + 4, y + 4), super::palette::PAPER)?;
                sheet.outlined((x - 4, y - 4), (x + 4, y + 4), DARK_GREY, 1)?;
            }
        }
        Ok(())
    })?;
    let across = format!(
        "{}, {} to {}",
        if panel.between() { "Day it happened" } else { "School week beginning" },
        words::day(&first.1),
        words::day(&last.1)
    );
    let mut below = bottom + 28;
    below += sheet.group("axis-title", |sheet| sheet.paragraph((left, below), room, &across, small))? + 4;
    if let Some(value) = panel.values.last().filter(|value| value.centre.is_some()) {
        let said = limits_in_words(value, figure);
        below += sheet.group("note", |sheet| sheet.paragraph((left, below), room, &said, small))?;
    }
    Ok(below)
}

/// How a line is broken, and where it stands at a point.
type Line = (&'static str, fn(&Value) -> Option<f64>);

fn limits(sheet: &Sheet, panel: &Panel, field: &Field) -> Result<(), Error> {
    let lines: [Line; 3] =
        [("", |value| value.centre), (DASHED, |value| value.lower), (DASHED, |value| value.upper)];
    for (dash, read) in lines {
        sheet.dashed_group(if dash.is_empty() { "centre" } else { "limit" }, dash, |sheet| {
            // A stretch ends where the chart starts anew.
            for run in panel.runs(|one, next| {
                read(one).is_some()
                    && read(next).is_some()
                    && next.anew.is_none()
                    && one.limits == next.limits
            }) {
                let points: Vec<Point> =
                    run.iter().filter_map(|value| Some(field.at(value.x, read(value)?))).collect();
                match points[..] {
                    [] => {}
                    [(x, y)] => sheet.line((x - 6, y), (x + 6, y), INK, 1)?,
                    _ => sheet.path(points, INK, 1)?,
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn anew(sheet: &Sheet, panel: &Panel, field: &Field, (top, bottom): Point, right: i32) -> Result<(), Error> {
    for value in &panel.values {
        let Some(reason) = &value.anew else { continue };
        let x = field.at(value.x, 0.0).0 - 5;
        sheet.dashed_group("anew", ANEW, |sheet| sheet.line((x, top - 4), (x, bottom), DARK_PINK, 2))?;
        let lettering = Lettering::new(12).colour(DARK_PINK);
        let reason = fitting(reason, right - field.left, lettering);
        let wide = width_of(&reason, lettering);
        // Beside its line where there is room, else as far left as it must begin.
        let at = (x + 4).min(right - wide).max(field.left);
        sheet.group("anew", |sheet| sheet.text((at, top - 20), &reason, lettering))?;
    }
    Ok(())
}

/// As much of a text as fits a width; the table has all of it.
fn fitting(text: &str, room: i32, lettering: Lettering) -> String {
    if width_of(text, lettering) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while !kept.is_empty() {
        kept.pop();
        let shorter: String = kept.iter().chain(&['\u{2026}']).collect();
        if width_of(&shorter, lettering) <= room {
            return shorter;
        }
    }
    String::new()
}

/// `higher` of `higher: above the limit`.
fn short(unusual: &str) -> &str {
    unusual.split(':').next().unwrap_or(unusual)
}

fn limits_in_words(value: &Value, figure: impl Fn(f64) -> String) -> String {
    let centre = value.centre.map(&figure).unwrap_or_default();
    match (value.lower, value.upper) {
        (Some(lower), Some(upper)) => format!(
            "At the end: centre line {centre}, limits {} to {} ({}).",
            figure(lower),
            figure(upper),
            value.limits
        ),
        (None, Some(upper)) => {
            format!("At the end: centre line {centre}, upper limit {} ({}).", figure(upper), value.limits)
        }
        _ => format!("At the end: centre line {centre}, no limits."),
    }
}

fn description(table: &Table, panels: &[Panel]) -> String {
    let mut text = format!(
        "Control chart. {}, {} to {}. {}",
        table.school,
        words::day(&table.period.from),
        words::day(&table.period.to),
        table.reading
    );
    for panel in panels.iter().take(MOST_PANELS) {
        let name = if panel.name.is_empty() { String::new() } else { format!("{}: ", panel.name) };
        text.push_str(&format!(" {name}{}, {}.", panel.kind, panel.unit));
        if let Some(value) = panel.values.last() {
            let figure = |value: f64| {
                if panel.unit.starts_with("share") { words::per_cent(value) } else { words::figure(value) }
            };
            text.push_str(&format!(" Last {} ({}).", figure(value.value), words::day(&value.day)));
            text.push_str(&format!(" {}", limits_in_words(value, figure)));
        }
        let unusual: Vec<String> = panel
            .values
            .iter()
            .filter(|value| !value.unusual.is_empty())
            .map(|value| format!("{}, {}", words::day(&value.day), value.unusual))
            .collect();
        if unusual.is_empty() {
            text.push_str(" Nothing unusual.");
        } else {
            text.push_str(&format!(" Unusual: {}.", unusual.join("; ")));
        }
        for value in panel.values.iter().filter(|value| value.anew.is_some()) {
            let reason = value.anew.as_deref().unwrap_or_default();
            text.push_str(&format!(" Starts anew on {}: {reason}.", words::day(&value.day)));
        }
    }
    text.push_str(" The figures stand in the table beside it.");
    text
}
