//! What DansGuardian and e2guardian decided: status first, then the message number, then the
//! markers, whose words come from the language the product was set to.

use super::lex::{self, Whole};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis, When};
use crate::report::{Notice, Reason, Reject};

/// The decision that a row states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) action: Action,
    pub(super) block_reason: Option<BlockReason>,
    pub(super) notice: Option<Notice>,
}

impl Verdict {
    const fn of(action: Action) -> Self {
        Self { action, block_reason: None, notice: None }
    }

    const fn blocked(reason: BlockReason) -> Self {
        Self { action: Action::Blocked, block_reason: Some(reason), notice: None }
    }
}

/// What a marker of the `what` column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    Denied,
    Infected,
    Trusted,
    NetworkError,
    /// Scanned or rewritten on the way through.
    Passed,
}

/// Marker words by language file: English, French, German, Brazilian; with the spellings that files
/// in Latin-1 give.
const MARKERS: &[(&[u8], Marker)] = &[
    (b"DENIED", Marker::Denied),
    (b"DENIED-POST", Marker::Denied),
    (b"DENIED-PARAMS", Marker::Denied),
    ("Accès interdit".as_bytes(), Marker::Denied),
    (b"Acc\xe8s interdit", Marker::Denied),
    (b"VERWEIGERT", Marker::Denied),
    (b"NEGADO", Marker::Denied),
    (b"INFECTED", Marker::Infected),
    ("INFECTÉ".as_bytes(), Marker::Infected),
    (b"INFECT\xc9", Marker::Infected),
    (b"INFIZIERT", Marker::Infected),
    (b"INFECTADO", Marker::Infected),
    (b"TRUSTED", Marker::Trusted),
    (b"SEMI-TRUSTED", Marker::Trusted),
    (b"EXCEPTION", Marker::Trusted),
    ("CERTIFIÉ".as_bytes(), Marker::Trusted),
    (b"CERTIFI\xc9", Marker::Trusted),
    ("VERTRAUENSWÜRDIG".as_bytes(), Marker::Trusted),
    (b"VERTRAUENSW\xdcRDIG", Marker::Trusted),
    ("EXCEÇÃO".as_bytes(), Marker::Trusted),
    (b"EXCE\xc7\xc3O", Marker::Trusted),
    (b"NETERROR", Marker::NetworkError),
    (b"SCANNED", Marker::Passed),
    ("SCANNÉ".as_bytes(), Marker::Passed),
    (b"SCANN\xc9", Marker::Passed),
    ("ÜBERPRÜFT".as_bytes(), Marker::Passed),
    (b"VERIFICADO", Marker::Passed),
    (b"CONTENTMOD", Marker::Passed),
    (b"INHALT MODIFIZIERT", Marker::Passed),
    (b"URLMOD", Marker::Passed),
    (b"URL MODIFIZIERT", Marker::Passed),
    (b"HEADERMOD", Marker::Passed),
    (b"HEADER MODIFIZIERT", Marker::Passed),
    (b"HEADERADD", Marker::Passed),
    ("HEADER HINZUGEFÜGT".as_bytes(), Marker::Passed),
];

/// The markers stacked at the left of `what`, and the reason behind them.
#[derive(Default)]
struct What<'a> {
    gravest: Option<Marker>,
    unknown: bool,
    reason: &'a [u8],
}

fn what(column: &[u8]) -> What<'_> {
    let mut found = What { reason: column, ..What::default() };
    loop {
        found.reason = found.reason.trim_ascii_start();
        let Some(inner) = found.reason.strip_prefix(b"*") else { return found };
        // `*INFECTED* * `: a stray star that opens nothing.
        if inner.first().is_none_or(|byte| *byte == b' ') {
            found.reason = inner;
            continue;
        }
        let Some(length) = memchr::memchr(b'*', inner).filter(|length| (2..=40).contains(length)) else {
            return found;
        };
        match MARKERS.iter().find(|(word, _)| *word == &inner[..length]) {
            Some((_, marker)) => {
                if found.gravest.is_none_or(|gravest| rank(*marker) > rank(gravest)) {
                    found.gravest = Some(*marker);
                }
            }
            None => found.unknown = true,
        }
        found.reason = &inner[length + 1..];
    }
}

