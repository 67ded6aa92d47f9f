//! What the papers say of a set-up, and that they say something else of another one. Read by words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use ingest::formats::profile::RecordSort;
use ingest::retention::Clocks;
use ingest::school::{MailSetting, MailTls, Phase, RecipientSetting, SchoolConfig, SchoolId};
use ingest::state::{Embargo, Hold};
use jiff::civil::date;
use query::audit::{AccessReview, Reviewed, Shared};
use query::disclosure::ledger::{Approval, Entry, Withdrawal};

use super::facts::Source;
use super::paper::Block;
use super::*;
use crate::http::accounts::{Account, Role};
use crate::http::standing::Standing;

fn account(name: &str, role: Role, disabled: bool) -> Account {
    let when = "2026-02-03T10:00:00Z".to_owned();
    Account { name: name.to_owned(), role, disabled, added_utc: when.clone(), changed_utc: when }
}

fn recipient(name: &str) -> RecipientSetting {
    RecipientSetting { name: name.to_owned(), public_key: format!("public key of {name}") }
}

/// A school as it should be.
fn facts() -> Facts {
    Facts {
        made_on: date(2026, 5, 10),
        school: SchoolConfig {
            id: SchoolId::parse("st-annes").unwrap(),
            name: "St Anne's <School>".to_owned(),
            phase: Phase::Secondary,
            roll: 987,
            zone: "Europe/London".to_owned(),
            pseudonym_key_dir: "/srv/pseudonym-keys".into(),
            inbox: None,
            recipients: vec![recipient("dsl"), recipient("recovery")],
            keep_sources_days: 0,
            settle_seconds: 60,
            retention: Clocks { nightly: true, ..Clocks::default() },
        },
        mail: Some(MailSetting {
            server: "mail.example".to_owned(),
            port: None,
            tls: MailTls::Required,
            user: None,
            password_file: None,
            from: "watershed@school.example".to_owned(),
            dsl: vec!["dsl@school.example".to_owned()],
            timeout_seconds: 10,
            schools: std::collections::BTreeMap::new(),
        }),
        accounts: vec![account("dana", Role::Dsl, false), account("gov", Role::Governor, false)],
        service: Some(Standing {
            began_utc: "2026-05-01T08:00:00Z".to_owned(),
            loopback: false,
            encrypted: true,
        }),
        sources: vec![
            Source { title: "Squid access log".to_owned(), sort: RecordSort::Request },
            Source { title: "Incidents in the manner of CPOMS (CSV)".to_owned(), sort: RecordSort::Incident },
        ],
        themes: vec!["self-harm".to_owned(), "gambling".to_owned()],
        holds: Vec::new(),
        releases: vec![
            release("st-annes-governors-2025-autumn-1f", "governors", false),
            release("st-annes-parents-2025-autumn-2e", "parents", true),
        ],
        openings_reviewed: Some(Reviewed {
            role: "headteacher".to_owned(),
            date: "2026-04-01".to_owned(),
            head: "ab".repeat(32),
        }),
        access_reviewed: Some(AccessReview {
            role: "headteacher".to_owned(),
            date: "2026-03-01".to_owned(),
            unchanged: true,
        }),
        shared: Vec::new(),
        disk_encrypted: true,
        years_destroyed: Vec::new(),
        concerns: ingest::settings::concerns::Concerns::shipped().unwrap(),
        unlinked: Vec::new(),
        years_without_head: Vec::new(),
        live: Vec::new(),
        unfollowed: Vec::new(),
    }
}

