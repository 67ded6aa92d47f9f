//! The reviewers' list of a sample of blocked attempts, opened from the vault with a key and a reason.
//!
//! Reviewers see an address without its query, or the words searched for, category and group: never who, when or
//! on which machine. The list is shown and kept nowhere; nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ingest::keys::{PrivateKey, PublicKey, random, to_hex};
use ingest::school::{Config, SchoolId};
use ingest::vault::rows::RequestRow;
use ingest::vault::{Selection, VaultReader};
use jiff::civil::Date;

use super::corrected::Correcting;
use super::{Identified, Question};
use crate::audit::What;
use crate::error::{Error, Kind};
use crate::review::draw::{Wish, draw};
use crate::review::frame::{Found, attempts};
use crate::review::{By, Design, Drawn, Reviews};
use crate::service::School;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub struct Draw {
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// How many attempts; more where each part needs 20.
    pub wanted: u64,
    /// What the parts with figures of their own are.
    pub by: By,
    /// A seed of 64 hex digits; from the system's random numbers if left out.
    pub seed: Option<String>,
}

/// One attempt as reviewers see it.
pub struct ReviewLine {
    /// Place in the list, from 1.
    pub position: u64,
    /// Group of pupils.
    pub group: String,
    /// Category code.
    pub code: String,
    /// What the category is called.
    pub category: String,
    /// Address without its query, or only the host where the filter saw no more; none where it is not kept any more.
    pub address: Option<String>,
    /// Words searched for.
    pub words: Option<String>,
}

/// A sample's list.
pub struct ReviewList {
    /// Number of the sample.
    pub sample: i64,
    /// Attempts that it was drawn from.
    pub attempts: u64,
    /// The lines by position.
    pub lines: Vec<ReviewLine>,
    /// Lines whose address is not kept any more.
    pub gone: u64,
    /// Head of the access audit with the entry of this opening.
    pub audit_head: String,
}

/// Draws a sample, keeps its design, and opens its list.
///
/// # Errors
/// [`Kind::Configuration`] when the key opens nothing here, the reason is empty, or nothing can be drawn; else when
/// lake, vault, state or audit cannot be read or written.
pub async fn draw_sample(
    dir: &Path,
    school: &SchoolId,
    wish: &Draw,
    reason: &str,
    key: &PrivateKey,
) -> Result<Identified<ReviewList>, Error> {
    let question = Question { dir, school, reason, key };
    question.check(wish.from, wish.to)?;
    question.is_recipient()?;
    if wish.wanted == 0 {
        return Err(Error::new(Kind::Configuration, "a sample of none tells nothing").help("200 is usual"));
    }
    let seed = match &wish.seed {
        Some(seed) => seed.trim().to_lowercase(),
        None => {
            let mut bytes = [0; 32];
            random(&mut bytes)?;
            to_hex(&bytes)
        }
    };
    let opened = School::open(dir, school).await?;
    let found = attempts(&opened, wish.from, wish.to).await?;
    let design = drawn_from(&found, wish.from, wish.to, wish.by, wish.wanted, &seed)?;
    let versions = format!("watershed={} settings={}", env!("CARGO_PKG_VERSION"), opened.settings.version());
    let sample = Reviews::open(dir, school)?.keep(&design, &question.who(), &versions)?;
    question.list(&opened, sample, &design, &found)
}

/// Opens the list of a sample that was drawn before.
///
/// # Errors
/// As [`draw_sample`].
pub async fn show_sample(
    dir: &Path,
    school: &SchoolId,
    sample: i64,
    reason: &str,
    key: &PrivateKey,
) -> Result<Identified<ReviewList>, Error> {
    let question = Question { dir, school, reason, key };
    let design = Reviews::open(dir, school)?.labelled(sample)?.design;
    question.check(design.from, design.to)?;
    question.is_recipient()?;
    let opened = School::open(dir, school).await?;
    let found = attempts(&opened, design.from, design.to).await?;
    question.list(&opened, sample, &design, &found)
}

/// Draws again from the lake with the recorded seed: true where the same attempts come, false where others do, and
/// none where the attempts are not those of then (late files, corrections, retention). Opens nothing.
///
/// # Errors
/// When there is no such sample, or lake or state file cannot be read.
pub async fn verify_sample(dir: &Path, school: &SchoolId, sample: i64) -> Result<Option<bool>, Error> {
    let known = Reviews::open(dir, school)?.labelled(sample)?.design;
    let opened = School::open(dir, school).await?;
    let found = attempts(&opened, known.from, known.to).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let again = drawn_from(&found, known.from, known.to, known.by, known.wanted, &known.seed)?;
    Ok((again.frame == known.frame).then(|| again == known))
}