/// The first marker anywhere in a text, as its place and whether it says that something was refused; in
/// layout 1 an address with blanks in it stands before.
pub(super) fn marker(text: &[u8]) -> Option<(usize, bool)> {
    memchr::memchr_iter(b'*', text).find_map(|at| {
        if at > 0 && text[at - 1] != b' ' {
            return None;
        }
        let inner = &text[at + 1..];
        let word = &inner[..memchr::memchr(b'*', inner)?];
        let (_, marker) = MARKERS.iter().find(|(known, _)| *known == word)?;
        Some((at, matches!(marker, Marker::Denied | Marker::Infected)))
    })
}

/// What stands behind the markers at the left of a text.
pub(super) fn behind_markers(text: &[u8]) -> &[u8] {
    what(text).reason
}

const fn rank(marker: Marker) -> u8 {
    match marker {
        Marker::Passed => 0,
        Marker::Trusted => 1,
        Marker::NetworkError => 2,
        Marker::Denied => 3,
        Marker::Infected => 4,
    }
}

/// Reads a row's decision. `message` is the number that layouts 5 to 8 have and no language changes.
pub(super) fn verdict(status: Option<u32>, message: Option<u32>, column: &[u8]) -> Verdict {
    if status == Some(407) {
        // These rows carry the marker of trusted ones; nobody was let through.
        return Verdict::of(Action::Challenged);
    }
    let what = what(column);
    if let Some(verdict) = message.and_then(by_number) {
        return match what.gravest {
            // The number of an exception beside a marker that says blocked: the marker is the outcome.
            Some(Marker::Denied | Marker::Infected) if verdict.action != Action::Blocked => {
                by_marker(&what, status)
            }
            _ => verdict,
        };
    }
    let mut verdict = by_marker(&what, status);
    if message.is_some_and(|number| number != 0) && verdict.notice.is_none() {
        verdict.notice = Some(Notice::UnknownAction);
    }
    verdict
}

fn by_marker(what: &What<'_>, status: Option<u32>) -> Verdict {
    match what.gravest {
        Some(Marker::Denied) => Verdict::blocked(by_words(what.reason)),
        Some(Marker::Infected) => Verdict::blocked(BlockReason::Virus),
        Some(Marker::NetworkError) => Verdict::of(Action::Error),
        Some(Marker::Trusted) if is_bypass(what.reason) => Verdict::of(Action::Bypassed),
        Some(Marker::Trusted) => Verdict::of(Action::Allowed),
        // Every block is given status 403, so an unknown word beside another status is none.
        _ if what.unknown && status == Some(403) => {
            Verdict { notice: Some(Notice::UnknownAction), ..Verdict::of(Action::Unknown) }
        }
        _ if what.unknown => Verdict { notice: Some(Notice::UnknownAction), ..Verdict::of(Action::Allowed) },
        Some(Marker::Passed) | None => Verdict::of(Action::Allowed),
    }
}

/// The message numbers of the product's language files.
const fn by_number(number: u32) -> Option<Verdict> {
    Some(match number {
        100..=105 | 121 | 122 | 508 | 509 | 522 => Verdict::blocked(BlockReason::Client),
        110 | 200..=212 => Verdict::of(Action::Error),
        150..=160 | 511 | 512 => Verdict::blocked(BlockReason::Certificate),
        300..=301 | 400..=403 => Verdict::blocked(BlockReason::Content),
        450..=455 | 521 | 581 => Verdict::blocked(BlockReason::Search),
        500..=599 | 1101 => Verdict::blocked(BlockReason::List),
        // The ways around the filter that a member of staff hands out.
        606..=608 => Verdict::of(Action::Bypassed),
        456 | 457 | 600..=699 => Verdict::of(Action::Allowed),
        700 | 701 => Verdict::blocked(BlockReason::Upload),
        750..=752 | 800 | 900 => Verdict::blocked(BlockReason::FileKind),
        1000 => Verdict::blocked(BlockReason::Content),
        1100 => Verdict::blocked(BlockReason::Virus),
        _ => return None,
    })
}

