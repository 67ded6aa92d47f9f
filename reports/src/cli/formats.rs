//! `watershed formats` and `watershed columns`: what can be read, and what stands in the lake.

use std::cell::RefCell;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ingest::classify::{Classifier, ClassifyInput};
use ingest::detect::SAMPLE_BYTES;
use ingest::formats::profile::{self, CheckReport, ProfileSet};
use ingest::formats::{self, Verified};
use ingest::schema;

use super::{Context, Ended, Format};

#[derive(Debug, Args)]
pub(crate) struct FormatsArguments {
    #[command(subcommand)]
    command: Option<FormatsCommand>,
}

#[derive(Debug, Subcommand)]
enum FormatsCommand {
    /// Read a file and say what would come of it; shows no address and no name.
    Check {
        /// The file.
        file: PathBuf,
        /// Read it with this profile.
        #[arg(long, value_name = "P")]
        profile: Option<String>,
    },
    /// Draft a profile from the header of a CSV file, for a person to finish; shows no value.
    New {
        /// The file.
        file: PathBuf,
    },
    /// Answer a question that a profile asks, for example `blocked-when=status=403`.
    Set {
        /// The profile.
        profile: String,
        /// KEY=VALUE.
        answer: String,
    },
}

pub(crate) fn run(context: &Context, arguments: FormatsArguments) -> anyhow::Result<Ended> {
    match arguments.command {
        None => list(context),
        Some(FormatsCommand::Check { file, profile }) => check(context, &file, profile.as_deref()),
        Some(FormatsCommand::New { file }) => new(context, &file),
        Some(FormatsCommand::Set { profile, answer }) => set(context, &profile, &answer),
    }
}

pub(crate) fn columns(context: &Context) -> anyhow::Result<Ended> {
    match context.format {
        Format::Json => {
            let tables: Vec<_> = schema::TABLES
                .iter()
                .map(|table| {
                    let columns: Vec<_> = table
                        .columns
                        .iter()
                        .map(|column| serde_json::json!({"name": column.name, "type": format!("{:?}", column.kind), "nullable": column.nullable, "meaning": column.meaning}))
                        .collect();
                    serde_json::json!({"name": table.name, "row": table.row, "partition": table.partition, "columns": columns})
                })
                .collect();
            context
                .printer
                .out(&serde_json::json!({"schema": "watershed.columns/1", "tables": tables}).to_string());
        }
        Format::Csv => {
            let mut text = String::from("table,column,type,nullable,meaning\n");
            for table in schema::TABLES {
                for column in table.columns {
                    text.push_str(&format!(
                        "{},{},{:?},{},\"{}\"\n",
                        table.name, column.name, column.kind, column.nullable, column.meaning
                    ));
                }
            }
            context.printer.out(&text);
        }
        Format::Table => {
            for table in schema::TABLES {
                let rows = table
                    .columns
                    .iter()
                    .map(|column| {
                        let kind = format!(
                            "{:?}{}",
                            column.kind,
                            if column.nullable { ", may be empty" } else { "" }
                        );
                        vec![column.name.to_owned(), kind, column.meaning.to_owned()]
                    })
                    .collect();
                context.printer.out(&format!("{}: {}", table.name, table.row));
                context.printer.out(&context.printer.grid(&["column", "type", "meaning"], rows));
            }
        }
    }
    Ok(Ended::Well)
}

/// The profiles of the school, or the shipped ones where there is no school.
fn profiles(context: &Context) -> anyhow::Result<ProfileSet> {
    Ok(match context.school() {
        Ok(school) => ProfileSet::load(&school.root.settings())?,
        Err(_) => ProfileSet::shipped()?,
    })
}

fn list(context: &Context) -> anyhow::Result<Ended> {
    let profiles = profiles(context)?;
    let mut rows: Vec<Vec<String>> = formats::ALL
        .iter()
        .map(|format| {
            [format.id, format.title, format.origin, format.verified.words()].map(str::to_owned).to_vec()
        })
        .collect();
    rows.extend(profiles.iter().map(|profile| {
        let verified = if profile.is_confirmed() { Verified::RealLines } else { Verified::Unconfirmed };
        [profile.id(), profile.title(), profile.origin(), verified.words()].map(str::to_owned).to_vec()
    }));
    match context.format {
        Format::Json => {
            let list: Vec<_> = rows
                .iter()
                .map(|row| serde_json::json!({"id": row[0], "title": row[1], "origin": row[2], "verified": row[3]}))
                .collect();
            context
                .printer
                .out(&serde_json::json!({"schema": "watershed.formats/1", "formats": list}).to_string());
        }
        Format::Table | Format::Csv => {
            context
                .printer
                .out(&context.printer.grid(&["format", "what it is", "written by", "verified by"], rows));
            for format in formats::ALL {
                let rows = format
                    .fields
                    .iter()
                    .map(|field| {
                        vec![field.column.to_string(), field.name.to_owned(), field.meaning.to_owned()]
                    })
                    .collect();
                context.printer.out(&format!("{}: columns", format.id));
                context.printer.out(&context.printer.grid(&["column", "name", "what is made of it"], rows));
            }
        }
    }
    Ok(Ended::Well)
}

