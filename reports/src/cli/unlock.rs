//! `watershed unlock`: names, for a DSL's key and a reason; the audit entry comes first.

use clap::Args;
use ingest::keys::PrivateKey;
use ingest::vault::rows::RequestRow;
use jiff::civil::Date;
use query::unlock::Timeline;
use serde_json::{Value, json};

use super::keys::KeyArguments;
use super::{Context, Ended, Format, wait};

#[derive(Debug, Args)]
pub(crate) struct UnlockArguments {
    /// Pseudonym as `attention` prints it (16 hex digits), account, name or person key.
    #[arg(required_unless_present_any = ["unmapped", "cohorts"])]
    person: Option<String>,
    /// First local day.
    #[arg(long, value_name = "DAY", required_unless_present = "unmapped")]
    from: Option<Date>,
    /// Last local day.
    #[arg(long, value_name = "DAY", required_unless_present = "unmapped")]
    to: Option<Date>,
    /// Why; stands in the access audit for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    key: KeyArguments,
    /// All rows of the days, not only an hour around each episode.
    #[arg(long)]
    everything: bool,
    /// Instead: each cohort of the roster (`cohort_` columns) beside the other pupils, for the days.
    #[arg(long, conflicts_with_all = ["person", "everything", "unmapped"])]
    cohorts: bool,
    /// Instead: the category words and group names that no data file knows.
    #[arg(long, conflicts_with_all = ["person", "from", "to", "everything"])]
    unmapped: bool,
}

pub(crate) fn run(context: &Context, arguments: &UnlockArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let key = arguments.key.open()?;
    if arguments.unmapped {
        return unmapped(context, &school.id, &arguments.reason, &key);
    }
    if let (true, Some(from), Some(to)) = (arguments.cohorts, arguments.from, arguments.to) {
        return cohorts(context, &school.id, (from, to), &arguments.reason, &key);
    }
    let (Some(person), Some(from), Some(to)) = (&arguments.person, arguments.from, arguments.to) else {
        anyhow::bail!("a person and the days are needed");
    };
    let timeline = if arguments.everything {
        query::unlock::extract(&context.dir, &school.id, person, from, to, &arguments.reason, &key)?
    } else {
        wait(query::unlock::unlock(&context.dir, &school.id, person, from, to, &arguments.reason, &key))??
    };
    let timeline = timeline.read();
    match context.format {
        Format::Json => context.printer.out(&as_json(school.id.as_str(), timeline).to_string()),
        Format::Csv | Format::Table => context.printer.out(&as_table(context, timeline)),
    }
    context.printer.say(&format!(
        "Names and addresses. This opening stands in the access audit with its reason. Head of the audit, to be noted elsewhere:\n{}",
        timeline.audit_head
    ));
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
    if !timeline.corrections.is_empty() {
        let numbers: Vec<String> = timeline.corrections.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "Corrections say whose some records of these days are: {} (`correct list`)\n",
            numbers.join(", ")
        ));
    }
    text.push_str(&records_table(context, timeline));
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

/// Incidents, changes and tests, one line each; none where there are none.
fn records_table(context: &Context, timeline: &Timeline) -> String {
    let mut rows = Vec::new();
    for row in &timeline.incidents {
        rows.push(vec![
            row.local_date.to_string(),
            "incident".to_owned(),
            optional(row.reference.as_deref()),
            optional(row.category_words.as_deref()),
            optional(row.narrative.as_deref()),
        ]);
    }
    for row in &timeline.named_beside {
        rows.push(vec![
            row.local_date.to_string(),
            "incident about somebody else, named beside".to_owned(),
            optional(row.reference.as_deref()),
            optional(row.category_words.as_deref()),
            "(not shown: about somebody else)".to_owned(),
        ]);
    }
    for row in &timeline.changes {
        rows.push(vec![
            row.local_date.to_string(),
            "change of the filter".to_owned(),
            optional(row.reference.as_deref()),
            optional(row.address.as_deref().or(row.host.as_deref())),
            optional(row.reason.as_deref().or(row.title.as_deref())),
        ]);
    }
    for row in &timeline.checks {
        rows.push(vec![
            row.local_date.to_string(),
            "test of the filter".to_owned(),
            optional(row.reference.as_deref()),
            optional(row.category_words.as_deref()),
            optional(row.narrative.as_deref()),
        ]);
    }
    if rows.is_empty() {
        return String::new();
    }
    rows.sort();
    context.printer.grid(&["day", "what", "reference", "about", "text"], rows)
}