/// The rule, from the English reason; other languages say only that it was blocked.
fn by_words(reason: &[u8]) -> BlockReason {
    let has = |words: &str| memchr::memmem::find(reason, words.as_bytes()).is_some();
    let any = |words: &[&str]| words.iter().any(|words| has(words));
    if any(&["search term", "Search Words"]) {
        BlockReason::Search
    } else if any(&["phrase", "Content Check"]) {
        BlockReason::Content
    } else if any(&["MIME", "file extension", "Banned extension", "Blanket file download"]) {
        BlockReason::FileKind
    } else if any(&["Web upload"]) {
        BlockReason::Upload
    } else if any(&["Virus", "virus"]) {
        BlockReason::Virus
    } else if any(&["ertificate", "ssl connection"]) {
        BlockReason::Certificate
    } else if any(&["Your IP", "Your username", "Banned Client", "Banned User", "Banned Location"]) {
        BlockReason::Client
    } else if any(&["site", "Site", "URL", "Walled Garden", "Blanket", "IP address"]) {
        BlockReason::List
    } else {
        BlockReason::Rule
    }
}

fn is_bypass(reason: &[u8]) -> bool {
    [&b"Bypass URL"[..], b"Bypass cookie", b"Scan bypass"].iter().any(|words| reason.starts_with(words))
}

/// Whether the source was told to hide its users.
pub(super) fn is_anonymised(user: &[u8], client: &[u8]) -> bool {
    client == b"0.0.0.0" && lex::text(user).is_none()
}

/// The columns that layouts 2 and 4 share, without what stands between them.
pub(super) struct Dated<'a> {
    pub(super) record: &'a [u8],
    /// The first fifteen columns.
    pub(super) columns: [&'a [u8]; 15],
}

