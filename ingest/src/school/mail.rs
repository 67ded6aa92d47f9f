//! `[mail]` of `watershed.toml`: by which server the head of the access audit goes to the DSL.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SchoolId;
use crate::error::{Error, Kind};

/// Octets of an address at most (RFC 5321, 4.5.3.1).
const LONGEST_ADDRESS: usize = 254;

/// How the way to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From the first byte on; port 465 where none is named.
    #[default]
    Required,
    /// By STARTTLS, and not at all where the server has none; port 587 where none is named.
    Start,
    /// Not at all: for a server on this machine only; port 25 where none is named.
    None,
}

impl MailTls {
    /// The word in `watershed.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Start => "start",
            Self::None => "none",
        }
    }

    const fn usual_port(self) -> u16 {
        match self {
            Self::Required => 465,
            Self::Start => 587,
            Self::None => 25,
        }
    }
}

/// `[mail]` of `watershed.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSetting {
    /// Name of the server, as its certificate has it.
    pub server: String,
    /// Port; the usual one of `tls` where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the way there is encrypted.
    #[serde(default)]
    pub tls: MailTls,
    /// Account on the server, where it wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// File whose first line is that account's password; nobody but its owner may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Address that the mail comes from.
    pub from: String,
    /// Addresses that it goes to, for every school that is not in `schools`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dsl: Vec<String>,
    /// Seconds to wait for each answer of the server, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u16,
    /// Addresses by school, where several schools have DSLs of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schools: BTreeMap<SchoolId, Vec<String>>,
}

const fn default_timeout() -> u16 {
    10
}

