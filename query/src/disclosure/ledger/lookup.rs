//! What sealing and auditing need to know of the sets that there are.

use super::super::policy::AudienceWord;
use super::super::sealed::SealedSet;
use super::{Ledger, SEALED};
use crate::error::Error;

/// What an earlier set of the same academic year has fixed (rule 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct FixedShape {
    pub(in super::super) id: String,
    pub(in super::super) shape: String,
    pub(in super::super) roll_json: String,
    pub(in super::super) policy_version: String,
}

/// A set of the ledger with what stands beside it there.
#[derive(Clone, Debug)]
pub(in super::super) struct Entered {
    pub(in super::super) set: SealedSet,
    pub(in super::super) academic_year: String,
}

impl Ledger {
    /// Id and fallback level of the set of that audience and period, withdrawn or not.
    pub(in super::super) fn find(
        &self,
        audience: AudienceWord,
        period: &str,
    ) -> Result<Option<(String, u8)>, Error> {
        Ok(self
            .records(SEALED, None)?
            .into_iter()
            .rfind(|record| record.audience == audience.word() && record.period == period)
            .map(|record| (record.id, record.fallback_level)))
    }

    /// The set itself, for the steps that are computed from it; none if it does not stand.
    pub(in super::super) fn standing_set(
        &self,
        audience: AudienceWord,
        period: &str,
    ) -> Result<Option<SealedSet>, Error> {
        match self.find(audience, period)? {
            Some((id, _)) if self.withdrawal(&id)?.is_none() => self.standing(&id)?.set().map(Some),
            _ => Ok(None),
        }
    }

    /// The set itself, if it stands and a role has approved it: what its audience has seen.
    pub(in super::super) fn approved_set(
        &self,
        audience: AudienceWord,
        period: &str,
    ) -> Result<Option<SealedSet>, Error> {
        match self.standing_set(audience, period)? {
            Some(set) if self.approval(&set.id)?.is_some() => Ok(Some(set)),
            _ => Ok(None),
        }
    }

    /// Every set that was ever sealed, whoever it is for, withdrawn ones too: who has read one keeps
    /// what it said.
    pub(in super::super) fn all_sealed(&self) -> Result<Vec<Entered>, Error> {
        self.records(SEALED, None)?
            .into_iter()
            .map(|record| {
                record.check()?;
                Ok(Entered { set: record.set()?, academic_year: record.academic_year })
            })
            .collect()
    }

    /// What the first set of that academic year has fixed for the audience.
    pub(in super::super) fn fixed(
        &self,
        audience: AudienceWord,
        academic_year: &str,
    ) -> Result<Option<FixedShape>, Error> {
        Ok(self
            .records(SEALED, None)?
            .into_iter()
            .find(|record| record.audience == audience.word() && record.academic_year == academic_year)
            .map(|record| FixedShape {
                id: record.id,
                shape: record.shape_id,
                roll_json: record.roll_json,
                policy_version: record.policy_version,
            }))
    }
}
