//! Sums over the schools of a trust or local authority, from sealed governors' sets alone, sealed once like
//! those (rules 2, 16, 17, 22).

use std::collections::BTreeSet;
use std::path::Path;

use ingest::school::{SchoolId, TRUST_LEDGER};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::super::audience::{Governors, Public};
use super::super::band::governor_ends;
use super::super::compose::HEADLINE;
use super::super::policy::AudienceWord;
use super::super::releasable::Releasable;
use super::super::sealed::{SealedSet, SealedTable, Shown};
use super::super::shape::Period;
use super::chain::{Record, sha256};
use super::{Ledger, SEALED, Verification, corrupt, state_failed};
use crate::error::{Error, Kind};

/// Version of the shape. Sums of the one before do not say what of them parents may have.
const SCHEMA: &str = "watershed.trust/3";

/// Fewer schools are neither summed nor compared.
pub(super) const LEAST_SCHOOLS: usize = 3;

/// Name, heading and ends of a school's row; none without a figure.
type OfSchool = (String, String, Option<(u32, u32)>);

/// One row over all schools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRow {
    /// Row's name.
    pub row: String,
    /// The heading it stands under.
    pub heading: String,
    /// Schools with a figure in the row; none for parents.
    pub schools: Option<usize>,
    /// Sum of the ranges' ends, in pupils; none with figures of fewer than three schools.
    pub range: Option<(u32, u32)>,
    /// The same over the schools that have an approved parents' set alone; none where these are fewer than three, or
    /// one of them has not the row for parents.
    pub range_for_parents: Option<(u32, u32)>,
}

/// Sums of sealed bands: an entry of the trust's own ledger, made once per period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustSums {
    /// `watershed.trust/3`.
    pub schema: String,
    /// Ledger id.
    pub id: String,
    /// `governors` or `parents`.
    pub audience: String,
    /// The period.
    pub period: String,
    /// Day of sealing.
    pub sealed_on: String,
    /// Role that approved it.
    pub approver: String,
    /// Version of the release policy.
    pub policy_version: String,
    /// Ledger ids that the sums are made of; empty for parents, to whom no school is named.
    pub releases: Vec<String>,
    /// Schools in the sums; none for parents.
    pub schools: Option<usize>,
    /// Pupils on their rolls who are counted; none for parents, for public rolls add up to it and name the schools.
    pub roll: Option<u32>,
    /// The union first, then the categories.
    pub rows: Vec<TrustRow>,
    /// Fixed sentences.
    pub statements: Vec<String>,
}

/// What each school of the installation is to have before a sum is made.
#[derive(Debug)]
pub struct TrustSchool {
    /// Short name.
    pub id: SchoolId,
    /// Its ledger.
    pub ledger: Ledger,
    /// Whether its public roll gives it a governors' set with tables for the period at all.
    pub expected: bool,
}

/// The ledger of a trust or local authority: its sums, one for each period, never made again.
///
/// A sum that is worked out anew whenever somebody asks would differ by one school's figures as soon as that
/// school's set is approved or withdrawn, and the difference is that school's.
#[derive(Debug)]
pub struct TrustLedger(Ledger);

