//! A sealed set as bars between the ends of their bands; knows nothing but the set.

use query::Error;
use query::disclosure::sealed::{SealedRow, SealedSet, Shown, WHOLE_SCHOOL};

use super::Width;
use super::axis::{self, Field};
use super::palette::{DARK_BLUE, DARK_GREY, GRID, INK, PAPER, Texture};
use super::sheet::{Lettering, Sheet, width_of, wrap};
use super::words;

/// Height of a bar.
const BAR: i32 = 16;
/// Width of the mark that stands for "fewer than" and "all or nearly all": the same whatever the figure.
const TOKEN: i32 = 26;
/// A band of few pupils on a long axis would be a hair; it is at least this wide.
const NARROWEST_BAND: i32 = 6;
/// Order and words of the headings.
const HEADINGS: [(&str, &str); 4] =
    [("content", "Content"), ("contact", "Contact"), ("conduct", "Conduct"), ("commerce", "Commerce")];

/// Heading over the bars of key stages and year groups.
const BY_GROUP: &str = "By key stage and year group";

/// A line of the picture.
enum Line<'a> {
    Heading(&'static str),
    /// A row and what stands before its bar: the category, or below the last heading the group.
    Row(&'a SealedRow, &'a str),
}

/// Draws the set's tables, one below the other on one axis.
pub(super) fn draw(set: &SealedSet, width: Width) -> Result<String, Error> {
    let lines = lines(set);
    let narrow = width.is_narrow();
    let sheet = Sheet::new(&format!("bands-{}-{}", set.id, width.0), width.0);
    let margin = if narrow { 10 } else { 16 };
    let room = sheet.width() - 2 * margin;
    let mut below = 12;

    let heading = title(set);
    let large = Lettering::new(if narrow { 16 } else { 19 }).bold();
    let small = Lettering::new(13).colour(DARK_GREY);
    below += sheet.paragraph((margin, below), room, &heading, large)? + 4;
    below += sheet.paragraph((margin, below), room, &subtitle(set), small)? + 10;

    let label = Lettering::new(14);
    let label_width = if narrow { 0 } else { room * 36 / 100 };
    let words_width = if narrow { 0 } else { longest_words(set, label) };
    let left = margin + if narrow { 0 } else { label_width + 12 };
    let right = sheet.width() - margin - if narrow { 12 } else { words_width + 12 };
    let top_of_axis = axis::rung(largest(set));
    let field = |top: i32, bottom: i32| {
        Field::new(0.0..f64::from(top_of_axis), 0.0..1.0, (left, right), (top, bottom))
    };

    // The grid lies beneath, so its length must be known first.
    let heights: Vec<i32> = lines.iter().map(|line| height(line, narrow, label, label_width, room)).collect();
    let (top, bottom) = (below, below + heights.iter().sum::<i32>() + 4);
    let plot = field(top, bottom);
    sheet.group("axis", |sheet| {
        let ticks: Vec<u32> = (0..=5).map(|fifth| top_of_axis * fifth / 5).collect();
        for tick in ticks.into_iter().filter(|tick| !narrow || [0, top_of_axis].contains(tick)) {
            let (x, _) = plot.at(f64::from(tick), 0.0);
            sheet.line((x, top), (x, bottom), if tick == 0 { INK } else { GRID }, 1)?;
            let words = words::whole(i64::from(tick));
            let lettering = Lettering::new(13);
            let lettering = match (narrow, tick) {
                (true, 0) => lettering,
                (true, _) => lettering.right(),
                (false, _) => lettering.centred(),
            };
            sheet.text((x, bottom + 5), &words, lettering)?;
        }
        let across = Lettering::new(13).colour(DARK_GREY);
        if narrow {
            sheet.text(((left + right) / 2, bottom + 5), "Number of pupils", across.centred())
        } else {
            sheet.text(((left + right) / 2, bottom + 23), "Number of pupils", across.centred())
        }
    })?;

    for (line, height) in lines.iter().zip(&heights) {
        match line {
            Line::Heading(text) => {
                sheet.group("heading", |sheet| {
                    sheet.text(
                        (margin + if narrow { 6 } else { 0 }, below + height - 22),
                        text,
                        Lettering::new(14).bold().colour(DARK_BLUE),
                    )
                })?;
            }
            Line::Row(row, name) => {
                sheet.group("row", |sheet| {
                    let middle = if narrow {
                        let used = sheet.paragraph((margin + 6, below + 4), room - 6, name, label)?;
                        below + 4 + used + BAR / 2 + 2
                    } else {
                        let lines = wrap(name, label_width, label);
                        let used = lines.len() as i32 * label.leading();
                        let first = below + (height - used) / 2;
                        sheet.paragraph((margin, first), label_width, name, label)?;
                        below + height / 2
                    };
                    draw_row(sheet, &plot, row, middle, narrow)
                })?;
            }
        }
        below += height;
    }

    below = bottom + if narrow { 32 } else { 48 };
    below += sheet.group("note", |sheet| {
        sheet.paragraph((margin, below), room, &foot(set), Lettering::new(12).colour(DARK_GREY))
    })? + 10;
    Ok(sheet.finish(&heading, &description(set), below))
}

