//! The record of processing (UK GDPR Article 30): who, why, about whom, what, to whom, how long, how secured.

use ingest::formats::profile::RecordSort;
use ingest::schema::{SEALED, TABLES};
use ingest::school::MailTls;

use super::facts::{Facts, about};
use super::paper::{Paper, gap, row};
use crate::http::accounts::Role;

pub(super) fn paper(facts: &Facts) -> Paper {
    let mut paper = Paper::new("record-of-processing", "Record of processing: web filter figures", facts);
    paper.section("Controller").table(
        "Who is responsible",
        &["What", "Who"],
        vec![
            row(["Controller", &facts.school.name]),
            vec!["Address and contact".to_owned(), gap("address, telephone, e-mail")],
            vec!["Data protection officer".to_owned(), gap("name and contact of the DPO")],
            vec![
                "Processors".to_owned(),
                gap("IT provider, if not the school's own staff; contract and its date"),
            ],
        ],
    );
    paper.section("Purposes").list([
        "To see that the web filter works, on every night and for every group, and what it did not stop.",
        "To help the safeguarding lead find pupils who may need help.",
        "To give governors and parents figures from which no child can be told.",
    ]);
    paper.says(
        "Not a purpose, and not possible here: scores or decisions about a pupil made by a program, comparing named pupils or staff, and watching live.",
    );
    paper.section("Lawful basis").gap(
        "Article 6 basis and Article 9 condition, confirmed by the DPO; schools commonly name public task (6(1)(e)) and safeguarding of children (Data Protection Act 2018, Schedule 1, paragraph 18), with an appropriate policy document",
    );
    people(&mut paper, facts);
    data(&mut paper, facts);
    recipients(&mut paper, facts);
    paper.section("Other countries").says(
        "Watershed sends nothing to another country by itself. It calls no service outside the school but the mail server named here, if one is named.",
    );
    if facts.mail.is_some() {
        paper.gap("where the mail server stands, and who runs it");
    }
    paper.section("How long it is kept").table("Clocks in force", &["What", "Kept", "Then"], clocks(facts));
    paper.says(holds(facts));
    paper.section("How it is secured").list(security(facts));
    paper.section("What this record does not cover").list([
        "The web filter and the systems that the exports come from: they keep their own copies, under their own clocks.",
        "Copies that people make of papers, screens or exports.",
        "Back-ups after `watershed backup` has written them: where they lie and when they are deleted is the school's to say.",
    ]);
    paper.gap("where back-ups lie, who can reach them, when they are deleted");
    paper
}

fn people(paper: &mut Paper, facts: &Facts) {
    let mut rows = vec![
        row(["Pupils", "Whoever uses the school's network or devices"]),
        row(["Staff", "In tables of their own; in no figure for governors or parents"]),
        row([
            "Guests and unknown users",
            "Where an account or a device stands in a log and no roster knows it",
        ]),
    ];
    if facts.has(RecordSort::Incident) {
        rows.push(row([
            "People named in incidents",
            "Pupils, staff or others whom a note of staff is about or names",
        ]));
    }
    if facts.has(RecordSort::Change) || facts.has(RecordSort::Check) {
        rows.push(row([
            "Staff who ask for, decide or test",
            "Requests to change the filter, and tests of it",
        ]));
    }
    paper.section("Categories of people").table("About whom", &["Who", "How they come in"], rows);
}

fn data(paper: &mut Paper, facts: &Facts) {
    paper.section("Categories of data");
    if facts.sources.is_empty() {
        paper.says("Nothing has been taken in yet. The tables below are what would be filled.");
    } else {
        let rows = facts.sources.iter().map(|source| row([&source.title, about(source.sort)])).collect();
        paper.table("What is taken in", &["Source", "What its records are"], rows);
    }
    let names = |columns: Vec<&str>| columns.join(", ");
    let tables = TABLES
        .iter()
        .map(|table| {
            let columns = names(table.columns.iter().map(|column| column.name).collect());
            vec![table.name.to_owned(), table.row.to_owned(), columns]
        })
        .collect();
    paper.table("Pseudonymous: the lake", &["Table", "A row is", "Columns"], tables);
    let sealed = SEALED
        .iter()
        .map(|sort| {
            let columns = sort
                .columns
                .iter()
                .map(|(name, meaning)| format!("{name} ({})", meaning.trim().trim_end_matches('.')));
            vec![super::assets::sealed_name(sort.name), columns.collect::<Vec<_>>().join(", ")]
        })
        .collect();
    paper.table("Identifying, sealed: the vault", &["What", "Columns"], sealed);
    paper.says(format!(
        "Special categories: nobody is asked for any. What a person looked for can still show health, beliefs, sexual life or politics, above all under these themes: {}.",
        facts.themes.join(", ")
    ));
    paper.says("Addresses of illegal content are kept nowhere.");
}