impl TrustLedger {
    /// Opens the ledger where the installation has one; none where no sum was ever made.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn existing(dir: &Path) -> Result<Option<Self>, Error> {
        if dir.join(TRUST_LEDGER).exists() { Self::open(dir).map(Some) } else { Ok(None) }
    }

    /// Opens the ledger of an installation's sums.
    ///
    /// # Errors
    /// [`Kind::Environment`] when its file cannot be opened.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = ingest::state::trust_ledger(dir)?;
        Ledger::over(Connection::open(&path).map_err(|error| state_failed(&error))?).map(Self)
    }

    /// The sum that was sealed for a period; none if there is none yet.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when one of the sets that it is made of was withdrawn: then it is shown no
    /// more; [`Kind::Corrupt`] when it is not what was sealed.
    pub fn sums(
        &self,
        schools: &[TrustSchool],
        period: Period,
    ) -> Result<Option<Releasable<TrustSums, Governors>>, Error> {
        let Some(sums) = self.stored(period)? else { return Ok(None) };
        for school in schools {
            for release in &sums.releases {
                // Of schools that are here; one that has left the trust keeps its own ledger.
                let known = school.ledger.records(SEALED, Some(release))?.pop().is_some();
                if known && school.ledger.withdrawal(release)?.is_some() {
                    return Err(Error::new(
                        Kind::Configuration,
                        format!("{} was made with {release}, which has been withdrawn", sums.id),
                    )
                    .help("the sum is shown no more and not made again for this period; the next period's will be"));
                }
            }
        }
        Ok(Some(Releasable::cleared(sums)))
    }

    /// The same for parents: the permitted rows, in ranges of tens, and no school named or counted.
    ///
    /// # Errors
    /// As [`sums`](Self::sums).
    pub fn sums_for_parents(
        &self,
        schools: &[TrustSchool],
        period: Period,
    ) -> Result<Option<Releasable<TrustSums, Public>>, Error> {
        let word = period.to_string();
        for school in schools {
            if let Some((id, _)) = school.ledger.find(AudienceWord::Parents, &word)?
                && school.ledger.withdrawal(&id)?.is_some()
            {
                return Err(Error::new(
                    Kind::Configuration,
                    "a parents' set of the period has been withdrawn",
                )
                .help("the sum for parents is shown no more; the next period's will be"));
            }
        }
        let Some(sums) = self.sums(schools, period)? else { return Ok(None) };
        if sums.value().schema != SCHEMA {
            return Err(Error::new(
                Kind::Configuration,
                format!("{} was sealed by an earlier version", sums.value().id),
            )
            .help("it stays as it is for governors; what of it parents may have is not told any more"));
        }
        Ok(Some(Releasable::cleared(of_parents(sums.value()))))
    }

    /// Sums the approved governors' sets of a period and enters the sum, once. "Fewer than 10" counts as
    /// 0 to 9. What was sealed before is not touched.
    ///
    /// # Errors
    /// [`Kind::Configuration`] while a school that is to have a set of the period has neither an approved nor
    /// a withdrawn one, with fewer than three schools that have one with figures, when their category lists
    /// differ, or when no role is named.
    pub fn seal(
        &mut self,
        schools: &[TrustSchool],
        period: Period,
        role: &str,
        today: jiff::civil::Date,
    ) -> Result<(), Error> {
        if self.stored(period)?.is_some() {
            return Ok(());
        }
        let approver = super::decisions::named_role(role)?;
        let word = period.to_string();
        let mut sets: Vec<SealedSet> = Vec::new();
        // Of a school too small for a parents' set parents get no figure, not in a sum either (rule 8).
        let mut parents_sets: Vec<SealedSet> = Vec::new();
        let mut permitted: Vec<BTreeSet<String>> = Vec::new();
        for school in schools.iter().filter(|school| school.expected) {
            let found = school.ledger.find(AudienceWord::Governors, &word)?;
            let Some((id, _)) = found else { return Err(waiting(&school.id, period)) };
            if school.ledger.withdrawal(&id)?.is_some() {
                continue;
            }
            let set = school.ledger.approved_set(AudienceWord::Governors, &word)?;
            let set = set.ok_or_else(|| waiting(&school.id, period))?;
            sets.push(set.clone());
            if let Some(parents) = school.ledger.approved_set(AudienceWord::Parents, &word)? {
                permitted.push(parents.categories.into_iter().map(|category| category.row).collect());
                parents_sets.push(set);
            }
        }
        let mut sums = summed(&sets, period)?;
        for row in &mut sums.rows {
            let rows = |rows: &BTreeSet<String>| row.row == HEADLINE || rows.contains(&row.row);
            if permitted.iter().all(rows) {
                row.range_for_parents = range_of(&parents_sets, &row.row).1;
            }
        }
        sums.sealed_on = today.to_string();
        sums.approver = approver;
        self.enter(&sums, period, &sets[0])
    }

    fn enter(&mut self, sums: &TrustSums, period: Period, first: &SealedSet) -> Result<(), Error> {
        let json = serde_json::to_string(sums).map_err(|_| super::unwritable())?;
        let record = Record {
            sequence: 0,
            kind: SEALED.to_owned(),
            id: sums.id.clone(),
            school: Record::TRUST.to_owned(),
            audience: AudienceWord::Governors.word().to_owned(),
            period: sums.period.clone(),
            academic_year: period.academic_year().to_string(),
            table_ids: "T0 T1".to_owned(),
            shape_id: String::new(),
            policy_version: sums.policy_version.clone(),
            threshold_pupils: first.policy.threshold_pupils,
            band_pupils: first.policy.band_pupils,
            category_list_version: first.policy.category_list_version.clone(),
            roll_json: String::new(),
            sealed_on: sums.sealed_on.clone(),
            approver: sums.approver.clone(),
            fallback_level: 0,
            sealed_sha256: sha256(json.as_bytes()),
            sealed_json: json,
            previous_hash: String::new(),
            entry_hash: String::new(),
        };
        match self.0.add_all(vec![record], None) {
            // Somebody else was quicker: theirs is the sum.
            Err(_) if self.stored(period)?.is_some() => Ok(()),
            entered => entered,
        }
    }

    /// Checks every entry's digest and the chain.
    ///
    /// # Errors
    /// As [`Ledger::verify`].
    pub fn verify(&self) -> Result<Verification, Error> {
        self.0.verify()
    }

    fn stored(&self, period: Period) -> Result<Option<TrustSums>, Error> {
        let id = id_of(period);
        let Some(record) = self.0.records(SEALED, Some(&id))?.pop() else { return Ok(None) };
        record.check()?;
        serde_json::from_str(&record.sealed_json).map(Some).map_err(|_| corrupt(&id))
    }
}

