//! The head of the access audit goes out by mail in a whole conversation over TLS, with a server of another maker, and
//! not to a server whose certificate is not the one that is trusted.
//!
//! The certificates beside are made for this test alone (`openssl req`, `openssl x509`, valid for a hundred years): an
//! authority, a server of the name `localhost` that it vouches for, and another authority.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::night::Night;
use super::support::{json, root, watershed};

fn beside(name: &str) -> PathBuf {
    root().join("tests/it/mail").join(name)
}

/// A server for one conversation, by Python.
struct Server {
    process: Child,
    port: u16,
    said: PathBuf,
}

impl Server {
    fn start(way: &str, folder: &Path) -> Self {
        let said = folder.join("said");
        let python = std::env::var("WATERSHED_PYTHON").expect("run by `tests/run`, which sets Python up");
        let mut process = Command::new(python)
            .arg(root().join("tests/it/mail_server.py"))
            .arg(way)
            .args([beside("server.pem"), beside("server.key")])
            .arg(&said)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, port: port.trim().parse().unwrap(), said }
    }

    /// What the client said, line by line, and how it ended.
    fn heard(mut self) -> Vec<String> {
        self.process.wait().unwrap();
        std::fs::read_to_string(&self.said).unwrap().lines().map(str::to_owned).collect()
    }
}

fn school() -> Night {
    let night = Night::new();
    for mut command in night.set_up(&watershed) {
        assert!(command.output().unwrap().status.success(), "{command:?}");
    }
    night
}

/// Writes `[mail]` and asks for the mail, with what the system trusts set as docs/paperwork.md says.
fn mailed(night: &Night, server: &str, port: u16, way: &str, trusted: &Path) -> Output {
    let file = night.dir().join("watershed.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config = config.split("\n[mail]").next().unwrap().trim_end().to_owned();
    let mail = format!(
        "{config}\n\n[mail]\nserver = \"{server}\"\nport = {port}\ntls = \"{way}\"\nfrom = \"watershed@school.example\"\n\
         dsl = [\"dsl@school.example\"]\ntimeout_seconds = 20\n"
    );
    std::fs::write(&file, mail).unwrap();
    night
        .command(watershed(), &["audit", "mail"])
        .env("SSL_CERT_FILE", trusted)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap()
}

#[test]
fn the_head_is_mailed_over_tls_to_a_server_that_the_system_trusts() {
    for way in ["required", "start"] {
        let night = school();
        let server = Server::start(way, night.disk().parent().unwrap());
        let review = ["audit", "review", "--role", "headteacher", "--reason", "termly review"];
        assert!(night.command(watershed(), &review).status().unwrap().success());
        let output = mailed(&night, "localhost", server.port, way, &beside("authority.pem"));
        let heard = server.heard();
        assert!(output.status.success(), "{way}: {} {heard:?}", String::from_utf8_lossy(&output.stderr));
        let head = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        assert_eq!(head.len(), 64, "{head}");
        assert_eq!(heard.last().unwrap(), "over");
        for line in ["MAIL FROM:<watershed@school.example>", "RCPT TO:<dsl@school.example>", "DATA"] {
            assert!(heard.iter().any(|heard| heard.starts_with(&format!("tls {line}"))), "{way}: {heard:?}");
        }
        assert!(heard.contains(&format!("tls {head}")), "{way}: the head itself: {heard:?}");
        // In clear nothing but what asks for encryption.
        let clear: Vec<&str> = heard.iter().filter_map(|line| line.strip_prefix("clear ")).collect();
        let words: Vec<&str> = clear.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(words, if way == "start" { vec!["EHLO", "STARTTLS"] } else { vec![] });
        // The audit verifies from the head that the mail has, and needs no other mail.
        let verified =
            json(&mut night.command(watershed(), &["audit", "verify", "--head", &head, "--format", "json"]));
        assert_eq!(verified["entries"], 1);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_or_another_servers_gets_no_mail() {
    let cases = [
        ("localhost", "stranger.pem"),
        // The certificate is trusted, and has another name.
        ("127.0.0.1", "authority.pem"),
    ];
    for way in ["required", "start"] {
        for (name, trusted) in cases {
            let night = school();
            let server = Server::start(way, night.disk().parent().unwrap());
            let output = mailed(&night, name, server.port, way, &beside(trusted));
            let heard = server.heard().join("\n");
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{way}, {name}: {said}");
            assert!(said.contains("certificate is not trusted"), "{way}, {name}: {said}");
            assert!(!said.contains("school.example"), "{said}");
            for never in ["MAIL FROM", "RCPT", "DATA", "school.example"] {
                assert!(!heard.contains(never), "{way}, {name}: {heard}");
            }
            let list = json(&mut night.command(watershed(), &["audit", "list", "--format", "json"]));
            let entries = list["entries"].as_array().unwrap();
            assert!(entries.iter().any(|entry| entry["what"] == "mail not sent"), "{list}");
        }
    }
}
