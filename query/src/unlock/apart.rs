//! Setting records apart from what is counted: with a DSL's key, and on record.

use std::path::Path;

use ingest::keys::PrivateKey;
use ingest::school::SchoolId;

use super::embargo::opened;
use super::name_of_key;
use crate::audit::apart::{apart_digest, with_digest};
use crate::audit::{Access, AccessAudit, What, checked_reason};
use crate::error::Error;

/// Writes into the access audit that records are about to be set apart. `what` says which sort of holder, for what
/// and on which days; it names nobody. `content` is `investigations.csv` as it will be, of which a digest is kept.
///
/// # Errors
/// [`Kind::Configuration`](crate::Kind::Configuration) when the key opens nothing here or there is no reason, else
/// when the audit cannot be written; nothing may be set apart then.
pub fn set_apart(
    dir: &Path,
    school: &SchoolId,
    what: &str,
    content: &str,
    reason: &str,
    key: &PrivateKey,
) -> Result<(), Error> {
    opened(dir, school, key)?;
    let (reason, who) = (checked_reason(reason)?, name_of_key(dir, school, key));
    let access = Access {
        who: &who,
        what: What::SetApart,
        reason,
        target: &with_digest(what, &apart_digest(content)),
        rows: 0,
    };
    AccessAudit::open(dir, school)?.record(&access).map(|_| ())
}
