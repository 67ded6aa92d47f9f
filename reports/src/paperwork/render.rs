//! A paper as a page that stands alone, as Markdown, as rows for a spreadsheet.

use askama::Template;
use query::{Error, Kind};

use super::paper::{Block, Paper, Table};
use crate::document::STYLE;

#[derive(Template)]
#[template(path = "paper.html")]
struct Page<'a> {
    paper: &'a Paper,
    css: &'static str,
}

/// The paper as one file that fetches nothing.
///
/// # Errors
/// Fails only by a fault of ours.
pub(crate) fn html(paper: &Paper) -> Result<String, Error> {
    let page = Page { paper, css: STYLE };
    page.render().map_err(|_| Error::new(Kind::Bug, "a paper could not be written").help("Please report it."))
}

/// The paper as Markdown.
pub(crate) fn markdown(paper: &Paper) -> String {
    let mut text = format!("# {}\n\n{}\n", line(&paper.title), line(&paper.under));
    for block in &paper.blocks {
        match block {
            Block::Section(heading) => text.push_str(&format!("\n## {}\n", line(heading))),
            Block::Says(says) => text.push_str(&format!("\n{}\n", line(says))),
            Block::List(points) => {
                text.push('\n');
                for point in points {
                    text.push_str(&format!("- {}\n", line(point)));
                }
            }
            Block::Table(table) => text.push_str(&grid(table)),
        }
    }
    text
}

fn grid(table: &Table) -> String {
    let cells = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.map(|cell| line(&cell).replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
    };
    let mut text = format!("\n**{}**\n\n", line(&table.caption));
    text.push_str(&cells(&mut table.headings.iter().map(|heading| (*heading).to_owned())));
    text.push_str(&format!("|{}\n", "---|".repeat(table.headings.len())));
    for row in &table.rows {
        text.push_str(&cells(&mut row.iter().cloned()));
    }
    text
}

/// Text as one line in which nothing is markup.
fn line(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '<' | '>' | '#' => {
                plain.push('\\');
                plain.push(character);
            }
            _ if character.is_control() => plain.push(' '),
            _ => plain.push(character),
        }
    }
    plain
}

/// Each table of the paper as rows, with the name of its file; text outside tables is not in them.
pub(crate) fn csv(paper: &Paper) -> Vec<(String, String)> {
    let tables: Vec<&Table> = paper
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
        .collect();
    let one = tables.len() == 1;
    let named = tables.into_iter().enumerate().map(|(at, table)| {
        let name = if one { paper.name.to_owned() } else { format!("{}-{}", paper.name, at + 1) };
        let mut text = rows(table.headings.iter().copied());
        for row in &table.rows {
            text.push_str(&rows(row.iter().map(String::as_str)));
        }
        (name, text)
    });
    named.collect()
}

fn rows<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells
        .map(|cell| {
            // A spreadsheet would take it for a formula.
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
        })
        .collect();
    format!("{}\r\n", cells.join(","))
}
