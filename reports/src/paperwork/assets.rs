//! Rows for the register of information assets: one for each set of data that there is.

use ingest::schema::{SEALED, TABLES};

use super::facts::Facts;
use super::paper::{Paper, gap, row};

const HEADINGS: &[&str] =
    &["Asset", "Where", "What it holds", "Names people", "Who can read it", "Kept", "Protected by"];

pub(super) fn paper(facts: &Facts) -> Paper {
    let mut paper = Paper::new("asset-register", "Information assets", facts);
    paper.says(format!(
        "Owner of all: {}. Lawful basis and special-category condition: as in the record of processing. Places are below the installation's folder unless they begin with a stroke.",
        gap("role that owns these assets, commonly the DSL")
    ));
    let mut rows = lake(facts);
    rows.extend(vault(facts));
    rows.extend(state(facts));
    rows.extend(files(facts));
    paper.table("Assets", HEADINGS, rows);
    paper.section("What this list does not have").list([
        "The web filter's own logs, and the systems that exports come from.",
        "Papers, pictures and exports that somebody has saved elsewhere.",
        "Private keys of the DSL: they are on the DSL's own machine, and nothing here knows where.",
    ]);
    paper
}

/// Where a school's folder is.
fn below(facts: &Facts, place: &str) -> String {
    format!("schools/{}/{place}", facts.school.id)
}

fn volume(facts: &Facts) -> &'static str {
    if facts.disk_encrypted { "encrypted volume" } else { "volume NOT known to be encrypted" }
}

fn lake(facts: &Facts) -> Vec<Vec<String>> {
    let own = format!("file permissions, {}", volume(facts));
    TABLES
        .iter()
        .map(|table| {
            let actor = table
                .columns
                .iter()
                .any(|column| ["actor", "subject", "linked", "device"].contains(&column.name));
            let kept = match table.name {
                "requests" | "staff_requests" => format!("{} after the event", facts.detail()),
                "changes" | "checks" | "imports" => facts.ledgers(),
                _ => facts.events(),
            };
            let names = if actor { "by pseudonym" } else { "no" };
            let who = if table.name.starts_with("staff_") {
                "whoever runs the machine; `sql` does not reach it"
            } else {
                "whoever runs the machine; figures from it as in the role matrix"
            };
            let (asset, place) =
                (format!("Lake: {}", table.name), below(facts, &format!("lake/{}", table.name)));
            row([&asset, &place, table.row, names, who, &kept, &own])
        })
        .collect()
}

/// What a sort of sealed file is called in papers.
pub(super) fn sealed_name(rows: &str) -> String {
    match rows {
        "RequestRow" => "Web requests".to_owned(),
        "IncidentRow" => "Incidents".to_owned(),
        "ChangeRow" => "Changes of the filter".to_owned(),
        "CheckRow" => "Tests of the filter".to_owned(),
        "RejectRow" => "Records that could not be read".to_owned(),
        "WordRow" => "Unknown words and names of files".to_owned(),
        "PersonRow" => "Roster".to_owned(),
        other => other.trim_end_matches("Row").to_owned(),
    }
}

fn vault(facts: &Facts) -> Vec<Vec<String>> {
    let readers = format!("holders of the keys: {}", facts.key_holders());
    let own = format!("sealed file by file for these keys, file permissions, {}", volume(facts));
    SEALED
        .iter()
        .map(|sort| {
            let roster = sort.name == "PersonRow";
            let place = below(facts, if roster { "vault/people" } else { "vault" });
            let kept = if roster { facts.events() } else { format!("{} after the event", facts.detail()) };
            let columns: Vec<&str> = sort.columns.iter().map(|(name, _)| *name).collect();
            let asset = format!("Vault: {}", sealed_name(sort.name));
            row([&asset, &place, &columns.join(", "), "yes", &readers, &kept, &own])
        })
        .collect()
}