fn id_of(period: Period) -> String {
    format!("trust-{period}-governors")
}

fn waiting(school: &SchoolId, period: Period) -> Error {
    Error::new(Kind::Configuration, format!("{school} has no approved governors' set for {period} yet"))
        .help("a sum is sealed once and is not to change when a school comes later: publish and approve the school's set, then try again")
}

/// Permitted rows and ranges of tens, outwards: together with the parents' sets of the schools they say no more
/// about one school than those do in tens.
fn of_parents(sums: &TrustSums) -> TrustSums {
    let rows = sums.rows.iter().filter_map(|row| {
        let (from, to) = row.range_for_parents?;
        let range = Some((from / 10 * 10, to / 10 * 10 + 9));
        Some(TrustRow { schools: None, range, range_for_parents: range, ..row.clone() })
    });
    TrustSums {
        id: sums.id.replace("-governors", "-parents"),
        audience: AudienceWord::Parents.word().to_owned(),
        releases: Vec::new(),
        schools: None,
        roll: None,
        rows: rows.collect(),
        statements: vec![
            super::super::statements::NEVER.to_owned(),
            "Each range is a sum over the schools that have figures for parents, given in tens.".to_owned(),
        ],
        ..sums.clone()
    }
}

/// Least and most pupils of a sealed figure; "fewer than 10" is 0 to 9. None without a figure.
pub(super) fn ends(shown: &Shown, roll: u32) -> Option<(u32, u32)> {
    match shown {
        Shown::FewerThan { n } => Some((0, n - 1)),
        shown => governor_ends(shown, roll),
    }
}

/// The rows over the whole school.
fn totals(set: &SealedSet) -> Vec<OfSchool> {
    let tables = set.tables.iter().filter(|table| ["T0", "T1"].contains(&table.id.as_str()));
    let of_table = |table: &SealedTable| -> Vec<OfSchool> {
        let rows = table.rows.iter();
        rows.map(|row| (row.row.clone(), row.heading.clone(), ends(&row.shown, table.roll))).collect()
    };
    tables.flat_map(of_table).collect()
}

/// Schools with a figure in a row, and the sum of its ends over them, from three on.
fn range_of(sets: &[SealedSet], name: &str) -> (usize, Option<(u32, u32)>) {
    let found: Vec<(u32, u32)> =
        sets.iter().filter_map(|set| totals(set).into_iter().find(|(row, ..)| row == name)?.2).collect();
    let range = found.iter().fold((0, 0), |sum, ends| (sum.0 + ends.0, sum.1 + ends.1));
    (found.len(), (found.len() >= LEAST_SCHOOLS).then_some(range))
}

