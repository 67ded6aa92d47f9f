//! Theme by key stage beside the curriculum strands that it suggests teaching next (R83).

use super::super::rates;
use super::super::Place;
use super::standing_notes;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PUPIL_INTERVAL, dimension};
use crate::plan::{By, Reader, THEME};
use crate::wording;

const KEY_STAGE: By = By { id: "key_stage", expression: "coalesce(key_stage, 'not known')" };

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let found = rates::figures(reader, &[KEY_STAGE, THEME], &[KEY_STAGE]).await?;
    let strands = place.settings.curriculum();
    let mut columns = vec![
        dimension("key_stage", "Key stage"),
        dimension("theme", "Theme"),
        dimension("strands", "Strands to look at"),
    ];
    columns.extend(rates::columns());
    let mut lines: Vec<_> = found
        .iter()
        .filter(|(_, figure)| figure.actor_days > 0)
        .filter_map(|(key, figure)| {
            let strands = strands.of(&key[1], &key[0], reader.window.to);
            (!strands.is_empty()).then(|| (key, figure, strands.join("; ")))
        })
        .collect();
    // The rows that are most surely frequent first, key stage by key stage.
    lines.sort_by(|one, other| {
        let surely = |figure: &rates::Figure| figure.rate().map_or(0.0, |(_, lower, _)| lower);
        wording::natural(&one.0[0])
            .cmp(&wording::natural(&other.0[0]))
            .then(surely(other.1).total_cmp(&surely(one.1)))
            .then_with(|| one.0[1].cmp(&other.0[1]))
    });
    let widest = lines.iter().max_by(|one, other| one.1.people.cmp(&other.1.people).then(other.0.cmp(one.0)));
    let reading = widest.map_or_else(
        || "No known pupil had an episode in a theme that a strand of the curriculum is listed for.".to_owned(),
        |(key, figure, strands)| {
            format!(
                "Most different pupils in {}: {}, {}. Strands to look at: {strands}.{}",
                key[0],
                key[1],
                wording::counted(figure.people, "pupil", "pupils"),
                super::super::trend::one_makes_most(figure),
            )
        },
    );
    let rows = lines.iter().map(|(key, figure, strands)| {
        [Cell::from(key[0].as_str()), key[1].as_str().into(), strands.as_str().into()]
            .into_iter()
            .chain(figure.cells())
            .collect()
    });
    let mut notes = standing_notes();
    notes.push(
        "A suggestion from what the filter saw: `curriculum.csv` says which strands belong to a theme. It does not say \
         what pupils know, and a theme that is taught well may be looked up more."
            .to_owned(),
    );
    Ok(Figures {
        schema: "watershed.groups.teaching/1",
        title: "What to teach next: themes by key stage and curriculum strand".to_owned(),
        unit: "attempts; episodes; pupils' actor-days in the theme",
        denominator: "active actor-days of the key stage's pupils",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns,
        rows: rows.collect(),
        notes,
        reading,
    })
}
