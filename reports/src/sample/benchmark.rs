//! One big file for the benches: a school of 1,000 pupils, Zipf hosts, long addresses, damaged lines.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::random::Random;

const HOSTS: u64 = 50_000;
const PUPILS: u64 = 1_000;

struct Lines {
    random: Random,
    time_ms: i64,
}

struct Line {
    end_ms: i64,
    duration_ms: i64,
    pupil: u64,
    host: u64,
    blocked: bool,
    tunnel: bool,
    damaged: bool,
    bytes: i64,
    article: u64,
    session: u64,
}

impl Lines {
    fn new(seed: u64) -> Self {
        // 2025-11-03T08:00:00Z, a Monday in term.
        Self { random: Random::new(seed, 77), time_ms: 1_762_156_800_000 }
    }

    /// A night of `lines` lines spreads over eight hours.
    fn next(&mut self, lines: u64) -> Line {
        let random = &mut self.random;
        let step = 2 * 8 * 3_600_000 / lines.max(1);
        self.time_ms += random.below(step + 1) as i64;
        Line {
            end_ms: self.time_ms,
            duration_ms: random.between(3, 900),
            pupil: random.zipf(PUPILS),
            host: random.zipf(HOSTS),
            blocked: random.below(100) < 3,
            tunnel: random.once_in(4),
            damaged: random.once_in(1000),
            bytes: random.between(300, 90_000),
            article: random.below(100_000),
            session: random.next(),
        }
    }
}

fn address(line: &Line, text: &mut String) {
    let _ = write!(text, "https://www.site{}.co.uk", line.host);
    path(line, text);
    text.push('?');
    query(line, text);
}

fn path(line: &Line, text: &mut String) {
    let _ = write!(text, "/media/library/articles/{}/view.html", line.article);
}

fn query(line: &Line, text: &mut String) {
    let _ = write!(text, "session={:016x}&source=timeline&position={}", line.session, line.article % 40);
}

/// Writes `lines` lines of Squid's native layout, about 200 bytes each.
///
/// # Errors
/// Whatever `out` says.
pub fn squid_lines(out: &mut dyn Write, lines: u64, seed: u64) -> io::Result<()> {
    let mut source = Lines::new(seed);
    let mut text = String::with_capacity(400);
    for _ in 0..lines {
        let line = source.next(lines);
        text.clear();
        let result = match (line.blocked, line.tunnel) {
            (true, _) => "TCP_DENIED/403",
            (false, true) => "TCP_TUNNEL/200",
            (false, false) => "TCP_MISS/200",
        };
        let _ = write!(
            text,
            "{}.{:03} {:6} 10.{}.{}.{} {result} {} ",
            line.end_ms / 1000,
            line.end_ms % 1000,
            line.duration_ms,
            line.pupil / 250,
            line.pupil / 25 % 10,
            line.pupil % 250,
            line.bytes
        );
        if line.tunnel {
            let _ = write!(text, "CONNECT www.site{}.co.uk:443 ", line.host);
        } else {
            text.push_str("GET ");
            address(&line, &mut text);
            text.push(' ');
        }
        let _ = write!(
            text,
            "pupil{:04} HIER_DIRECT/198.51.{}.{} text/html",
            line.pupil,
            line.host / 250,
            line.host % 250
        );
        if line.damaged {
            text.truncate(20);
        }
        text.push('\n');
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// Writes `lines` lines of e2guardian's quoted layout 2, about 250 bytes each.
///
/// # Errors
/// Whatever `out` says.
pub fn e2guardian_lines(out: &mut dyn Write, lines: u64, seed: u64) -> io::Result<()> {
    let mut source = Lines::new(seed);
    let mut text = String::with_capacity(500);
    for _ in 0..lines {
        let line = source.next(lines);
        text.clear();
        let second = line.end_ms / 1000 % 86_400;
        let (what, status, category) =
            if line.blocked { ("*DENIED* Blocked site: listed", 403, "Games") } else { ("-", 200, "-") };
        let _ = write!(
            text,
            "\"2025.11.03 {:02}:{:02}:{:02}\",\"pupil{:04}\",\"10.{}.{}.{}\",\"",
            second / 3600,
            second / 60 % 60,
            second % 60,
            line.pupil,
            line.pupil / 250,
            line.pupil / 25 % 10,
            line.pupil % 250
        );
        address(&line, &mut text);
        let _ = write!(
            text,
            "\",\"{what}\",\"GET\",\"{}\",\"0\",\"{category}\",\"1\",\"{status}\",\"-\",\"-\",\"Year {}\",\"-\",\"-\",\"-\",\"-\",\"-\"",
            line.bytes,
            line.pupil % 5 + 7
        );
        if line.damaged {
            text.truncate(60);
        }
        text.push('\n');
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

const W3C_HEADER: &str = "#Software: SGOS 7.3.1.1
#Version: 1.0
#Start-Date: 2025-11-03 08:00:00
#Fields: date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result cs-categories sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs(User-Agent) sc-bytes
";

/// Writes `lines` records of the W3C extended layout as Edge SWG writes it, about 280 bytes each, behind the
/// lines that name the columns.
///
/// # Errors
/// Whatever `out` says.
pub fn w3c_lines(out: &mut dyn Write, lines: u64, seed: u64) -> io::Result<()> {
    let mut source = Lines::new(seed);
    let mut text = String::with_capacity(500);
    out.write_all(W3C_HEADER.as_bytes())?;
    for _ in 0..lines {
        let line = source.next(lines);
        text.clear();
        let second = line.end_ms / 1000 % 86_400;
        let (exception, verdict, category, status, did) = if line.blocked {
            ("content_filter_denied", "DENIED", "Games", 403, "TCP_DENIED")
        } else {
            ("-", "OBSERVED", "Education", 200, "TCP_NC_MISS")
        };
        let (client, group) = (line.pupil / 25 % 10, line.pupil % 5 + 7);
        let _ = write!(
            text,
            "2025-11-03 {:02}:{:02}:{:02} {} 10.{}.{client}.{} pupil{:04} Year%20{group} {exception} {verdict} \"{category}\" {status} {did} ",
            second / 3600,
            second / 60 % 60,
            second % 60,
            line.duration_ms,
            line.pupil / 250,
            line.pupil % 250,
            line.pupil,
        );
        if line.tunnel {
            let _ = write!(text, "CONNECT - tcp www.site{}.co.uk 443 / - ", line.host);
        } else {
            let _ = write!(text, "GET text/html https www.site{}.co.uk 443 ", line.host);
            path(&line, &mut text);
            text.push_str(" ?");
            query(&line, &mut text);
            text.push(' ');
        }
        let version = 100 + line.pupil % 37;
        let _ = write!(
            text,
            "\"Mozilla/5.0 (X11; CrOS x86_64 15633.{version}.0) Chrome/{version}.0\" {}",
            line.bytes
        );
        if line.damaged {
            text.truncate(40);
        }
        text.push('\n');
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}
