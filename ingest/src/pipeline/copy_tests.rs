//! A file that is taken away while it is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::tests::{DAY, EIGHT, Installation, line, log};
use crate::inbox;
use crate::report::Outcome;
use crate::schema::REQUESTS;

/// The claimed file of a name.
fn claimed(folder: &Path, name: &str) -> PathBuf {
    let claims = fs::read_dir(folder).unwrap().map(|claim| claim.unwrap().path().join(name));
    claims.into_iter().find(|path| path.exists()).unwrap()
}

#[test]
fn a_file_that_vanishes_after_its_claim_is_refused_and_stops_nobody() {
    let place = Installation::new();
    place.put("a.log", &log());
    place.put("b.log", &line(EIGHT + 2 * DAY, "cbrown", "http://www.example.net/"));
    place.with(|ingest| {
        ingest.with(&(), |run| {
            let mut files = inbox::gather(run.root, &[], Duration::ZERO)?.into_iter();
            // One before it is read, the other between its commit and its end.
            fs::remove_file(claimed(&run.root.claimed(), "a.log")).unwrap();
            run.take(files.next().unwrap(), 1, 2)?;
            run.take(files.next().unwrap(), 2, 2)?;
            fs::remove_file(claimed(&run.root.claimed(), "b.log")).unwrap();
            run.commit_group()?;
            let outcomes: Vec<_> = run.report.files.iter().map(|file| file.outcome.clone()).collect();
            assert_eq!(
                outcomes,
                [Outcome::Refused("file 1 cannot be read: entity not found".to_owned()), Outcome::Committed]
            );
            run.derive()
        })
    });
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(1));
    assert_eq!(fs::read_dir(place.root().claimed()).unwrap().count(), 0);
    place.put("a.log", &log());
    assert_eq!(place.run().files[0].outcome, Outcome::Committed, "dropped again it is taken in");
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(41));
}
