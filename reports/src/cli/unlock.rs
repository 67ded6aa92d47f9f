//! `watershed unlock`: names, for a DSL's key and a reason; the audit entry comes first.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use ingest::keys::PrivateKey;
use ingest::vault::rows::RequestRow;
use jiff::civil::Date;
use query::unlock::Timeline;
use serde_json::{Value, json};

use super::{Context, Ended, Format, passphrase, wait};

#[derive(Debug, Args)]
pub(crate) struct UnlockArguments {
    /// Pseudonym as `attention` prints it, 16 hex digits.
    #[arg(required_unless_present = "unmapped")]
    pseudonym: Option<String>,
    /// First local day.
    #[arg(long, value_name = "DAY", required_unless_present = "unmapped")]
    from: Option<Date>,
    /// Last local day.
    #[arg(long, value_name = "DAY", required_unless_present = "unmapped")]
    to: Option<Date>,
    /// Why; stands in the access audit for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The DSL's NAME.key file.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// File whose first line is the key's passphrase.
    #[arg(long, value_name = "F")]
    passphrase_file: Option<PathBuf>,
    /// All rows of the days, not only an hour around each episode.
    #[arg(long)]
    everything: bool,
    /// Instead: the category words and group names that no data file knows.
    #[arg(long, conflicts_with_all = ["pseudonym", "from", "to", "everything"])]
    unmapped: bool,
}

pub(crate) fn run(context: &Context, arguments: &UnlockArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let text = std::fs::read_to_string(&arguments.key)
        .with_context(|| format!("{}: cannot be read", arguments.key.display()))?;
    let passphrase = passphrase::read(arguments.passphrase_file.as_deref(), "Passphrase of the key: ")?;
    let key = PrivateKey::open(&text, &passphrase)?;
    if arguments.unmapped {
        return unmapped(context, &school.id, &arguments.reason, &key);
    }
    let (Some(pseudonym), Some(from), Some(to)) = (&arguments.pseudonym, arguments.from, arguments.to) else {
        anyhow::bail!("a pseudonym and the days are needed");
    };
    let pseudonym = ingest::pseudonymise::parse(pseudonym)
        .context("a pseudonym has 16 hex digits; `watershed attention` prints them")?;
    let timeline = if arguments.everything {
        query::unlock::extract(&context.dir, &school.id, pseudonym, from, to, &arguments.reason, &key)?
    } else {
        wait(query::unlock::unlock(&context.dir, &school.id, pseudonym, from, to, &arguments.reason, &key))??
    };
    let timeline = timeline.read();
    match context.format {
        Format::Json => context.printer.out(&as_json(school.id.as_str(), timeline).to_string()),
        Format::Csv | Format::Table => context.printer.out(&as_table(context, timeline)),
    }
    context.printer.say("Names and addresses. This opening stands in the access audit with its reason.");
    Ok(Ended::Well)
}

fn optional(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

fn as_table(context: &Context, timeline: &Timeline) -> String {
    let mut text = String::new();
    for person in &timeline.people {
        text.push_str(&format!(
            "{}  accounts {}  year {}  role {}\n",
            person.mis_name.as_deref().unwrap_or("(no name)"),
            person.accounts,
            optional(person.year.as_deref()),
            person.role
        ));
    }
    if timeline.people.is_empty() {
        text.push_str("No roster has this person; the accounts below are as the logs have them.\n");
    }
    text.push_str(&format!("{} episodes, {} rows\n", timeline.episodes.len(), timeline.rows.len()));
    let rows = timeline
        .rows
        .iter()
        .map(|row: &RequestRow<'_>| {
            vec![
                row.local_date.to_string(),
                row.local_time(),
                optional(row.user_written.as_deref()),
                optional(row.address.as_deref()),
                row.action.to_string(),
                optional(row.theme.as_deref()),
                row.whole_address().unwrap_or_else(|| "(on an illegal list: not kept)".to_owned()),
                optional(row.search_words.as_deref()),
            ]
        })
        .collect();
    text.push_str(&context.printer.grid(
        &["day", "time", "account", "client", "action", "theme", "address", "words searched for"],
        rows,
    ));
    text
}

fn as_json(school: &str, timeline: &Timeline) -> Value {
    let people: Vec<Value> = timeline
        .people
        .iter()
        .map(|person| {
            json!({"person_key": person.person_key, "mis_name": person.mis_name, "accounts": person.accounts,
                   "year": person.year, "role": person.role})
        })
        .collect();
    let episodes: Vec<Value> = timeline
        .episodes
        .iter()
        .map(|episode| {
            json!({"start_utc_us": episode.start_utc_us, "end_utc_us": episode.end_utc_us, "theme": episode.theme,
                   "severity": episode.severity, "outcome": episode.outcome, "illegal": episode.illegal})
        })
        .collect();
    let rows: Vec<Value> = timeline
        .rows
        .iter()
        .map(|row| {
            json!({"import_token": row.import_token, "record_number": row.record_number,
                   "event_time_utc_us": row.event_time_utc_us, "local_date": row.local_date.to_string(),
                   "local_time": row.local_time(), "user_written": row.user_written, "address": row.address,
                   "client_host": row.client_host, "url": row.whole_address(), "search_words": row.search_words,
                   "group_words": row.group_words, "category_words": row.category_words, "action": row.action,
                   "code": row.code, "theme": row.theme, "severity": row.severity})
        })
        .collect();
    json!({"schema": "watershed.unlock/1", "school": school, "pseudonym": ingest::pseudonymise::written(timeline.pseudonym),
           "people": people, "episodes": episodes, "rows": rows})
}

fn unmapped(
    context: &Context,
    school: &ingest::school::SchoolId,
    reason: &str,
    key: &PrivateKey,
) -> anyhow::Result<Ended> {
    let words = query::unlock::unmapped(&context.dir, school, reason, key)?;
    if context.format == Format::Json {
        let list: Vec<Value> = words
            .read()
            .iter()
            .map(|word| json!({"kind": word.kind, "words": word.words, "records": word.records}))
            .collect();
        context.printer.out(
            &json!({"schema": "watershed.unmapped/1", "school": school.as_str(), "words": list}).to_string(),
        );
    } else {
        let rows = words
            .read()
            .iter()
            .map(|word| vec![word.kind.clone(), word.words.clone(), word.records.to_string()])
            .collect();
        context.printer.out(&context.printer.grid(&["what", "words", "records"], rows));
    }
    Ok(Ended::Well)
}
