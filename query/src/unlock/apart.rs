//! Setting records apart from what is counted: with a DSL's key, and on record.

use std::collections::BTreeSet;
use std::path::Path;

use ingest::keys::PrivateKey;
use ingest::school::SchoolId;
use ingest::settings::investigations::Rule;
use ingest::state::State;

use super::embargo::opened;
use super::name_of_key;
use crate::audit::apart::{apart_digest, with_digest};
use crate::audit::{Access, AccessAudit, What, checked_reason, enter};
use crate::error::Error;

/// Vouches for rows of `investigations.csv` and no others, which set records apart from then on, and enters that into
/// the access audit: both or neither. `what` says which sort of holder, for what and on which days; it names nobody. `content` is the file as
/// it will be, of which a digest is kept.
///
/// # Errors
/// [`Kind::Configuration`](crate::Kind::Configuration) when the key opens nothing here or there is no reason, else
/// when the state file cannot be written; nothing may be set apart then.
pub fn set_apart(
    dir: &Path,
    school: &SchoolId,
    what: &str,
    content: &str,
    rules: &BTreeSet<Rule>,
    reason: &str,
    key: &PrivateKey,
) -> Result<(), Error> {
    let (_, root) = opened(dir, school, key)?;
    let (reason, who) = (checked_reason(reason)?, name_of_key(dir, school, key));
    let target = with_digest(what, &apart_digest(content));
    let access = Access { who: &who, what: What::SetApart, reason, target: &target, rows: 0 };
    // The audit is made if it is not there yet.
    drop(AccessAudit::open(dir, school)?);
    State::open(&root)?
        .vouch_apart(rules, &mut |transaction| enter(transaction, reason, &access).map(|_| ()))?;
    Ok(())
}
