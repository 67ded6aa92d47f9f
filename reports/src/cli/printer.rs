//! Everything the command line prints goes through here: figures to standard output, the rest to
//! standard error, so that `--format json` is one object and nothing else.

use std::io::{IsTerminal, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table as Grid, Width};
use indicatif::{ProgressBar, ProgressStyle};
use query::{Cell, ColumnRole, Releasable, Staff, Table};

/// Prints.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Printer {}

impl Printer {
    /// Figures or an answer, to standard output.
    pub(crate) fn out(self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A closed pipe (`| head`) is no failure of ours.
        let _ = out.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = out.write_all(b"\n");
        }
    }

    /// A picture, to standard output.
    pub(crate) fn bytes(self, bytes: &[u8]) {
        let _ = std::io::stdout().lock().write_all(bytes);
    }

    /// Whether standard output is a terminal.
    pub(crate) fn is_read_by_a_person(self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// What is going on, to standard error.
    pub(crate) fn say(self, text: &str) {
        let mut out = std::io::stderr().lock();
        let _ = writeln!(out, "{text}");
    }

    /// A failure, to standard error, with its causes.
    pub(crate) fn error(self, error: &anyhow::Error) {
        self.say(&format!("watershed: {error}"));
    }

    /// A bar on a terminal; elsewhere nothing, callers say a line at each end.
    pub(crate) fn bar(self, length: u64, unit: &str) -> ProgressBar {
        if !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(length);
        if let Ok(style) =
            ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {unit}  {{eta}} left"))
        {
            bar.set_style(style);
        }
        bar
    }

    /// A bar over the bytes of a file, with a message beside it; elsewhere than on a terminal nothing.
    pub(crate) fn byte_bar(self) -> ProgressBar {
        if !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(0);
        let template = "{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }

    /// A grid for people.
    pub(crate) fn grid(self, headings: &[&str], rows: Vec<Vec<String>>) -> String {
        let mut grid = Grid::new();
        grid.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        if !std::io::stdout().is_terminal() {
            grid.set_width(160);
        }
        grid.set_header(headings);
        for row in rows {
            grid.add_row(row);
        }
        format!("{grid}\n")
    }

    /// A table of figures for people: what it counts first, then the figures, then what it cannot say.
    pub(crate) fn table(self, cleared: &Releasable<Table, Staff>) -> String {
        let table = cleared.value();
        let mut text =
            format!("{}\n{}, {} to {}", table.title, table.school, table.period.from, table.period.to);
        text.push_str(&format!(" ({} school days)\n", table.period.school_days));
        text.push_str(&format!("Counts {}", table.unit));
        if !table.denominator.is_empty() {
            text.push_str(&format!(", out of {}", table.denominator));
        }
        if !table.interval.is_empty() {
            text.push_str(&format!("; interval: {}", table.interval));
        }
        text.push_str(".\n");
        if !table.reading.is_empty() {
            text.push_str(&format!("\n{}\n", table.reading));
        }
        if table.rows.is_empty() {
            text.push_str("\nNothing to show for these days.\n");
        } else {
            let mut grid = Grid::new();
            grid.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
            if !std::io::stdout().is_terminal() {
                grid.set_width(200);
            }
            let (shown, same) = columns_to_show(table, grid.width().map_or(200, usize::from));
            if !same.is_empty() {
                text.push_str(&format!("In every row: {}.\n", same.join("; ")));
            }
            grid.set_header(shown.iter().map(|column| column.heading));
            for row in 0..table.rows.len() {
                grid.add_row(shown.iter().filter_map(|column| column.cells.get(row)));
            }
            for (index, column) in shown.iter().enumerate() {
                let Some(given) = grid.column_mut(index) else { continue };
                if column.role != ColumnRole::Dimension {
                    given.set_cell_alignment(CellAlignment::Right);
                }
                // A day or a number in two halves is no day and no number.
                let least = u16::try_from(column.longest_word().min(LONGEST_WHOLE)).unwrap_or(0);
                given.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least + 2)));
            }
            text.push_str(&format!("{grid}\n"));
        }
        for note in &table.notes {
            text.push_str(&format!("- {note}\n"));
        }
        text.push_str("Personal data, pseudonymised, not anonymised: for safeguarding staff only.\n");
        text
    }
}

/// Words up to so many letters are not broken over two lines: `2025-11-03` has ten.
const LONGEST_WHOLE: usize = 12;

/// A column as it is printed.
struct Shown<'t> {
    heading: &'t str,
    role: ColumnRole,
    cells: Vec<String>,
}

impl Shown<'_> {
    fn width(&self) -> usize {
        self.cells
            .iter()
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(self.heading.chars().count())
            + 3
    }

    fn longest_word(&self) -> usize {
        let words =
            self.cells.iter().flat_map(|cell| cell.split_whitespace()).chain(self.heading.split_whitespace());
        words.map(|word| word.chars().count()).max().unwrap_or(0)
    }

    /// What every row has; nothing for a figure, which is read row by row.
    fn same(&self) -> Option<&str> {
        let first = self.cells.first()?;
        let is_figure = !matches!(self.role, ColumnRole::Dimension | ColumnRole::Evidence);
        let is_same = self.cells.len() > 1 && self.cells.iter().all(|cell| cell == first);
        (is_same && !is_figure).then_some(first)
    }
}

/// The columns of a table; where they are together wider than there is room, without those that say the same in
/// every row, and what these say.
fn columns_to_show(table: &Table, room: usize) -> (Vec<Shown<'_>>, Vec<String>) {
    let column = |(at, column): (usize, &'_ query::TableColumn)| {
        let cell =
            |row: &Vec<Cell>| row.get(at).map_or_else(String::new, |cell| words(column.id.as_ref(), cell));
        (column.role, table.rows.iter().map(cell).collect::<Vec<_>>())
    };
    let shown: Vec<Shown<'_>> = table
        .columns
        .iter()
        .zip(table.columns.iter().enumerate().map(column))
        .map(|(given, (role, cells))| Shown { heading: given.heading.as_ref(), role, cells })
        .collect();
    if shown.iter().map(Shown::width).sum::<usize>() < room {
        return (shown, Vec::new());
    }
    let said = |column: &Shown<'_>| {
        column.same().map(|cell| {
            format!("{} {}", column.heading.to_lowercase(), if cell.is_empty() { "-" } else { cell })
        })
    };
    let same: Vec<String> = shown.iter().filter_map(said).collect();
    (shown.into_iter().filter(|column| column.same().is_none()).collect(), same)
}

/// A cell for people: shares as per cents, rates with as many places as they deserve.
fn words(column: &str, cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Integer(value) => value.to_string(),
        Cell::Real(value) if column.contains("share") => format!("{:.1} %", value * 100.0),
        Cell::Real(value) if value.abs() < 10.0 => format!("{value:.2}"),
        Cell::Real(value) => format!("{value:.1}"),
        Cell::Boolean(true) => "yes".to_owned(),
        Cell::Boolean(false) => "no".to_owned(),
        Cell::Missing => "-".to_owned(),
    }
}
