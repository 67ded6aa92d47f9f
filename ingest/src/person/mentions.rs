//! Whether a text mentions somebody: whole words, in any case of letters.

use std::borrow::Cow;

/// Bytes of a file that are looked through at once, to the end of their line.
const CHUNK: usize = 1 << 20;

/// The accounts and whole names by which texts mention one person.
#[derive(Default)]
pub struct Mentions {
    accounts: Vec<String>,
    /// Names of more than one word, also last name first.
    names: Vec<String>,
}

impl std::fmt::Debug for Mentions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Mentions(redacted)")
    }
}

impl Mentions {
    /// Of accounts and names, both canonical. A name of one word is everybody's.
    #[must_use]
    pub fn of<'n>(
        accounts: impl Iterator<Item = &'n String>,
        names: impl Iterator<Item = &'n String>,
    ) -> Self {
        let mut whole = Vec::new();
        for name in names {
            if let Some((first, last)) = name.rsplit_once(' ') {
                whole.push(format!("{last}, {first}"));
                whole.push(name.clone());
            }
        }
        Self { accounts: accounts.filter(|account| !account.is_empty()).cloned().collect(), names: whole }
    }

    /// Whether a text mentions the person.
    #[must_use]
    pub fn in_text(&self, text: &str) -> bool {
        let small = text.to_lowercase();
        self.all().any(|name| stands_in(&small, name, false))
    }

    /// Whether a text has a whole name of the person.
    #[must_use]
    pub fn names_in(&self, text: &str) -> bool {
        let small = text.to_lowercase();
        self.names.iter().any(|name| stands_in(&small, name, false))
    }

    /// Whether bytes mention the person, be they UTF-8 or what Windows calls ANSI.
    #[must_use]
    pub fn in_bytes(&self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = match rest.get(CHUNK..) {
                Some(behind) => {
                    CHUNK + memchr::memchr(b'\n', behind).map_or(behind.len(), |line_end| line_end + 1)
                }
                None => rest.len(),
            };
            let (chunk, behind) = rest.split_at(end);
            rest = behind;
            let text = match std::str::from_utf8(chunk) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => {
                    // A text in UTF-8 with one foreign byte must not hide its own names.
                    if self.in_text(&String::from_utf8_lossy(chunk)) {
                        return true;
                    }
                    encoding_rs::WINDOWS_1252.decode_without_bom_handling(chunk).0
                }
            };
            if self.in_text(&text) {
                return true;
            }
        }
        false
    }

    /// Whether a file's name mentions the person: the dot before its ending ends a word.
    #[must_use]
    pub fn in_file_name(&self, name: &str) -> bool {
        let small = name.to_lowercase();
        // Blanks in names of files are often written as other signs.
        let spaced = small.replace(['_', '-', '+'], " ");
        self.all().any(|name| stands_in(&small, name, true) || stands_in(&spaced, name, true))
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.accounts.iter().chain(&self.names)
    }
}

/// Whether `name` stands in a text as a whole word; both in small letters.
fn stands_in(text: &str, name: &str, dot_ends: bool) -> bool {
    let mut from = 0;
    while let Some(found) =
        text.get(from..).and_then(|rest| memchr::memmem::find(rest.as_bytes(), name.as_bytes()))
    {
        let (start, end) = (from + found, from + found + name.len());
        let mut before = text.get(..start).unwrap_or_default().chars().rev();
        let mut after = text.get(end..).unwrap_or_default().chars();
        let joined_before = joins(before.next(), before.next(), &['.', '-', '\'', '\u{2019}']);
        let joined_after = joins(after.next(), after.next(), if dot_ends { &['-'] } else { &['.', '-'] });
        if !joined_before && !joined_after {
            return true;
        }
        from = start + name.chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// Whether the sign beside a word makes it part of a longer one: a letter, a digit, `_`, or a sign that has a
/// letter or digit on its other side as well.
fn joins(beside: Option<char>, beyond: Option<char>, hinges: &[char]) -> bool {
    beside.is_some_and(|sign| {
        sign.is_alphanumeric()
            || sign == '_'
            || (hinges.contains(&sign) && beyond.is_some_and(char::is_alphanumeric))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(accounts: &[&str], names: &[&str]) -> Mentions {
        let own = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        let (accounts, names) = (own(accounts), own(names));
        Mentions::of(accounts.iter(), names.iter())
    }

    #[test]
    fn a_word_within_a_word_is_nobodys() {
        let ann = mentions(&["ann", "asmith", "zoë"], &["ann lee", "ann"]);
        for text in [
            "a channel",
            "an annual request",
            "jasmith",
            "asmith2",
            "asmith_old",
            "b.asmith said",
            "asmith.jones said",
            "Mary-Ann Leeson",
            "joann",
            "zoës",
        ] {
            assert!(!ann.in_text(text), "{text}");
            assert!(!ann.in_bytes(text.as_bytes()), "{text}");
        }
        for text in [
            "asked by Ann.",
            "OAK\\ASmith went",
            "asmith@oak.example",
            "<asmith>",
            "Ann's",
            "user=asmith,",
            "ZOË cried",
            "Lee, Ann (7B)",
            "channel, then ann",
        ] {
            assert!(ann.in_text(text), "{text}");
            assert!(ann.in_bytes(text.as_bytes()), "{text}");
        }
        assert!(mentions(&[], &["ann lee"]).names_in("about Ann Lee"));
        assert!(!ann.names_in("about ann"));
        assert!(!mentions(&[], &["ann"]).in_text("ann"), "a name of one word is everybody's");
    }

    #[test]
    fn bytes_of_windows_and_names_of_files() {
        let zoe = mentions(&["zlund"], &["zoë lund"]);
        assert!(zoe.in_bytes(b"Zo\xeb Lund,7B\n"));
        assert!(zoe.in_bytes(b"broken \xff byte and Zo\xc3\xab Lund\n"));
        let mut long = vec![b'x'; CHUNK + 9];
        long.extend_from_slice(b"\nzlund\n");
        assert!(zoe.in_bytes(&long));
        for name in ["zlund.log", "Zoë_Lund.csv", "report-zlund.pdf", "zoë lund"] {
            assert!(zoe.in_file_name(name), "{name}");
        }
        assert!(!zoe.in_file_name("zlundgren.log"));
    }
}
