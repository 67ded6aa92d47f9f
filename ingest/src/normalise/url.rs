//! Addresses of pages: their parts, and the part of a host that may stand in the lake (decision A2b).

use std::borrow::Cow;
use std::net::IpAddr;

/// An address in parts, as written; a user name and password before the host are dropped.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parts<'t> {
    pub(crate) scheme: Option<&'t str>,
    pub(crate) host: &'t str,
    pub(crate) port: Option<u16>,
    pub(crate) path: Option<&'t str>,
    pub(crate) query: Option<&'t str>,
}

/// Splits an address; never fails: what is no host leaves the host empty.
pub(crate) fn split(text: &str) -> Parts<'_> {
    let (scheme, rest) = scheme(text);
    let end = memchr::memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (host, port) = host_and_port(authority);
    let (path, query) = match memchr::memchr(b'?', tail.as_bytes()) {
        Some(mark) => (&tail[..mark], Some(&tail[mark + 1..])),
        None => (tail, None),
    };
    Parts { scheme, host, port, path: (!path.is_empty()).then_some(path), query }
}

fn scheme(text: &str) -> (Option<&str>, &str) {
    // No scheme holds a colon, so the first one tells.
    if let Some(colon) = memchr::memchr(b':', text.as_bytes())
        && let (scheme, rest) = text.split_at(colon)
        && let Some(rest) = rest.strip_prefix("://")
        && !scheme.is_empty()
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'))
    {
        return (Some(scheme), rest);
    }
    (None, text.strip_prefix("//").unwrap_or(text))
}

fn host_and_port(authority: &str) -> (&str, Option<u16>) {
    if memchr::memchr3(b'@', b'[', b':', authority.as_bytes()).is_none() {
        return (authority, None);
    }
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, tail) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, tail.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match authority.split_once(':') {
        None => (authority, None),
        // More than one colon without brackets: an IPv6 address, or nothing.
        Some((_, rest)) if rest.contains(':') => {
            (if authority.parse::<IpAddr>().is_ok() { authority } else { "" }, None)
        }
        Some((host, "")) => (host, None),
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, Some(port)),
            // `about:blank`, `error:...`: no host at all.
            Err(_) => ("", None),
        },
    }
}

/// The host in the spelling that the name service uses: small letters, no final dot, punycode.
pub(crate) fn host_name(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(host);
    }
    if host.is_ascii() {
        return Cow::Owned(host.to_ascii_lowercase());
    }
    let lower = host.to_lowercase();
    let mut name = String::with_capacity(lower.len() + 8);
    for label in lower.split(['.', '\u{3002}']) {
        if !name.is_empty() {
            name.push('.');
        }
        match label.is_ascii().then(|| label.to_owned()).or_else(|| punycode(label)) {
            Some(label) => name.push_str(&label),
            None => return Cow::Owned(lower),
        }
    }
    Cow::Owned(name)
}

