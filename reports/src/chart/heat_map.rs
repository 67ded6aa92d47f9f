//! A heat map: cells darker the larger their value, and the value written in each.

use plotters::style::RGBColor;
use query::{Cell, Error, Table};

use super::Width;
use super::axis;
use super::line::{chosen, column, foot, slug};
use super::palette::{DARK_GREY, GRID, INK, STEPS, Texture, lettering_on};
use super::sheet::{Lettering, Point, Sheet, width_of, wrap};
use super::words;

/// Which columns of a table make the picture.
#[derive(Clone, Debug, Default)]
pub struct HeatChoice<'a> {
    /// Heading; the table's own if empty.
    pub title: String,
    /// Column whose values stand below each other.
    pub down: &'a str,
    /// Column whose values stand beside each other.
    pub across: &'a str,
    /// Column whose values are a panel each.
    pub panel: Option<&'a str>,
    /// Column of the figure.
    pub measure: &'a str,
    /// Rows to take: column and the words it must hold.
    pub only: Vec<(&'a str, &'a str)>,
    /// What the figures say, in a sentence under the heading; empty where it stands beside the picture.
    pub reading: &'a str,
    /// A table that has a row only for what happened: where a column has figures, a cell without a row is 0.
    pub absent_is_none: bool,
}

struct Panel {
    name: String,
    /// Row name, then one value for each column.
    rows: Vec<(String, Vec<Option<Cell>>)>,
}

struct Read {
    across: Vec<String>,
    panels: Vec<Panel>,
}

/// Draws the chosen columns for the audience named.
pub(super) fn draw(
    table: &Table,
    choice: &HeatChoice<'_>,
    audience: &str,
    width: Width,
) -> Result<String, Error> {
    let read = read(table, choice)?;
    let narrow = width.is_narrow();
    let measure = column(table, choice.measure)?;
    let (heading, unit) =
        table.columns.get(measure).map_or(("", ""), |column| (&*column.heading, column.unit));
    let title = if choice.title.is_empty() { table.title.clone() } else { choice.title.clone() };
    let scale = Scale::new(&read);

    let sheet = Sheet::new(&format!("heat-{}-{}", slug(&title), width.0), width.0);
    let margin = if narrow { 10 } else { 16 };
    let room = sheet.width() - 2 * margin;
    let mut below = 12;
    let large = Lettering::new(if narrow { 16 } else { 18 }).bold();
    below += sheet.paragraph((margin, below), room, &title, large)? + 4;
    below += sheet.reading((margin, below), room, choice.reading)?;
    let small = Lettering::new(13).colour(DARK_GREY);
    let axis_title = format!(
        "{}. Down: {}. Across: {}.",
        if unit.is_empty() || heading.eq_ignore_ascii_case(unit) {
            heading.to_owned()
        } else {
            format!("{heading} ({unit})")
        },
        heading_of(table, choice.down),
        heading_of(table, choice.across)
    );
    below +=
        sheet.group("axis-title", |sheet| sheet.paragraph((margin, below), room, &axis_title, small))? + 6;
    below += scale.legend(&sheet, (margin, below), room)? + 8;

    let label = Lettering::new(13);
    let name_room = if narrow { room * 34 / 100 } else { room * 26 / 100 };
    let name_width = read
        .panels
        .iter()
        .flat_map(|panel| &panel.rows)
        .map(|(name, _)| width_of(&words::sentence(name), label))
        .max()
        .unwrap_or(40)
        .clamp(40, name_room);
    let left = margin + name_width + 8;
    let header = Lettering::new(13).bold();
    let narrowest = if narrow { 38 } else { 46 };
    let even = (sheet.width() - margin - left) / i32::try_from(read.across.len().max(1)).unwrap_or(i32::MAX);
    let read = short_headings(read, header, even);
    let widest = read.across.iter().map(|name| widest_word(name, header)).max().unwrap_or(0);
    let fits = ((sheet.width() - margin - left) / narrowest.max(widest + 6)).max(1) as usize;
    // As even as can be: seven columns where six fit become four and three.
    let blocks = read.across.len().div_ceil(fits).max(1);
    let per_block = read.across.len().div_ceil(blocks).max(1);
    let cell_width = ((sheet.width() - margin - left) / per_block as i32).min(96);
    for panel in &read.panels {
        for block in 0..blocks {
            let from = block * per_block;
            let to = (from + per_block).min(read.across.len());
            if !panel.name.is_empty() && block == 0 {
                below += sheet.group("panel", |sheet| {
                    sheet.paragraph((margin, below), room, &panel.name, Lettering::new(14).bold())
                })? + 2;
            }
            let names = read.across.get(from..to).unwrap_or_default();
            let wrapped: Vec<Vec<String>> =
                names.iter().map(|name| wrap(name, cell_width - 4, header)).collect();
            let lines = wrapped.iter().map(Vec::len).max().unwrap_or(1) as i32;
            sheet.group("columns", |sheet| {
                for (position, lines_of) in wrapped.iter().enumerate() {
                    let x = left + position as i32 * cell_width + cell_width / 2;
                    let first = below + (lines - lines_of.len() as i32) * header.leading();
                    for (line, text) in lines_of.iter().enumerate() {
                        sheet.text((x, first + line as i32 * header.leading()), text, header.centred())?;
                    }
                }
                Ok(())
            })?;
            below += lines * header.leading() + 4;
            for (name, values) in &panel.rows {
                let name = words::sentence(name);
                let lines = wrap(&name, name_width, label).len() as i32;
                let tall = (lines * label.leading() + 6).max(30);
                let used = lines * label.leading();
                sheet.group("row", |sheet| {
                    sheet.paragraph((margin, below + (tall - used) / 2), name_width, &name, label)?;
                    for (position, value) in values.get(from..to).unwrap_or_default().iter().enumerate() {
                        let x = left + position as i32 * cell_width;
                        scale.cell(sheet, (x, below), (cell_width, tall), value.as_ref())?;
                    }
                    Ok(())
                })?;
                below += tall;
            }
            below += 14;
        }
    }
    let note = Lettering::new(12).colour(DARK_GREY);
    below += sheet
        .group("note", |sheet| sheet.paragraph((margin, below), room, &foot(table, audience), note))?
        + 10;
    let described = description(table, &read, &axis_title);
    Ok(sheet.finish(&title, &described, below))
}

