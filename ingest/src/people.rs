//! The roster: `people.csv` into the vault, tokens of it into the state file.
//!
//! ```text
//! person_key,accounts,aliases,mis_name,year,role,cohort_eal
//! P0017,amy.otter;SCHOOL\aotter10,aotter@school.example,"Otter, Amy",10,pupil,yes
//! ```
//!
//! `person_key` and `role` are needed in each row. Several accounts stand with `;` between. Columns
//! whose names begin with `cohort_` are sealed and otherwise unused. The roster holds for one academic
//! year and replaces that year's earlier one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::{Error, Kind};
use crate::event::{Member, Role};
use crate::normalise::{Roster, account};
use crate::pseudonymise::{Domain, Keyring};
use crate::quick_map::QuickMap;
use crate::school::AcademicYear;
use crate::settings::sheet::Sheet;
use crate::settings::year_group;
use crate::state::{PersonOfYear, RosterEntry, State};

const FILE: &str = "people.csv";
const REQUIRED: [&str; 3] = ["person_key", "accounts", "role"];
const OPTIONAL: [&str; 3] = ["aliases", "mis_name", "year"];
const COHORT: &str = "cohort_";
const CACHED_ACCOUNTS: usize = 1 << 16;

/// What a roster held; nobody in particular.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeopleSummary {
    /// Persons.
    pub persons: u64,
    /// Pupils among them.
    pub pupils: u64,
    /// Staff among them.
    pub staff: u64,
    /// Accounts and aliases that lead to a person.
    pub accounts: u64,
    /// Persons without an account of their own (young classes share theirs).
    pub without_account: u64,
    /// Names that two persons have: incident exports cannot tell these apart.
    pub ambiguous_names: u64,
    /// Persons who were erased in that year and are left out.
    pub erased: u64,
    /// Pupils without a year group: they count in no breakdown by year.
    pub pupils_without_year: u64,
    /// Persons who lead the school: without one, what concerns staff is shown to nobody in that year.
    pub heads: u64,
}

/// One person as the file states it.
struct Person {
    key: String,
    role: Role,
    /// Leads the school: what concerns this person goes elsewhere.
    head: bool,
    year: Option<i8>,
    mis_name: String,
    accounts: BTreeSet<String>,
    #[cfg(feature = "lake")]
    written: Written,
}

#[cfg(feature = "lake")]
struct Written {
    accounts: String,
    aliases: String,
    year: String,
    cohorts: String,
}

/// Everything that the import of a roster needs to know of its school.
#[cfg(feature = "lake")]
#[derive(Debug)]
pub struct PeopleImport<'a> {
    /// The vault's folder.
    pub vault: &'a std::path::Path,
    /// Whose roster it is.
    pub school: &'a crate::school::SchoolId,
    /// Those who can open the vault.
    pub recipients: &'a [crate::keys::PublicKey],
    /// The school's keys.
    pub keyring: &'a Keyring,
    /// The academic year the roster holds for.
    pub year: AcademicYear,
}