fn draw_row(sheet: &Sheet, plot: &Field, row: &SealedRow, middle: i32, narrow: bool) -> Result<(), Error> {
    let (upper, lower) = (middle - BAR / 2, middle + BAR / 2);
    let shown = row.shown.words();
    let right = match row.shown {
        Shown::Band { from, to } => {
            let (mut left, _) = plot.at(f64::from(from), 0.0);
            let (mut right, _) = plot.at(f64::from(to), 0.0);
            if right - left < NARROWEST_BAND {
                left = (left + right - NARROWEST_BAND) / 2;
                right = left + NARROWEST_BAND;
            }
            sheet.dashed_group("guide", "2 3", |sheet| {
                sheet.line((plot.left, middle), (left, middle), DARK_BLUE, 1)
            })?;
            sheet.group("band", |sheet| {
                sheet.textured((left, upper), (right, lower), Texture::Diagonal)?;
                sheet.outlined((left, upper), (right, lower), DARK_BLUE, 2)
            })?;
            right
        }
        Shown::FewerThan { .. } => {
            let right = plot.left + TOKEN;
            sheet.dashed_group("token", "3 2", |sheet| {
                sheet.outlined((plot.left, upper + 2), (right, lower - 2), DARK_GREY, 1)
            })?;
            right
        }
        Shown::AllOrNearly => {
            let left = plot.right - TOKEN;
            sheet.group("token", |sheet| {
                sheet.outlined((left, upper + 2), (plot.right, lower - 2), DARK_GREY, 2)
            })?;
            if narrow { left } else { plot.right }
        }
        Shown::NotBrokenDown | Shown::NotAvailable => plot.left,
    };
    let lettering = match row.shown {
        Shown::Band { .. } | Shown::AllOrNearly => Lettering::new(14).bold().middle(),
        Shown::FewerThan { .. } | Shown::NotBrokenDown | Shown::NotAvailable => {
            Lettering::new(13).colour(DARK_GREY).middle()
        }
    };
    // Beside the bar, or before it where the sheet ends.
    let length = width_of(&shown, lettering);
    let beside = right + 8 + length <= sheet.width() - 4;
    sheet.group("figure", |sheet| {
        if beside {
            return sheet.text((right + 8, middle), &shown, lettering);
        }
        let end = right - 14;
        sheet.filled((end - length - 4, upper), (end + 2, lower), PAPER)?;
        sheet.text((end, middle), &shown, lettering.right())
    })
}

/// Tables with a bar for each row. T3 has too many: it stands in its table alone.
fn drawn(set: &SealedSet) -> impl Iterator<Item = &SealedRow> {
    set.tables.iter().filter(|table| table.id != "T3").flat_map(|table| &table.rows)
}

