//! A section for the data protection impact assessment: the flows as they are, what a theft yields, what is open.

use ingest::retention::Clocks;
use ingest::school::MailTls;

use super::facts::{Facts, about};
use super::paper::{Paper, gap, row};

/// Days after which the access rights are to be looked through again (R91: at least annually).
pub(crate) const REVIEW_DAYS: i32 = 365;

pub(super) fn paper(facts: &Facts) -> Paper {
    let mut paper = Paper::new("dpia-section", "Section for the DPIA: web filter figures", facts);
    paper.says("This describes the software as it is set up. It is no assessment: that is the school's, with its DPO.");
    flows(&mut paper, facts);
    paper.section("Why this much and no less").list([
        "Figures count pupils and episodes, not requests; a program cannot count them without telling one person from another, hence keyed pseudonyms.",
        "Names are needed when a child may need help, and only then: they are sealed apart, and opened one person at a time with a reason.",
        "Records that nobody caused (adverts, updates) are told apart and are in no figure about a person.",
        "Nobody gets a score, and nothing is decided by a program.",
    ]);
    thefts(&mut paper, facts);
    risks(&mut paper, facts);
    paper.section("Rights of the people concerned").list([
        "Access: `subject-access` writes everything about one person as a page and as data; words of and about others are withheld for a person to read.",
        "Erasure: `erase` takes one person out of lake, vault, roster and files put away, and keeps later copies out. Sealed sets stay: they name nobody. Back-ups are not reached.",
        "Objection and restriction: nothing here leaves one person out of what comes in; that is done at the web filter.",
        "No decision is made by a program (Article 22).",
    ]);
    paper.section("What is open in this set-up").list(open(facts));
    paper.section("Not covered").list([
        "Someone who already knows all but one of the pupils in a range.",
        "What staff say aloud, and copies that they make of screens and papers.",
        "The web filter, the network and the systems that exports come from.",
        "Whoever controls the running machine can link accounts to pseudonyms of the current year.",
        "It is nightly, not live: it prevents nothing at the moment.",
    ]);
    paper.section("For the school to add");
    paper.gap("who was consulted (pupils, parents, staff, DPO) and what they said");
    paper.gap("likelihood and severity of each risk, and who accepts what remains");
    paper.gap("date of this assessment and of its next review");
    paper
}

fn flows(paper: &mut Paper, facts: &Facts) {
    let mut rows = Vec::new();
    for source in &facts.sources {
        rows.push(row([
            &format!("{} to the inbox", source.title),
            about(source.sort),
            "In clear until it is taken in; the way there is the school's",
        ]));
    }
    if facts.sources.is_empty() {
        rows.push(row([
            "Logs and exports to the inbox",
            "Nothing has been taken in yet",
            "In clear until it is taken in",
        ]));
    }
    let keys = facts.key_holders();
    rows.push(row([
        "Inbox to the vault",
        "Names, accounts, addresses, search words, free text",
        &format!("Sealed for the keys of: {keys}; the machine cannot open it again"),
    ]));
    rows.push(row([
        "Inbox to the lake",
        "Rows under keyed pseudonyms; no name, address, search word or free text",
        "File permissions; key kept elsewhere",
    ]));
    rows.push(row([
        "Vault to the DSL",
        "One person's rows around each episode",
        "A key, its passphrase, a reason that is kept",
    ]));
    rows.push(row(["Lake to staff", "Exact figures, labelled as personal data", "By role, each look kept"]));
    rows.push(row([
        "Lake to governors, from there to parents",
        "Sealed sets: ranges of at least ten pupils (governors) or twenty (parents)",
        "Sealed once for each period, never changed, chained in a ledger",
    ]));
    if !facts.mailed_to().is_empty() {
        rows.push(row([
            "Log of openings to the DSL's mailbox",
            "A hash, number of entries, date, school",
            "Mail; nobody's data",
        ]));
    }
    for shared in &facts.shared {
        rows.push(row([&format!("To {}", shared.with), &shared.what, "By hand; noted in the sharing log"]));
    }
    paper.section("What flows where").table("Flows", &["From and to", "What", "Protected by"], rows);
}

