//! What a role decides about a sealed set: that its audience may see it, or that nobody may any more.

use super::super::policy::AudienceWord;
use super::chain::{Record, sha256};
use super::{APPROVED, Approval, Ledger, SEALED, WITHDRAWN, Withdrawal, corrupt, unwritable};
use crate::error::{Error, Kind};

/// Greatest length of a role.
const LONGEST_ROLE: usize = 80;
/// Greatest length of a statement.
const LONGEST_STATEMENT: usize = 500;

impl Ledger {
    /// Who approved a set, and when; none if nobody has.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the entry does not verify, or approves other bytes than are stored.
    pub fn approval(&self, id: &str) -> Result<Option<Approval>, Error> {
        let Some(record) = self.records(APPROVED, Some(id))?.pop() else { return Ok(None) };
        record.check()?;
        let approval: Approval = serde_json::from_str(&record.sealed_json).map_err(|_| corrupt(id))?;
        let sealed = self.records(SEALED, Some(id))?.pop().ok_or_else(|| corrupt(id))?;
        if approval.id != id || approval.sealed_sha256 != sha256(sealed.sealed_json.as_bytes()) {
            return Err(corrupt(id));
        }
        // Entries of before may have the article, which papers put there.
        Ok(Some(Approval { approver: without_article(&approval.approver).to_owned(), ..approval }))
    }

    /// Records that a role approves a set for its audience; a second approval changes nothing.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such set, it was withdrawn, no role is named, or the
    /// governors' set that a parents' set was made from has not been approved.
    pub fn approve(&mut self, id: &str, role: &str, today: jiff::civil::Date) -> Result<Approval, Error> {
        let approver = named_role(role)?;
        let record = self.standing(id)?;
        if let Some(approval) = self.approval(id)? {
            return Ok(approval);
        }
        let mut needs = record.id.clone();
        if record.audience == AudienceWord::Parents.word() {
            needs = self.approved_above(&record)?;
        }
        let approval = Approval {
            schema: "watershed.approval/1".to_owned(),
            id: record.id.clone(),
            approved_on: today.to_string(),
            approver,
            sealed_sha256: record.sealed_sha256.clone(),
        };
        let entry = decided(APPROVED, record, &approval, &approval.approved_on, &approval.approver)?;
        self.add_all(vec![entry], Some(&needs))?;
        Ok(approval)
    }

    /// Id of the approved governors' set that a parents' set was made from.
    fn approved_above(&self, parents: &Record) -> Result<String, Error> {
        let above = self.find(AudienceWord::Governors, &parents.period)?.map(|(id, _)| id);
        if let Some(id) = &above
            && self.withdrawal(id)?.is_none()
            && self.approval(id)?.is_some()
        {
            return Ok(id.clone());
        }
        Err(Error::new(
            Kind::Configuration,
            format!("the governors' set that {} was made from has not been approved", parents.id),
        )
        .help("families do not read first: approve the governors' set of the period, then this one"))
    }

    /// Why a set was withdrawn; none if it stands.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the entry does not verify.
    pub fn withdrawal(&self, id: &str) -> Result<Option<Withdrawal>, Error> {
        let Some(record) = self.records(WITHDRAWN, Some(id))?.pop() else { return Ok(None) };
        record.check()?;
        serde_json::from_str(&record.sealed_json).map(Some).map_err(|_| corrupt(id))
    }

    /// Withdraws a set whole, with a statement for its readers. It is not sealed again; the
    /// parents' set of the same period was made from the governors' and goes with it, in one step.
    /// Where an interrupted older version left the parents' set standing, the same call takes it back.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such set, it was withdrawn already, no role is named,
    /// or the statement is empty or holds a figure.
    pub fn withdraw(
        &mut self,
        id: &str,
        statement: &str,
        approver: &str,
        today: jiff::civil::Date,
    ) -> Result<(), Error> {
        let approver = named_role(approver)?;
        let statement = statement_without_figures(statement)?;
        let record = self.records(SEALED, Some(id))?.pop().ok_or_else(super::unknown)?;
        record.check()?;
        let mut leaving = vec![record.clone()];
        if record.audience == AudienceWord::Governors.word() {
            leaving.extend(self.records(SEALED, None)?.into_iter().filter(|other| {
                other.audience == AudienceWord::Parents.word() && other.period == record.period
            }));
        }
        let mut entries = Vec::new();
        for record in leaving {
            if self.withdrawal(&record.id)?.is_some() {
                continue;
            }
            let withdrawal = Withdrawal {
                schema: "watershed.withdrawal/1".to_owned(),
                id: record.id.clone(),
                withdrawn_on: today.to_string(),
                approver: approver.clone(),
                statement: statement.clone(),
            };
            entries.push(decided(
                WITHDRAWN,
                record,
                &withdrawal,
                &withdrawal.withdrawn_on,
                &withdrawal.approver,
            )?);
        }
        if entries.is_empty() {
            // Says when and why.
            self.standing(id)?;
        }
        self.add_all(entries, None)
    }
}

/// The entry of a decision about a sealed set.
fn decided(
    kind: &str,
    about: Record,
    decision: &impl serde::Serialize,
    day: &str,
    role: &str,
) -> Result<Record, Error> {
    let json = serde_json::to_string(decision).map_err(|_| unwritable())?;
    Ok(Record {
        kind: kind.to_owned(),
        sealed_on: day.to_owned(),
        approver: role.to_owned(),
        sealed_sha256: sha256(json.as_bytes()),
        sealed_json: json,
        ..about
    })
}

/// A role as it stands on papers.
pub(super) fn named_role(role: &str) -> Result<String, Error> {
    let role = without_article(role.trim());
    if role.is_empty() || role.chars().count() > LONGEST_ROLE || role.chars().any(char::is_control) {
        return Err(Error::new(Kind::Configuration, "the role that decides about the set is not named")
            .help("name a role, not a person, for example `headteacher`"));
    }
    Ok(role.to_owned())
}

/// Papers put the article before a role.
fn without_article(role: &str) -> &str {
    role.strip_prefix("the ").or_else(|| role.strip_prefix("The ")).unwrap_or(role).trim_start()
}

/// A figure in the statement would be one that no gate has seen.
fn statement_without_figures(statement: &str) -> Result<String, Error> {
    let statement = statement.trim();
    let figure = statement.chars().any(char::is_numeric);
    let unfit = statement.chars().count() > LONGEST_STATEMENT || statement.chars().any(char::is_control);
    if statement.is_empty() || figure || unfit {
        return Err(Error::new(
            Kind::Configuration,
            "a withdrawal needs a statement for readers, without any figure",
        )
        .help("say in one line and in words what was wrong, for example `Some days were counted twice.`"));
    }
    Ok(statement.to_owned())
}