fn release(id: &str, audience: &str, withdrawn: bool) -> Entry {
    let withdrawal = Withdrawal {
        schema: "watershed.withdrawal/1".to_owned(),
        id: id.to_owned(),
        withdrawn_on: "2026-02-01".to_owned(),
        approver: "data protection officer".to_owned(),
        statement: "The roll was wrong.".to_owned(),
    };
    Entry {
        id: id.to_owned(),
        school: "st-annes".to_owned(),
        audience: audience.to_owned(),
        period: "2025-autumn".to_owned(),
        sealed_on: "2026-01-05".to_owned(),
        approved: Some(Approval {
            schema: "watershed.approval/1".to_owned(),
            id: id.to_owned(),
            approved_on: "2026-01-06".to_owned(),
            approver: "DSL".to_owned(),
            sealed_sha256: String::new(),
        }),
        policy_version: "release-policy/1".to_owned(),
        withdrawn: withdrawn.then_some(withdrawal),
    }
}

/// All words of a paper, cells with strokes between.
fn words(facts: &Facts, name: &str) -> String {
    let papers = all(facts);
    let paper = papers.iter().find(|paper| paper.name == name).unwrap_or_else(|| panic!("no paper {name}"));
    let mut text = format!("{}\n{}\n", paper.title, paper.under);
    for block in &paper.blocks {
        match block {
            Block::Section(words) | Block::Says(words) => text.push_str(&format!("{words}\n")),
            Block::List(points) => text.push_str(&format!("{}\n", points.join("\n"))),
            Block::Table(table) => {
                for row in &table.rows {
                    assert_eq!(row.len(), table.headings.len(), "{}", table.caption);
                    text.push_str(&format!("{}\n", row.join(" | ")));
                }
            }
        }
    }
    text
}

#[test]
fn clocks_are_those_of_the_configuration() {
    let mut facts = facts();
    for name in ["record-of-processing", "asset-register", "dpia-section", "privacy-notice"] {
        assert!(words(&facts, name).contains("90 days"), "{name}");
    }
    facts.school.retention =
        Clocks { detail_days: 45, previous_years: 0, refused_days: 1, ledger_years: 2, nightly: false };
    for name in ["record-of-processing", "asset-register", "dpia-section", "privacy-notice"] {
        let words = words(&facts, name);
        assert!(words.contains("45 days") && !words.contains("90 days"), "{name}: {words}");
    }
    let record = words(&facts, "record-of-processing");
    assert!(record.contains("Files that were refused | 1 day |"), "{record}");
    assert!(record.contains("2 academic years before the current one"), "{record}");
    assert!(record.contains("nothing does so by itself"), "{record}");
    assert!(words(&facts, "privacy-notice").contains("until the end of the school year"));
    assert!(words(&facts, "privacy-notice").contains("who is at our school stays for this school year."));
    assert!(words(&facts, "dpia-section").contains("applied by hand only"));
    facts.school.retention.detail_days = 120;
    assert!(words(&facts, "dpia-section").contains("`detail_days` is longer than the default"));
}

#[test]
fn keys_accounts_and_addresses_are_those_there_are() {
    let mut facts = facts();
    let before = words(&facts, "role-matrix");
    assert!(before.contains("dana | safeguarding lead | active | 3 February 2026"), "{before}");
    assert!(before.contains("dsl | unlock") && before.contains("recovery | unlock"), "{before}");
    assert!(
        before
            .contains("/staff/attention | Grave episodes by pseudonym (personal data) | senior leader | no")
    );
    assert!(
        before.contains("Told of openings by mail (no name, no reason): dsl@school.example."),
        "{before}"
    );
    let record = words(&facts, "record-of-processing");
    assert!(record.contains("Safeguarding lead |") && !record.contains("Senior leader |"), "{record}");

    facts.school.recipients = vec![recipient("deputy")];
    facts.accounts = vec![account("lee", Role::Slt, false), account("dana", Role::Dsl, true)];
    facts.mail = None;
    let after = words(&facts, "role-matrix");
    assert!(after.contains("deputy | unlock") && !after.contains("recovery"), "{after}");
    assert!(after.contains("dana | safeguarding lead | disabled"), "{after}");
    assert!(after.contains("Nobody is told of openings by mail"), "{after}");
    let record = words(&facts, "record-of-processing");
    assert!(record.contains("Senior leader |") && !record.contains("Safeguarding lead |"), "{record}");
    assert!(record.contains("NOT mailed"), "{record}");
    let impact = words(&facts, "dpia-section");
    assert!(impact.contains("Only one key opens the vault") && impact.contains("Mail is off"), "{impact}");
}

