//! One account, one spelling: domains, directory names, letters of either case (log-formats Q20-Q27).

use std::borrow::Cow;
use std::net::IpAddr;

/// What stands in a record's account column.
#[derive(Clone, PartialEq, Eq)]
pub enum Account<'a> {
    /// An account, canonical: small letters, without domain.
    Named(Cow<'a, str>),
    /// A machine's own account, canonical.
    Machine(Cow<'a, str>),
    /// What was typed and not accepted (a trailing `?`), canonical.
    Unverified(Cow<'a, str>),
    /// The client's address where the account should be (Q20, Q27).
    Address(Cow<'a, str>),
    /// Nobody.
    Anonymous,
}

impl Account<'_> {
    /// The same account, without the record.
    #[must_use]
    pub fn into_owned(self) -> Account<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Named(name) => Account::Named(own(name)),
            Self::Machine(name) => Account::Machine(own(name)),
            Self::Unverified(name) => Account::Unverified(own(name)),
            Self::Address(address) => Account::Address(own(address)),
            Self::Anonymous => Account::Anonymous,
        }
    }
}

impl std::fmt::Debug for Account<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Named(_) => "Named(redacted)",
            Self::Machine(_) => "Machine(redacted)",
            Self::Unverified(_) => "Unverified(redacted)",
            Self::Address(_) => "Address(redacted)",
            Self::Anonymous => "Anonymous",
        })
    }
}

/// Words that stand for "nobody" (Q22); compared without brackets, in small letters.
const ANONYMOUS: &[&str] = &[
    "-",
    "--",
    "anonymous",
    "anonymous user",
    "anonym",
    "anonyme",
    "n/a",
    "na",
    "nil",
    "no user",
    "nobody",
    "none",
    "not authenticated",
    "null",
    "unauthenticated",
    "unbekannt",
    "undefined",
    "unknown",
    "unknown user",
    "user",
];

/// Accounts of Windows itself, in several languages.
const MACHINE_NAMES: &[&str] = &[
    "iusr",
    "local service",
    "lokaler dienst",
    "local system",
    "localsystem",
    "network service",
    "netzwerkdienst",
    "service local",
    "service réseau",
    "servicio de red",
    "servicio local",
    "servizio di rete",
    "servizio locale",
    "sistema",
    "système",
    "system",
];

/// The domain in which those accounts live.
const MACHINE_DOMAINS: &[&str] = &[
    "autoridad nt",
    "autorite nt",
    "autorité nt",
    "font driver host",
    "iis apppool",
    "nt authority",
    "nt service",
    "nt-autorität",
    "nt-autoritaet",
    "nt-autoritat",
    "window manager",
];

/// Reads an account column.
#[must_use]
pub fn read(written: &str) -> Account<'_> {
    let text = unquoted(written);
    if text.is_empty() {
        return Account::Anonymous;
    }
    if let Some(address) = address(text) {
        return Account::Address(Cow::Borrowed(address));
    }
    let (text, verified) = match text.strip_suffix('?') {
        Some(rest) => (rest.trim_end(), false),
        None => (text, true),
    };
    let (domain, name) = parts(text);
    if name.is_empty() || is_one_of(ANONYMOUS, name.trim_matches(['(', ')', '<', '>', '[', ']'])) {
        return Account::Anonymous;
    }
    let machine = name.ends_with('$')
        || domain.is_some_and(|domain| is_one_of(MACHINE_DOMAINS, domain))
        || (domain.is_none() && is_one_of(MACHINE_NAMES, name))
        || strip_prefix_ignoring_case(text, "host/").is_some();
    let canonical = small(name);
    match (machine, verified) {
        (true, _) => Account::Machine(canonical),
        (false, true) => Account::Named(canonical),
        (false, false) => Account::Unverified(canonical),
    }
}

/// The canonical spelling of an account, as the roster import needs it too; empty for nobody.
#[must_use]
pub fn canonical(text: &str) -> Cow<'_, str> {
    match read(text) {
        Account::Named(name)
        | Account::Machine(name)
        | Account::Unverified(name)
        | Account::Address(name) => name,
        Account::Anonymous => Cow::Borrowed(""),
    }
}

/// The canonical spelling of a person's name: small letters, first name first, single blanks.
///
/// `Doe, Jane (7B)`, `Jane  Doe` and `JANE DOE` are one.
#[must_use]
pub fn canonical_name(text: &str) -> String {
    let text = text.split(['(', '[']).next().unwrap_or_default();
    let ordered = match text.split_once(',') {
        Some((last, first)) => format!("{first} {last}"),
        None => text.to_owned(),
    };
    let plain = ordered
        .replace(['\u{2019}', '\u{2018}', '`'], "'")
        .replace(['\u{2010}', '\u{2011}', '\u{2013}'], "-");
    let mut name = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(&word.to_lowercase());
    }
    name
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .map_or(text, str::trim)
}

/// Splits an account into its domain, where one is written, and its name.
fn parts(text: &str) -> (Option<&str>, &str) {
    let text = strip_prefix_ignoring_case(text, "host/").unwrap_or(text);
    if let Some(rest) = strip_prefix_ignoring_case(text, "ldap://") {
        // `LDAP://server OU=Pupils,DC=oak/Surname\, Name`: the name stands last, after a slash; some
        // products write only the directory name.
        let name = rest.rsplit_once('/').map_or(rest, |(_, name)| name);
        return (None, directory_name(name).unwrap_or(name));
    }
    if let Some(name) = directory_name(text) {
        return (None, name);
    }
    if let Some((domain, name)) = text.rsplit_once('\\') {
        return (Some(domain.trim_end_matches('\\')), before_at(name));
    }
    match text.split_once('/') {
        // `OAK/jane.doe`, as some products write it.
        Some((domain, name)) if !domain.is_empty() && !name.is_empty() && !name.contains('/') => {
            (Some(domain), before_at(name))
        }
        _ => (None, before_at(text)),
    }
}

