//! Rosters: what is accepted, what is kept where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::fs;

use super::*;
use crate::keys::{PrivateKey, PublicKey, new_key_pair};
use crate::school::{SchoolId, SchoolRoot};
use crate::vault::VaultReader;

const ROSTER: &str = "person_key,accounts,aliases,mis_name,year,role,cohort_eal\n\
    P17,Amy.Otter;SCHOOL\\aotter10,aotter@school.example,\"Otter, Amy\",Y10,pupil,yes\n\
    P18,ben.badger,,Ben Badger,R,pupil,\n\
    P19,,,Amy Otter,,pupil,\n\
    S1,tess.teacher,,\"Teacher, Tess\",,staff,\n";

struct Bench {
    _folder: tempfile::TempDir,
    root: SchoolRoot,
    school: SchoolId,
    keyring: Keyring,
    private: PrivateKey,
    recipients: [PublicKey; 1],
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("st-annes").unwrap();
        let dir = folder.path().join("installation");
        let root = SchoolRoot::new(&dir, &school);
        fs::create_dir_all(root.root()).unwrap();
        let keyring = Keyring::open(&folder.path().join("keys"), &school, &dir).unwrap();
        let (private, public) = new_key_pair("four quiet otters").unwrap();
        Self {
            _folder: folder,
            root,
            school,
            keyring,
            private: PrivateKey::open(&private, "four quiet otters").unwrap(),
            recipients: [PublicKey::parse(&public).unwrap()],
        }
    }

    fn import(&self, content: &[u8], year: AcademicYear) -> Result<PeopleSummary, Error> {
        let mut state = State::open(&self.root).unwrap();
        PeopleImport {
            vault: &self.root.vault(),
            school: &self.school,
            recipients: &self.recipients,
            keyring: &self.keyring,
            year,
        }
        .run(content, &mut state)
    }

    fn roster(&self) -> StateRoster<'_> {
        StateRoster::new(&State::open(&self.root).unwrap(), &self.keyring).unwrap()
    }
}

fn year(text: &str) -> AcademicYear {
    AcademicYear::parse(text).unwrap()
}

#[test]
fn accounts_and_names_lead_to_one_person() {
    let bench = Bench::new();
    let this = year("2025-26");
    let summary = bench.import(ROSTER.as_bytes(), this).unwrap();
    let expected = PeopleSummary {
        persons: 4,
        pupils: 3,
        staff: 1,
        accounts: 5,
        without_account: 1,
        ambiguous_names: 1,
        erased: 0,
        pupils_without_year: 1,
        heads: 0,
    };
    assert_eq!(summary, expected);

    let mut roster = bench.roster();
    let amy = roster.member("amy.otter", this).unwrap();
    assert_eq!((amy.role, amy.year_group), (Role::Pupil, Some(10)));
    assert_eq!(amy.person, bench.keyring.token(this, Domain::Person, b"P17").unwrap());
    assert_eq!(roster.member("aotter10", this), Some(amy));
    assert_eq!(roster.member("aotter", this), Some(amy), "an alias, without its domain");
    assert_eq!(roster.member("amy.otter", this), Some(amy), "from the cache");
    assert_eq!(roster.member("nobody.here", this), None);
    assert_eq!(roster.member("amy.otter", year("2026-27")), None, "no roster, no answer");
    assert_eq!(roster.member_by_name("ben badger", this).unwrap().year_group, Some(0));
    assert_eq!(roster.member_by_name("amy otter", this), None, "two persons have that name");
    assert_eq!(roster.member("tess.teacher", this).unwrap().role, Role::Staff);
    assert!(roster.covers(this) && !roster.covers(year("2026-27")));
}

#[test]
fn a_person_is_somebody_else_next_year() {
    let bench = Bench::new();
    bench.import(ROSTER.as_bytes(), year("2025-26")).unwrap();
    bench.import(ROSTER.as_bytes(), year("2026-27")).unwrap();
    let mut roster = bench.roster();
    let first = roster.member("ben.badger", year("2025-26")).unwrap();
    let second = roster.member("ben.badger", year("2026-27")).unwrap();
    assert_ne!(first.person, second.person);
}

#[test]
fn the_file_is_sealed_whole_and_nothing_else_names_anybody() {
    let bench = Bench::new();
    bench.import(ROSTER.as_bytes(), year("2025-26")).unwrap();
    bench.import(ROSTER.as_bytes(), year("2025-26")).unwrap();
    let folder = bench.root.vault().join("people");
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "the same roster again is the same file");
    // Somebody with the register could try cohorts out against a plain hash.
    let plain = blake3::hash(ROSTER.as_bytes()).to_hex();
    let names = State::open(&bench.root).unwrap().sealed_rosters().unwrap();
    assert!(names.len() == 1 && !names[0].contains(&plain[..16]), "{names:?}");
    for path in [files[0].clone(), bench.root.state()] {
        let bytes = fs::read(&path).unwrap();
        for marker in ["Otter", "otter", "Badger", "badger", "teacher", "cohort"] {
            assert!(
                memchr::memmem::find(&bytes, marker.as_bytes()).is_none(),
                "{marker} in {}",
                path.display()
            );
        }
    }
    let people = VaultReader::open(&bench.root.vault(), &bench.school, &bench.private).people().unwrap();
    assert_eq!(people.len(), 4);
    let amy = people.iter().find(|row| row.person_key == "P17").unwrap();
    assert_eq!(amy.accounts, "Amy.Otter;SCHOOL\\aotter10");
    assert_eq!(amy.aliases.as_deref(), Some("aotter@school.example"));
    assert_eq!(amy.mis_name.as_deref(), Some("Otter, Amy"));
    assert_eq!((amy.year.as_deref(), amy.role.as_ref()), (Some("Y10"), "pupil"));
    assert_eq!(amy.cohorts.as_deref(), Some("cohort_eal=yes"));
    assert_eq!(amy.person, bench.keyring.token(year("2025-26"), Domain::Person, b"P17").unwrap());
}

