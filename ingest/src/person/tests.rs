//! Whose an account or a name is: namesakes, accounts that were given to somebody else, rosters put right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::fs;

use super::*;
use crate::keys::{PrivateKey, PublicKey, new_key_pair};
use crate::people::PeopleImport;
use crate::pseudonymise::{Domain, Keyring};
use crate::school::{SchoolId, SchoolRoot};
use crate::state::State;
use crate::vault::VaultReader;

const HEAD: &str = "person_key,accounts,mis_name,year,role\n";

struct Bench {
    _folder: tempfile::TempDir,
    root: SchoolRoot,
    school: SchoolId,
    keyring: Keyring,
    private: PrivateKey,
    recipients: [PublicKey; 1],
}

fn year(text: &str) -> AcademicYear {
    AcademicYear::parse(text).unwrap()
}

impl Bench {
    fn new(rosters: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("st-annes").unwrap();
        let dir = folder.path().join("installation");
        let root = SchoolRoot::new(&dir, &school);
        fs::create_dir_all(root.root()).unwrap();
        let keyring = Keyring::open(&folder.path().join("keys"), &school, &dir).unwrap();
        let (private, public) = new_key_pair("four quiet otters").unwrap();
        let private = PrivateKey::open(&private, "four quiet otters").unwrap();
        let recipients = [PublicKey::parse(&public).unwrap()];
        let bench = Self { _folder: folder, root, school, keyring, private, recipients };
        for (of, rows) in rosters {
            let vault = bench.root.vault();
            let import = PeopleImport {
                vault: &vault,
                school: &bench.school,
                recipients: &bench.recipients,
                keyring: &bench.keyring,
                year: year(of),
            };
            import.run(format!("{HEAD}{rows}").as_bytes(), &mut State::open(&bench.root).unwrap()).unwrap();
        }
        bench
    }

    fn find(&self, who: &str) -> Person {
        let reader = VaultReader::open(&self.root.vault(), &self.school, &self.private);
        Person::find(&reader, &State::open(&self.root).unwrap(), Some(&self.keyring), who).unwrap()
    }

    /// Keys of those whom a hold on a pseudonym may be about; none for somebody whom no roster has.
    fn held(&self, pseudonym: i64) -> Vec<Option<String>> {
        let reader = VaultReader::open(&self.root.vault(), &self.school, &self.private);
        let state = State::open(&self.root).unwrap();
        let found = Person::of_held(&reader, &state, &self.keyring, pseudonym).unwrap();
        assert!(found.iter().all(|person| person.pseudonyms.contains(&pseudonym)));
        assert!(found.iter().all(|person| person.is_known() == person.key.is_some()));
        found.into_iter().map(|person| person.key).collect()
    }

    fn account(&self, of: &str, account: &str) -> i64 {
        self.keyring.token(year(of), Domain::Account, account.as_bytes()).unwrap()
    }
}

#[test]
fn a_name_that_two_have_is_nobodys_alone() {
    let bench = Bench::new(&[(
        "2025-26",
        "P1,amy1,\"Otter, Amy\",7,pupil\nP2,amy2,Amy Otter,9,pupil\nP3,ben,Ben Otter,9,pupil\n",
    )]);
    let amy = bench.find("P1");
    assert_eq!(amy.meant_by(year("2025-26"), "Amy Otter"), Whose::Unclear);
    assert_eq!(amy.meant_by(year("2025-26"), "OAK\\AMY1"), Whose::Hers);
    assert_eq!(amy.meant_by(year("2025-26"), "amy2"), Whose::Others);
    assert_eq!(amy.owns(year("2025-26"), Some(77), Some("amy1")), Whose::Others, "a pseudonym says whose");
    assert!(amy.mentions().in_text("about Amy Otter") && !amy.surely().in_text("about Amy Otter"));
    assert!(amy.surely().in_text("amy1 again"));
    assert_eq!(
        amy.taken_out_of(year("2025-26"), "Amy Otter; amy1; Ben Otter").unwrap(),
        "Amy Otter; Ben Otter"
    );
    let ben = bench.find("ben otter");
    assert_eq!(ben.meant_by(year("2025-26"), "Otter, Ben"), Whose::Hers);
    assert_eq!(ben.taken_out_of(year("2025-26"), "seen with ben otter and Jo"), None);
}