#[cfg(feature = "lake")]
impl PeopleImport<'_> {
    /// Seals the roster, then replaces the year's roster in the state file. The caller deletes the
    /// source once this returns, unless told otherwise.
    ///
    /// # Errors
    /// [`Kind::Input`] with a line number when the file is not as described; nothing is changed then.
    pub fn run(&self, content: &[u8], state: &mut State) -> Result<PeopleSummary, Error> {
        self.keyring.expect(state.years_known()?);
        let mut people = read(content)?;
        let all = people.len();
        let erased = crate::erasure::ErasedPersons::new(state.erased_names()?);
        let mut left_out = Vec::new();
        for person in &people {
            let name = account::canonical_name(&person.mis_name);
            let accounts = person.accounts.iter();
            left_out.push(erased.has_member(self.keyring, self.year, &person.key, accounts, &name)?);
        }
        let mut left_out = left_out.into_iter();
        people.retain(|_| !left_out.next().unwrap_or(false));
        state.confirm_key(self.year, self.keyring.check_value(self.year)?)?;
        let (accounts, names, mut summary) = entries(&people, self.year, self.keyring)?;
        summary.erased = (all - people.len()) as u64;
        let name = self.seal(content, &people)?;
        state.sealed_roster(self.year, &name)?;
        state.replace_roster(self.year, &accounts, &names)?;
        let token = |person: &Person| self.keyring.token(self.year, Domain::Person, person.key.as_bytes());
        let heads: BTreeSet<i64> =
            people.iter().filter(|person| person.head).map(token).collect::<Result<_, _>>()?;
        summary.heads = heads.len() as u64;
        state.add_heads(self.year, &heads)?;
        self.carry(&people, state)?;
        Ok(summary)
    }

    /// Who was linked to an account, or is the person of a live matter, by another year's pseudonym is so by
    /// this year's too.
    fn carry(&self, people: &[Person], state: &mut State) -> Result<(), Error> {
        let mut years = self.keyring.years()?;
        years.retain(|year| !self.keyring.is_destroyed(*year));
        let mut known: BTreeMap<AcademicYear, HashMap<i64, &str>> = BTreeMap::new();
        for year in &years {
            let tokens = known.entry(*year).or_default();
            for person in people {
                tokens.insert(self.keyring.token(*year, Domain::Person, person.key.as_bytes())?, &person.key);
            }
        }
        let mut same = |other: crate::state::PersonOfYear| {
            let key = known.get(&other.year)?.get(&other.person)?;
            self.keyring.token(self.year, Domain::Person, key.as_bytes()).ok()
        };
        state.carry_links(self.year, &mut same)?;
        state.carry_subjects(self.year, &mut same)?;
        // A matter may be marked by the account, when no roster of its year had that yet.
        for year in &years {
            let tokens = known.entry(*year).or_default();
            for person in people {
                for account in &person.accounts {
                    tokens
                        .insert(self.keyring.token(*year, Domain::Account, account.as_bytes())?, &person.key);
                }
            }
        }
        state.carry_embargoes(self.year, &mut |token| {
            let found = known.iter().find_map(|(year, tokens)| Some((*year, *tokens.get(&token)?)));
            let Some((marked, key)) = found else { return Ok(Vec::new()) };
            // The mark's own pseudonym may be an account's; its year is noted, so that it goes with that year's key.
            let mut all = vec![PersonOfYear { year: marked, person: token }];
            for year in &years {
                let person = self.keyring.token(*year, Domain::Person, key.as_bytes())?;
                all.push(PersonOfYear { year: *year, person });
            }
            Ok(all)
        })
    }

    /// Seals all rows; answers the name of the sealed file.
    fn seal(&self, content: &[u8], people: &[Person]) -> Result<String, Error> {
        use crate::vault::{rows::PersonRow, seal_people};

        fn optional(text: &str) -> Option<Cow<'_, str>> {
            (!text.is_empty()).then_some(Cow::Borrowed(text))
        }
        // It stands in the state file. A hash without a key would let whoever has the register try out who is in which
        // cohort, until one of the tries gives this name.
        let fingerprint =
            crate::pseudonymise::written(self.keyring.token(self.year, Domain::Roster, content)?);
        let year = self.year.to_string();
        let rows = people
            .iter()
            .map(|person| {
                Ok(PersonRow {
                    academic_year: year.as_str().into(),
                    person: self.keyring.token(self.year, Domain::Person, person.key.as_bytes())?,
                    person_key: person.key.as_str().into(),
                    accounts: person.written.accounts.as_str().into(),
                    aliases: optional(&person.written.aliases),
                    mis_name: optional(&person.mis_name),
                    year: optional(&person.written.year),
                    role: person.role.word().into(),
                    cohorts: optional(&person.written.cohorts),
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let name = format!("{year}-{fingerprint}");
        seal_people(self.vault, self.school, self.recipients, &name, &rows)?;
        Ok(name)
    }
}

fn read(content: &[u8]) -> Result<Vec<Person>, Error> {
    let text = decoded(content);
    let header =
        text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let cohorts: Vec<String> = header
        .split(',')
        .map(|column| column.trim().trim_matches('"').to_lowercase())
        .filter(|column| column.starts_with(COHORT))
        .collect();
    let optional: Vec<&str> = OPTIONAL.into_iter().chain(cohorts.iter().map(String::as_str)).collect();
    let sheet = Sheet::read(FILE, &text, &REQUIRED, &optional).map_err(as_input)?;

    let mut people: Vec<Person> = Vec::new();
    let mut keys = BTreeSet::new();
    let mut owners: HashMap<String, usize> = HashMap::new();
    for row in sheet.rows() {
        let key = row.get("person_key").trim();
        if key.is_empty() {
            return Err(as_input(row.error("the person key is missing")));
        }
        if !keys.insert(key.to_owned()) {
            return Err(as_input(row.error("another row has the same person key"))
                .help("write one row for each person, with all accounts in it, `;` between"));
        }
        let role =
            row.parse("role", "pupil, staff, head, guest or unknown", word_of_role).map_err(as_input)?;
        let year = row
            .parse_optional("year", "a year group such as 7, Y7 or R", year_group::parse)
            .map_err(as_input)?;
        let mut accounts = BTreeSet::new();
        for written in row.get("accounts").split(';').chain(row.get("aliases").split(';')) {
            let canonical = account::canonical(written);
            if canonical.is_empty() {
                continue;
            }
            let owner = *owners.entry(canonical.clone().into_owned()).or_insert(people.len());
            if owner != people.len() {
                return Err(as_input(row.error("another row has one of these accounts"))
                    .help("an account that several people use belongs in `shared_accounts.csv`"));
            }
            accounts.insert(canonical.into_owned());
        }
        people.push(Person {
            key: key.to_owned(),
            role,
            head: is_head(row.get("role")),
            year,
            mis_name: row.get("mis_name").trim().to_owned(),
            accounts,
            #[cfg(feature = "lake")]
            written: Written {
                accounts: row.get("accounts").to_owned(),
                aliases: row.get("aliases").to_owned(),
                year: row.get("year").to_owned(),
                cohorts: cohorts
                    .iter()
                    .filter(|column| !row.get(column).is_empty())
                    .map(|column| format!("{column}={}", row.get(column)))
                    .collect::<Vec<_>>()
                    .join(";"),
            },
        });
    }
    if people.is_empty() {
        return Err(Error::new(Kind::Input, format!("{FILE}: nobody is in it"))
            .help("export the roster again; the one that was taken in before stays"));
    }
    Ok(people)
}

fn entries(
    people: &[Person],
    year: AcademicYear,
    keyring: &Keyring,
) -> Result<(Vec<RosterEntry>, Vec<RosterEntry>, PeopleSummary), Error> {
    let mut accounts = Vec::new();
    let mut names: BTreeMap<i64, Option<Member>> = BTreeMap::new();
    let mut summary = PeopleSummary::default();
    for person in people {
        let token = keyring.token(year, Domain::Person, person.key.as_bytes())?;
        let member = Member { person: token, role: person.role, year_group: person.year };
        summary.persons += 1;
        summary.pupils += u64::from(person.role == Role::Pupil);
        summary.staff += u64::from(person.role == Role::Staff);
        summary.without_account += u64::from(person.accounts.is_empty());
        summary.pupils_without_year += u64::from(person.role == Role::Pupil && person.year.is_none());
        for name in &person.accounts {
            accounts
                .push(RosterEntry { token: keyring.token(year, Domain::Account, name.as_bytes())?, member });
        }
        let name = account::canonical_name(&person.mis_name);
        if !name.is_empty() {
            names
                .entry(keyring.token(year, Domain::Name, name.as_bytes())?)
                .and_modify(|found| *found = None)
                .or_insert(Some(member));
        }
    }
    summary.accounts = accounts.len() as u64;
    summary.ambiguous_names = names.values().filter(|member| member.is_none()).count() as u64;
    let names = names
        .into_iter()
        .filter_map(|(token, member)| member.map(|member| RosterEntry { token, member }))
        .collect();
    Ok((accounts, names, summary))
}

/// Roles as registers write them.
fn word_of_role(text: &str) -> Option<Role> {
    match text.trim().to_lowercase().as_str() {
        "pupil" | "student" | "learner" => Some(Role::Pupil),
        "staff" | "teacher" | "head" | "headteacher" => Some(Role::Staff),
        "guest" | "visitor" => Some(Role::Guest),
        "unknown" => Some(Role::Unknown),
        _ => None,
    }
}

/// A member of staff who leads the school.
fn is_head(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "head" | "headteacher")
}

/// Exports are UTF-8, with or without a mark, or what Windows calls ANSI.
fn decoded(content: &[u8]) -> Cow<'_, str> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    match std::str::from_utf8(content) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(content).0,
    }
}