fn widest_word(text: &str, lettering: Lettering) -> i32 {
    text.split_whitespace().map(|word| width_of(word, lettering)).max().unwrap_or(0)
}

/// Days of the week as `Mon` where the whole word is wider than a cell.
fn short_headings(mut read: Read, lettering: Lettering, room: i32) -> Read {
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    if read.across.iter().any(|name| widest_word(name, lettering) + 6 > room) {
        for name in read.across.iter_mut().filter(|name| days.contains(&name.as_str())) {
            name.truncate(3);
        }
    }
    read
}

fn heading_of(table: &Table, id: &str) -> String {
    table
        .column(id)
        .and_then(|at| table.columns.get(at))
        .map_or_else(String::new, |column| column.heading.to_lowercase())
}

fn read(table: &Table, choice: &HeatChoice<'_>) -> Result<Read, Error> {
    let down = column(table, choice.down)?;
    let across = column(table, choice.across)?;
    let measure = column(table, choice.measure)?;
    let panel = choice.panel.map(|id| column(table, id)).transpose()?;
    let rows: Vec<&Vec<Cell>> = table.rows.iter().filter(|row| chosen(table, row, &choice.only)).collect();
    let name = |row: &[Cell], at: usize| row.get(at).map(words::cell).unwrap_or_default();
    // The order of the table is the order of the picture: never by value.
    let columns = in_order(rows.iter().map(|row| name(row, across)));
    let mut downs = in_order(rows.iter().map(|row| name(row, down)));
    if choice.absent_is_none {
        // In order of first appearance, what the first column lacks would stand last.
        downs.sort();
    }
    let panels = in_order(rows.iter().map(|row| panel.map(|at| name(row, at)).unwrap_or_default()))
        .into_iter()
        .map(|panel_name| {
            let inside = |row: &[Cell]| panel.is_none_or(|at| name(row, at) == panel_name);
            let find = |down_name: &str, across_name: &str| {
                rows.iter()
                    .find(|row| {
                        inside(row) && name(row, down) == down_name && name(row, across) == across_name
                    })
                    .and_then(|row| row.get(measure))
                    .cloned()
            };
            // A column whose every figure is missing has nobody to divide by: there none is not known.
            let has_figures = |across_name: &str| {
                rows.iter().any(|row| {
                    inside(row)
                        && name(row, across) == across_name
                        && row.get(measure).and_then(Cell::number).is_some()
                })
            };
            let find = |down_name: &str, across_name: &str| {
                find(down_name, across_name).or_else(|| {
                    (choice.absent_is_none && has_figures(across_name)).then_some(Cell::Real(0.0))
                })
            };
            let rows = downs
                .iter()
                .map(|row_name| {
                    (row_name.clone(), columns.iter().map(|column| find(row_name, column)).collect())
                })
                .collect();
            Panel { name: panel_name, rows }
        })
        .collect();
    Ok(Read { across: columns, panels })
}

fn in_order(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut ordered: Vec<String> = Vec::new();
    for name in names {
        if !ordered.contains(&name) {
            ordered.push(name);
        }
    }
    ordered
}