#[test]
fn what_protects_is_what_is_set_up() {
    let mut facts = facts();
    let (record, impact) = (words(&facts, "record-of-processing"), words(&facts, "dpia-section"));
    assert!(
        record.contains("The site is encrypted (TLS)") && record.contains("volume of the data is encrypted")
    );
    assert!(impact.contains("Nothing that the software can see."), "{impact}");
    assert!(impact.contains("The disk | Nothing readable"), "{impact}");

    facts.service = Some(Standing { encrypted: false, loopback: true, ..facts.service.unwrap() });
    facts.disk_encrypted = false;
    facts.mail.as_mut().unwrap().tls = MailTls::None;
    facts.school.keep_sources_days = 14;
    let (record, impact) = (words(&facts, "record-of-processing"), words(&facts, "dpia-section"));
    assert!(
        record.contains("NO encryption (TLS)") && record.contains("NOT known to be encrypted"),
        "{record}"
    );
    assert!(record.contains("Files that were dropped and taken in | 14 days"), "{record}");
    assert!(record.contains("through a server on this machine"), "{record}");
    assert!(impact.contains("The disk | Pseudonymous rows, still personal data"), "{impact}");
    assert!(impact.contains("started without a certificate") && impact.contains("server on this machine"));
    assert!(impact.contains("for as long as sources are put away"), "{impact}");
    let assets = words(&facts, "asset-register");
    assert!(
        assets.contains("volume NOT known to be encrypted")
            && assets.contains("kept | Files that were taken in | yes")
    );
    assert!(!words(&facts, "privacy-notice").contains("disk is locked"));
}

#[test]
fn the_notice_says_what_is_taken_in_and_no_more() {
    let mut facts = facts();
    let notice = words(&facts, "privacy-notice");
    assert!(
        notice.contains("The web sites you ask for") && notice.contains("Notes that staff make"),
        "{notice}"
    );
    assert!(!notice.contains("Tests that staff do") && !notice.contains("ask us to open"), "{notice}");
    facts.sources = vec![Source { title: "Tests of the filter (CSV)".to_owned(), sort: RecordSort::Check }];
    let notice = words(&facts, "privacy-notice");
    assert!(
        notice.contains("Tests that staff do") && !notice.contains("The web sites you ask for"),
        "{notice}"
    );
    facts.sources.clear();
    assert!(words(&facts, "privacy-notice").contains("Nothing yet."));
}

/// Flesch-Kincaid grade as in `document`'s tests: a child of eleven reads grade 6.
#[test]
fn a_child_of_eleven_can_read_the_notice() {
    let text = words(&facts(), "privacy-notice");
    let body: Vec<&str> =
        text.lines().skip(2).filter(|line| !line.starts_with("[school") && line.contains(' ')).collect();
    let marked = body.join(". ").replace("..", ".").replace("? ", ". ");
    let sentences: Vec<String> =
        marked.split(". ").map(str::trim).filter(|part| part.contains(' ')).map(str::to_owned).collect();
    assert!(sentences.len() > 15);
    for sentence in &sentences {
        assert!(sentence.split_whitespace().count() <= 20, "{sentence}");
    }
    let grade = crate::document::grade(&sentences);
    assert!(grade <= 6.5, "{grade}");
}