/// A roster is input, not configuration.
fn as_input(error: Error) -> Error {
    error.of_kind(Kind::Input)
}

/// The rosters of the state file, asked by account or name.
pub struct StateRoster<'k> {
    keyring: &'k Keyring,
    accounts: BTreeMap<AcademicYear, BTreeMap<i64, Member>>,
    names: BTreeMap<AcademicYear, BTreeMap<i64, Member>>,
    known: QuickMap<AcademicYear, QuickMap<Box<str>, Option<Member>>>,
}

impl<'k> StateRoster<'k> {
    /// Loads the rosters and checks that they belong to these keys. A year whose key was destroyed has
    /// none: a state file from a back-up may still list one.
    ///
    /// # Errors
    /// When the state file or a key cannot be read.
    pub fn new(state: &State, keyring: &'k Keyring) -> Result<Self, Error> {
        let (mut accounts, mut names) = (state.roster()?, state.roster_names()?);
        accounts.retain(|year, _| !keyring.is_destroyed(*year));
        names.retain(|year, _| !keyring.is_destroyed(*year));
        for year in accounts.keys().chain(names.keys()) {
            keyring.check_value(*year)?;
        }
        Ok(Self { keyring, accounts, names, known: QuickMap::default() })
    }

    /// Whether a year has a roster at all.
    #[must_use]
    pub fn covers(&self, year: AcademicYear) -> bool {
        self.accounts.contains_key(&year)
    }

