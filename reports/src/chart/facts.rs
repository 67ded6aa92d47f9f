//! A sealed set without pupil figures: its measures, large, in words (rules 25 and 26).

use query::Error;
use query::disclosure::sealed::SealedSet;

use super::Width;
use super::palette::{DARK_BLUE, DARK_GREY, GRID};
use super::sheet::{Lettering, Sheet, wrap};
use super::words;

/// Draws one box for each measure.
pub(super) fn draw(set: &SealedSet, width: Width) -> Result<String, Error> {
    let narrow = width.is_narrow();
    let sheet = Sheet::new(&format!("facts-{}-{}", set.id, width.0), width.0);
    let margin = if narrow { 10 } else { 16 };
    let room = sheet.width() - 2 * margin;
    let heading = format!("How our web filter is looked after, {}", words::period(&set.period));
    let mut below = 12;
    let large = Lettering::new(if narrow { 16 } else { 19 }).bold();
    below += sheet.paragraph((margin, below), room, &heading, large)? + 4;
    let small = Lettering::new(13).colour(DARK_GREY);
    below += sheet.paragraph((margin, below), room, &set.school_name, small)? + 10;

    let across = if narrow { 1 } else { 2 };
    let gap = 12;
    let box_width = (room - gap * (across - 1)) / across;
    let figure = Lettering::new(22).bold().colour(DARK_BLUE);
    let caption = Lettering::new(14);
    let inner = box_width - 24;
    for pair in set.operational.chunks(across.unsigned_abs() as usize) {
        let tall = pair
            .iter()
            .map(|measure| {
                wrap(&measure.shown, inner, figure).len() as i32 * figure.leading()
                    + wrap(&measure.title, inner, caption).len() as i32 * caption.leading()
                    + 26
            })
            .max()
            .unwrap_or(0);
        for (position, measure) in pair.iter().enumerate() {
            let left = margin + position as i32 * (box_width + gap);
            sheet.group("fact", |sheet| {
                sheet.outlined((left, below), (left + box_width, below + tall), GRID, 1)?;
                sheet.filled((left, below), (left + 5, below + tall), DARK_BLUE)?;
                let used = sheet.paragraph((left + 16, below + 10), inner, &measure.shown, figure)?;
                sheet.paragraph((left + 16, below + 14 + used), inner, &measure.title, caption)
            })?;
        }
        below += tall + gap;
    }
    if set.operational.is_empty() {
        below +=
            sheet.paragraph((margin, below), room, "No figures can be shown for this period.", caption)?
                + gap;
    }
    let foot = format!(
        "Anonymised figures: nothing here counts pupils. Release {}, sealed on {}.",
        set.id,
        words::day(&set.sealed_on)
    );
    let note = Lettering::new(12).colour(DARK_GREY);
    below += sheet.group("note", |sheet| sheet.paragraph((margin, below), room, &foot, note))? + 10;
    let measures: Vec<String> =
        set.operational.iter().map(|measure| format!("{}: {}", measure.title, measure.shown)).collect();
    Ok(sheet.finish(&heading, &format!("{}. {}", set.school_name, measures.join("; ")), below))
}