#[test]
fn an_account_is_one_persons_in_one_year() {
    let bench = Bench::new(&[
        ("2024-25", "P1,pupil1,Amy Otter,7,pupil\n"),
        ("2025-26", "P2,pupil1,Ben Badger,7,pupil\n"),
        ("2026-27", "P9,other,Cat Crane,7,pupil\n"),
    ]);
    let amy = bench.find("P1");
    assert_eq!(amy.account_in(year("2024-25"), "pupil1"), Whose::Hers);
    assert_eq!(amy.account_in(year("2025-26"), "pupil1"), Whose::Others);
    assert_eq!(amy.account_in(year("2026-27"), "pupil1"), Whose::Unclear);
    assert!(amy.pseudonyms.contains(&bench.account("2024-25", "pupil1")));
    assert!(!amy.pseudonyms.contains(&bench.account("2025-26", "pupil1")));
    assert_eq!(amy.unclear, BTreeSet::from([bench.account("2026-27", "pupil1")]));
    assert_eq!(amy.name_in(year("2026-27"), "amy otter"), Whose::Hers, "nobody else was ever called so");
}

#[test]
fn a_roster_that_was_put_right_holds() {
    let bench = Bench::new(&[
        ("2025-26", "P1,amy1;ben1,Amy Otter,7,pupil\nP4,dan1,Dan Deer,7,pupil\n"),
        ("2025-26", "P1,amy1,Amy Otter,7,pupil\nP2,ben1,Ben Badger,7,pupil\n"),
    ]);
    let amy = bench.find("P1");
    assert_eq!(amy.account_in(year("2025-26"), "ben1"), Whose::Others);
    assert!(!amy.pseudonyms.contains(&bench.account("2025-26", "ben1")));
    let dan = bench.find("P4");
    assert_eq!(dan.account_in(year("2025-26"), "dan1"), Whose::Hers, "who left keeps what nobody else has");
    let nobody = bench.find("zed");
    assert_eq!(nobody.account_in(year("2025-26"), "zed"), Whose::Hers, "an account of no roster");
}

#[test]
fn a_hold_is_about_whom_its_pseudonym_may_be() {
    let bench = Bench::new(&[
        ("2024-25", "P1,pupil1,Amy Otter,7,pupil\n"),
        ("2025-26", "P1,amy1,Amy Otter,8,pupil\nP2,pupil1;ben1,Ben Badger,7,pupil\n"),
        ("2025-26", "P1,amy1;ben1,Amy Otter,8,pupil\nP2,pupil1,Ben Badger,7,pupil\n"),
        ("2026-27", "P9,other,Cat Crane,7,pupil\n"),
    ]);
    let known = |key: &str| Some(key.to_owned());
    let person = |key: &str| bench.keyring.token(year("2025-26"), Domain::Person, key.as_bytes()).unwrap();
    assert_eq!(bench.held(person("P1")), [known("P1")]);
    assert_eq!(bench.held(bench.account("2025-26", "amy1")), [known("P1")], "by an account of the roster");
    assert_eq!(bench.held(bench.account("2025-26", "ben1")), [known("P1")], "by the one that holds");
    // Two have had the account, in other years than this one: it may be either's, or a third person's.
    assert_eq!(bench.held(bench.account("2026-27", "pupil1")), [known("P1"), known("P2"), None]);
    assert_eq!(bench.held(bench.account("2026-27", "nobodys")), [None]);
    assert_eq!(bench.held(7), [None]);
}

#[test]
fn an_account_that_no_roster_of_its_year_has_may_be_a_new_persons() {
    let bench = Bench::new(&[
        ("2024-25", "P1,pupil1,Amy Otter,7,pupil\n"),
        ("2025-26", "P9,other,Cat Crane,7,pupil\n"),
    ]);
    let known = || Some("P1".to_owned());
    assert_eq!(bench.held(bench.account("2024-25", "pupil1")), [known()]);
    assert_eq!(bench.held(bench.account("2025-26", "pupil1")), [known(), None]);
}

#[test]
fn a_year_whose_key_is_about_to_be_written_over_has_no_pseudonyms() {
    let bench =
        Bench::new(&[("2024-25", "P1,amy1,Amy Otter,7,pupil\n"), ("2025-26", "P1,amy1,Amy Otter,8,pupil\n")]);
    let (before, now) = (bench.account("2024-25", "amy1"), bench.account("2025-26", "amy1"));
    // Killed between the note and the key.
    fs::write(bench._folder.path().join("keys/st-annes-2024-25.destroyed"), "").unwrap();
    let amy = bench.find("P1");
    assert!(!amy.pseudonyms.contains(&before) && amy.pseudonyms.contains(&now));
    assert_eq!(bench.held(now), [Some("P1".to_owned())]);
}
