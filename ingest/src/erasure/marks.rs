//! Keyed marks of erased names: what an import compares its records with.

use jiff::civil::Date;

use crate::error::Error;
use crate::event::{Event, Identified};
use crate::normalise::account::{canonical, canonical_name};
use crate::person::{Person, Whose, without};
use crate::pseudonymise::{Domain, Keyring, Pseudonymiser};
use crate::record::PersonName;
use crate::school::AcademicYear;
use crate::state::ErasedNames;

/// Longest name of which texts are searched, in words.
const NAME_WORDS: usize = 4;
/// What stands in a text where a name was.
const TAKEN_OUT: &str = "(erased)";

fn account_mark(account: &str) -> String {
    format!("account\0{account}")
}

/// Of an account that no roster had when its owner was erased: nothing else tells who it is.
fn lone_account_mark(account: &str) -> String {
    format!("lone account\0{account}")
}

fn name_mark(name: &str) -> String {
    format!("name\0{name}")
}

/// Of a name that somebody else had too: up to then nobody can tell who is meant by it.
fn shared_name_mark(name: &str) -> String {
    format!("shared name\0{name}")
}

fn key_mark(person_key: &str) -> String {
    format!("key\0{person_key}")
}

/// The marks of a person's key, accounts and names in each year whose pseudonym key is there, and in the
/// present year and the one before: their keys are made when they are not there and were not destroyed. An
/// account that was somebody else's in a year has none in it.
pub(super) fn of(keyring: &Keyring, today: Date, person: &Person) -> Result<Vec<(AcademicYear, i64)>, Error> {
    let mut marks = Vec::new();
    let destroyed = keyring.destroyed()?;
    let present = AcademicYear::of(today);
    let mut years = keyring.years()?;
    years.extend([present, present.before()].into_iter().filter(|year| !destroyed.contains(year)));
    for year in years {
        let mut texts: Vec<String> = person.key.iter().map(|key| key_mark(key)).collect();
        for account in
            person.accounts.iter().filter(|account| person.account_in(year, account) == Whose::Hers)
        {
            texts.push(account_mark(account));
            if person.key.is_none() {
                texts.push(lone_account_mark(account));
            }
        }
        for name in &person.names {
            match person.name_in(year, name) {
                Whose::Hers => texts.push(name_mark(name)),
                Whose::Unclear => texts.push(shared_name_mark(name)),
                Whose::Others => {}
            }
        }
        for text in texts {
            marks.push((year, keyring.token(year, Domain::Erased, text.as_bytes())?));
        }
    }
    Ok(marks)
}

/// Who was erased, asked record by record.
pub(crate) struct ErasedPersons {
    names: ErasedNames,
}

impl std::fmt::Debug for ErasedPersons {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ErasedPersons(redacted)")
    }
}

impl ErasedPersons {
    pub(crate) const fn new(names: ErasedNames) -> Self {
        Self { names }
    }

    /// Whether nobody was erased.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether anybody was erased in a year.
    pub(super) fn has_marks_of(&self, year: AcademicYear) -> bool {
        self.names.contains_key(&year)
    }

    /// Whether a request is one of an erased person's, of a day that was erased.
    pub(crate) fn has_request(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        event: &Event<'_, Identified>,
    ) -> Result<bool, Error> {
        let moment = &event.moment;
        if !self.names.contains_key(&moment.academic_year) || event.actor.name.is_empty() {
            return Ok(false);
        }
        let account = event.actor.name.to_lowercase();
        self.has(pseudonymiser, moment.academic_year, moment.local_date, &account_mark(&account))
    }

    /// Whether somebody whom a row names was erased, up to a day on which the row lies; unclear where the name
    /// was an erased person's and somebody else's too.
    pub(crate) fn whose(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        person: &PersonName<'_>,
    ) -> Result<Whose, Error> {
        if person.canonical.is_empty() || !self.names.contains_key(&year) {
            return Ok(Whose::Others);
        }
        self.meant_by(pseudonymiser, year, day, &person.written)
    }

    /// The same of a name as written.
    pub(crate) fn meant_by(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        written: &str,
    ) -> Result<Whose, Error> {
        let (name, account) = (canonical_name(written), canonical(written));
        let mut has = |text: String| self.has(pseudonymiser, year, day, &text);
        Ok(if has(name_mark(&name))? || (!account.is_empty() && has(account_mark(&account))?) {
            Whose::Hers
        } else if has(shared_name_mark(&name))? {
            Whose::Unclear
        } else {
            Whose::Others
        })
    }