#[test]
fn reviews_are_said_and_asked_for_each_year() {
    let mut facts = facts();
    assert!(
        words(&facts, "role-matrix")
            .contains("reviewed on 1 March 2026 by: headteacher, and have not changed")
    );
    facts.access_reviewed.as_mut().unwrap().unchanged = false;
    assert!(words(&facts, "role-matrix").contains("have changed since they were reviewed on 1 March 2026"));
    // 366 days before 10 May 2026.
    facts.access_reviewed.as_mut().unwrap().date = "2025-05-09".to_owned();
    assert!(words(&facts, "role-matrix").contains("more than a year ago"));
    facts.access_reviewed.as_mut().unwrap().date = "2025-05-10".to_owned();
    assert!(!words(&facts, "role-matrix").contains("more than a year ago"));
    (facts.access_reviewed, facts.openings_reviewed) = (None, None);
    let roles = words(&facts, "role-matrix");
    assert!(
        roles.contains("have not been reviewed yet") && roles.contains("has not been reviewed yet"),
        "{roles}"
    );
    assert!(words(&facts, "dpia-section").contains("Nobody has reviewed the log of openings yet"));
}

#[test]
fn who_is_told_of_staff_is_read_from_the_schools_file_and_what_is_amiss_is_open() {
    let mut facts = facts();
    let page = "/staff/concerns | What concerns staff, as far as concerns.csv has it for the role; nobody's own, and the head's not for the head (personal data)";
    let answers = |facts: &Facts| {
        let roles = words(facts, "role-matrix");
        let of = |role: &str| {
            let row = format!("{page} | {role} | ");
            roles.split(&row).nth(1).unwrap().lines().next().unwrap().to_owned()
        };
        ["safeguarding lead", "headteacher", "chair of governors", "local authority", "governor"].map(of)
    };
    assert_eq!(
        answers(&facts),
        [
            "yes, but not what concerns the head",
            "yes, but not what concerns the head",
            "only what concerns the head",
            "no, by concerns.csv",
            "no"
        ]
    );
    facts.concerns = ingest::settings::concerns::Concerns::default();
    let nobody = "no, by concerns.csv";
    assert_eq!(answers(&facts), [nobody, nobody, nobody, nobody, "no"]);
    let open = words(&facts, "dpia-section");
    assert!(!open.contains("Embargo") && !open.contains("leads the school"), "{open}");
    facts.live.push(Embargo {
        id: 4,
        from: date(2026, 1, 12),
        to: None,
        person: Some(77),
        theme: None,
        site: None,
        incident: None,
        reason: "case 12".to_owned(),
        reviewer: "DSL".to_owned(),
        review: date(2026, 5, 9),
        added_utc: String::new(),
        lifted_utc: None,
        lifted_why: None,
    });
    facts.unfollowed.push(5);
    facts.years_without_head.push("2025-26".to_owned());
    facts.unlinked.push("dana".to_owned());
    let open = words(&facts, "dpia-section");
    for says in [
        "Embargo 4 is past its review date, and hides its matter still.",
        "Embargo 5 does not hold in this academic year",
        "No roster says who leads the school in 2025-26",
        "so they see nothing about staff: dana.",
    ] {
        assert!(open.contains(says), "{says}: {open}");
    }
    assert!(!open.contains("case 12"));
}

