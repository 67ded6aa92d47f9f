//! Words that were searched for, from a column of their own or from a well-known engine's address.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::text;
use crate::settings::search_engines::SearchEngines;

/// The words in the query of a search engine's address; none elsewhere.
pub(crate) fn in_address(
    engines: &SearchEngines,
    domain: &str,
    path: &str,
    query: &str,
    scratch: &mut String,
) -> Option<String> {
    let query = query.split('#').next().unwrap_or_default();
    engines.of(domain, scratch).iter().filter(|engine| starts_with(path, &engine.path)).find_map(|engine| {
        query.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            if !name.eq_ignore_ascii_case(&engine.parameter) {
                return None;
            }
            let bytes: Vec<u8> = value.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
            clean(Cow::Owned(text::lenient(&percent_decode(&bytes).collect::<Vec<u8>>())))
                .map(Cow::into_owned)
        })
    })
}

/// The words of a column, in one spelling: no escapes, small letters, single blanks.
pub(crate) fn in_column(words: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let escaped = words
        .as_bytes()
        .windows(3)
        .any(|window| window[0] == b'%' && window[1].is_ascii_hexdigit() && window[2].is_ascii_hexdigit());
    // A plus between letters stands for a blank where there is no blank; `c++` stays.
    let joined = !words.contains(' ')
        && words.as_bytes().windows(3).any(|window| {
            window[1] == b'+' && window[0].is_ascii_alphanumeric() && window[2].is_ascii_alphanumeric()
        });
    if !escaped && !joined {
        return clean(words);
    }
    let spaced = if joined { words.replace('+', " ") } else { words.into_owned() };
    clean(Cow::Owned(text::lenient(&percent_decode(spaced.as_bytes()).collect::<Vec<u8>>())))
}

fn starts_with(path: &str, prefix: &str) -> bool {
    path.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

fn clean(words: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let tidy = words.trim().len() == words.len()
        && !words.contains("  ")
        && words.bytes().all(|byte| byte == b' ' || (byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
    if tidy {
        return (!words.is_empty()).then_some(words);
    }
    let words = words.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then_some(Cow::Owned(words))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;
    use crate::settings::testing::settings;

    #[test]
    fn well_known_engines() {
        let settings = settings(&[]).unwrap();
        let words = |domain: &str, path: &str, query: &str| {
            in_address(settings.search_engines(), domain, path, query, &mut String::new())
        };
        assert_eq!(
            words("google.co.uk", "/search", "hl=en&q=How+to%20Tie+a+knot#x").unwrap(),
            "how to tie a knot"
        );
        assert_eq!(words("google.com", "/search", "q=caf%C3%A9").unwrap(), "café");
        assert_eq!(words("google.com", "/search", "q=caf%E9").unwrap(), "café");
        assert_eq!(words("yahoo.com", "/search;_ylt=x", "p=fractions").unwrap(), "fractions");
        assert_eq!(words("youtube.com", "/results", "search_query=c%2B%2B").unwrap(), "c++");
        assert_eq!(words("bing.com", "/Search", "Q=a").unwrap(), "a");
        assert_eq!(words("google.com", "/complete/search", "q=how+to+ti"), None, "half-typed words");
        assert_eq!(words("google.com", "/search", "q="), None);
        assert_eq!(words("google.com", "/search", ""), None);
        assert_eq!(words("example.com", "/search", "q=knots"), None);
    }

    #[test]
    fn a_school_adds_an_engine() {
        let own = "site,path,parameter\noak.example,/find,words\n";
        let settings = settings(&[("search_engines.csv", own)]).unwrap();
        let mut scratch = String::new();
        let engines = settings.search_engines();
        assert_eq!(in_address(engines, "oak.example", "/find", "words=a+b", &mut scratch).unwrap(), "a b");
        assert!(in_address(engines, "bing.com", "/search", "q=a", &mut scratch).is_some());
    }

    #[test]
    fn columns() {
        let read = |words: &'static str| in_column(Cow::Borrowed(words)).map(Cow::into_owned);
        assert_eq!(read("how to tie").unwrap(), "how to tie");
        assert_eq!(read("How  to\ttie ").unwrap(), "how to tie");
        assert_eq!(read("how+to+tie").unwrap(), "how to tie");
        assert_eq!(read("how%20to").unwrap(), "how to");
        assert_eq!(read("c++").unwrap(), "c++");
        assert_eq!(read("100% sure").unwrap(), "100% sure");
        assert_eq!(read(" "), None);
        assert!(matches!(in_column(Cow::Borrowed("knots")), Some(Cow::Borrowed("knots"))));
    }
}