    /// A list of names without those of erased persons; none where nobody is left.
    pub(crate) fn taken_out_of(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        list: &str,
    ) -> Result<Option<String>, Error> {
        if !self.names.contains_key(&year) {
            return Ok(Some(list.to_owned()));
        }
        let left =
            without(list, &mut |name| Ok(self.meant_by(pseudonymiser, year, day, name)? == Whose::Hers))?;
        left.map(|left| Ok(self.words_out_of(pseudonymiser, year, day, &left)?.unwrap_or(left))).transpose()
    }

    /// A free text without the whole names of erased persons and without accounts that cannot be a word;
    /// none where there are none in it. What is a word of the language as well stays.
    pub(crate) fn words_out_of(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        text: &str,
    ) -> Result<Option<String>, Error> {
        if !self.names.contains_key(&year) {
            return Ok(None);
        }
        let mut words = Vec::new();
        let mut at = 0;
        for word in text.split_whitespace() {
            // Each word stands behind the one before.
            let start = at + text.get(at..).and_then(|rest| rest.find(word)).unwrap_or_default();
            at = start + word.len();
            words.push((start, at));
        }
        let (mut left, mut copied, mut first) = (String::new(), 0, 0);
        while first < words.len() {
            let mut taken = None;
            for count in (1..=NAME_WORDS.min(words.len() - first)).rev() {
                let (start, end) = (words[first].0, words[first + count - 1].1);
                let Some((start, end)) = trimmed(text, start, end) else { continue };
                let Some(part) = text.get(start..end) else { continue };
                let marked = if count > 1 {
                    !part.contains(['(', '['])
                        && self.has(pseudonymiser, year, day, &name_mark(&canonical_name(part)))?
                } else {
                    let account = canonical(part);
                    let is_word = account.chars().all(char::is_alphabetic);
                    !account.is_empty()
                        && !is_word
                        && self.has(pseudonymiser, year, day, &account_mark(&account))?
                };
                if marked {
                    taken = Some((start, end, count));
                    break;
                }
            }
            let Some((start, end, count)) = taken else {
                first += 1;
                continue;
            };
            left.push_str(text.get(copied..start).unwrap_or_default());
            left.push_str(TAKEN_OUT);
            copied = end;
            first += count;
        }
        if copied == 0 {
            return Ok(None);
        }
        left.push_str(text.get(copied..).unwrap_or_default());
        Ok(Some(left))
    }

    /// [`stands_in`](Self::stands_in) of a record's bytes.
    pub(crate) fn stand_in_bytes(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        bytes: &[u8],
    ) -> Result<bool, Error> {
        if self.names.is_empty() {
            return Ok(false);
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => std::borrow::Cow::Borrowed(text),
            Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
        };
        self.stands_in(pseudonymiser, &text)
    }

    /// Whether what could not be read, or a file's name, has an erased person's account or whole name, of any
    /// year: it has no day that could be asked about.
    pub(crate) fn stands_in(&self, pseudonymiser: &mut Pseudonymiser<'_>, text: &str) -> Result<bool, Error> {
        for (year, marks) in &self.names {
            let mut before: Vec<String> = Vec::new();
            let ends_word = |sign: char| !sign.is_alphanumeric() && !['.', '-', '_', '\''].contains(&sign);
            let words =
                text.split(ends_word).map(|word| word.trim_matches(['.', '-', '_', '\'']).to_lowercase());
            for word in words.filter(|word| !word.is_empty()) {
                // A name's file may end in `.log`.
                let stem = word.split('.').next().unwrap_or_default().to_owned();
                for account in [&word, &stem] {
                    let mark = pseudonymiser.token(*year, Domain::Erased, &account_mark(account))?;
                    if marks.contains_key(&mark) {
                        return Ok(true);
                    }
                }
                before.push(stem);
                for count in 2..=NAME_WORDS.min(before.len()) {
                    let Some(last) = before.get(before.len() - count..) else { continue };
                    let reversed = last
                        .split_first()
                        .map(|(surname, first)| [first, std::slice::from_ref(surname)].concat());
                    for name in [Some(last.to_vec()), reversed].into_iter().flatten() {
                        let mark = name_mark(&name.join(" "));
                        if marks.contains_key(&pseudonymiser.token(*year, Domain::Erased, &mark)?) {
                            return Ok(true);
                        }
                    }
                }
                if before.len() >= NAME_WORDS {
                    before.remove(0);
                }
            }
        }
        Ok(false)
    }

