//! The first address in a text that people wrote: `please unblock www.bbc.co.uk/bitesize, thanks`.

/// The ends that a host among words has, where neither scheme nor `www.` says that it is one. A path says
/// nothing: `emma.hughes/9b` is a pupil and her class.
/// Hundreds of others are surnames (`emma.hughes`, `j.kim`), words (`thanks.now`) or ends of files
/// (`homework.zip`): a name must not become a site of the lake. What is left out stays in the vault.
const PLAIN_ENDS: &[&str] = &["com", "org", "net", "edu", "gov", "uk", "eu", "io", "ai", "tv", "it", "info"];

/// The first address: with `http://` or `https://`, or a host that the public suffix list knows and that is
/// no name by its look. Mail addresses are none.
pub(super) fn first_address(text: &[u8]) -> Option<&[u8]> {
    let apart = |byte: &u8| byte.is_ascii_whitespace() || b"<>\"{}|[]".contains(byte);
    text.split(apart).find_map(|word| {
        let word = trimmed(word);
        if let Some(scheme) = scheme_length(word) {
            let rest = &word[scheme..];
            return (!rest.is_empty() && rest[0].is_ascii_alphanumeric()).then_some(word);
        }
        bare_host(word)
    })
}

/// Without punctuation of the sentence around it.
fn trimmed(word: &[u8]) -> &[u8] {
    let start = word.iter().position(u8::is_ascii_alphanumeric).unwrap_or(word.len());
    let end = word
        .iter()
        .rposition(|byte| !b".,;:!?)('*_`".contains(byte))
        .map_or(start, |last| (last + 1).max(start));
    &word[start..end]
}

fn scheme_length(word: &[u8]) -> Option<usize> {
    ["http://", "https://"].into_iter().map(str::len).find(|length| {
        word.get(..*length).is_some_and(|start| {
            start.eq_ignore_ascii_case(b"http://") || start.eq_ignore_ascii_case(b"https://")
        })
    })
}

/// `example.com/page`: a host, perhaps with a port or path behind it.
fn bare_host(word: &[u8]) -> Option<&[u8]> {
    let end = word.iter().position(|byte| b"/?#:,;()".contains(byte)).unwrap_or(word.len());
    let host = &word[..end];
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if host.len() > 253 || !host.iter().all(plain) || !host.contains(&b'.') {
        return None;
    }
    let lower = std::str::from_utf8(host).ok()?.to_ascii_lowercase();
    let named = lower.starts_with("www.");
    let plain_end = lower.rsplit('.').next().is_some_and(|end| PLAIN_ENDS.contains(&end));
    let suffix = psl::suffix(lower.as_bytes()).filter(psl::Suffix::is_known)?.as_bytes().len();
    let whole = lower.len() > suffix && !lower.contains("..");
    let punctuated = word.get(end).is_some_and(|byte| b",;()".contains(byte));
    (whole && (named || plain_end)).then_some(if punctuated { host } else { word })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_that_looks_like_an_address() {
        for (text, found) in [
            (
                "Please unblock https://www.bbc.co.uk/bitesize?x=1, thanks",
                Some("https://www.bbc.co.uk/bitesize?x=1"),
            ),
            ("can year 9 have (kahoot.it)?", Some("kahoot.it")),
            ("www.example.org/a and b.example.com", Some("www.example.org/a")),
            ("[site|HTTP://a.example/x]", Some("HTTP://a.example/x")),
            ("<https://a.example>", Some("https://a.example")),
            ("bbc.co.uk,cnn.com", Some("bbc.co.uk")),
            ("character.ai please", Some("character.ai")),
            ("write to jane@oak.kent.sch.uk", None),
            ("jane@oak.example or see example.com:8080/x.", Some("example.com:8080/x")),
            ("e.g. the usual. Thanks.J.Smith", None),
            ("unblock YouTube for Emma.Hughes in 9B, thanks J.Kim", None),
            ("for emma.j.black", None),
            ("Emma.Hughes/9B asks", None),
            ("www.oak.green/maths for Emma.Hughes", Some("www.oak.green/maths")),
            ("homework.zip and notes.md and essay.docx", None),
            ("www.homework.zip", Some("www.homework.zip")),
            ("10.1.2.3 is slow", None),
            ("http:// is missing", None),
            ("version 2.0, at 9.15", None),
            ("com co.uk .com a..com", None),
            ("", None),
        ] {
            assert_eq!(first_address(text.as_bytes()), found.map(str::as_bytes), "{text}");
        }
        assert_eq!(first_address(b"caf\xe9.example \xff\xfe see a.co.uk"), Some(&b"a.co.uk"[..]));
    }
}