impl MailSetting {
    /// Refuses what cannot be meant, by the key and never by its value.
    ///
    /// # Errors
    /// [`Kind::Configuration`] with the key.
    pub fn check(&self) -> Result<(), Error> {
        let odd = |text: &str| text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control());
        if odd(&self.server) {
            return wrong("server", "is no name of a server", "name it as its certificate does");
        }
        if self.tls == MailTls::None && !self.is_here() {
            return wrong(
                "tls",
                "is none, and the server is not on this machine",
                "write `required` (port 465) or `start` (port 587)",
            );
        }
        if self.user.is_some() != self.password_file.is_some() {
            return wrong("user", "and `password_file` go together", "name both or neither");
        }
        if self.user.as_deref().is_some_and(odd) {
            return wrong("user", "is empty or has blanks", "write the account as the server knows it");
        }
        if !is_address(&self.from) {
            return wrong("from", "is no address", "write one address such as name@school.example");
        }
        if self.dsl.is_empty() && self.schools.is_empty() {
            return wrong("dsl", "is missing", "name the addresses of the DSL and deputies in a list");
        }
        if !self.dsl.iter().all(|address| is_address(address)) {
            return wrong("dsl", "has an entry that is no address", "write name@school.example");
        }
        if self.schools.values().any(|list| list.is_empty() || !list.iter().all(|one| is_address(one))) {
            return wrong("schools", "has an entry that is no address", "write name@school.example");
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            return wrong("timeout_seconds", "is out of bounds", "it can be 1 to 60");
        }
        Ok(())
    }

    /// Port of the server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.tls.usual_port())
    }

    /// To whom the mail of a school goes; nobody when the section names others' addresses only.
    #[must_use]
    pub fn recipients(&self, school: &SchoolId) -> &[String] {
        self.schools.get(school).unwrap_or(&self.dsl)
    }

    /// The account's password; none where the server wants no account.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the file is not there, is empty, or others can read it.
    pub fn password(&self) -> Result<Option<Zeroizing<String>>, Error> {
        let Some(path) = &self.password_file else { return Ok(None) };
        let Ok(metadata) = std::fs::metadata(path) else {
            return wrong("password_file", "names a file that is not there", "make it, for its owner alone")
                .map(|()| None);
        };
        if !metadata.is_file() || metadata.mode() & 0o077 != 0 {
            return wrong(
                "password_file",
                "names a file that others can read, or no file",
                "let nobody but its owner read it: `chmod 600`",
            )
            .map(|()| None);
        }
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let first =
            text.ok().and_then(|text| text.lines().next().map(|line| Zeroizing::new(line.to_owned())));
        match first.filter(|line| !line.is_empty()) {
            Some(line) => Ok(Some(line)),
            None => wrong("password_file", "names a file without a first line", "put the password there")
                .map(|()| None),
        }
    }

    fn is_here(&self) -> bool {
        self.server == "localhost" || self.server.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

fn wrong(key: &str, what: &str, help: &str) -> Result<(), Error> {
    Err(Error::new(Kind::Configuration, format!("watershed.toml: `{key}` of [mail] {what}")).help(help))
}

/// One address without a name, in letters that need no encoding.
fn is_address(text: &str) -> bool {
    let sound = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+'=/&".contains(&b))
    };
    text.len() <= LONGEST_ADDRESS
        && text.split_once('@').is_some_and(|(user, host)| sound(user) && sound(host))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use std::os::unix::fs::PermissionsExt;

    use super::super::Config;
    use super::*;

    const GOOD: &str =
        "server = 'mail.example'\nfrom = 'watershed@school.example'\ndsl = ['dsl@school.example']\n";

    fn read(text: &str) -> Result<MailSetting, String> {
        let setting: MailSetting = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        setting.check().map(|()| setting).map_err(|error| error.to_string())
    }

    #[test]
    fn encryption_is_the_default_and_none_is_for_this_machine() {
        let setting = read(GOOD).unwrap();
        assert_eq!((setting.tls, setting.port()), (MailTls::Required, 465));
        assert_eq!(read(&format!("{GOOD}tls = 'start'")).unwrap().port(), 587);
        let refused = read(&format!("{GOOD}tls = 'none'")).unwrap_err();
        assert!(refused.contains("`tls`") && !refused.contains("mail.example"), "{refused}");
        for here in ["localhost", "127.0.0.1", "::1"] {
            assert!(read(&format!("{}tls = 'none'", GOOD.replace("mail.example", here))).is_ok(), "{here}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_key_and_without_its_value() {
        for (slip, key) in [
            ("user = 'zorkweed'", "user"),
            ("password_file = '/zorkweed'", "password_file"),
            ("timeout_seconds = 0", "timeout_seconds"),
            ("[schools]\noak = ['zorkweed']", "schools"),
        ] {
            let refused = read(&format!("{GOOD}{slip}")).unwrap_err();
            assert!(refused.contains(key) && !refused.contains("zorkweed"), "{refused}");
        }
        for (was, slip, key) in [
            ("'mail.example'", "'zork weed'", "server"),
            ("watershed@school.example", "zorkweed", "from"),
            ("dsl@school.example", "DSL <zorkweed@x>", "dsl"),
            ("['dsl@school.example']", "[]", "dsl"),
        ] {
            let refused = read(&GOOD.replace(was, slip)).unwrap_err();
            assert!(refused.contains(key) && !refused.contains("zork"), "{refused}");
        }
    }

    #[test]
    fn a_school_may_have_addresses_of_its_own() {
        let setting = read(&format!("{GOOD}[schools]\noak = ['oak@school.example']")).unwrap();
        let id = |text| SchoolId::parse(text).unwrap();
        assert_eq!(setting.recipients(&id("oak")), ["oak@school.example"]);
        assert_eq!(setting.recipients(&id("elm")), ["dsl@school.example"]);
    }

    #[test]
    fn a_password_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zorkweed");
        let setting = MailSetting {
            user: Some("a".to_owned()),
            password_file: Some(file.clone()),
            ..read(GOOD).unwrap()
        };
        let refused = |setting: &MailSetting| setting.password().unwrap_err().to_string();
        assert!(refused(&setting).contains("not there"));
        std::fs::write(&file, "correct horse\nsecond line\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(refused(&setting).contains("chmod 600") && !refused(&setting).contains("zorkweed"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(setting.password().unwrap().unwrap().as_str(), "correct horse");
        std::fs::write(&file, "\n").unwrap();
        assert!(refused(&setting).contains("first line"));
    }

    #[test]
    fn a_configuration_that_cannot_be_read_says_where_and_not_what() {
        let folder = tempfile::tempdir().unwrap();
        for (text, says) in [
            ("[mail]\nserver = 'a'\nport = 'zorkweed'\n", "toml:3:"),
            ("[mail]\nserver = 'a'\ntls = 'zorkweed'\nfrom = 'a@b'\n", "toml:3:"),
            ("[mail]\nserver = 'a'\npassword = 'zorkweed'\n", "toml:3: this key is not known"),
            ("[mail]\nfrom = 'zorkweed'\n", "`server`"),
            ("[mail]\nserver = zorkweed\n", "toml:2:"),
        ] {
            std::fs::write(folder.path().join(Config::FILE), text).unwrap();
            let refused = Config::load(folder.path()).unwrap_err().to_string();
            assert!(refused.contains(says) && !refused.contains("zorkweed"), "{refused}");
        }
    }
}