    fn has(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        text: &str,
    ) -> Result<bool, Error> {
        let Some(marks) = self.names.get(&year) else { return Ok(false) };
        let mark = pseudonymiser.token(year, Domain::Erased, text)?;
        Ok(marks.get(&mark).is_some_and(|up_to| day <= *up_to))
    }

    /// Whether a row of a roster is an erased person's: by the person key; by an account that nothing else
    /// told of; by an account together with the name. A namesake, and who was given the account later, is not.
    pub(crate) fn has_member<'n>(
        &self,
        keyring: &Keyring,
        year: AcademicYear,
        person_key: &str,
        accounts: impl Iterator<Item = &'n String>,
        name: &str,
    ) -> Result<bool, Error> {
        let Some(marks) = self.names.get(&year) else { return Ok(false) };
        let marked = |text: String| -> Result<bool, Error> {
            Ok(marks.contains_key(&keyring.token(year, Domain::Erased, text.as_bytes())?))
        };
        if marked(key_mark(person_key))? {
            return Ok(true);
        }
        let name_fits = name.is_empty() || marked(name_mark(name))? || marked(shared_name_mark(name))?;
        for account in accounts {
            if marked(lone_account_mark(account))? || (name_fits && marked(account_mark(account))?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A stretch of a text without the signs around it and without the `'s` behind a name.
fn trimmed(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let part = text.get(start..end)?;
    let inner = part.trim_start_matches(|sign: char| !sign.is_alphanumeric());
    let start = start + (part.len() - inner.len());
    let mut inner = inner.trim_end_matches(|sign: char| !sign.is_alphanumeric());
    for ending in ["'s", "\u{2019}s"] {
        inner = inner.strip_suffix(ending).unwrap_or(inner);
    }
    (!inner.is_empty()).then(|| (start, start + inner.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::*;
    use crate::school::SchoolId;

    #[test]
    fn texts_lose_whole_names_and_accounts_that_are_no_words() {
        let folder = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("oak").unwrap();
        let ring = Keyring::open(&folder.path().join("keys"), &school, &folder.path().join("dir")).unwrap();
        let year = AcademicYear::parse("2025-26").unwrap();
        let up_to = date(2026, 1, 12);
        let texts =
            [account_mark("ann"), account_mark("alee7"), name_mark("ann lee"), shared_name_mark("jo fox")];
        let marks: BTreeMap<i64, Date> = texts
            .iter()
            .map(|text| (ring.token(year, Domain::Erased, text.as_bytes()).unwrap(), up_to))
            .collect();
        let erased = ErasedPersons::new(ErasedNames::from([(year, marks)]));
        let mut wall = Pseudonymiser::new(&ring);
        for (text, left) in [
            ("Ann met Tom", None),
            ("Tom told Ann Lee's mother", Some("Tom told (erased)'s mother")),
            ("seen: Lee, Ann (7B).", Some("seen: (erased) (7B).")),
            ("by OAK\\alee7, then alee7@oak.example", Some("by (erased), then (erased)")),
            ("Jo Fox and Joann Leeson", None),
        ] {
            assert_eq!(erased.words_out_of(&mut wall, year, up_to, text).unwrap().as_deref(), left, "{text}");
            let late = erased.words_out_of(&mut wall, year, date(2026, 1, 13), text).unwrap();
            assert_eq!(late, None, "a later day is somebody else's");
        }
        let whose =
            |wall: &mut Pseudonymiser<'_>, name: &str| erased.meant_by(wall, year, up_to, name).unwrap();
        assert_eq!(whose(&mut wall, "Fox, Jo"), Whose::Unclear);
        assert_eq!(whose(&mut wall, "Lee, Ann"), Whose::Hers);
        assert_eq!(whose(&mut wall, "Ann Leeson"), Whose::Others);
        let list = erased.taken_out_of(&mut wall, year, up_to, "Tom Hill; Ann Lee; Jo Fox").unwrap();
        assert_eq!(list.as_deref(), Some("Tom Hill; Jo Fox"));
        for (text, stands) in [
            ("1759737999.5 alee7 cut", true),
            ("alee7.log", true),
            ("Lee_Ann.csv", false),
            ("export Lee Ann 2.csv", true),
            ("/home/alee77/x", false),
            ("channel 5", false),
        ] {
            assert_eq!(erased.stands_in(&mut wall, text).unwrap(), stands, "{text}");
        }
    }
}