#[test]
fn wrong_rosters_are_refused_by_line_and_never_quoted() {
    let bench = Bench::new();
    bench.import(ROSTER.as_bytes(), year("2025-26")).unwrap();
    let head = "person_key,accounts,role\n";
    for (content, line, words) in [
        (format!("{head}P1,amy,pupil\nP1,ben,pupil\n"), ":3:", "same person key"),
        (format!("{head}P1,amy,pupil\nP2,SCHOOL\\Amy,pupil\n"), ":3:", "one of these accounts"),
        (format!("{head}P1,amy,prefect\n"), ":2:", "`role`"),
        (format!("{head},amy,pupil\n"), ":2:", "person key is missing"),
        ("person_key,accounts\nP1,amy\n".to_owned(), ":1:", "`role` is missing"),
        ("person_key,accounts,role,amy\nP1,amy,pupil,x\n".to_owned(), ":1:", "column 4"),
        ("person_key,accounts,year,role\nP1,amy,fortyamy,pupil\n".to_owned(), ":2:", "`year`"),
        (head.to_owned(), FILE, "nobody"),
        (String::new(), FILE, "header"),
    ] {
        let error = bench.import(content.as_bytes(), year("2025-26")).unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), Kind::Input, "{message}");
        assert!(message.contains(line) && message.contains(words), "{message}");
        let quoted = ["amy", "Amy", "prefect", "P1"].into_iter().find(|text| message.contains(text));
        assert_eq!(quoted, None, "{message}");
    }
    assert!(bench.roster().member("ben.badger", year("2025-26")).is_some(), "the earlier roster stays");
    assert_eq!(fs::read_dir(bench.root.vault().join("people")).unwrap().count(), 1);
}

#[test]
fn windows_exports_are_read() {
    let bench = Bench::new();
    let content = b"\xef\xbb\xbfPerson_Key,Accounts,MIS_Name,Role\r\nP1,zoe,\"O'Neil, Zo\xeb\",Student\r\n";
    bench.import(content, year("2025-26")).unwrap();
    assert!(bench.roster().member_by_name("zoë o'neil", year("2025-26")).is_some());
}

#[test]
fn who_leads_the_school_is_kept_until_somebody_takes_it_back() {
    let bench = Bench::new();
    let this = year("2025-26");
    let with_head = ROSTER.replace("\"Teacher, Tess\",,staff", "\"Teacher, Tess\",,head");
    assert_eq!(bench.import(with_head.as_bytes(), this).unwrap().heads, 1);
    let tess = bench.keyring.token(this, Domain::Person, b"S1").unwrap();
    let heads = || State::open(&bench.root).unwrap().heads().unwrap();
    let expected = BTreeMap::from([(this, BTreeSet::from([tess]))]);
    assert_eq!(heads(), expected);
    // An export of teachers' pay grades, say, has no role `head`.
    assert_eq!(bench.import(ROSTER.as_bytes(), this).unwrap().heads, 0);
    assert_eq!(heads(), expected);
    let mut state = State::open(&bench.root).unwrap();
    let known = PersonOfYear { year: this, person: tess };
    assert!(state.remove_head(known, &mut |_| Ok(())).unwrap());
    assert!(!state.remove_head(known, &mut |_| Ok(())).unwrap());
    assert_eq!(heads(), BTreeMap::new());
}

#[test]
fn a_mark_follows_its_person_into_the_new_year() {
    let bench = Bench::new();
    let (this, next) = (year("2025-26"), year("2026-27"));
    bench.import(ROSTER.as_bytes(), this).unwrap();
    let token = |year, key: &str| bench.keyring.token(year, Domain::Person, key.as_bytes()).unwrap();
    let account = bench.keyring.account_token(this, "ben.badger").unwrap();
    let new = |person| crate::state::NewEmbargo {
        from: jiff::civil::date(2026, 6, 8),
        to: None,
        person: Some(person),
        theme: None,
        site: None,
        incident: None,
        reason: "case 12",
        reviewer: "DSL",
        review: jiff::civil::date(2026, 7, 8),
    };
    let mut state = State::open(&bench.root).unwrap();
    // By person, by account, and of somebody who leaves.
    for person in [token(this, "P17"), account, token(this, "P19")] {
        state.add_embargo(&new(person), jiff::civil::date(2026, 6, 10)).unwrap();
    }
    assert_eq!(state.unfollowed_embargoes(next).unwrap(), [1, 2, 3]);
    let without_p19: String =
        ROSTER.lines().filter(|line| !line.starts_with("P19")).map(|line| format!("{line}\n")).collect();
    bench.import(without_p19.as_bytes(), next).unwrap();
    let known = |at: usize| state.embargo_persons(&state.embargoes().unwrap()[at]).unwrap();
    assert_eq!(known(0), BTreeSet::from([token(this, "P17"), token(next, "P17")]));
    assert_eq!(known(1), BTreeSet::from([account, token(this, "P18"), token(next, "P18")]));
    assert_eq!(known(2), BTreeSet::from([token(this, "P19")]));
    assert_eq!(state.unfollowed_embargoes(next).unwrap(), [] as [i64; 0], "the roster was searched");
    assert_eq!(state.embargoes_without_person(next).unwrap(), [3]);
}
