//! `watershed formats` and `watershed columns`: what can be read, and what stands in the lake.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ingest::formats;
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
        Some(FormatsCommand::Check { .. } | FormatsCommand::Set { .. }) => anyhow::bail!("later"),
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

fn list(context: &Context) -> anyhow::Result<Ended> {
    let rows = formats::ALL
        .iter()
        .map(|format| {
            vec![
                format.id.to_owned(),
                format.title.to_owned(),
                format.origin.to_owned(),
                format.verified.words().to_owned(),
            ]
        })
        .collect();
    context.printer.out(&context.printer.grid(&["format", "what it is", "written by", "verified by"], rows));
    Ok(Ended::Well)
}
