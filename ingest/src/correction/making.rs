//! Making a correction and taking one back: written down, then counted again.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::error::{Error, Kind};
use crate::normalise::registrable;
use crate::pipeline::{Ingest, Progress};
use crate::schema::{REQUESTS, STAFF_REQUESTS};
use crate::school::{AcademicYear, SchoolRoot};
use crate::settings::Settings;
use crate::state::{Correction, NewCorrection, Wrong};

/// Characters of a reason, a role or a source's name at most.
const LONGEST: usize = 500;

/// Makes corrections of a school.
#[derive(Clone, Copy, Debug)]
pub struct Making<'m> {
    /// The school.
    pub ingest: Ingest<'m>,
}

/// What a correction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its number.
    pub id: i64,
    /// Days that were counted again.
    pub days: u64,
    /// Days among its own that retention has closed since, which stay as they are (only of one taken back).
    pub closed: u64,
}

impl Making<'_> {
    /// Writes a correction down, in one step with the days it touches, and counts these again. A run that
    /// is killed in between is finished by the next one of any kind. Blocking, and never to be called from
    /// within an async task.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when days, codes, site or reason will not do, or a day was closed by
    /// retention; else when lake or state fail.
    pub fn add(&self, new: NewCorrection<'_>, progress: &dyn Progress) -> Result<Made, Error> {
        self.add_recorded(new, &mut || Ok(()), progress)
    }

    /// The same; `record` is called under the writer's lock, once nothing speaks against the correction and
    /// before it is written down, and can refuse by an error.
    ///
    /// # Errors
    /// As [`add`](Self::add), and what `record` answers.
    pub fn add_recorded(
        &self,
        new: NewCorrection<'_>,
        record: &mut dyn FnMut() -> Result<(), Error>,
        progress: &dyn Progress,
    ) -> Result<Made, Error> {
        self.check(&new)?;
        let Wrong::Code { site, was, source, code } = &new.wrong else {
            return self.write(&new, record, progress);
        };
        let site = site.as_deref().map(as_stored).transpose()?;
        let (was, source, code) = (was.clone(), source.clone(), code.clone());
        let wrong = Wrong::Code { site, was, source, code };
        self.write(&NewCorrection { wrong, ..new }, record, progress)
    }

    /// Takes a correction back: a further row, which stays beside it.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such correction that holds, else as [`add`](Self::add).
    pub fn undo(
        &self,
        id: i64,
        (reason, by): (&str, &str),
        record: &mut dyn FnMut(&Correction) -> Result<(), Error>,
        progress: &dyn Progress,
    ) -> Result<Made, Error> {
        checked("reason", reason)?;
        checked("role", by)?;
        let made = self.ingest.settled(progress, |school| {
            let known = school.state.standing_correction(id)?;
            let days = recorded_days(&school, &known.wrong, known.from, known.to)?;
            let closed = closed_days(&school, &known.wrong, known.from, known.to)?;
            let open: BTreeSet<Date> = days.difference(&closed).copied().collect();
            let new =
                NewCorrection { from: known.from, to: known.to, wrong: Wrong::Correction(id), reason, by };
            record(&known)?;
            let id = school.state.add_correction(&new, &open)?;
            Ok(Made { id, days: open.len() as u64, closed: closed.len() as u64 })
        })?;
        self.count_again(made, progress)
    }

    fn write(
        &self,
        new: &NewCorrection<'_>,
        record: &mut dyn FnMut() -> Result<(), Error>,
        progress: &dyn Progress,
    ) -> Result<Made, Error> {
        let made = self.ingest.settled(progress, |school| {
            let closed = closed_days(&school, &new.wrong, new.from, new.to)?;
            if let (Some(first), Some(last)) = (closed.first(), closed.last()) {
                return Err(Error::new(
                    Kind::Configuration,
                    format!(
                        "{} of these days, from {first} to {last}, cannot be corrected any more: retention has dropped their records",
                        closed.len()
                    ),
                )
                .help("correct the days that are left; the figures of closed days stay as they were counted"));
            }
            let days = recorded_days(&school, &new.wrong, new.from, new.to)?;
            record()?;
            let id = school.state.add_correction(new, &days)?;
            Ok(Made { id, days: days.len() as u64, closed: 0 })
        })?;
        self.count_again(made, progress)
    }

    /// Taking the lock again counts the days that were marked.
    fn count_again(&self, made: Made, progress: &dyn Progress) -> Result<Made, Error> {
        self.ingest.settled(progress, |_| Ok(()))?;
        Ok(made)
    }

    fn check(&self, new: &NewCorrection<'_>) -> Result<(), Error> {
        checked("reason", new.reason)?;
        checked("role", new.by)?;
        if new.from > new.to {
            return Err(wrong(
                "the first day lies after the last",
                "`--from` is the first day, `--to` the last",
            ));
        }
        if AcademicYear::of(new.from) != AcademicYear::of(new.to) {
            return Err(wrong(
                "the days of a correction lie in two academic years",
                "each year has pseudonyms of its own: make one correction for each",
            ));
        }
        match &new.wrong {
            Wrong::Person { recorded, truly } => {
                if recorded.is_empty() {
                    return Err(wrong(
                        "nobody is found whose records could be corrected",
                        "give the account as the logs have it",
                    ));
                }
                if truly.is_some_and(|member| recorded.contains(&member.person)) {
                    return Err(wrong(
                        "the records are this person's already",
                        "name another person, or nobody",
                    ));
                }
                Ok(())
            }
            Wrong::Code { site, was, source, code } => {
                if site.is_none() && (was.is_none() || source.is_none()) {
                    return Err(wrong(
                        "a correction of a category needs a site, or a source and its code",
                        "see `watershed correct --help`",
                    ));
                }
                if let Some(source) = source {
                    checked("source", source)?;
                }
                self.check_codes(new, was.as_deref(), code)
            }
            Wrong::Incident { source, .. } => checked("source", source),
            Wrong::Correction(_) => Err(Error::new(Kind::Bug, "a correction is taken back by its number")),
        }
    }

    fn check_codes(&self, new: &NewCorrection<'_>, was: Option<&str>, code: &str) -> Result<(), Error> {
        let root = SchoolRoot::of(self.ingest.dir, self.ingest.school);
        let settings = Settings::load(&root, self.ingest.school)?;
        if was == Some(code) {
            return Err(wrong("the code is the same as before", "give the code that is right"));
        }
        for name in was.into_iter().chain([code]) {
            for day in [new.from, new.to] {
                let known = settings.taxonomy().code(name, day).ok_or_else(|| {
                    wrong("the taxonomy has no such code on these days", "codes stand in `taxonomy.csv`")
                })?;
                if known.illegal {
                    return Err(wrong(
                        "what is on an illegal list is not corrected here",
                        "follow the school's procedure; nothing of its address is kept",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A site as the lake has it: its registrable domain, or the token of a host that may be a name.
fn as_stored(site: &str) -> Result<String, Error> {
    let site = site.trim().to_ascii_lowercase();
    let token = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if site.strip_prefix("host-").is_some_and(token) {
        return Ok(site);
    }
    registrable(&site).and_then(|start| site.get(start..)).map(str::to_owned).ok_or_else(|| {
        wrong("this is no site of the lake", "give a domain, as `overblocking` lists it, without `http://`")
    })
}

fn checked(name: &str, text: &str) -> Result<(), Error> {
    let fits = text.chars().any(char::is_alphanumeric)
        && text.chars().count() <= LONGEST
        && !text.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(wrong(
        &format!("a correction needs a {name} of 1 to {LONGEST} characters on one line"),
        "a case number or a role, not a name",
    ))
}

fn wrong(what: &str, help: &str) -> Error {
    Error::new(Kind::Configuration, what.to_owned()).help(help.to_owned())
}

/// Days to be counted again. Of incidents nothing is counted beforehand.
fn recorded_days(
    school: &crate::pipeline::Settled<'_>,
    wrong: &Wrong,
    from: Date,
    to: Date,
) -> Result<BTreeSet<Date>, Error> {
    let mut days = BTreeSet::new();
    if matches!(wrong, Wrong::Incident { .. }) {
        return Ok(days);
    }
    for table in [&REQUESTS, &STAFF_REQUESTS] {
        days.extend(school.runtime.block_on(school.lake.readable(table))?.days());
    }
    days.retain(|day| (from..=to).contains(day));
    Ok(days)
}

/// Days whose records are gone. Incidents outlive them.
fn closed_days(
    school: &crate::pipeline::Settled<'_>,
    wrong: &Wrong,
    from: Date,
    to: Date,
) -> Result<BTreeSet<Date>, Error> {
    if matches!(wrong, Wrong::Incident { .. }) {
        return Ok(BTreeSet::new());
    }
    Ok(school.state.closed_days()?.into_iter().filter(|day| (from..=to).contains(day)).collect())
}