fn lines(set: &SealedSet) -> Vec<Line<'_>> {
    let of_school = |row: &&SealedRow| row.group == WHOLE_SCHOOL;
    let rows = || drawn(set).filter(of_school);
    let known = |heading: &str| HEADINGS.iter().any(|(id, _)| heading.eq_ignore_ascii_case(id));
    // Rows outside the four headings first: the union of them all.
    let mut lines: Vec<Line<'_>> =
        rows().filter(|row| !known(&row.heading)).map(|row| Line::Row(row, &row.row)).collect();
    for (id, words) in HEADINGS {
        let mut under = rows().filter(|row| row.heading.eq_ignore_ascii_case(id)).peekable();
        if under.peek().is_some() {
            lines.push(Line::Heading(words));
            lines.extend(under.map(|row| Line::Row(row, &row.row)));
        }
    }
    let mut parts = drawn(set).filter(|row| !of_school(row)).peekable();
    if parts.peek().is_some() {
        lines.push(Line::Heading(BY_GROUP));
        lines.extend(parts.map(|row| Line::Row(row, words::group(set, &row.group))));
    }
    lines
}

fn height(line: &Line<'_>, narrow: bool, label: Lettering, label_width: i32, room: i32) -> i32 {
    match line {
        Line::Heading(_) => 34,
        Line::Row(_, name) if narrow => wrap(name, room - 6, label).len() as i32 * label.leading() + BAR + 14,
        Line::Row(_, name) => {
            (wrap(name, label_width, label).len() as i32 * label.leading() + 10).max(BAR + 14)
        }
    }
}

fn largest(set: &SealedSet) -> u32 {
    let ends = drawn(set).filter_map(|row| match row.shown {
        Shown::Band { to, .. } => Some(to),
        _ => None,
    });
    ends.max().unwrap_or(0)
}

/// Room for the words of a bar that ends at the right edge.
fn longest_words(set: &SealedSet, lettering: Lettering) -> i32 {
    drawn(set)
        .filter(|row| matches!(row.shown, Shown::Band { .. } | Shown::AllOrNearly))
        .map(|row| width_of(&row.shown.words(), lettering.bold()))
        .max()
        .unwrap_or(40)
        .max(40)
}

/// The finding, in about ten words.
fn title(set: &SealedSet) -> String {
    let when = words::period(&set.period);
    for table in set.tables.iter().filter(|table| table.id == "T0") {
        for row in &table.rows {
            if let Shown::Band { .. } = row.shown {
                let roll = words::whole(i64::from(table.roll));
                return format!(
                    "{} of {roll} pupils had at least one matter of concern online",
                    row.shown.words()
                );
            }
        }
    }
    format!("Pupils with each kind of concern online, {when}")
}

fn subtitle(set: &SealedSet) -> String {
    format!(
        "{}, {}. Each pupil counts once in a row, however often; one pupil can be in several rows. \
         Blocked and allowed requests both count.",
        set.school_name,
        words::period(&set.period)
    )
}

fn foot(set: &SealedSet) -> String {
    format!(
        "Anonymised figures. A striped bar is a range: the number lies between its ends. A dashed box is a \
         small number, perhaps none; its length means nothing. Release {}, sealed on {}.",
        set.id,
        words::day(&set.sealed_on)
    )
}

fn description(set: &SealedSet) -> String {
    let mut text = format!(
        "Bar chart of ranges, {}, {}. Number of pupils in each row: ",
        set.school_name,
        words::period(&set.period)
    );
    let said = |row: &SealedRow| match row.group.as_str() {
        WHOLE_SCHOOL => format!("{}: {}", row.row, row.shown.words()),
        group => format!("{}, {}: {}", row.row, words::group(set, group), row.shown.words()),
    };
    let rows: Vec<String> = drawn(set).map(said).collect();
    text.push_str(&rows.join("; "));
    text.push('.');
    text
}