fn drawn_from(
    found: &[Found],
    from: Date,
    to: Date,
    by: By,
    wanted: u64,
    seed: &str,
) -> Result<Design, Error> {
    let candidates: Vec<_> = found.iter().map(|found| found.candidate.clone()).collect();
    draw(&candidates, &Wish { from, to, by, wanted, seed })
}

impl Question<'_> {
    /// Refuses a key that opens nothing here, before anything is kept or noted.
    fn is_recipient(&self) -> Result<(), Error> {
        let config = Config::load(self.dir)?;
        let known = config.school(self.school)?.recipients.iter().any(|recipient| {
            PublicKey::parse(&recipient.public_key).is_ok_and(|public| public.id() == self.key.id())
        });
        if known {
            return Ok(());
        }
        Err(Error::new(Kind::Configuration, "this key opens nothing here")
            .help("`watershed keys list` shows whose keys do"))
    }

    fn list(
        &self,
        school: &School,
        sample: i64,
        design: &Design,
        found: &[Found],
    ) -> Result<Identified<ReviewList>, Error> {
        let audit_head = self.record(
            What::Sample,
            &format!("sample {sample} of {} to {}", design.from, design.to),
            design.drawn.len(),
        )?;
        let by_token: BTreeMap<i64, &Found> =
            found.iter().map(|known| (known.candidate.token, known)).collect();
        let root = ingest::school::SchoolRoot::new(self.dir, self.school);
        let reader = VaultReader::open(&root.vault(), self.school, self.key);
        let correcting = Correcting::of(&root, self.keyring()?)?;
        let title = |code: &str| {
            let known = school.settings.taxonomy().codes().iter().find(|known| known.code == code);
            known.map_or_else(|| code.to_owned(), |known| known.title.clone())
        };
        let mut lines = Vec::new();
        for drawn in &design.drawn {
            let row = match by_token.get(&drawn.token) {
                Some(found) => sealed(&reader, &correcting, found)?,
                None => None,
            };
            let (group, code) = match by_token.get(&drawn.token) {
                Some(found) => (found.candidate.group.clone(), found.candidate.code.clone()),
                None => of_stratum(design, drawn),
            };
            lines.push(ReviewLine {
                position: drawn.position,
                category: title(&code),
                group,
                code,
                address: row.as_ref().and_then(without_query),
                words: row.and_then(|row| row.search_words.map(std::borrow::Cow::into_owned)),
            });
        }
        let gone = lines.iter().filter(|line| line.address.is_none() && line.words.is_none()).count() as u64;
        Ok(Identified::opened(ReviewList { sample, attempts: design.attempts(), lines, gone, audit_head }))
    }
}

fn of_stratum(design: &Design, drawn: &Drawn) -> (String, String) {
    let stratum = design.strata.get(drawn.stratum);
    stratum.map(|stratum| (stratum.group.clone(), stratum.code.clone())).unwrap_or_default()
}

/// The sealed row that an attempt began with; the first of those that fit.
fn sealed(
    reader: &VaultReader<'_>,
    correcting: &Correcting,
    found: &Found,
) -> Result<Option<RequestRow<'static>>, Error> {
    let moment = found.start_us;
    let actors: Vec<Option<i64>> = match found.candidate.actor {
        Some(actor) => {
            correcting.overlay.recorded_as(&BTreeSet::from([actor])).into_iter().map(Some).collect()
        }
        None => vec![None],
    };
    let mut best: Option<((bool, i64, i64), RequestRow<'static>)> = None;
    for actor in actors {
        let selection =
            Selection { from: found.day, to: found.day, actor, between_us: Some((moment, moment)) };
        reader.requests(&selection, &mut |row| {
            if row.actor != actor
                || row.action != "blocked"
                || row.illegal_token.is_some()
                || row.severity >= 5
            {
                return Ok(());
            }
            let row = correcting.about(row);
            if row.code != found.candidate.code || row.record_noise {
                return Ok(());
            }
            let host = row.host.as_deref().unwrap_or_default();
            let elsewhere = found.site.as_deref().is_some_and(|site| {
                !site.starts_with("host-") && host != site && !host.ends_with(&format!(".{site}"))
            });
            let order = (elsewhere, row.import_token, row.record_number);
            if best.as_ref().is_none_or(|(known, _)| order < *known) {
                best = Some((order, row));
            }
            Ok(())
        })?;
    }
    Ok(best.map(|(_, row)| row))
}

/// The address without what follows its question mark, which is where accounts and messages stand.
fn without_query(row: &RequestRow<'static>) -> Option<String> {
    let mut row = row.clone();
    let cut = row.query.take().is_some();
    let address = row.whole_address()?;
    Some(if cut { format!("{address}?...") } else { address })
}

impl std::fmt::Debug for ReviewLine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ReviewLine(redacted)")
    }
}

impl std::fmt::Debug for ReviewList {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ReviewList({} lines, redacted)", self.lines.len())
    }
}
