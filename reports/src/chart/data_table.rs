//! The data table beside a picture, from the same object.

use askama::Template;
use query::disclosure::sealed::{RECORDED_CONCERNS, SealedRow, SealedSet, SealedTable, WHOLE_SCHOOL};
use query::{Cell, ColumnRole, Error, Kind, Table};

use super::words;

struct Heading {
    heading: String,
    unit: String,
    numeric: bool,
}

#[derive(Default)]
struct Entry {
    text: String,
    /// Heading of its column, for screens on which a row becomes a card.
    label: String,
    numeric: bool,
    header: bool,
    /// Pseudonyms and other codes.
    code: bool,
    /// Must not be overlooked.
    strong: bool,
    /// Columns that it stands for beyond its own: the same words in each.
    further: usize,
}

#[derive(Template)]
#[template(path = "data_table.html")]
struct Page {
    caption: String,
    columns: Vec<Heading>,
    rows: Vec<Vec<Entry>>,
}

impl Page {
    fn html(mut self) -> Result<String, Error> {
        for row in &mut self.rows {
            let mut at = 0;
            for entry in row.iter_mut() {
                let heading = |at: usize| self.columns.get(at).map_or("", |column| column.heading.as_str());
                entry.label = match entry.further {
                    0 => heading(at).to_owned(),
                    further => format!("{} to {}", heading(at), heading(at + further)),
                };
                at += 1 + entry.further;
            }
        }
        self.render().map_err(|_| Error::new(Kind::Bug, "a table could not be written as HTML"))
    }
}

/// A live table; both ends of an interval share a column.
pub(crate) fn live(table: &Table) -> Result<String, Error> {
    let joined = |at: usize| {
        let role = |position: usize| table.columns.get(position).map(|column| column.role);
        role(at) == Some(ColumnRole::Lower) && role(at + 1) == Some(ColumnRole::Upper)
    };
    // The page names the school; a second time in each row is noise. Names of measures are for programs.
    let unread = |id: &str| matches!(id, "school" | "measure");
    let left_out = |at: usize| {
        (at > 0 && joined(at - 1)) || table.columns.get(at).is_some_and(|column| unread(&column.id))
    };
    let share = |at: usize| table.columns.get(at).is_some_and(|column| column.id.ends_with("share"));
    let measured =
        |at: usize| table.columns.get(at).is_some_and(|column| column.role != ColumnRole::Dimension);
    let first = (0..table.columns.len()).find(|at| !left_out(*at));
    let mut columns = Vec::new();
    for (at, column) in table.columns.iter().enumerate().filter(|(at, _)| !left_out(*at)) {
        if joined(at) {
            columns.push(Heading {
                heading: "Range".to_owned(),
                unit: "likely values".to_owned(),
                numeric: true,
            });
        } else {
            // A per cent needs no unit, and a unit that stands in a column of its own no second mention.
            let said = column.heading.eq_ignore_ascii_case(column.unit) || column.unit.contains('`');
            let unit = if said || share(at) { "" } else { column.unit };
            columns.push(Heading {
                heading: column.heading.to_string(),
                unit: unit.to_owned(),
                numeric: measured(at),
            });
        }
    }
    let rows = table
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .enumerate()
                .filter(|(at, _)| !left_out(*at))
                .map(|(at, cell)| {
                    let text = match (joined(at), cell, row.get(at + 1)) {
                        (true, Cell::Missing, _) | (true, _, Some(Cell::Missing) | None) => {
                            words::cell(&Cell::Missing)
                        }
                        (true, lower, Some(upper)) => {
                            format!("{} to {}", words::cell(lower), words::cell(upper))
                        }
                        (false, Cell::Missing, _) if !measured(at) => "none".to_owned(),
                        (false, Cell::Real(part), _) if share(at) => words::per_cent(*part),
                        (false, cell, _) => match cell.text() {
                            Some(text) => words::moment(text),
                            None => words::cell(cell),
                        },
                    };
                    let column = table.columns.get(at);
                    let named = |id: &str| column.is_some_and(|column| *column.id == *id);
                    Entry {
                        // What got through must not be overlooked among what was stopped.
                        strong: named("outcome") && text != "blocked",
                        code: named("pseudonym") || named("fingerprint"),
                        numeric: measured(at),
                        header: Some(at) == first,
                        text,
                        ..Entry::default()
                    }
                })
                .collect()
        })
        .collect();
    Page { caption: table.title.clone(), columns, rows }.html()
}