    fn find(
        &self,
        rosters: &BTreeMap<AcademicYear, BTreeMap<i64, Member>>,
        domain: Domain,
        text: &str,
        year: AcademicYear,
    ) -> Option<Member> {
        let roster = rosters.get(&year)?;
        // The key was read when the roster was loaded and stays in memory: this does not fail.
        let token = self.keyring.token(year, domain, text.as_bytes()).ok()?;
        roster.get(&token).copied()
    }
}

impl Roster for StateRoster<'_> {
    fn member(&mut self, account: &str, year: AcademicYear) -> Option<Member> {
        if let Some(member) = self.known.get(&year).and_then(|known| known.get(account)) {
            return *member;
        }
        let member = self.find(&self.accounts, Domain::Account, account, year);
        let known = self.known.entry(year).or_default();
        if known.len() >= CACHED_ACCOUNTS {
            known.clear();
        }
        known.insert(account.into(), member);
        member
    }

    fn member_by_name(&mut self, name: &str, year: AcademicYear) -> Option<Member> {
        self.find(&self.names, Domain::Name, name, year)
    }
}

impl std::fmt::Debug for StateRoster<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "StateRoster({} years, redacted)", self.accounts.len())
    }
}

#[cfg(all(test, feature = "lake"))]
mod tests;