/// One label by RFC 3492, with its `xn--`.
fn punycode(label: &str) -> Option<String> {
    const BASE: u32 = 36;
    const LEAST: u32 = 1;
    const MOST: u32 = 26;
    let digit = |value: u32| {
        char::from_digit(value, BASE)
            .map(|_| char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 }))
    };
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).ok()?;
    if basic > 0 {
        output.push('-');
    }
    let (mut code, mut delta, mut bias, mut done) = (128_u32, 0_u32, 72_u32, basic);
    let total = u32::try_from(label.chars().count()).ok()?;
    while done < total {
        let next = label.chars().map(u32::from).filter(|letter| *letter >= code).min()?;
        delta = delta.checked_add((next - code).checked_mul(done + 1)?)?;
        code = next;
        for letter in label.chars().map(u32::from) {
            if letter < code {
                delta = delta.checked_add(1)?;
            }
            if letter == code {
                let mut rest = delta;
                for step in (BASE..).step_by(BASE as usize) {
                    let threshold = step.saturating_sub(bias).clamp(LEAST, MOST);
                    if rest < threshold {
                        break;
                    }
                    output.push(digit(threshold + (rest - threshold) % (BASE - threshold))?);
                    rest = (rest - threshold) / (BASE - threshold);
                }
                output.push(digit(rest)?);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.checked_add(1)?;
        code += 1;
    }
    Some(format!("xn--{output}"))
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut steps = 0;
    while delta > 455 {
        delta /= 35;
        steps += 36;
    }
    steps + 36 * delta / (delta + 38)
}

/// Where the registrable domain begins in a host, by the ICANN section of the public suffix list;
/// none when the host has no public suffix and may be somebody's name.
///
/// A suffix of the private section (`github.io`) is itself somebody's domain below an ICANN suffix,
/// so its first label is dropped until an ICANN suffix is left.
pub(crate) fn registrable(host: &str) -> Option<usize> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    if host.len() > 253 || !host.bytes().all(plain) || host.starts_with('.') || host.contains("..") {
        return None;
    }
    if host.ends_with(".arpa") || host.parse::<IpAddr>().is_ok() {
        return None;
    }
    let mut name = host;
    let suffix = loop {
        let suffix = psl::suffix(name.as_bytes()).filter(psl::Suffix::is_known)?;
        match suffix.typ()? {
            psl::Type::Icann => break suffix.as_bytes().len(),
            psl::Type::Private => {
                let start = name.len() - suffix.as_bytes().len();
                name = name[start..].split_once('.')?.1;
            }
        }
    };
    let before = host.len().checked_sub(suffix + 1)?;
    let label = host[..before].rfind('.').map_or(0, |dot| dot + 1);
    (label < before).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(host: &str) -> Option<String> {
        registrable(&host_name(host)).map(|start| host_name(host)[start..].to_owned())
    }

    #[test]
    fn registrable_domains() {
        for (host, wanted) in [
            ("www.example.com", "example.com"),
            ("example.com", "example.com"),
            ("foo.co.uk", "foo.co.uk"),
            ("a.b.foo.co.uk", "foo.co.uk"),
            ("WWW.BBC.co.UK.", "bbc.co.uk"),
            ("jsmith.github.io", "github.io"),
            ("github.io", "github.io"),
            ("jane.blogspot.com", "blogspot.com"),
            ("blogspot.com", "blogspot.com"),
            ("blog.jane.blogspot.co.uk", "blogspot.co.uk"),
            ("bucket.s3.eu-west-1.amazonaws.com", "amazonaws.com"),
            ("jane.uk.com", "uk.com"),
            ("www.oak.kent.sch.uk", "oak.kent.sch.uk"),
            ("r3---sn-cu-aigl.googlevideo.com", "googlevideo.com"),
            ("my_host.example.org", "example.org"),
        ] {
            assert_eq!(domain(host).as_deref(), Some(wanted), "{host}");
        }
    }

    #[test]
    fn hosts_that_may_be_names_have_none() {
        for host in [
            "jane-ipad.local",
            "jane-ipad.lan",
            "jane-ipad.home.arpa",
            "3.2.1.10.in-addr.arpa",
            "fileserver",
            "janes-macbook.internal",
            "janes-macbook.oak-school",
            "10.1.2.3",
            "2001:db8::7",
            "com",
            "co.uk",
            "jane doe.com",
            "jane%20doe.com",
            ".example.com",
            "a..com",
            "",
        ] {
            assert_eq!(domain(host), None, "{host}");
        }
    }

    #[test]
    fn letters_outside_ascii_become_punycode() {
        // RFC 3492 and well-known names.
        assert_eq!(host_name("Bücher.example"), "xn--bcher-kva.example");
        assert_eq!(host_name("www.MÜNCHEN.de"), "www.xn--mnchen-3ya.de");
        assert_eq!(host_name("他们为什么不说中文"), "xn--ihqwcrb4cv8a8dqg056pqjye");
        assert_eq!(host_name("ليهمابتكلموشعربي؟"), "xn--egbpdaj6bu4bxfgehfvwxn");
        assert_eq!(domain("www.münchen.de").as_deref(), Some("xn--mnchen-3ya.de"));
    }

    fn parts(text: &str) -> (Option<&str>, &str, Option<u16>, Option<&str>, Option<&str>) {
        let parts = split(text);
        (parts.scheme, parts.host, parts.port, parts.path, parts.query)
    }

    #[test]
    fn addresses_in_parts() {
        let http = Some("http");
        for (text, wanted) in [
            ("http://example.com/a/b?c=d?e", (http, "example.com", None, Some("/a/b"), Some("c=d?e"))),
            ("http://example.com", (http, "example.com", None, None, None)),
            ("http://example.com?x", (http, "example.com", None, None, Some("x"))),
            ("http://jane:secret@example.com:8080/", (http, "example.com", Some(8080), Some("/"), None)),
            ("http://a@b@example.com/@c", (http, "example.com", None, Some("/@c"), None)),
            ("https://example.com:443", (Some("https"), "example.com", Some(443), None, None)),
            ("example.com:443", (None, "example.com", Some(443), None, None)),
            ("example.com", (None, "example.com", None, None, None)),
            ("example.com/x?u=http://y.z/", (None, "example.com", None, Some("/x"), Some("u=http://y.z/"))),
            ("//example.com/x", (None, "example.com", None, Some("/x"), None)),
            ("http://[::1]:3128/x", (http, "::1", Some(3128), Some("/x"), None)),
            ("[2001:db8::7]:443", (None, "2001:db8::7", Some(443), None, None)),
            ("2001:db8::7", (None, "2001:db8::7", None, None, None)),
            ("tunnel://example.com:443/", (Some("tunnel"), "example.com", Some(443), Some("/"), None)),
            ("/only/a/path", (None, "", None, Some("/only/a/path"), None)),
            ("error:invalid-request", (None, "", None, None, None)),
            ("about:blank", (None, "", None, None, None)),
            ("http://example.com:/x", (http, "example.com", None, Some("/x"), None)),
            ("", (None, "", None, None, None)),
        ] {
            assert_eq!(parts(text), wanted, "{text}");
        }
    }
}