fn as_json(school: &str, timeline: &Timeline) -> Value {
    let incidents: Vec<Value> = timeline
        .incidents
        .iter()
        .map(|row| {
            json!({"event_time_utc_us": row.event_time_utc_us, "local_date": row.local_date.to_string(),
                   "reference": row.reference, "category_words": row.category_words, "status_words": row.status_words,
                   "linked_written": row.linked_written, "narrative": row.narrative})
        })
        .collect();
    let named_beside: Vec<Value> = timeline
        .named_beside
        .iter()
        .map(|row| {
            json!({"event_time_utc_us": row.event_time_utc_us, "local_date": row.local_date.to_string(),
                   "reference": row.reference, "category_words": row.category_words,
                   "status_words": row.status_words})
        })
        .collect();
    let changes: Vec<Value> = timeline
        .changes
        .iter()
        .map(|row| {
            json!({"event_time_utc_us": row.event_time_utc_us, "local_date": row.local_date.to_string(),
                   "reference": row.reference, "requester_written": row.requester_written,
                   "decided_by_written": row.decided_by_written, "address": row.address, "host": row.host,
                   "title": row.title, "reason": row.reason, "narrative": row.narrative,
                   "decision_words": row.decision_words, "status_words": row.status_words})
        })
        .collect();
    let checks: Vec<Value> = timeline
        .checks
        .iter()
        .map(|row| {
            json!({"event_time_utc_us": row.event_time_utc_us, "local_date": row.local_date.to_string(),
                   "reference": row.reference, "device_written": row.device_written, "location": row.location,
                   "category_words": row.category_words, "group_words": row.group_words,
                   "result_words": row.result_words, "narrative": row.narrative})
        })
        .collect();
    let pseudonyms: Vec<String> =
        timeline.pseudonyms.iter().map(|token| ingest::pseudonymise::written(*token)).collect();
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
    json!({"schema": "watershed.unlock/2", "school": school, "pseudonyms": pseudonyms,
           "people": people, "episodes": episodes, "rows": rows, "incidents": incidents, "named_beside": named_beside,
           "corrections": timeline.corrections, "changes": changes,
           "checks": checks, "audit_head": timeline.audit_head})
}

/// What figures of cohorts are, however few or many pupils they count.
const OF_COHORTS: &str = "Personal data, not anonymised: exact counts of small groups single out children. For the safeguarding lead alone, and for no paper.";

fn cohorts(
    context: &Context,
    school: &ingest::school::SchoolId,
    (from, to): (Date, Date),
    reason: &str,
    key: &PrivateKey,
) -> anyhow::Result<Ended> {
    let lines = wait(query::unlock::cohorts(&context.dir, school, from, to, reason, key))??;
    if context.format == Format::Json {
        let list: Vec<Value> = lines
            .read()
            .iter()
            .map(|line| {
                json!({"academic_year": line.year.to_string(), "cohort": line.cohort, "pupils": line.pupils,
                       "with_episode": line.with_episode, "episodes": line.episodes,
                       "other_pupils": line.other_pupils, "others_with_episode": line.others_with_episode,
                       "other_episodes": line.other_episodes})
            })
            .collect();
        let answer = json!({"schema": "watershed.cohorts/1", "school": school.as_str(), "from": from.to_string(),
                            "to": to.to_string(), "label": OF_COHORTS, "cohorts": list});
        context.printer.out(&answer.to_string());
    } else {
        let rate = |part: u64, of: u64| match of {
            0 => "-".to_owned(),
            of => format!("{part} of {of} ({:.0} in 100)", part as f64 * 100.0 / of as f64),
        };
        let rows = lines
            .read()
            .iter()
            .map(|line| {
                vec![
                    line.cohort.clone(),
                    rate(line.with_episode, line.pupils),
                    line.episodes.to_string(),
                    rate(line.others_with_episode, line.other_pupils),
                    line.other_episodes.to_string(),
                ]
            })
            .collect();
        let headings =
            ["cohort", "pupils with an episode", "episodes", "other pupils with one", "their episodes"];
        // With the figures, not beside them: it must be there also where they are sent on.
        context.printer.out(&format!("{}\n{OF_COHORTS}", context.printer.grid(&headings, rows)));
    }
    context.printer.say("Episodes of severity 2 or more. This opening stands in the access audit.");
    Ok(Ended::Well)
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