fn recipients(paper: &mut Paper, facts: &Facts) {
    let mut rows = Vec::new();
    for recipient in &facts.school.recipients {
        rows.push(row([
            &format!("Key `{}`", recipient.name),
            "Everything, names included, with a reason that is kept",
            "The holder of the key and its passphrase",
        ]));
    }
    for role in Role::ALL {
        let active = facts.accounts.iter().any(|account| account.role == role && !account.disabled);
        if active {
            rows.push(row([
                &super::duties::capital(role.in_words()),
                &super::duties::sees(facts, role),
                "Sign-in to the site; each look at a live page is kept",
            ]));
        }
    }
    for audience in ["governors", "parents"] {
        if facts
            .releases
            .iter()
            .any(|entry| entry.audience == audience && entry.approved.is_some() && entry.withdrawn.is_none())
        {
            rows.push(row([
                &super::duties::capital(audience),
                "Sealed sets: ranges from which no child can be told",
                "Paper or page; never a live figure",
            ]));
        }
    }
    if !facts.mailed_to().is_empty() {
        rows.push(row([
            &format!("Mail: {}", facts.mailed_to().join(", ")),
            "The head of the log of openings, number of entries, date, school; nobody's data",
            "By mail after each opening",
        ]));
    }
    rows.push(row([
        "Whoever runs the machine",
        "Pseudonymous rows; can link accounts of the current year, because the machine holds its key",
        "Account of the operating system",
    ]));
    paper.section("Recipients").table("Who gets what", &["Who", "What", "How"], rows);
    paper.says("What was given to other organisations stands in the sharing log.");
}

/// One row for each clock.
pub(super) fn clocks(facts: &Facts) -> Vec<Vec<String>> {
    let refused = super::facts::count(facts.school.retention.refused_days, "day");
    vec![
        row([
            "Whole records: addresses, search words, accounts, free text (R0)",
            &format!("{} after the event", facts.detail()),
            "Files deleted, tables vacuumed",
        ]),
        row([
            "Events under pseudonyms, incidents, roster (R1)",
            &facts.events(),
            "Dropped, and the year's pseudonym key destroyed",
        ]),
        row(["Ledgers of filter changes, tests and imports; log of deletions", &facts.ledgers(), "Dropped"]),
        row(["Log of openings, sharing log, log of page views", &facts.ledgers(), "Dropped, oldest first"]),
        row(["What a hold covers (R2)", "until the hold is released", "By the clocks above"]),
        row(["Sealed sets for governors and parents (R3)", "for good", "They name nobody"]),
        row(["Files that were dropped and taken in", &facts.kept_sources(), "Unlinked"]),
        row(["Files that were refused", &refused, "Unlinked"]),
        row(["Accounts", "as long as the state file", "Disabled by hand; no clock"]),
    ]
}

fn holds(facts: &Facts) -> String {
    let run = if facts.school.retention.nightly {
        "The clocks are applied every night by `watershed watch`."
    } else {
        "The clocks are applied when somebody runs `watershed retain`; nothing does so by itself."
    };
    if facts.holds.is_empty() {
        return format!("{run} No hold is in force.");
    }
    let holds = facts.holds.iter().map(|hold| {
        format!(
            "number {} ({} to {}), owner {}, to be reviewed by {}",
            hold.id, hold.from, hold.to, hold.owner, hold.review
        )
    });
    format!("{run} Holds in force: {}.", holds.collect::<Vec<_>>().join("; "))
}

/// Measures as they are, good or not.
pub(super) fn security(facts: &Facts) -> Vec<String> {
    let mut points = vec![
        format!(
            "Names, accounts, addresses, search words and free text are sealed at once for the keys of: {}. The machine that seals them cannot open them.",
            facts.key_holders()
        ),
        "All other rows carry keyed pseudonyms, with one key for each academic year, kept outside the data and its back-ups.".to_owned(),
        if facts.disk_encrypted {
            "The volume of the data is encrypted.".to_owned()
        } else {
            "The volume of the data is NOT known to be encrypted.".to_owned()
        },
        service(facts),
        mail(facts),
        "Passwords of accounts are kept as Argon2id hashes; wrong guesses are held back.".to_owned(),
        "Every opening of names is written into a log first, and each entry is bound to the one before.".to_owned(),
        "Folders and files are readable by the owner's account of the operating system only.".to_owned(),
    ];
    if !facts.years_destroyed.is_empty() {
        points.push(format!(
            "Pseudonym keys destroyed, so that these years cannot be linked: {}.",
            facts.years_destroyed.join(", ")
        ));
    }
    points
}

fn service(facts: &Facts) -> String {
    match &facts.service {
        None => "The site has not been started: figures are seen on the command line only.".to_owned(),
        Some(standing) if standing.encrypted => {
            "The site is encrypted (TLS), as it was started last.".to_owned()
        }
        Some(standing) if standing.loopback => {
            "The site, as it was started last, has NO encryption (TLS) and answers on its own machine only; it refuses to listen elsewhere without a certificate.".to_owned()
        }
        Some(_) => "The site, as it was started last, has NO encryption (TLS).".to_owned(),
    }
}

fn mail(facts: &Facts) -> String {
    match facts.mail.as_ref().filter(|_| !facts.mailed_to().is_empty()).map(|mail| mail.tls) {
        None => "The head of the log of openings is NOT mailed to anybody; it stands on governors' papers.".to_owned(),
        Some(MailTls::None) => "The head of the log of openings is mailed through a server on this machine, without encryption as far as that.".to_owned(),
        Some(MailTls::Required | MailTls::Start) => {
            "The head of the log of openings is mailed by an encrypted way, so that cut-off entries are noticed.".to_owned()
        }
    }
}
