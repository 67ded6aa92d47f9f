//! Whether a text mentions somebody: whole words, in any case of letters.

use std::borrow::Cow;

/// Bytes of a file that are looked through at once, to the end of their line.
const CHUNK: usize = 1 << 20;

/// Signs between the cells of a line.
const CELLS: [char; 3] = [',', ';', '\t'];

/// The accounts and whole names by which texts mention one person.
#[derive(Default)]
pub struct Mentions {
    accounts: Vec<String>,
    /// Names of more than one word, also last name first.
    names: Vec<String>,
    /// First and last name as cells of their own, in either order.
    cells: Vec<String>,
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
        let (mut whole, mut cells) = (Vec::new(), Vec::new());
        for name in names {
            // Which of three words is the last name's first, the name alone does not say.
            for (place, _) in name.match_indices(' ') {
                let (first, last) = (&name[..place], &name[place + 1..]);
                whole.push(format!("{last}, {first}"));
                whole.push(format!("{last},{first}"));
                cells.push(format!("{first},{last}"));
                cells.push(format!("{last},{first}"));
            }
            if name.contains(' ') {
                whole.push(name.clone());
            }
        }
        let accounts = accounts.filter(|account| !account.is_empty()).map(|account| folded(account));
        Self { accounts: accounts.collect(), names: whole, cells }
    }

    /// Whether a text mentions the person.
    #[must_use]
    pub fn in_text(&self, text: &str) -> bool {
        let small = folded(text);
        self.all().any(|name| stands_in(&small, name, false)) || self.stands_in_cells(text)
    }

    /// Whether a text has a whole name of the person.
    #[must_use]
    pub fn names_in(&self, text: &str) -> bool {
        let small = folded(text);
        self.names.iter().any(|name| stands_in(&small, name, false)) || self.stands_in_cells(text)
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
        let small = folded(name);
        // Blanks in names of files are often written as other signs.
        let spaced = small.replace(['_', '-', '+'], " ");
        self.all().any(|name| stands_in(&small, name, true) || stands_in(&spaced, name, true))
    }

    /// Whether two cells of a line are the first and the last name, and nothing else: `Jones;Ann` beside
    /// `Ben Jones;Ann Smith`.
    fn stands_in_cells(&self, text: &str) -> bool {
        if self.cells.is_empty() || !text.contains(CELLS) {
            return false;
        }
        text.lines().any(|line| {
            let cells: Vec<String> = line
                .split(CELLS)
                .map(|cell| folded(cell.trim_matches(|sign: char| sign.is_whitespace() || sign == '"')))
                .collect();
            // Whatever stands between the cells, they are compared by one sign.
            cells.windows(2).any(|pair| self.cells.contains(&pair.join(",")))
        })
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.accounts.iter().chain(&self.names)
    }
}

/// A text as names are compared by: small letters, one sort of apostrophe and of hyphen, single blanks, and the
/// backslash before an account as addresses write it.
fn folded(text: &str) -> String {
    let mut small = String::with_capacity(text.len());
    for sign in text.chars().flat_map(char::to_lowercase) {
        match sign {
            '\u{2019}' | '\u{2018}' | '`' => small.push('\''),
            '\u{2010}' | '\u{2011}' | '\u{2013}' => small.push('-'),
            sign if sign.is_whitespace() => {
                if !small.ends_with(' ') {
                    small.push(' ');
                }
            }
            sign => small.push(sign),
        }
    }
    if small.contains("%5c") { small.replace("%5c", "\\") } else { small }
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
    fn a_name_is_found_however_it_is_written() {
        let of = |name: &str| mentions(&["ajones"], &[name]);
        for (name, text) in [
            ("ana de souza", "seen with De Souza, Ana today"),
            ("ana de souza", "de souza,ana"),
            ("ana maria souza", "Souza, Ana Maria"),
            ("mary o'brien", "about Mary O\u{2019}Brien"),
            ("mary o'brien", "O`Brien, Mary"),
            ("ann smith-jones", "Ann Smith\u{2011}Jones"),
            ("ann jones", "Ann  Jones"),
            ("ann jones", "Ann\nJones"),
            ("ann jones", "Ann\u{a0}Jones"),
            ("ann jones", "7,Jones,Ann,06/10/2025"),
            ("ann jones", "7;\"Jones\";\"Ann\";06/10/2025"),
            ("ann jones", "7\tJones\tAnn\t06/10/2025"),
            ("ann jones", "7;Ann;Jones;06/10/2025"),
            ("x y", "user=OAK%5Cajones"),
            ("x y", "user=OAK%5cAJones&x=1"),
        ] {
            assert!(of(name).in_text(text) && of(name).in_bytes(text.as_bytes()), "{text}");
        }
        let ann = of("ann jones");
        for text in ["Ben Jones;Ann Smith", "Ann\tBen\tJones", "Jones\nAnn", "Jones and Ann", "OAK%5Cbajones"]
        {
            assert!(!ann.in_text(text), "{text}");
        }
        assert!(of("mary o'brien").in_file_name("O\u{2019}Brien, Mary.pdf"));
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
