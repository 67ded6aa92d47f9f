//! What the rows of McAfee's and Skyhigh's web gateways mean: the number and the words of the page that
//! was shown instead.

use crate::fields::{Action, BlockReason};

/// The number of the page that asks to sign in.
const SIGN_IN: i64 = 81;

/// The decision by status, number of the page and its words, where a layout has them.
pub(super) fn decision(
    status: Option<u32>,
    page: Option<i64>,
    words: &[u8],
) -> (Action, Option<BlockReason>) {
    let asked = status == Some(407) || page == Some(SIGN_IN) || words == b"Authentication Required";
    match page {
        _ if asked => (Action::Challenged, None),
        Some(0) => (Action::Allowed, None),
        Some(_) => (Action::Blocked, Some(block_reason(words))),
        None => (Action::Unknown, None),
    }
}

/// Which rule refused a request, by the words of the page.
pub(super) fn block_reason(words: &[u8]) -> BlockReason {
    let says = |word: &str| memchr::memmem::find(words, word.as_bytes()).is_some();
    if says("URL filtering") {
        BlockReason::List
    } else if says("irus") || says("alware") {
        BlockReason::Virus
    } else if says("edia type") || says("edia Type") {
        BlockReason::FileKind
    } else {
        BlockReason::Rule
    }
}