fn state(facts: &Facts) -> Vec<Vec<String>> {
    let place = below(facts, "state.db");
    let own = format!("file permissions, {}", volume(facts));
    let chained = format!("each entry bound to the one before, {own}");
    let runs = "whoever runs the machine";
    let kept = "as long as the file";
    vec![
        row([
            "State file: roster tokens, progress",
            &place,
            "Keyed tokens of accounts and names, what was taken in",
            "by pseudonym",
            runs,
            &facts.events(),
            &own,
        ]),
        row([
            "Release ledger",
            &place,
            "Sealed sets and the rolls they rest on",
            "no",
            "governors and parents: their sets; whoever runs the machine",
            "for good",
            &chained,
        ]),
        row([
            "Log of openings and sharing log",
            &place,
            "Which key opened what and why, reviews, what was shared",
            "staff by role or key; pupils by a number",
            runs,
            &facts.ledgers(),
            &chained,
        ]),
        row(["Log of deletions", &place, "What went, when, why", "no", runs, &facts.ledgers(), &chained]),
        row([
            "Log of page views",
            &place,
            "Which account saw which page, when",
            "staff and governors, by sign-in name",
            runs,
            &facts.ledgers(),
            &own,
        ]),
        row([
            "Accounts",
            &place,
            "Sign-in names, roles, password hashes",
            "staff and governors, by sign-in name",
            runs,
            kept,
            &own,
        ]),
    ]
}

fn files(facts: &Facts) -> Vec<Vec<String>> {
    let own = format!("file permissions, {}", volume(facts));
    let runs = "whoever runs the machine";
    let inbox =
        facts.school.inbox.as_ref().map_or_else(|| below(facts, "inbox"), |path| path.display().to_string());
    let refused = super::facts::count(facts.school.retention.refused_days, "day");
    let keys = facts.school.pseudonym_key_dir.display().to_string();
    let mut rows = vec![
        row([
            "Inbox",
            &inbox,
            "Logs and exports as they were dropped",
            "yes",
            "whoever drops them; whoever runs the machine",
            "until taken in",
            "file permissions only: not sealed",
        ]),
        row([
            "Sources put away",
            &below(facts, "kept"),
            "Files that were taken in",
            "yes",
            runs,
            &facts.kept_sources(),
            &format!("{own}; not sealed"),
        ]),
        row([
            "Files that were refused",
            &below(facts, "refused"),
            "Files that could not be read",
            "yes",
            runs,
            &refused,
            &format!("{own}; not sealed"),
        ]),
        row([
            "Pseudonym keys",
            &keys,
            "One key for each academic year",
            "no, but links accounts to pseudonyms",
            runs,
            &facts.events(),
            "outside the installation and its back-ups",
        ]),
        row([
            "Configuration",
            "watershed.toml, schools/*/settings",
            "Clocks, keys of recipients, calendar, groups",
            "roles",
            runs,
            "as long as it is used",
            "file permissions",
        ]),
        vec![
            "Back-ups".to_owned(),
            gap("where, and on which machine"),
            "All of the above but inbox, sources, refused files and pseudonym keys".to_owned(),
            "as their parts".to_owned(),
            gap("who can reach them"),
            gap(&format!("when they are deleted; not later than {}", facts.detail())),
            gap("encryption of the back-up's medium"),
        ],
    ];
    if let Some(mail) = &facts.mail {
        if !facts.mailed_to().is_empty() {
            let place = format!("mailboxes of {}", facts.mailed_to().join(", "));
            let way = format!("encryption to the server: {}", mail.tls.word());
            rows.push(row([
                "Mails with the head of the log",
                &place,
                "A hash, number of entries, date, school",
                "no",
                "holders of the mailboxes",
                "as the mailbox",
                &way,
            ]));
        }
        if mail.password_file.is_some() {
            rows.push(row([
                "Password of the mail account",
                "the file that watershed.toml names",
                "One password",
                "no",
                runs,
                "as long as it is used",
                "readable by its owner only",
            ]));
        }
    }
    rows
}