impl<'a> Dated<'a> {
    /// Reads the shared columns.
    pub(super) fn parse(&self) -> Result<Parsed<'a>, Reject> {
        let [when, who, from, location, what, how, size, _, category, _, code, mime, host, group, agent] =
            self.columns;
        let time = self.time(when)?;
        let size = self.number(size, Reason::Number)?;
        let status = self.number(code, Reason::Status)?.natural().and_then(|code| u32::try_from(code).ok());
        let verdict = verdict(status, None, what);
        if lex::text(location).is_none() {
            return Err(self.at(Reason::Address, location));
        }
        let hidden = is_anonymised(who, from);
        let notice = if hidden {
            Some(Notice::AnonymisedAtSource)
        } else if size.odd {
            Some(Notice::OddNumber)
        } else {
            verdict.notice
        };
        Ok(Parsed::Request(Fields {
            time,
            basis: TimeBasis::End,
            user: lex::text(who),
            group: lex::text(group),
            client_address: if hidden { None } else { lex::text(from) },
            // Version 5 repeats the address where no name is known.
            client_host: lex::text(host).filter(|_| host != from),
            method: lex::text(how),
            url: lex::text(location),
            status,
            response_bytes: size.natural(),
            mime: lex::text(mime),
            user_agent: lex::text(agent),
            categories: lex::text(category),
            category_separators: b",",
            action: verdict.action,
            block_reason: verdict.block_reason,
            kind: RecordKind::of(verdict.action, how),
            unauthenticated: verdict.action == Action::Challenged,
            notice,
            ..Fields::default()
        }))
    }

    fn time(&self, column: &[u8]) -> Result<When, Reject> {
        match lex::dotted_time(column) {
            Ok((b"", time)) => Ok(time),
            _ => Err(self.at(Reason::Time, column)),
        }
    }

    fn number(&self, column: &[u8], reason: Reason) -> Result<Whole, Reject> {
        lex::whole_column(column).ok_or_else(|| self.at(reason, column))
    }

    fn at(&self, reason: Reason, column: &[u8]) -> Reject {
        Reject::at(reason, lex::offset(self.record, column))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn decided(
        status: u32,
        message: Option<u32>,
        what: &str,
    ) -> (Action, Option<BlockReason>, Option<Notice>) {
        let verdict = verdict(Some(status), message, what.as_bytes());
        (verdict.action, verdict.block_reason, verdict.notice)
    }

    #[test]
    fn markers_stack_and_speak_several_languages() {
        for what in [
            "*DENIED* Banned site: example.com",
            "*URLMOD* *CONTENTMOD* *SCANNED* *DENIED* hw3: Blocked site: example.com",
            "*DENIED-POST* Banned URL: x",
        ] {
            assert_eq!(decided(403, None, what), (Action::Blocked, Some(BlockReason::List), None), "{what}");
        }
        for what in ["*Accès interdit* Type", "*VERWEIGERT* Verbotene", "*NEGADO* proibido"] {
            assert_eq!(decided(403, None, what), (Action::Blocked, Some(BlockReason::Rule), None), "{what}");
        }
        assert_eq!(verdict(Some(403), None, b"*Acc\xe8s interdit* x").action, Action::Blocked);
        assert_eq!(
            decided(403, None, "*INFECTED* * Virus X"),
            (Action::Blocked, Some(BlockReason::Virus), None)
        );
        for what in
            ["", "-", "*SCANNED* ", "*EXCEPTION* Site", "*TRUSTED* Site match: x", "*EXCEÇÃO* x", "*URLMOD* "]
        {
            assert_eq!(decided(200, None, what), (Action::Allowed, None, None), "{what}");
        }
        assert_eq!(decided(502, None, "*NETERROR* x"), (Action::Error, None, None));
        assert_eq!(decided(200, None, "*TRUSTED* Bypass cookie."), (Action::Bypassed, None, None));
    }

    #[test]
    fn an_unknown_marker_is_not_guessed() {
        assert_eq!(decided(403, None, "*ZAKAZANO* x"), (Action::Unknown, None, Some(Notice::UnknownAction)));
        assert_eq!(decided(200, None, "*NOWE* x"), (Action::Allowed, None, Some(Notice::UnknownAction)));
        // A star in a plain reason is no marker.
        assert_eq!(decided(200, None, "* x"), (Action::Allowed, None, None));
    }

    #[test]
    fn a_challenge_is_a_challenge_whatever_else_the_row_says() {
        assert_eq!(decided(407, None, "*TRUSTED* -"), (Action::Challenged, None, None));
        assert_eq!(decided(407, Some(500), "*DENIED* x"), (Action::Challenged, None, None));
    }

    #[test]
    fn the_number_decides_where_there_is_one() {
        for (number, reason) in [
            (100, BlockReason::Client),
            (156, BlockReason::Certificate),
            (401, BlockReason::Content),
            (403, BlockReason::Content),
            (450, BlockReason::Search),
            (500, BlockReason::List),
            (581, BlockReason::Search),
            (700, BlockReason::Upload),
            (751, BlockReason::FileKind),
            (800, BlockReason::FileKind),
            (1100, BlockReason::Virus),
        ] {
            assert_eq!(
                decided(403, Some(number), "*ZAKAZANO* x"),
                (Action::Blocked, Some(reason), None),
                "{number}"
            );
        }
        assert_eq!(decided(200, Some(604), "Phrase found: x"), (Action::Allowed, None, None));
        assert_eq!(decided(200, Some(607), "*TRUSTED* x"), (Action::Bypassed, None, None));
        assert_eq!(decided(504, Some(201), "*NETERROR* x"), (Action::Error, None, None));
        // The packaged group file logs number 0 for banned search words.
        assert_eq!(
            decided(403, Some(0), "*DENIED* Banned search term found: x"),
            (Action::Blocked, Some(BlockReason::Search), None)
        );
        assert_eq!(decided(200, Some(7777), ""), (Action::Allowed, None, Some(Notice::UnknownAction)));
    }
}
