//! `watershed label`: what reviewers say of the attempts of a sample, and of alerts.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::civil::Date;
use query::review::{Label, Labelled, Reviews};
use serde_json::{Value, json};

use super::{Context, Ended, Format, OpenedSchool};

#[derive(Debug, Subcommand)]
pub(crate) enum LabelCommand {
    /// Record one reviewer's labels of a sample; a later one of the same position holds.
    Add {
        /// Number of the sample.
        sample: i64,
        /// Who labels: a code such as `dsl` or `it-2`, no name.
        #[arg(long, value_name = "CODE")]
        reviewer: String,
        /// A file with the columns `position` and `label`; others are not read.
        #[arg(long, value_name = "FILE", required_unless_present = "labels")]
        file: Option<PathBuf>,
        /// Labels as `12=correct`; the words are correct, wrong-category, should-be-open, sub-request, cannot-tell.
        #[arg(value_name = "POSITION=LABEL")]
        labels: Vec<String>,
        /// What both reviewers agreed on after they had talked about it.
        #[arg(long)]
        settle: bool,
    },
    /// How far the reviewers agree, on which positions they differ, and the share that follows.
    Show {
        /// Number of the sample; the newest if left out.
        sample: Option<i64>,
    },
    /// Say of an alert (the grave episodes of a pseudonym in a theme on a day) that it was real or false.
    Alert {
        /// Pseudonym as `attention` prints it.
        pseudonym: String,
        /// Theme as `attention` prints it.
        #[arg(long, value_name = "T")]
        theme: String,
        /// Local day.
        #[arg(long, value_name = "DAY")]
        day: Date,
        /// Who says so: a code, no name.
        #[arg(long, value_name = "CODE")]
        reviewer: String,
        /// It was what it seemed to be.
        #[arg(long, conflicts_with = "was_false", required_unless_present = "was_false")]
        was_real: bool,
        /// It was not.
        #[arg(long)]
        was_false: bool,
    },
}

pub(crate) fn run(context: &Context, command: LabelCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let mut reviews = Reviews::open(&context.dir, &school.id)?;
    match command {
        LabelCommand::Add { sample, reviewer, file, labels, settle } => {
            let mut read = Vec::new();
            if let Some(file) = file {
                read.extend(from_file(&file)?);
            }
            for label in &labels {
                read.push(one(label)?);
            }
            if read.is_empty() {
                anyhow::bail!("there is no label in it: rows without a label are left out");
            }
            reviews.label(sample, &reviewer, &read, settle)?;
            context.printer.say(&format!("{} labels of sample {sample} recorded", read.len()));
            show(context, &school, &reviews.labelled(sample)?)
        }
        LabelCommand::Show { sample } => {
            let sample = match sample {
                Some(sample) => sample,
                None => reviews
                    .samples()?
                    .last()
                    .copied()
                    .context("no sample was drawn; `watershed sample draw` does")?,
            };
            show(context, &school, &reviews.labelled(sample)?)
        }
        LabelCommand::Alert { pseudonym, theme, day, reviewer, was_real, was_false: _ } => {
            reviews.label_alert_of(&pseudonym, &theme, day, &reviewer, was_real)?;
            context.printer.say("recorded; `watershed overblocking --table alerts` counts it");
            Ok(Ended::Well)
        }
    }
}

fn one(text: &str) -> anyhow::Result<(u64, Label)> {
    let wanted = "a label is written as `12=correct`; the words are correct, wrong-category, should-be-open, sub-request, cannot-tell";
    let (position, label) = text.split_once('=').context(wanted)?;
    Ok((position.trim().parse().context(wanted)?, Label::parse(label).context(wanted)?))
}

/// The columns `position` and `label` of a file; rows without a label are left out.
fn from_file(path: &std::path::Path) -> anyhow::Result<Vec<(u64, Label)>> {
    let place = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{place}: cannot be read"))?;
    let mut rows = csv_rows(text.strip_prefix('\u{feff}').unwrap_or(&text)).into_iter();
    let (_, header) = rows.next().with_context(|| format!("{place}: empty; its header is position,label"))?;
    let column = |name: &str| {
        let at = header.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
        at.with_context(|| format!("{place}: the column `{name}` is missing"))
    };
    let (position, label) = (column("position")?, column("label")?);
    let mut labels = Vec::new();
    for (line, row) in rows {
        let cell = |at: usize| row.get(at).map(|cell| cell.trim()).unwrap_or_default();
        if cell(label).is_empty() {
            continue;
        }
        let number =
            cell(position).parse().with_context(|| format!("{place}:{line}: `position` must be a number"))?;
        let word = Label::parse(&cell(label).to_lowercase()).with_context(|| {
            let words = Label::ALL.map(Label::word).join(", ");
            format!("{place}:{line}: `label` must be one of {words}")
        })?;
        labels.push((number, word));
    }
    Ok(labels)
}