fn before_at(text: &str) -> &str {
    text.split_once('@').map_or(text, |(name, _)| name)
}

/// The first value of `CN=Jane Doe,OU=Pupils,DC=oak`; a backslash keeps a comma inside the value.
fn directory_name(text: &str) -> Option<&str> {
    let value = ["cn=", "uid="].into_iter().find_map(|key| strip_prefix_ignoring_case(text, key))?;
    let mut escaped = false;
    for (index, byte) in value.bytes().enumerate() {
        match byte {
            b',' if !escaped => return Some(&value[..index]),
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    Some(value)
}

fn address(text: &str) -> Option<&str> {
    let text = strip_prefix_ignoring_case(text, "x-fwd-for:").map_or(text, str::trim);
    let looks_like_one = text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    (looks_like_one && text.parse::<IpAddr>().is_ok()).then_some(text)
}

fn is_one_of(words: &[&str], text: &str) -> bool {
    let shortest_and_longest = 1..=24;
    if !shortest_and_longest.contains(&text.len()) {
        return false;
    }
    if text.is_ascii() {
        words.iter().any(|word| word.eq_ignore_ascii_case(text))
    } else {
        let text = text.to_lowercase();
        words.contains(&text.as_str())
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Small letters; borrowed when they are small already. A backslash that kept a comma goes.
fn small(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let clean = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase() && byte != b'\\');
    if clean {
        return Cow::Borrowed(text);
    }
    let lower = text.to_lowercase();
    Cow::Owned(if lower.contains('\\') { lower.replace('\\', "") } else { lower })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Account<'_> {
        Account::Named(Cow::Borrowed(text))
    }

    #[test]
    fn one_pupil_has_one_spelling() {
        for written in [
            "jane.doe",
            "Jane.Doe",
            "OAK\\jane.doe",
            "OAK\\\\Jane.Doe",
            "oak.local\\jane.doe",
            "jane.doe@oak.sch.uk",
            "OAK\\jane.doe@oak.sch.uk",
            "OAK/jane.doe",
            "CN=jane.doe,OU=Year 7,DC=oak,DC=local",
            "uid=jane.doe,ou=pupils",
            "LDAP://10.0.0.1/CN=jane.doe,OU=Pupils,DC=oak",
            "LDAP://10.0.0.1 OU\\=Pupils,DC\\=oak/jane.doe",
            " \"jane.doe\" ",
        ] {
            assert!(read(written) == named("jane.doe"), "{written}");
        }
    }

    #[test]
    fn clean_accounts_are_not_copied() {
        assert!(matches!(read("OAK\\jane.doe"), Account::Named(Cow::Borrowed(_))));
        assert!(matches!(read("Jane"), Account::Named(Cow::Owned(_))));
    }

    #[test]
    fn letters_blanks_and_commas() {
        assert!(read("ZOË.Lund") == named("zoë.lund"));
        assert!(read("CN=Doe\\, Jane,OU=Year 7") == named("doe, jane"));
        assert!(read("LDAP://srv OU=Users,DC=com/DOE\\, Jane") == named("doe, jane"));
        assert!(read("Jane Doe") == named("jane doe"));
        assert!(read("o'neil") == named("o'neil"));
    }

    #[test]
    fn nobody() {
        for written in [
            "",
            " ",
            "-",
            "\"\"",
            "anonymous",
            "Anonymous",
            "None",
            "unknown",
            "user",
            "(none)",
            "<unknown>",
            "NULL",
        ] {
            assert!(read(written) == Account::Anonymous, "{written}");
        }
        assert!(read("OAK\\anonymous") == Account::Anonymous);
        assert!(read("anonymous?") == Account::Anonymous);
        assert!(read("userson") == named("userson"));
    }

    #[test]
    fn machines() {
        for written in [
            "PC-114$",
            "OAK\\PC-114$",
            "PC-114$@oak.local",
            "host/pc-114.oak.local",
            "NT AUTHORITY\\SYSTEM",
            "nt-autorität\\system",
            "NT-AUTORITÄT\\Netzwerkdienst",
            "autorite nt\\système",
            "Window Manager\\DWM-1",
            "system",
        ] {
            assert!(matches!(read(written), Account::Machine(_)), "{written}");
        }
        assert!(read("systema.kovacs") == named("systema.kovacs"));
    }

    #[test]
    fn addresses_instead_of_names() {
        assert!(read("10.1.2.3") == Account::Address("10.1.2.3".into()));
        assert!(read("x-fwd-for: 10.1.2.3") == Account::Address("10.1.2.3".into()));
        assert!(read("2001:db8::7") == Account::Address("2001:db8::7".into()));
        assert!(read("ada") == named("ada"), "hexadecimal digits alone are a name");
    }

    #[test]
    fn typed_and_not_accepted() {
        assert!(read("OAK\\jane.doe?") == Account::Unverified(Cow::Borrowed("jane.doe")));
        assert_eq!(canonical("OAK\\Jane.Doe?"), "jane.doe");
    }

    #[test]
    fn names_of_persons() {
        for written in ["Jane Doe", "Doe, Jane", "DOE,  JANE (7B)", " jane   doe "] {
            assert_eq!(canonical_name(written), "jane doe", "{written}");
        }
        assert_eq!(canonical_name("O\u{2019}Neil-Smith, Zoë"), "zoë o'neil-smith");
    }
}
