//! One planned request, and how each product would have written it down.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

/// What the filter does with a planned request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Decision {
    Allowed,
    Blocked,
    Challenged,
    /// The layout shows no decision.
    Unknown,
}

impl Decision {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Blocked => "blocked",
            Self::Challenged => "challenged",
            Self::Unknown => "unknown",
        }
    }
}

/// One request that the plan made up.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Start, milliseconds since the epoch.
    pub(super) start_ms: i64,
    pub(super) duration_ms: i64,
    /// Index into the people; none for guests and devices.
    pub(super) person: Option<usize>,
    /// Account as this product writes it; `-` for nobody.
    pub(super) user: String,
    pub(super) address: String,
    pub(super) group: String,
    pub(super) host: String,
    /// From the first slash, query included.
    pub(super) path: String,
    pub(super) tunnel: bool,
    pub(super) bytes: i64,
    pub(super) mime: &'static str,
    pub(super) decision: Decision,
    /// Category words as the product's lists have them; empty if none.
    pub(super) words: &'static str,
    /// Code that the lake must come to.
    pub(super) code: String,
    /// A person's act by the definitions (not furniture, not a challenge).
    pub(super) act: bool,
}

impl Request {
    fn status(&self) -> u16 {
        match self.decision {
            Decision::Allowed | Decision::Unknown => 200,
            Decision::Blocked => 403,
            Decision::Challenged => 407,
        }
    }

    /// Squid's native layout.
    pub(super) fn squid(&self, line: &mut String) {
        let end = self.start_ms + self.duration_ms;
        let (result, hierarchy) = match (self.decision, self.tunnel) {
            (Decision::Blocked | Decision::Challenged, _) => ("TCP_DENIED", "HIER_NONE/-"),
            (_, true) => ("TCP_TUNNEL", "HIER_DIRECT/203.0.113.7"),
            (_, false) => ("TCP_MISS", "HIER_DIRECT/203.0.113.7"),
        };
        let mime = if self.decision == Decision::Allowed { self.mime } else { "text/html" };
        let _ = write!(
            line,
            "{}.{:03} {:6} {} {result}/{:03} {} ",
            end / 1000,
            end % 1000,
            self.duration_ms,
            self.address,
            self.status(),
            self.bytes
        );
        if self.tunnel {
            let _ = write!(line, "CONNECT {}:443 ", self.host);
        } else {
            let _ = write!(line, "GET https://{}{} ", self.host, self.path);
        }
        let _ = write!(line, "{} {hierarchy} {mime}", self.user);
    }

    fn guardian_words(&self) -> (&'static str, String, u16) {
        match self.decision {
            Decision::Blocked => ("500", format!("*DENIED* Blocked site: {}", self.host), 403),
            Decision::Challenged => ("0", "*TRUSTED* -".to_owned(), 407),
            Decision::Allowed | Decision::Unknown => ("0", "-".to_owned(), 200),
        }
    }

    /// e2guardian's tab-separated layout 6.
    pub(super) fn guardian_tab(&self, line: &mut String) {
        let end = self.start_ms + self.duration_ms;
        let (number, what, status) = self.guardian_words();
        let (method, slash) = if self.tunnel { ("CONNECT", ":443") } else { ("GET", "") };
        let path = if self.tunnel { "" } else { self.path.as_str() };
        let category = if self.words.is_empty() { "-" } else { self.words };
        let _ = write!(
            line,
            "{}.{:03}\t\t{}\t{}\t{}\thttps://{}{slash}{path}\t{method}\t{status}\t{}\t-\t-\t-\t{}\t-\t{number}\t{what}\t0\t{category}\t{}\t1",
            end / 1000,
            end % 1000,
            self.user,
            self.address,
            self.address,
            self.host,
            self.bytes,
            self.duration_ms,
            self.group
        );
    }

    /// DansGuardian's and e2guardian's quoted layout 2: local time, no duration.
    pub(super) fn guardian_csv(&self, line: &mut String, zone: &TimeZone) {
        let (_, what, status) = self.guardian_words();
        let (method, slash) = if self.tunnel { ("CONNECT", ":443") } else { ("GET", "") };
        let path = if self.tunnel { "" } else { self.path.as_str() };
        let category = if self.words.is_empty() { "-" } else { self.words };
        let stamp = local(self.start_ms, zone).strftime("%Y.%m.%d %H:%M:%S").to_string();
        let _ = write!(
            line,
            "\"{stamp}\",\"{}\",\"{}\",\"https://{}{slash}{path}\",\"{what}\",\"{method}\",\"{}\",\"0\",\"{category}\",\"1\",\"{status}\",\"-\",\"{}\",\"{}\",\"-\",\"-\",\"-\",\"-\",\"-\"",
            self.user, self.address, self.host, self.bytes, self.address, self.group
        );
    }

    /// Smoothwall's web-filter export: local time, no column that tells a block.
    pub(super) fn smoothwall(&self, line: &mut String, zone: &TimeZone) {
        let stamp = local(self.start_ms, zone).strftime("%d/%m/%Y %H:%M:%S").to_string();
        let _ = write!(
            line,
            "{stamp},{},{},{},200,https://{}{},{},{}",
            self.user, self.address, self.group, self.host, self.path, self.words, self.host
        );
    }
}

fn local(ms: i64, zone: &TimeZone) -> jiff::Zoned {
    Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(zone.clone())
}