/// Rows of comma-separated values with the line on which each begins; quoted cells may hold line ends.
fn csv_rows(text: &str) -> Vec<(usize, Vec<String>)> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut began, mut quoted) = (1, 1, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' => {
                line += 1;
                if quoted {
                    cell.push('\n');
                    continue;
                }
                row.push(std::mem::take(&mut cell));
                rows.push((began, std::mem::take(&mut row)));
                began = line;
            }
            other => cell.push(other),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push((began, row));
    }
    rows.retain(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
    rows
}

fn show(context: &Context, school: &OpenedSchool, known: &Labelled) -> anyhow::Result<Ended> {
    let settled = |label: &Option<Label>| label.map_or("-", Label::word).to_owned();
    if context.format == Format::Json {
        let differing: Vec<Value> = known
            .differing
            .iter()
            .map(|(position, one, other, after)| {
                json!({"position": position, "labels": [one.word(), other.word()], "settled": after.map(Label::word)})
            })
            .collect();
        let shares: Vec<Value> = known
            .shares
            .iter()
            .map(|share| {
                json!({"part": share.part, "attempts": share.attempts, "share": share.share, "least": share.least,
                       "most": share.most, "lower": share.interval.lower, "upper": share.interval.upper,
                       "reviewed": share.reviewed, "pupils": share.pupils, "actors": share.actors,
                       "covered": share.covered, "right": share.verdicts.right, "wrong": share.verdicts.wrong,
                       "sub_requests": share.verdicts.outside, "cannot_tell": share.verdicts.open,
                       "waiting": share.verdicts.waiting, "carries_a_set": share.carries_a_set()})
            })
            .collect();
        let kappa = known.kappa.as_ref().map(|(reviewers, kappa)| {
            json!({"reviewers": reviewers, "cases": kappa.cases, "agreement": kappa.agreement,
                   "expected": kappa.expected, "kappa": kappa.kappa, "standard_error": kappa.standard_error,
                   "lower": kappa.interval.lower, "upper": kappa.interval.upper})
        });
        let object = json!({"schema": "watershed.labels/1", "school": school.id.as_str(), "sample": known.sample,
            "reviewers": known.reviewers, "kappa": kappa, "differing": differing, "shares": shares});
        context.printer.out(&object.to_string());
        return Ok(Ended::Well);
    }
    let rows: Vec<Vec<String>> = known
        .differing
        .iter()
        .map(|(position, one, other, after)| {
            vec![position.to_string(), one.word().to_owned(), other.word().to_owned(), settled(after)]
        })
        .collect();
    if !rows.is_empty() {
        context.printer.out(&context.printer.grid(&["position", "first", "second", "settled"], rows));
    }
    match &known.kappa {
        Some((reviewers, kappa)) => context.printer.out(&format!(
            "{} and {} agree on {:.0} % of {} attempts; kappa {:.2} ({:.2} to {:.2})",
            reviewers[0],
            reviewers[1],
            kappa.agreement * 100.0,
            kappa.cases,
            kappa.kappa,
            kappa.interval.lower,
            kappa.interval.upper
        )),
        None => context.printer.out("no two reviewers to compare yet, or both used one and the same word"),
    }
    match known.shares.first() {
        Some(all) => context.printer.out(&format!(
            "reviewed {} of {}, {} waiting; wrong {}, right {}, page parts {}, cannot tell or not settled {}: {}",
            all.reviewed,
            known.design.drawn.len(),
            all.verdicts.waiting,
            all.verdicts.wrong,
            all.verdicts.right,
            all.verdicts.outside,
            all.verdicts.open,
            match all.percents() {
                Some([share, least, most]) => format!("{share} % of the blocks were wrong ({least} to {most} %)"),
                None => "no share can be told".to_owned(),
            }
        )),
        None => context.printer.out("nothing is labelled by two reviewers yet"),
    }
    Ok(Ended::Well)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    #[test]
    fn labels_from_words_and_from_a_file() {
        assert_eq!(one("12=should-be-open").unwrap(), (12, Label::ShouldBeOpen));
        assert!(one("12").is_err() && one("x=correct").is_err() && one("1=fine").is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        std::fs::write(
            &path,
            "\u{feff}Position,Label,address\r\n1,Correct,\"a, \"\"b\"\"\nc\"\r\n2,,x\r\n3,sub-request,y\r\n",
        )
        .unwrap();
        assert_eq!(from_file(&path).unwrap(), [(1, Label::Correct), (3, Label::SubRequest)]);
        std::fs::write(&path, "position,label,address\n1,correct,\"a\nb\"\n2,jane doe,x\n").unwrap();
        let error = from_file(&path).unwrap_err().to_string();
        assert!(error.contains(":4: `label` must be") && !error.contains("jane"), "{error}");
        std::fs::write(&path, "position\n1\n").unwrap();
        assert!(from_file(&path).unwrap_err().to_string().contains("`label` is missing"));
    }
}
