//! Conversations with servers of our own on loopback: one that takes the mail, those that refuse, hang, drip.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use super::*;

/// How a server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Takes,
    RefusesRecipients,
    RefusesTheDoor,
    WantsAnAccount,
    Hangs,
    Drips,
    BreaksOff,
}

/// A server for one conversation; what the client said comes out of the receiver when it is over.
fn server(manner: Manner) -> (u16, Receiver<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (said, hear) = channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = Vec::new();
        talk(manner, &stream, &mut lines);
        let _ = said.send(lines);
    });
    (port, hear)
}

fn talk(manner: Manner, stream: &TcpStream, lines: &mut Vec<String>) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    match manner {
        // Reads until the client gives up, and says nothing.
        Manner::Hangs => {
            let _ = reader.read_line(&mut String::new());
            return;
        }
        Manner::Drips => {
            // A greeting that never ends, a line at each half of the time that the client waits.
            let (_keep, never) = channel::<()>();
            while writer.write_all(b"220-still here\r\n").is_ok() {
                let _ = never.recv_timeout(Duration::from_millis(500));
            }
            return;
        }
        Manner::BreaksOff => return,
        Manner::RefusesTheDoor => {
            let _ = writer.write_all(b"554 no service for dsl@school.example\r\n");
            let _ = reader.read_line(&mut String::new());
            return;
        }
        _ => {}
    }
    writer.write_all(b"220 mail.school.example ESMTP\r\n").unwrap();
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        lines.push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match (in_data, word.as_str()) {
            (true, ".") => {
                in_data = false;
                "250 queued\r\n"
            }
            (true, _) => continue,
            (_, "EHLO") if manner == Manner::WantsAnAccount => "250-mail\r\n250 AUTH PLAIN\r\n",
            (_, "EHLO") => "250-mail\r\n250 8BITMIME\r\n",
            (_, "AUTH") => "535 no\r\n",
            (_, "RCPT") if manner == Manner::RefusesRecipients => "550 no such user dsl@school.example\r\n",
            (_, "DATA") => {
                in_data = true;
                "354 go on\r\n"
            }
            (_, "QUIT") => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn setting(port: u16) -> MailSetting {
    MailSetting {
        server: "127.0.0.1".to_owned(),
        port: Some(port),
        tls: MailTls::None,
        user: None,
        password_file: None,
        from: "watershed@school.example".to_owned(),
        dsl: vec!["dsl@school.example".to_owned(), "deputy@school.example".to_owned()],
        timeout_seconds: 1,
        schools: std::collections::BTreeMap::new(),
    }
}

fn write_to(setting: &MailSetting) -> Result<(), Error> {
    let school = SchoolId::parse("st-annes").unwrap();
    let head = MailedHead { head: "ab".repeat(32), entries: 12 };
    let at = "2026-05-10T09:30:00Z".parse().unwrap();
    send(setting, &Letter { school: &school, name: "St Anne's", head: &head, at })
}

/// What the failure says, which never has an address or a server's name.
fn failure(setting: &MailSetting) -> String {
    let error = write_to(setting).unwrap_err();
    let words = format!("{error}");
    for hidden in ["school.example", "127.0.0.1", "zorkweed"] {
        assert!(!words.contains(hidden), "{words}");
    }
    words
}

#[test]
fn the_head_arrives_with_all_that_is_needed_and_no_more() {
    let (port, hear) = server(Manner::Takes);
    write_to(&setting(port)).unwrap();
    let lines = hear.recv_timeout(Duration::from_secs(10)).unwrap();
    let said = lines.join("\n");
    assert!(said.contains("MAIL FROM:<watershed@school.example>"), "{said}");
    for recipient in ["RCPT TO:<dsl@school.example>", "RCPT TO:<deputy@school.example>"] {
        assert!(said.contains(recipient), "{said}");
    }
    let body: Vec<&String> = lines.iter().skip_while(|line| !line.is_empty()).collect();
    assert!(body.iter().any(|line| line.as_str() == "ab".repeat(32)), "{said}");
    assert!(body.iter().any(|line| line.as_str() == "Entries in the access audit: 12"), "{said}");
    assert!(body.iter().any(|line| line.as_str() == "Date: 2026-05-10 09:30 UTC"), "{said}");
    assert!(body.iter().any(|line| line.contains("St Anne")), "{said}");
    assert!(said.contains("Subject: Watershed st-annes: head of the access audit"), "{said}");
    assert!(said.lines().any(|line| line.starts_with("Date: ") && line.ends_with("0000")), "{said}");
}

#[test]
fn a_server_that_refuses_is_told_by_its_number() {
    let (port, _hear) = server(Manner::RefusesRecipients);
    assert!(failure(&setting(port)).contains("answer 550"));
    let (port, _hear) = server(Manner::RefusesTheDoor);
    assert!(failure(&setting(port)).contains("answer 554"));
}

#[test]
fn a_server_that_hangs_drips_or_breaks_off_is_given_up() {
    for (manner, says) in
        [(Manner::Hangs, "in time"), (Manner::Drips, "in time"), (Manner::BreaksOff, "broke off")]
    {
        let (port, _hear) = server(manner);
        let begun = Instant::now();
        let words = failure(&setting(port));
        assert!(words.contains(says), "{words}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{says}: {:?}", begun.elapsed());
    }
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    assert!(failure(&setting(nobody)).contains("cannot be reached"));
}

#[test]
fn nothing_is_said_in_clear_to_a_server_that_cannot_encrypt() {
    let (port, hear) = server(Manner::Takes);
    failure(&MailSetting { tls: MailTls::Start, server: "localhost".to_owned(), ..setting(port) });
    let said = hear.recv_timeout(Duration::from_secs(10)).unwrap().join("\n");
    assert!(
        said.contains("EHLO") && !said.contains("MAIL FROM") && !said.contains("school.example"),
        "{said}"
    );
    let (port, hear) = server(Manner::Takes);
    failure(&MailSetting { tls: MailTls::Required, ..setting(port) });
    // The server sees the first bytes of a TLS hello, as no line or an unreadable one.
    let said = hear.recv_timeout(Duration::from_secs(10)).unwrap().join("\n");
    assert!(!said.contains("school.example"), "{said}");
}

#[test]
fn an_account_that_the_server_does_not_know_is_no_secret_in_the_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "zorkweed\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (port, hear) = server(Manner::WantsAnAccount);
    let account =
        MailSetting { user: Some("zorkweed-account".to_owned()), password_file: Some(file), ..setting(port) };
    assert!(failure(&account).contains("answer 535"));
    assert!(hear.recv_timeout(Duration::from_secs(10)).unwrap().iter().any(|line| line.starts_with("AUTH")));
}
