//! Ratios with their intervals, one below the other on a logarithmic axis, with no change in the middle.

use query::{Cell, Error, Table};

use super::Width;
use super::axis::Field;
use super::line::{column, foot, slug};
use super::palette::{DARK_BLUE, DARK_GREY, GRID, INK, Marker};
use super::sheet::{Lettering, Sheet, wrap};
use super::words;

/// More rows than these are in the table only.
const MOST_ROWS: usize = 16;
/// What lies beyond is drawn at the edge with an arrow.
const EDGE: f64 = 16.0;

struct Row {
    name: String,
    word: String,
    ratio: Option<f64>,
    lower: f64,
    upper: f64,
}

/// Draws a table of the schema `watershed.trend.year/1` for the audience named.
pub(super) fn draw(table: &Table, audience: &str, width: Width) -> Result<String, Error> {
    let at = |id: &str| column(table, id);
    let (theme, stage, word) = (at("theme")?, at("key_stage")?, at("comparison")?);
    let (ratio, lower, upper) = (at("ratio")?, at("ratio_lower")?, at("ratio_upper")?);
    let text = |row: &[Cell], at: usize| row.get(at).and_then(Cell::text).unwrap_or_default().to_owned();
    let number = |row: &[Cell], at: usize| row.get(at).and_then(Cell::number);
    let rows: Vec<Row> = table
        .rows
        .iter()
        .filter_map(|row| {
            let stage = text(row, stage);
            let name = text(row, theme);
            Some(Row {
                name: if stage == "all" { name } else { format!("{name}, {stage}") },
                word: text(row, word),
                ratio: number(row, ratio),
                lower: number(row, lower)?,
                upper: number(row, upper)?,
            })
        })
        .collect();
    let narrow = width.is_narrow();
    let sheet = Sheet::new(&format!("ratios-{}-{}", slug(&table.title), width.0), width.0);
    let margin = if narrow { 10 } else { 16 };
    let room = sheet.width() - 2 * margin;
    let mut below = 12;
    let large = Lettering::new(if narrow { 16 } else { 18 }).bold();
    below += sheet.paragraph((margin, below), room, &table.title, large)? + 6;
    below += sheet.reading((margin, below), room, &table.reading)?;
    let small = Lettering::new(13).colour(DARK_GREY);
    let axis =
        "Rate of actor-days now over that a year before; 1 is no change; equal steps are equal factors";
    below += sheet.group("axis-title", |sheet| sheet.paragraph((margin, below), room, axis, small))? + 24;

    let label = Lettering::new(13);
    let names = room * if narrow { 38 } else { 34 } / 100;
    let (from, to) = (margin + names + 10, sheet.width() - margin);
    let tall = 34;
    let shown = &rows[..rows.len().min(MOST_ROWS)];
    let bottom = below + tall * i32::try_from(shown.len().max(1)).unwrap_or(1);
    let field = Field::new(-EDGE.log2()..EDGE.log2(), 0.0..1.0, (from + 8, to - 8), (below, bottom));
    let place = |ratio: f64| field.at(ratio.clamp(1.0 / EDGE, EDGE).log2(), 0.0).0;
    sheet.group("axis", |sheet| {
        let ticks: &[(f64, &str)] = if narrow {
            &[(1.0 / 8.0, "1/8"), (1.0, "1"), (8.0, "8")]
        } else {
            &[
                (1.0 / 16.0, "1/16"),
                (0.25, "1/4"),
                (0.5, "1/2"),
                (1.0, "1"),
                (2.0, "2"),
                (4.0, "4"),
                (16.0, "16"),
            ]
        };
        for (ratio, words) in ticks {
            let x = place(*ratio);
            sheet.line((x, below - 4), (x, bottom), if *ratio == 1.0 { INK } else { GRID }, 1)?;
            sheet.text((x, below - 20), words, label.centred())?;
        }
        Ok(())
    })?;
    for (position, row) in shown.iter().enumerate() {
        let top = below + tall * i32::try_from(position).unwrap_or(0);
        let middle = top + tall / 2;
        sheet.group("row", |sheet| {
            let name = words::sentence(&row.name);
            let lines = wrap(&name, names, Lettering::new(12));
            for (line, words) in lines.iter().take(2).enumerate() {
                let first = middle - 7 * i32::try_from(lines.len().min(2)).unwrap_or(1);
                let at = first + 14 * i32::try_from(line).unwrap_or(0);
                sheet.text((margin, at), words, Lettering::new(12))?;
            }
            sheet.line((place(row.lower), middle), (place(row.upper), middle), DARK_BLUE, 3)?;
            for (end, inside) in [(row.lower, row.lower >= 1.0 / EDGE), (row.upper, row.upper <= EDGE)] {
                let x = place(end);
                if inside {
                    sheet.line((x, middle - 4), (x, middle + 4), DARK_BLUE, 2)?;
                }
            }
            match row.ratio {
                Some(ratio) if row.word == "no clear change" => {
                    sheet.marker((place(ratio), middle), Marker::Circle, DARK_BLUE)
                }
                Some(ratio) => sheet.marker((place(ratio), middle), Marker::Diamond, DARK_BLUE),
                None => Ok(()),
            }
        })?;
    }
    below = bottom + 12;
    let mut said =
        "Line: 95 % interval. Diamond: it does not hold 1. Circle: it does. No mark: none on one side. \
                    Ends without a cap lie beyond 16 times."
            .to_owned();
    if rows.len() > MOST_ROWS {
        said.push_str(&format!(" {} more in the table.", rows.len() - MOST_ROWS));
    }
    let said = format!("{said} {}", foot(table, audience));
    let note = Lettering::new(12).colour(DARK_GREY);
    below += sheet.group("note", |sheet| sheet.paragraph((margin, below), room, &said, note))? + 10;
    let changed: Vec<String> = rows
        .iter()
        .filter(|row| row.word == "higher" || row.word == "lower")
        .map(|row| {
            format!(
                "{} {}, {} to {} times",
                row.name,
                row.word,
                words::figure(row.lower),
                words::figure(row.upper)
            )
        })
        .collect();
    let described = format!(
        "Ratios with intervals. {} {} The figures stand in the table beside it.",
        table.reading,
        if changed.is_empty() {
            "No interval excludes no change.".to_owned()
        } else {
            format!("{}.", changed.join("; "))
        }
    );
    Ok(sheet.finish(&table.title, &described, below))
}