fn check(context: &Context, file: &Path, profile: Option<&str>) -> anyhow::Result<Ended> {
    let (profiles, zone, classifier) = match context.school() {
        Ok(school) => (
            ProfileSet::load(&school.root.settings())?,
            school.config.zone,
            Classifier::load(&school.root.settings())?,
        ),
        Err(_) => (ProfileSet::shipped()?, "Europe/London".to_owned(), Classifier::shipped()?),
    };
    let cache = RefCell::new(classifier.cache());
    let today = jiff::Zoned::now().date();
    let known = |word: &str| {
        let input = ClassifyInput {
            categories: Some(word),
            date: today,
            separators: b"",
            host: "",
            site: None,
            path: None,
            mime: None,
            search: None,
            log_level: None,
            vendor_severity: None,
        };
        classifier.classify(&input, &mut cache.borrow_mut()).unmapped.is_empty()
    };
    let mut content = ingest::inbox::in_place(file).open()?;
    let report = profile::check(&mut *content, &profiles, profile, &zone, &known)?;
    if context.format == Format::Json {
        context.printer.out(&check_json(&report).to_string());
    } else {
        context.printer.out(&check_text(context, &report));
    }
    Ok(if report.tally.above_notice_level() { Ended::NeedsALook } else { Ended::Well })
}

fn check_json(report: &CheckReport) -> serde_json::Value {
    let header: Vec<_> = report
        .header
        .iter()
        .map(|column| serde_json::json!({"position": column.position, "column": column.column}))
        .collect();
    let times: Vec<_> = report
        .times
        .iter()
        .map(|time| serde_json::json!({"written": time.written, "utc": time.utc}))
        .collect();
    let actions: Vec<_> = report
        .actions
        .iter()
        .map(|word| serde_json::json!({"word": word.word, "action": word.action, "records": word.records}))
        .collect();
    serde_json::json!({
        "schema": "watershed.check-file/1", "format": report.layout, "version": report.version, "header": header,
        "times": times, "actions": actions, "unmapped_words": report.unmapped_words,
        "unmapped_records": report.unmapped_records, "records": report.tally.records,
        "events": report.tally.events, "rejects": report.tally.rejects, "reject_share": report.reject_share(),
        "notices": report.tally.notices,
    })
}

fn check_text(context: &Context, report: &CheckReport) -> String {
    let mut text = format!("Reads as {} (version {}). Nothing was stored.\n", report.layout, report.version);
    if !report.header.is_empty() {
        let rows = report
            .header
            .iter()
            .map(|column| vec![column.position.to_string(), column.column.unwrap_or("(ignored)").to_owned()])
            .collect();
        text.push_str(&context.printer.grid(&["column", "read as"], rows));
    }
    let rows = report.times.iter().map(|time| vec![time.written.clone(), time.utc.clone()]).collect();
    text.push_str(&context.printer.grid(&["time as written", "in UTC"], rows));
    let rows = report
        .actions
        .iter()
        .map(|word| {
            let written = word.word.clone().unwrap_or_else(|| "(not shown)".to_owned());
            vec![written, word.action.to_owned(), word.records.to_string()]
        })
        .collect();
    text.push_str(&context.printer.grid(&["decision as written", "counted as", "records"], rows));
    text.push_str(&format!(
        "{} category words that no map knows, on {} records. {} of {} records rejected ({:.1} %).\n",
        report.unmapped_words,
        report.unmapped_records,
        report.tally.rejected(),
        report.tally.records,
        report.reject_share() * 100.0
    ));
    for (reason, count) in report.tally.commonest_reasons() {
        text.push_str(&format!("- {count} rejected: {reason}\n"));
    }
    for (notice, count) in &report.tally.notices {
        text.push_str(&format!("- {notice} ({count})\n"));
    }
    text
}

fn new(context: &Context, file: &Path) -> anyhow::Result<Ended> {
    let source = ingest::inbox::in_place(file);
    let mut sample = Vec::new();
    let content = source.open()?;
    content.take(SAMPLE_BYTES as u64).read_to_end(&mut sample).map_err(|error| source.unreadable(error))?;
    context.printer.out(&profile::draft(&sample, &profiles(context)?)?);
    Ok(Ended::Well)
}

fn set(context: &Context, profile: &str, answer: &str) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let (key, value) =
        answer.split_once('=').context("an answer is written KEY=VALUE, as in `blocked-when=status=403`")?;
    formats::profile::set_answer(&school.root.settings(), profile, key, value)?;
    context.printer.say("The answer is stored; it holds for files taken in from now on.");
    Ok(Ended::Well)
}
