//! `watershed paperwork`: data protection papers from the configuration as it is, into a new folder.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use ingest::folder;
use ingest::school::Config;
use serde_json::json;

use super::check::encrypted;
use super::{Context, Ended, Format, wait};
use crate::paperwork::{self, Facts};

/// How the papers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// Pages that stand alone, to read and to print.
    #[default]
    Html,
    /// To go on with in an editor.
    Markdown,
    /// The tables only, for a register in a spreadsheet.
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct PaperworkArguments {
    /// New folder for the papers.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// How they are written.
    #[arg(long = "as", value_enum, default_value_t)]
    written: Written,
}

pub(crate) fn run(context: &Context, arguments: &PaperworkArguments) -> anyhow::Result<Ended> {
    let config = Config::load(&context.dir)?;
    let school = context.school()?;
    anyhow::ensure!(
        !arguments.out.exists(),
        "{}: is there already; name a new folder",
        arguments.out.display()
    );
    let disk = encrypted(&school.root.lake()).is_ok();
    let facts = wait(Box::pin(Facts::gather(&context.dir, &config, &school.config, disk)))??;
    let mut files = Vec::new();
    for paper in paperwork::all(&facts) {
        match arguments.written {
            Written::Html => files.push((format!("{}.html", paper.name), paperwork::html(&paper)?)),
            Written::Markdown => files.push((format!("{}.md", paper.name), paperwork::markdown(&paper))),
            Written::Csv => {
                let tables = paperwork::csv(&paper).into_iter();
                files.extend(tables.map(|(name, text)| (format!("{name}.csv"), text)));
            }
        }
    }
    folder::make(&arguments.out, folder::PRIVATE)
        .with_context(|| format!("{}: cannot be made", arguments.out.display()))?;
    for (name, text) in &files {
        write(&arguments.out, name, text)?;
    }
    folder::flush(&arguments.out)?;
    if context.format == Format::Json {
        let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
        let object = json!({"schema": "watershed.paperwork/1", "school": school.id.as_str(), "files": names});
        context.printer.out(&object.to_string());
    } else {
        for (name, _) in &files {
            context.printer.out(&arguments.out.join(name).display().to_string());
        }
        context.printer.say(
            "What nothing here can know is marked `[school: ...]`. Some papers name accounts of staff: they are not for the public, but for the privacy notice.",
        );
    }
    Ok(Ended::Well)
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