/// Steps of equal width from zero to a round figure above the largest.
struct Scale {
    step: f64,
    top: f64,
    missing: bool,
    whole: bool,
}

impl Scale {
    fn new(read: &Read) -> Self {
        let cells = || read.panels.iter().flat_map(|panel| &panel.rows).flat_map(|(_, values)| values);
        let largest = cells().flatten().filter_map(Cell::number).fold(0.0, f64::max);
        let whole = cells().flatten().all(|cell| !matches!(cell, Cell::Real(_)));
        let ticks = axis::ticks(largest.max(if whole { 5.0 } else { 0.0 }), STEPS.len());
        let step = ticks.get(1).copied().unwrap_or(1.0);
        let step = if whole { step.ceil() } else { step };
        let missing = cells().any(|cell| cell.as_ref().and_then(Cell::number).is_none());
        Self { step, top: step * STEPS.len() as f64, missing, whole }
    }

    /// None for zero, which stays white.
    fn colour(&self, value: f64) -> Option<RGBColor> {
        if value <= 0.0 {
            return None;
        }
        let position = ((value / self.step).ceil() as usize).clamp(1, STEPS.len());
        STEPS.get(position - 1).copied()
    }

    fn cell(
        &self,
        sheet: &Sheet,
        (x, y): Point,
        (wide, tall): (i32, i32),
        cell: Option<&Cell>,
    ) -> Result<(), Error> {
        let (from, to) = ((x + 1, y + 1), (x + wide - 1, y + tall - 1));
        let centre = (x + wide / 2, y + tall / 2);
        let Some(value) = cell.and_then(Cell::number) else {
            sheet.textured(from, to, Texture::Dots)?;
            return sheet.outlined(from, to, GRID, 1);
        };
        let lettering = Lettering::new(13).centred().middle();
        match self.colour(value) {
            Some(colour) => {
                sheet.filled(from, to, colour)?;
                sheet.text(centre, &words::figure(value), lettering.colour(lettering_on(colour)))
            }
            None => {
                sheet.outlined(from, to, GRID, 1)?;
                sheet.text(centre, &words::figure(value), lettering.colour(INK))
            }
        }
    }

    fn legend(&self, sheet: &Sheet, (left, top): Point, room: i32) -> Result<i32, Error> {
        let lettering = Lettering::new(12);
        let mut entries: Vec<(Option<RGBColor>, bool, String)> = vec![(None, false, "0".to_owned())];
        for (position, colour) in STEPS.into_iter().enumerate() {
            let upper = self.step * (position + 1) as f64;
            let upper = words::figure(upper.min(self.top));
            let below = self.step * position as f64;
            let words = match (self.whole, position) {
                (true, _) if self.step <= 1.0 => upper,
                (true, _) => format!("{} to {upper}", words::figure(below + 1.0)),
                (false, 0) => format!("up to {upper}"),
                (false, _) => format!("to {upper}"),
            };
            entries.push((Some(colour), false, words));
        }
        if self.missing {
            entries.push((None, true, "no figure".to_owned()));
        }
        let (mut x, mut y) = (left, top);
        sheet.group("legend", |sheet| {
            for (colour, dotted, text) in &entries {
                let width = 20 + width_of(text, lettering) + 14;
                if x > left && x + width > left + room {
                    x = left;
                    y += 20;
                }
                let (from, to) = ((x, y), (x + 15, y + 15));
                match colour {
                    Some(colour) => sheet.filled(from, to, *colour)?,
                    None if *dotted => sheet.textured(from, to, Texture::Dots)?,
                    None => {}
                }
                sheet.outlined(from, to, DARK_GREY, 1)?;
                sheet.text((x + 20, y), text, lettering)?;
                x += width;
            }
            Ok(y - top + 20)
        })
    }
}

fn description(table: &Table, read: &Read, axis_title: &str) -> String {
    let mut largest: Option<(f64, String)> = None;
    for panel in &read.panels {
        for (row, values) in &panel.rows {
            for (value, across) in values.iter().zip(&read.across) {
                let Some(number) = value.as_ref().and_then(Cell::number) else { continue };
                if largest.as_ref().is_none_or(|(known, _)| number > *known) {
                    let place: Vec<&str> = [panel.name.as_str(), row, across]
                        .into_iter()
                        .filter(|part| !part.is_empty())
                        .collect();
                    largest = Some((number, place.join(", ")));
                }
            }
        }
    }
    let largest = largest.map_or_else(
        || "No figures.".to_owned(),
        |(value, place)| format!("Largest: {} ({place}).", words::figure(value)),
    );
    format!(
        "Heat map. {axis_title} {}, {} to {}. {largest} The figures stand in the table beside it.",
        table.school,
        words::day(&table.period.from),
        words::day(&table.period.to)
    )
}
