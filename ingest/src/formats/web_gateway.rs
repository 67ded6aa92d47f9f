//! What the rows of McAfee's and Skyhigh's web gateways mean: the number and the words of the page that
//! was shown instead.

use super::pairs::Value;
use crate::fields::{Action, BlockReason, Fields, RecordKind, TimeBasis, When};
use crate::report::Notice;

/// The number of the page that asks to sign in.
const SIGN_IN: i64 = 81;

/// The values of one row that all dresses have.
pub(super) struct Row<'a> {
    pub(super) time: When,
    pub(super) status: Option<u32>,
    /// Number of the page that was shown instead; 0 where none was.
    pub(super) page: Option<i64>,
    /// Its words.
    pub(super) words: &'a [u8],
    pub(super) virus: Value<'a>,
    pub(super) user: Value<'a>,
    pub(super) client: Value<'a>,
    pub(super) method: Value<'a>,
    pub(super) url: Value<'a>,
    pub(super) host: Value<'a>,
    pub(super) size: Option<i64>,
    pub(super) mime: Value<'a>,
    pub(super) agent: Value<'a>,
    pub(super) categories: Value<'a>,
}

crate::event::redacted!(Row);

/// What a row becomes.
pub(super) fn fields(row: Row<'_>) -> Fields<'_> {
    let (action, reason) = decision(row.status, row.page, row.words);
    let virus = action == Action::Blocked && row.virus.present();
    Fields {
        time: row.time,
        basis: TimeBasis::Unknown,
        user: row.user.text(),
        client_address: row.client.text(),
        method: row.method.text(),
        url: row.url.text(),
        host: row.host.text(),
        status: row.status,
        response_bytes: row.size,
        mime: row.mime.text(),
        user_agent: row.agent.text(),
        categories: row.categories.text(),
        category_separators: b",",
        action,
        block_reason: if virus { Some(BlockReason::Virus) } else { reason },
        kind: RecordKind::of(action, row.method.bytes()),
        unauthenticated: action == Action::Challenged,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }
}

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
