//! `watershed sample`: a random sample of blocked attempts, for two people to look through.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use query::review::{By, Reviews};
use query::unlock::{Draw, ReviewList};
use serde_json::{Value, json};

use super::keys::KeyArguments;
use super::{Context, Ended, Format, wait};

#[derive(Debug, Subcommand)]
pub(crate) enum SampleCommand {
    /// DSL only: draw a sample, and print the list for its reviewers; nothing is fetched, and the list is kept nowhere.
    Draw {
        /// First local day.
        #[arg(long, value_name = "DAY")]
        from: Date,
        /// Last local day.
        #[arg(long, value_name = "DAY")]
        to: Date,
        /// How many attempts; more where each part needs 20.
        #[arg(long, value_name = "N", default_value_t = 200)]
        size: u64,
        /// What gets figures of its own: `group` or `category`.
        #[arg(long, value_name = "PART", default_value = "group")]
        by: String,
        /// Draw with this seed (64 hex digits) instead of a new one.
        #[arg(long, value_name = "HEX")]
        seed: Option<String>,
        #[command(flatten)]
        open: OpenArguments,
    },
    /// DSL only: print the list of a sample again.
    Show {
        /// Number of the sample.
        sample: i64,
        #[command(flatten)]
        open: OpenArguments,
    },
    /// The samples and how far their review has come.
    List,
    /// Draw again from the recorded seed: are these the attempts that chance chose?
    Verify {
        /// Number of the sample.
        sample: i64,
    },
}

/// What opening the vault needs.
#[derive(Debug, Args)]
pub(crate) struct OpenArguments {
    /// Why; stands in the access audit for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    key: KeyArguments,
}

pub(crate) fn run(context: &Context, command: SampleCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    match command {
        SampleCommand::Draw { from, to, size, by, seed, open } => {
            let Some(by) = By::parse(&by) else { anyhow::bail!("`--by` is `group` or `category`") };
            let draw = Draw { from, to, wanted: size, by, seed };
            let key = open.key.open()?;
            let list =
                wait(query::unlock::draw_sample(&context.dir, &school.id, &draw, &open.reason, &key))??;
            print(context, school.id.as_str(), list.read());
            Ok(Ended::Well)
        }
        SampleCommand::Show { sample, open } => {
            let key = open.key.open()?;
            let list =
                wait(query::unlock::show_sample(&context.dir, &school.id, sample, &open.reason, &key))??;
            print(context, school.id.as_str(), list.read());
            Ok(Ended::Well)
        }
        SampleCommand::List => list(context, &school.id),
        SampleCommand::Verify { sample } => {
            let same = wait(query::unlock::verify_sample(&context.dir, &school.id, sample))??;
            context.printer.out(match same {
                Some(true) => "the recorded seed draws these attempts",
                Some(false) => "the recorded seed draws OTHER attempts: the sample was changed",
                None => "not measurable: the attempts of these days are not those of then (late files, corrections, retention)",
            });
            Ok(if same == Some(true) { Ended::Well } else { Ended::NeedsALook })
        }
    }
}

