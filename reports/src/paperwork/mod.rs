//! Data protection papers made from the configuration as it is: record of processing, register of assets, a section
//! for the DPIA, a paragraph for the privacy notice, who sees what, and what was shared.
//!
//! A paper is a pure function of [`Facts`]. What the configuration cannot know is a marked gap, `[school: ...]`.
//! No paper has a figure from records or anybody's name but those of accounts, which staff chose.

mod assets;
mod duties;
mod facts;
mod impact;
mod notice;
mod paper;
mod record;
mod render;
mod sharing;

pub(crate) use duties::{review, rights};
pub(crate) use facts::{Facts, without_head};
pub(crate) use paper::Paper;
pub(crate) use render::{csv, html, markdown};

/// All papers, in the order in which they are read.
pub(crate) fn all(facts: &Facts) -> Vec<Paper> {
    vec![
        record::paper(facts),
        assets::paper(facts),
        impact::paper(facts),
        notice::paper(facts),
        duties::paper(facts),
        sharing::paper(facts),
    ]
}

#[cfg(test)]
mod tests;
