//! `watershed subject-access`: everything about one person, for that person, as a folder to hand over.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use ingest::folder;
use serde_json::{Value, json};

use super::keys::KeyArguments;
use super::{Context, Ended, Format, wait};

#[derive(Debug, Args)]
pub(crate) struct SubjectAccessArguments {
    /// Pseudonym (16 hex digits), account, name or person key.
    person: String,
    /// New folder for the answer; only its owner can enter it.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Why, for example the request's number; stands in the access audit for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    key: KeyArguments,
}

pub(crate) fn run(context: &Context, arguments: &SubjectAccessArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    anyhow::ensure!(
        !arguments.out.exists(),
        "{}: is there already; name a new folder",
        arguments.out.display()
    );
    let key = arguments.key.open()?;
    let answer =
        query::unlock::subject_access(&context.dir, &school.id, &arguments.person, &arguments.reason, &key);
    let answer = wait(answer)??;
    let answer = answer.read();
    folder::make(&arguments.out, folder::PRIVATE)
        .with_context(|| format!("{}: cannot be made", arguments.out.display()))?;
    write(&arguments.out, "subject-access.json", &serde_json::to_string_pretty(&answer.object)?)?;
    write(&arguments.out, "subject-access.html", &page(&school.config.name, &answer.object))?;
    folder::flush(&arguments.out)?;
    if context.format == Format::Json {
        let object = json!({"schema": "watershed.subject-access-written/1", "school": school.id.as_str(),
            "withheld": answer.withheld, "audit_head": answer.audit_head});
        context.printer.out(&object.to_string());
    } else {
        context.printer.out(&arguments.out.display().to_string());
        context.printer.say(&format!(
            "{} texts are withheld: they may be about other people. The list stands at the end of both files, after counts of rejected records and files that may hold the person (back-ups are yours to look at), for you: read and redact these by hand, and take the list out before you hand the files over.\nHead of the access audit:\n{}",
            answer.withheld, answer.audit_head
        ));
    }
    Ok(if answer.withheld > 0 { Ended::NeedsALook } else { Ended::Well })
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("{}: cannot be made", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

/// A page that needs nothing from elsewhere: a table for each kind of rows.
fn page(school: &str, object: &Value) -> String {
    let mut body = String::new();
    let mut section = |title: &str, rows: &Value| {
        body.push_str(&format!("<h2>{}</h2>\n{}", escaped(title), table(title, rows)));
    };
    section("Roster", &object["person"]["rosters"]);
    for (part, what) in
        [("vault", "as the logs and registers have it"), ("lake", "as it is counted, under a pseudonym")]
    {
        for (name, rows) in object[part].as_object().into_iter().flatten() {
            section(&format!("{}, {what}", name.replace('_', " ")), rows);
        }
    }
    section("Who has looked at this", &object["access"]);
    section("Corrections of whose records are whose", &object["corrections"]);
    section(
        "Files and records that may hold something more, to be looked at by a person",
        &object["elsewhere"],
    );
    section("Withheld, to be read and redacted by a person", &object["withheld"]);
    let title = format!("What {} holds about one person", escaped(school));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\nbody {{ font: 1rem/1.5 sans-serif; margin: 2rem; color: #111; background: #fff }}\ntable {{ border-collapse: collapse; margin: 1rem 0 }}\ncaption {{ text-align: left }}\nth, td {{ border: 1px solid #767676; padding: .25rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }}\n</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>Times are local where they say so, else UTC. An empty cell means that nothing is held.</p>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn table(title: &str, rows: &Value) -> String {
    let rows: Vec<_> = rows.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
    let Some(first) = rows.first() else { return "<p>Nothing.</p>\n".to_owned() };
    let headings: String = first
        .keys()
        .map(|name| format!("<th scope=\"col\">{}</th>", escaped(&name.replace('_', " "))))
        .collect();
    let lines: String = rows
        .iter()
        .map(|row| {
            let cells: String = first
                .keys()
                .map(|name| match row.get(name) {
                    None | Some(Value::Null) => "<td></td>".to_owned(),
                    Some(Value::String(text)) => format!("<td>{}</td>", escaped(text)),
                    Some(other) => format!("<td>{}</td>", escaped(&other.to_string())),
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    format!(
        "<table>\n<caption>{}: {} rows</caption>\n<thead><tr>{headings}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>\n",
        escaped(title),
        rows.len()
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[test]
    fn a_page_says_everything_and_runs_nothing() {
        let object = json!({"person": {"rosters": [{"name": "Otter, Amy <10B>", "aliases": null}]},
            "vault": {"requests": [{"address": "http://a.example/?q=<script>alert(1)</script>", "severity": 4}], "checks": []},
            "lake": {}, "access": [], "withheld": []});
        let page = page("St Anne's & Co", &object);
        assert!(
            page.contains("<td>Otter, Amy &lt;10B&gt;</td><td></td>")
                || page.contains("<td></td><td>Otter, Amy &lt;10B&gt;</td>")
        );
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"));
        assert!(page.contains("<td>4</td>") && page.contains("What St Anne's &amp; Co holds"));
        assert!(page.contains("<th scope=\"col\">severity</th>") && page.contains("lang=\"en-GB\""));
        assert!(!page.contains("http://www") && !page.contains("src=") && !page.contains("href="));
    }
}