fn print(context: &Context, school: &str, list: &ReviewList) {
    match context.format {
        Format::Json => {
            let lines: Vec<Value> = list
                .lines
                .iter()
                .map(|line| {
                    json!({"position": line.position, "group": line.group, "code": line.code, "category": line.category,
                           "address": line.address, "words": line.words})
                })
                .collect();
            let object = json!({"schema": "watershed.sample/1", "school": school, "sample": list.sample,
                "attempts": list.attempts, "audit_head": list.audit_head, "lines": lines});
            context.printer.out(&object.to_string());
        }
        Format::Csv => {
            context.printer.out("position,label,group,category,address,words");
            for line in &list.lines {
                let (address, words) = (line.address.as_deref(), line.words.as_deref());
                let cells = [
                    &line.position.to_string(),
                    "",
                    &line.group,
                    &line.category,
                    address.unwrap_or_default(),
                    words.unwrap_or_default(),
                ];
                context.printer.out(&cells.map(quoted).join(","));
            }
        }
        Format::Table => {
            let rows = list
                .lines
                .iter()
                .map(|line| {
                    let gone = if line.words.is_none() { "(not kept any more)" } else { "-" };
                    vec![
                        line.position.to_string(),
                        line.group.clone(),
                        line.category.clone(),
                        line.address.clone().unwrap_or_else(|| gone.to_owned()),
                        line.words.clone().unwrap_or_else(|| "-".to_owned()),
                    ]
                })
                .collect();
            let headings = ["position", "group", "category", "address", "words searched for"];
            context.printer.out(&context.printer.grid(&headings, rows));
        }
    }
    context.printer.say(&format!(
        "Sample {}: {} of {} attempts. Of this list only the positions and labels are kept; addresses can name people, so it \
         is for the reviewers alone. Do not open what looks unlawful, and nothing needs to be opened at all: `cannot-tell` is an answer.\n\
         Each reviewer, without the other: watershed label add {} --reviewer CODE --file LABELS.csv (position,label)\n\
         Labels: correct, wrong-category, should-be-open (to this group), sub-request (a part of a page), cannot-tell\n\
         Head of the access audit:\n{}",
        list.sample,
        list.lines.len(),
        list.attempts,
        list.sample,
        list.audit_head
    ));
    if list.gone > 0 {
        context.printer.say(&format!("{} addresses are not kept any more (retention).", list.gone));
    }
}

/// A cell of a list that is to be filled in; what a spreadsheet would take for a formula is not.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if formula { format!("'{cell}") } else { cell.to_owned() };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

fn list(context: &Context, school: &ingest::school::SchoolId) -> anyhow::Result<Ended> {
    let mut reviews = Reviews::open(&context.dir, school)?;
    let mut samples = Vec::new();
    for sample in reviews.samples()? {
        samples.push(reviews.labelled(sample)?);
    }
    if context.format == Format::Json {
        let samples: Vec<Value> = samples
            .iter()
            .map(|known| {
                let strata: Vec<Value> = known
                    .design
                    .strata
                    .iter()
                    .map(|stratum| {
                        json!({"group": stratum.group, "code": stratum.code, "volume": stratum.volume,
                               "attempts": stratum.attempts, "drawn": stratum.drawn})
                    })
                    .collect();
                json!({"sample": known.sample, "from": known.design.from.to_string(), "to": known.design.to.to_string(),
                       "made_utc": known.made_utc, "made_by": known.made_by, "versions": known.versions,
                       "by": known.design.by.word(), "seed": known.design.seed, "frame": known.design.frame,
                       "attempts": known.design.attempts(), "drawn": known.design.drawn.len(), "strata": strata,
                       "reviewers": known.reviewers, "reviewed": known.shares.first().map_or(0, |share| share.reviewed)})
            })
            .collect();
        let object = json!({"schema": "watershed.samples/1", "school": school.as_str(), "samples": samples});
        context.printer.out(&object.to_string());
        return Ok(Ended::Well);
    }
    let rows = samples
        .into_iter()
        .map(|known| {
            let reviewed = known.shares.first().map_or(0, |share| share.reviewed);
            vec![
                known.sample.to_string(),
                known.design.from.to_string(),
                known.design.to.to_string(),
                known.design.drawn.len().to_string(),
                known.design.attempts().to_string(),
                known.design.strata.len().to_string(),
                known.reviewers.join(" "),
                reviewed.to_string(),
                known.design.seed.chars().take(8).collect(),
            ]
        })
        .collect();
    let headings = [
        "sample",
        "from",
        "to",
        "drawn",
        "of attempts",
        "strata",
        "reviewers",
        "labelled by two",
        "seed begins",
    ];
    context.printer.out(&context.printer.grid(&headings, rows));
    Ok(Ended::Well)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_list_to_fill_in_starts_no_formula() {
        assert_eq!(
            ["a,b", "=1", "say \"x\"", "plain"].map(quoted),
            ["\"a,b\"", "'=1", "\"say \"\"x\"\"\"", "plain"]
        );
    }
}
