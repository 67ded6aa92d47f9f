//! A Rust file taken apart: code, comments, text in quotes. Line numbers stay true.

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    /// Path from the project's folder.
    pub(super) path: String,
    /// As it is.
    pub(super) text: String,
    /// Code only: comments and what stands in quotes are blanks.
    pub(super) code: String,
    /// What stands in quotes: line and text.
    pub(super) strings: Vec<(usize, String)>,
    /// First line of the test module at the file's end; the file's length where it has none.
    tests_from: usize,
}

impl Source {
    /// Takes a file apart.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let (code, strings) = apart(text);
        let lines: Vec<&str> = code.lines().collect();
        let tests_from = (0..lines.len())
            .find(|&at| {
                lines[at].trim() == "#[cfg(test)]"
                    && lines[at + 1..]
                        .iter()
                        .find(|line| !line.trim().starts_with('#'))
                        .is_some_and(|line| line.trim_end().ends_with('{') && line.contains("mod "))
            })
            .unwrap_or(lines.len());
        Self { path: path.to_owned(), text: text.to_owned(), code, strings, tests_from }
    }

    /// Whether the whole file is there for tests or measuring only.
    pub(super) fn is_test(&self) -> bool {
        let stem = super::tree::stem(&self.path);
        self.path.starts_with("tests/")
            || self.path.starts_with("benches/")
            || self.path.contains("/tests/")
            || stem == "tests"
            || stem.ends_with("_tests")
            || TEST_ONLY.contains(&self.path.as_str())
    }

    /// Lines of code that the product runs, with their numbers.
    pub(super) fn product(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = if self.is_test() { 0 } else { self.tests_from };
        self.code.lines().take(lines).enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Text in quotes that the product may print.
    pub(super) fn product_strings(&self) -> impl Iterator<Item = &(usize, String)> {
        let lines = if self.is_test() { 0 } else { self.tests_from };
        self.strings.iter().filter(move |(line, _)| *line <= lines)
    }
}

/// Files behind `#[cfg(test)]` whose names do not say so.
const TEST_ONLY: &[&str] =
    &["query/src/fixture.rs", "reports/src/chart/examples.rs", "ingest/src/batch/sample.rs"];

/// Splits into code (the rest blanked, line ends kept) and strings with their first line.
fn apart(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = vec![b' '; bytes.len()];
    let mut strings = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if let Some((begin, end, length)) = quoted(rest, at > 0 && is_word(bytes[at - 1])) {
            strings.push((line, rest[begin..end].to_owned()));
            length
        } else {
            let length = letter(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
            if length == 1 {
                code[at] = bytes[at];
            }
            length
        };
        for place in at..at + length {
            if bytes[place] == b'\n' {
                code[place] = b'\n';
                line += 1;
            }
        }
        at += length;
    }
    (String::from_utf8(code).unwrap(), strings)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Length of a block comment; they nest.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Begin and end of the text, and length, of a string literal that starts here.
fn quoted(rest: &str, after_word: bool) -> Option<(usize, usize, usize)> {
    let prefix = rest.bytes().take_while(|byte| matches!(byte, b'b' | b'c' | b'r')).count();
    if prefix > 0 && after_word {
        return None;
    }
    let hashes = rest[prefix..].bytes().take_while(|byte| *byte == b'#').count();
    let begin = prefix + hashes + 1;
    if rest.as_bytes().get(begin - 1) != Some(&b'"') || (hashes > 0 && !rest[..prefix].ends_with('r')) {
        return None;
    }
    if rest[..prefix].ends_with('r') {
        let close = format!("\"{}", "#".repeat(hashes));
        let end = begin + rest[begin..].find(&close)?;
        return Some((begin, end, end + close.len()));
    }
    let mut escaped = false;
    let length = rest[begin..].bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((begin, begin + length, begin + length + 1))
}

/// Length of a character literal; none for a lifetime.
fn letter(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escape) = inner.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return escape[first..].find('\'').map(|end| 1 + 1 + first + end + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(1 + first + 1)
}

#[test]
fn a_file_is_taken_apart() {
    let text = "let a = \"x // y\"; // unsafe\nlet b: &'a str = r#\"q\"r\"#; /* a /* b */ c */ let c = '\"';\n\
                let d = b\"\\\"\"; let é = '\\u{e9}';\n#[cfg(test)]\nmod tests {\n    fn t() { s(\"t\") }\n}\n";
    let source = Source::new("ingest/src/x.rs", text);
    assert_eq!(source.code.len(), text.len());
    assert!(!source.code.contains("unsafe") && !source.code.contains("b */"), "{}", source.code);
    assert!(source.code.contains("let c = "), "{}", source.code);
    let strings: Vec<_> = source.strings.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(strings, [(1, "x // y"), (2, "q\"r"), (3, "\\\""), (6, "t")]);
    assert_eq!(source.product().count(), 3);
    assert_eq!(source.product_strings().count(), 3);
    assert!(Source::new("ingest/src/x/tests.rs", text).product().next().is_none());
}