#[test]
fn what_was_shared_and_sealed_is_listed() {
    let mut facts = facts();
    let log = words(&facts, "sharing-log");
    assert!(log.contains("Nothing has been entered."), "{log}");
    assert!(
        log.contains("st-annes-governors-2025-autumn-1f | governors |") && log.contains("| stands"),
        "{log}"
    );
    assert!(log.contains("withdrawn on 1 February 2026"), "{log}");
    facts.shared.push(Shared {
        date: "2026-04-02".to_owned(),
        with: "children's services".to_owned(),
        what: "extract, case 12".to_owned(),
        basis: "Children Act 2004, section 11".to_owned(),
        by: "DSL".to_owned(),
    });
    facts.holds.push(Hold {
        id: 3,
        from: date(2026, 1, 12),
        to: date(2026, 1, 16),
        person: Some(77),
        reason: "case 12".to_owned(),
        owner: "DSL".to_owned(),
        review: date(2026, 5, 1),
        added_utc: String::new(),
        released_utc: None,
        released_why: None,
    });
    let log = words(&facts, "sharing-log");
    assert!(log.contains(
        "2 April 2026 | children's services | extract, case 12 | Children Act 2004, section 11 | DSL"
    ));
    assert!(!words(&facts, "privacy-notice").contains("children's services"), "that is for nobody to read");
    let unshared = Facts { shared: Vec::new(), ..facts.clone() };
    assert_eq!(
        words(&Facts { holds: Vec::new(), ..facts.clone() }, "privacy-notice"),
        words(&Facts { holds: Vec::new(), ..unshared }, "privacy-notice")
    );
    assert!(words(&facts, "dpia-section").contains("Hold 3 is past its review date."));
    assert!(words(&facts, "record-of-processing").contains("number 3 (2026-01-12 to 2026-01-16), owner DSL"));
}

#[test]
fn every_table_and_every_sort_of_sealed_file_is_in_the_register_with_its_columns() {
    let facts = facts();
    let (record, assets) = (words(&facts, "record-of-processing"), words(&facts, "asset-register"));
    for table in ingest::schema::TABLES {
        assert!(assets.contains(&format!("Lake: {} |", table.name)), "{}", table.name);
        for column in table.columns {
            assert!(record.contains(column.name), "{}.{}", table.name, column.name);
        }
    }
    for sort in ingest::schema::SEALED {
        assert!(!assets::sealed_name(sort.name).contains("Row"), "{} has no name for papers", sort.name);
        for (column, _) in sort.columns {
            assert!(assets.contains(column), "{column}");
        }
    }
    assert!(record.contains("user_written (Account as written)"), "{record}");
    assert!(assets.contains("/srv/pseudonym-keys") && assets.contains("Back-ups | [school:"), "{assets}");
}

#[test]
fn pages_are_for_everybody_and_stand_alone() {
    for paper in all(&facts()) {
        let page = html(&paper).unwrap();
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en-GB\">"), "{}", paper.name);
        assert!(
            page.contains("St Anne's &#60;School&#62;")
                || page.contains("St Anne&#39;s &#60;School&#62;")
                || page.contains("&lt;School&gt;"),
            "{page}"
        );
        assert_eq!(page.matches("<h1>").count(), 1);
        assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count());
        let heads = page.matches("<th ").count();
        assert_eq!(
            heads,
            page.matches("<th scope=\"col\">").count() + page.matches("<th scope=\"row\">").count()
        );
        assert!(!page.contains("<th>"));
        for forbidden in ["<script", "<link", "src=", "href=", "@import", "http://", "https://", "url("] {
            assert!(!page.contains(forbidden), "{}: {forbidden}", paper.name);
        }
        let text = markdown(&paper);
        assert!(text.starts_with("# ") && !text.contains("<School>"), "{text}");
    }
}

#[test]
fn rows_for_a_spreadsheet_are_no_formulas_and_keep_their_columns() {
    let mut facts = facts();
    facts.accounts = vec![account("=cmd", Role::It, false), account("a\"b", Role::It, false)];
    let papers = all(&facts);
    let tables = csv(papers.iter().find(|paper| paper.name == "role-matrix").unwrap());
    assert!(tables[0].1.contains("\"'=cmd\",\"IT provider\""), "{}", tables[0].1);
    assert!(tables[0].1.contains("\"a\"\"b\""), "{}", tables[0].1);
    let assets = csv(papers.iter().find(|paper| paper.name == "asset-register").unwrap());
    assert_eq!(assets.len(), 1);
    assert_eq!(assets[0].0, "asset-register");
    for line in assets[0].1.lines() {
        assert_eq!(line.matches("\",\"").count(), 6, "{line}");
    }
}