fn thefts(paper: &mut Paper, facts: &Facts) {
    let disk = if facts.disk_encrypted {
        "Nothing readable, as long as the volume's own key is not with it. Without encryption: what the next row says."
    } else {
        "Pseudonymous rows, still personal data: a few sites in sequence can single a person out. No name, address or search word. And, in clear: files in the inbox, sources put away, refused files."
    };
    let sources = if facts.school.keep_sources_days == 0 {
        "Logs in clear from when they were dropped until they were taken in, and refused files."
    } else {
        "Logs in clear for as long as sources are put away, and refused files."
    };
    let service = match &facts.service {
        Some(standing) if !standing.encrypted && !standing.loopback => {
            "What is on the pages that are looked at: the site has no encryption."
        }
        Some(standing) if standing.encrypted => "Nothing: the site is encrypted.",
        _ => "Nothing: the site does not answer on the network.",
    };
    let rows = vec![
        row(["The disk", disk]),
        row([
            "A back-up, without its medium's encryption",
            "Pseudonymous rows and sealed files. No pseudonym key, no inbox, no sources.",
        ]),
        row(["The inbox or its share", sources]),
        row([
            "A pseudonym key with the lake",
            "Accounts can be linked to pseudonyms of that year by whoever knows the accounts.",
        ]),
        row(["A DSL's key without its passphrase", "Nothing, as long as the passphrase is good."]),
        row([
            "A DSL's key with its passphrase and the vault",
            &format!(
                "Everything of the last {}, names included, also around the log of openings. Take the key out with `keys remove` at once.",
                facts.detail()
            ),
        ]),
        row([
            "A staff account",
            "What its role sees, by pseudonym or as figures; each look is kept. No names.",
        ]),
        row(["A governor's account or paper", "Sealed sets: ranges from which no child can be told."]),
        row(["What goes over the network to the site", service]),
    ];
    paper.section("What a theft yields").table("If this is stolen", &["What", "Then a thief has"], rows);
}

fn risks(paper: &mut Paper, facts: &Facts) {
    let detail = facts.detail();
    let rows = vec![
        row([
            "A child is told from a paper",
            "Ranges, thresholds, fixed tables, a check of each set against all sets ever sealed",
            "Someone who knows all but one of a range",
        ]),
        row([
            "A record is put to the wrong pupil",
            "Shared log-ins and devices are told apart and are nobody's; a roster joins accounts",
            "Whoever uses another's account. Read the rows before you act",
        ]),
        row([
            "Staff look without need",
            "A key, a reason, a log whose entries cannot be changed unseen, reviews on governors' papers",
            "A reason that is not true",
        ]),
        row([
            "A filter's category is wrong",
            "Raw words are kept sealed; categories can be corrected; severity is a rule that is printed",
            "Categories of the filter's maker",
        ]),
        row([
            "It is kept too long",
            &format!("Clocks: detail {detail}, then {}", facts.events()),
            "Holds, back-ups, copies by people",
        ]),
        row([
            "Pupils look up less help because they are watched",
            "Help and learning sites are no concern by themselves; what governors see names nobody",
            &gap("what the school tells pupils"),
        ]),
    ];
    paper.section("Risks").table(
        "Risks and what is done",
        &["Risk", "What the software does", "What remains"],
        rows,
    );
}

/// What is not as it should be, from the configuration as it is.
pub(super) fn open(facts: &Facts) -> Vec<String> {
    let mut points = Vec::new();
    let mut when = |is: bool, says: &str| {
        if is {
            points.push(says.to_owned());
        }
    };
    when(!facts.disk_encrypted, "The volume is not known to be encrypted.");
    when(
        facts.service.as_ref().is_some_and(|standing| !standing.encrypted),
        "The site was started without a certificate (TLS).",
    );
    when(
        facts.mailed_to().is_empty(),
        "Mail is off: the head of the log of openings goes to nobody by mail.",
    );
    when(
        facts.mail.as_ref().is_some_and(|mail| mail.tls == MailTls::None),
        "Mail goes through a server on this machine; see that it encrypts from there on.",
    );
    when(facts.school.recipients.len() < 2, "Only one key opens the vault: if it is lost, so are the names.");
    when(!facts.school.retention.nightly, "The clocks are applied by hand only (`nightly` is off).");
    when(facts.openings_reviewed.is_none(), "Nobody has reviewed the log of openings yet.");
    let access = super::duties::review_words(facts);
    if let Err(says) = access {
        points.push(says);
    }
    let (is, usual) = (facts.school.retention, Clocks::default());
    for (longer, name) in [
        (is.detail_days > usual.detail_days, "detail_days"),
        (is.previous_years > usual.previous_years, "previous_years"),
        (is.ledger_years > usual.ledger_years, "ledger_years"),
        (is.refused_days > usual.refused_days, "refused_days"),
    ] {
        if longer {
            points.push(format!("`{name}` is longer than the default. {}", gap("why it has to be")));
        }
    }
    let overdue = facts.holds.iter().filter(|hold| hold.review < facts.made_on);
    points.extend(overdue.map(|hold| format!("Hold {} is past its review date.", hold.id)));
    let overdue = facts.live.iter().filter(|mark| mark.review < facts.made_on);
    points.extend(
        overdue
            .map(|mark| format!("Embargo {} is past its review date, and hides its matter still.", mark.id)),
    );
    points.extend(facts.unfollowed.iter().map(|id| {
        format!("Embargo {id} does not hold in this academic year: nobody knows the pseudonym of its person there.")
    }));
    if !facts.years_without_head.is_empty() {
        points.push(format!(
            "No roster says who leads the school in {}: what concerns staff there is shown to nobody.",
            facts.years_without_head.join(", ")
        ));
    }
    if !facts.unlinked.is_empty() {
        points.push(format!(
            "Nobody has said whose these accounts are, so they see nothing about staff: {}.",
            facts.unlinked.join(", ")
        ));
    }
    if points.is_empty() {
        points.push("Nothing that the software can see.".to_owned());
    }
    points
}