fn summed(sets: &[SealedSet], period: Period) -> Result<TrustSums, Error> {
    let with_tables = |set: &&SealedSet| !set.tables.is_empty();
    let Some(first) = sets.first().filter(|_| sets.iter().filter(with_tables).count() >= LEAST_SCHOOLS)
    else {
        return Err(Error::new(
            Kind::Configuration,
            format!("fewer than {LEAST_SCHOOLS} schools have an approved governors' set with figures for this period"),
        )
        .help("a sum over two schools would let each subtract its own; `releases list` shows what a school has"));
    };
    let same = |set: &SealedSet| {
        set.policy.category_list_version == first.policy.category_list_version
            && set.policy.version == first.policy.version
    };
    if !sets.iter().all(same) {
        return Err(Error::new(
            Kind::Configuration,
            "the schools' sets have different category lists or policies",
        )
        .help("only sets of the same rows are summed; see `policy` in `releases show ID --format json`"));
    }
    let rows = totals(first).into_iter().map(|(name, heading, _)| {
        let (schools, range) = range_of(sets, &name);
        TrustRow { row: name, heading, schools: Some(schools), range, range_for_parents: None }
    });
    Ok(TrustSums {
        schema: SCHEMA.to_owned(),
        id: id_of(period),
        audience: AudienceWord::Governors.word().to_owned(),
        period: period.to_string(),
        sealed_on: String::new(),
        approver: String::new(),
        policy_version: first.policy.version.clone(),
        releases: sets.iter().map(|set| set.id.clone()).collect(),
        schools: Some(sets.len()),
        roll: Some(sets.iter().filter_map(|set| Some(set.tables.first()?.roll)).sum()),
        rows: rows.collect(),
        statements: vec![
            super::super::statements::NEVER.to_owned(),
            "Each range is the sum of the schools' ranges; \"fewer than 10\" counts as 0 to 9.".to_owned(),
            "A row is summed over the schools that have a figure in it, three at least.".to_owned(),
        ],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may")]
    use super::super::super::sealed::SealedCategory;
    use super::super::tests::{enter, ledger_of, set};
    use super::*;

    const DAY: jiff::civil::Date = jiff::civil::date(2026, 1, 6);

    fn school(name: &str, any: Shown, other: Shown) -> SealedSet {
        let mut set = set(AudienceWord::Governors, "2025-autumn");
        set.id = format!("{name}-2025-autumn-governors");
        set.school = name.to_owned();
        set.tables[0].rows[0].row = HEADLINE.to_owned();
        set.tables[0].rows[0].shown = any;
        set.tables[0].rows[1].shown = other;
        set
    }

    fn member(set: &SealedSet, approved: bool) -> TrustSchool {
        let mut ledger = ledger_of(std::slice::from_ref(set));
        if approved {
            ledger.approve(&set.id, "headteacher", DAY).unwrap();
        }
        TrustSchool { id: SchoolId::parse(&set.school).unwrap(), ledger, expected: true }
    }

    fn band(from: u32) -> Shown {
        Shown::Band { from, to: from + 4 }
    }

    fn three() -> [SealedSet; 3] {
        let few = Shown::FewerThan { n: 10 };
        [
            school("a", band(20), few.clone()),
            school("b", band(30), few),
            // All but 9 of 410 at least.
            school("c", Shown::AllOrNearly, Shown::NotAvailable),
        ]
    }

    fn autumn() -> Period {
        Period::parse("2025-autumn").unwrap()
    }

    #[test]
    fn ranges_are_summed_and_few_count_as_none_to_nine() {
        let dir = tempfile::tempdir().unwrap();
        let mut trust = TrustLedger::open(dir.path()).unwrap();
        let waiting: Vec<TrustSchool> = three().iter().map(|set| member(set, false)).collect();
        assert!(trust.seal(&waiting, autumn(), "chief executive", DAY).is_err(), "nobody has approved them");
        let schools: Vec<TrustSchool> = three().iter().map(|set| member(set, true)).collect();
        assert!(trust.seal(&schools, autumn(), " ", DAY).is_err(), "no role");
        assert!(trust.seal(&schools[..2], autumn(), "chief executive", DAY).is_err(), "two schools");
        assert!(trust.sums(&schools, autumn()).unwrap().is_none());
        trust.seal(&schools, autumn(), "chief executive", DAY).unwrap();
        let sums = trust.sums(&schools, autumn()).unwrap().unwrap();
        let rows = &sums.value().rows;
        // 20 + 30 + 401 to 24 + 34 + 410.
        assert_eq!((rows[0].schools, rows[0].range), (Some(3), Some((451, 468))));
        assert_eq!((rows[1].schools, rows[1].range), (Some(2), None));
        assert_eq!(sums.value().roll, Some(3 * 410));
        // No school has an approved parents' set, so parents get no row.
        let parents = trust.sums_for_parents(&schools, autumn()).unwrap().unwrap();
        assert!(parents.value().rows.is_empty() && parents.value().releases.is_empty());
        assert_eq!((parents.value().roll, parents.value().schools), (None, None));
        assert!(trust.verify().unwrap().is_sound());
        // Whoever has the file and a shell can write another range; the chain says so, and nothing is shown.
        let forge = "DROP TRIGGER release_ledger_never_change;
            UPDATE release_ledger SET sealed_json = replace(sealed_json, '451', '450')";
        trust.0.connection.execute_batch(forge).unwrap();
        assert!(!trust.verify().unwrap().is_sound());
        assert!(trust.sums(&schools, autumn()).is_err());
    }

    /// A school that comes later, or leaves, must not be the difference of two sums.
    #[test]
    fn a_sum_is_made_once_and_a_later_school_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut trust = TrustLedger::open(dir.path()).unwrap();
        let mut schools: Vec<TrustSchool> = three().iter().map(|set| member(set, true)).collect();
        let late = school("d", band(50), band(10));
        schools.push(member(&late, false));
        assert!(trust.seal(&schools, autumn(), "chief executive", DAY).is_err(), "the fourth is awaited");
        schools[3].expected = false;
        trust.seal(&schools, autumn(), "chief executive", DAY).unwrap();
        let first = trust.sums(&schools, autumn()).unwrap().unwrap().value().clone();
        schools[3] = member(&late, true);
        trust.seal(&schools, autumn(), "chief executive", DAY).unwrap();
        assert_eq!(*trust.sums(&schools, autumn()).unwrap().unwrap().value(), first);
        // Nor one that is taken back: the sum goes with it, and none takes its place.
        schools[0]
            .ledger
            .withdraw("a-2025-autumn-governors", "Some days were missing.", "headteacher", DAY)
            .unwrap();
        assert!(trust.sums(&schools, autumn()).is_err());
        trust.seal(&schools, autumn(), "chief executive", DAY).unwrap();
        assert!(trust.sums(&schools, autumn()).is_err());
    }

    #[test]
    fn parents_get_permitted_rows_in_tens() {
        let dir = tempfile::tempdir().unwrap();
        let mut trust = TrustLedger::open(dir.path()).unwrap();
        let schools: Vec<TrustSchool> = three()
            .iter()
            .map(|above| {
                let mut school = member(above, true);
                let mut below = set(AudienceWord::Parents, "2025-autumn");
                below.id = above.id.replace("governors", "parents");
                below.school.clone_from(&above.school);
                below.categories =
                    vec![SealedCategory { row: "Elsewhere".to_owned(), heading: String::new() }];
                enter(&mut school.ledger, &below);
                school.ledger.approve(&below.id, "headteacher", DAY).unwrap();
                school
            })
            .collect();
        trust.seal(&schools, autumn(), "chief executive", DAY).unwrap();
        let sums = trust.sums_for_parents(&schools, autumn()).unwrap().unwrap();
        // "Other" is no row of theirs; 451 to 468 is 450 to 469 in tens.
        let [any] = sums.value().rows.as_slice() else { unreachable!("one row") };
        assert_eq!((any.range, any.schools), (Some((450, 469)), None));

        // A fourth school without a parents' set is in the trust's sum and not in the parents'.
        let dir = tempfile::tempdir().unwrap();
        let mut trust = TrustLedger::open(dir.path()).unwrap();
        let mut schools = schools;
        schools.push(member(&school("d", band(50), band(10)), true));
        trust.seal(&schools, autumn(), "chief executive", DAY).unwrap();
        assert_eq!(trust.sums(&schools, autumn()).unwrap().unwrap().value().rows[0].range, Some((501, 522)));
        let sums = trust.sums_for_parents(&schools, autumn()).unwrap().unwrap();
        assert_eq!(sums.value().rows[0].range, Some((450, 469)));
        // A parents' set that is taken back takes the parents' sum along, and not the trust's.
        let id = "a-2025-autumn-parents";
        schools[0].ledger.withdraw(id, "Some days were missing.", "headteacher", DAY).unwrap();
        let error = trust.sums_for_parents(&schools, autumn()).unwrap_err();
        assert!(!error.to_string().contains("a-2025"), "{error}");
        assert!(trust.sums(&schools, autumn()).unwrap().is_some());
    }
}