/// T3: a row for each category and a column for each group.
fn by_group(set: &SealedSet, table: &SealedTable) -> Result<String, Error> {
    let groups: Vec<&str> = set
        .groups
        .iter()
        .map(|group| group.id.as_str())
        .filter(|id| table.rows.iter().any(|row| row.group == *id))
        .collect();
    let heading = |text: &str, unit: String, numeric| Heading { heading: text.to_owned(), unit, numeric };
    let mut columns = vec![heading("Matter of concern", String::new(), false)];
    columns.extend(groups.iter().map(|id| {
        let pupils = set.groups.iter().find(|group| group.id == *id).map_or(0, |group| group.pupils);
        heading(words::group(set, id), format!("of {}", words::whole(i64::from(pupils))), true)
    }));
    let mut names: Vec<&str> = Vec::new();
    for row in &table.rows {
        if names.last() != Some(&row.row.as_str()) {
            names.push(&row.row);
        }
    }
    let rows = names.into_iter().map(|name| {
        let figure = |id: &&str| {
            let cell = table.rows.iter().find(|row| row.row == name && row.group == **id);
            let text = cell.map(|row| row.shown.words()).unwrap_or_default();
            Entry { text, numeric: true, ..Entry::default() }
        };
        let first = Entry { text: name.to_owned(), header: true, ..Entry::default() };
        let mut cells: Vec<Entry> = vec![first];
        for entry in groups.iter().map(figure) {
            // A line of equal refusals is one: nobody reads the same words in every column.
            let withheld =
                !entry.text.contains(|letter: char| letter.is_ascii_digit()) && !entry.text.is_empty();
            match cells.last_mut() {
                Some(last) if withheld && !last.header && last.text == entry.text => last.further += 1,
                _ => cells.push(entry),
            }
        }
        cells
    });
    let caption = format!("{}, {}.", table.title.trim_end_matches('.'), words::period(&set.period));
    Page { caption, columns, rows: rows.collect() }.html()
}

/// A sealed table, in the words of the set.
pub(crate) fn sealed(set: &SealedSet, table: &SealedTable) -> Result<String, Error> {
    if table.id == "T3" {
        return by_group(set, table);
    }
    let by_part = table.rows.iter().any(|row| row.group != WHOLE_SCHOOL);
    let any = |of: fn(&SealedRow) -> bool| table.rows.iter().any(of);
    let headed = any(|row| !row.heading.is_empty());
    let shares = any(|row| row.per_hundred.is_some());
    let changes = any(|row| row.change.is_some());
    let heading =
        |heading: &str, numeric: bool| Heading { heading: heading.to_owned(), unit: String::new(), numeric };
    let entry = |text: String, numeric: bool| Entry { text, numeric, ..Entry::default() };
    let mut columns = vec![heading(if by_part { "Group" } else { "Matter of concern" }, false)];
    if headed {
        columns.push(heading("Kind", false));
    }
    columns.push(heading("Number of pupils", true));
    if shares {
        columns.push(heading("Share of pupils", true));
    }
    if changes {
        columns.push(heading("Change since last time", false));
    }
    let rows = table
        .rows
        .iter()
        .map(|row| {
            let name = match by_part {
                true => {
                    let group = set.groups.iter().find(|group| group.id == row.group);
                    let pupils = words::whole(i64::from(group.map_or(0, |group| group.pupils)));
                    format!("{}, of {pupils} pupils", words::group(set, &row.group))
                }
                false => row.row.clone(),
            };
            let mut cells = vec![Entry { text: name, header: true, ..Entry::default() }];
            if headed {
                cells.push(entry(words::sentence(&row.heading), false));
            }
            cells.push(entry(row.shown.words(), true));
            if shares {
                cells.push(entry(row.per_hundred.clone().unwrap_or_else(|| "not given".to_owned()), true));
            }
            if changes {
                cells.push(entry(row.change.clone().unwrap_or_else(|| "not given".to_owned()), false));
            }
            cells
        })
        .collect();
    let mut caption = format!("{}, {}.", table.title.trim_end_matches('.'), words::period(&set.period));
    if !by_part {
        caption.push_str(&format!(" Out of {} pupils.", words::whole(i64::from(table.roll))));
    }
    Page { caption, columns, rows }.html()
}

/// The measures whose unit is not a pupil.
pub(crate) fn operational(set: &SealedSet) -> Result<String, Error> {
    let measures = || set.operational.iter().filter(|measure| measure.id != RECORDED_CONCERNS);
    if measures().next().is_none() {
        return Ok(String::new());
    }
    let heading =
        |text: &str, numeric: bool| Heading { heading: text.to_owned(), unit: String::new(), numeric };
    let rows = measures()
        .map(|measure| {
            vec![
                Entry { text: measure.title.clone(), header: true, ..Entry::default() },
                Entry { text: measure.shown.clone(), numeric: true, ..Entry::default() },
            ]
        })
        .collect();
    let caption = format!("How the filter and its logs did, {}", words::period(&set.period));
    Page { caption, columns: vec![heading("What was measured", false), heading("Result", true)], rows }.html()
}
