//! A mail with the head of the access audit: one conversation by SMTP, encrypted unless the server is on this
//! machine, given up when the server is slow.
//!
//! What the server answers is passed on as a number only: its words can quote an address.

use std::io::ErrorKind;
use std::sync::mpsc;
use std::time::Duration;

use ingest::school::{MailSetting, MailTls, SchoolId};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, Message, SmtpTransport, Transport};
use query::audit::MailedHead;
use query::{Error, Kind};

/// Times the waiting time for one answer that the whole conversation may take.
const ANSWERS: u32 = 3;

/// What is mailed: of which school, which head, when.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) school: &'a SchoolId,
    pub(crate) name: &'a str,
    pub(crate) head: &'a MailedHead,
    pub(crate) at: jiff::Timestamp,
}

impl Letter<'_> {
    fn subject(&self) -> String {
        format!("Watershed {}: head of the access audit", self.school)
    }

    /// No name, no pseudonym, no reason: whoever reads the mail on its way learns that the audit went on.
    fn body(&self) -> String {
        let day = self.at.strftime("%Y-%m-%d %H:%M UTC");
        format!(
            "School: {}\nDate: {day}\nEntries in the access audit: {}\nHead of the access audit:\n{}\n\n\
             Keep this mail. The head shows later whether entries were cut off or changed:\n\n    \
             watershed audit verify --head {}\n\n\
             If you did not expect this mail, look at the newest entries: watershed audit list\n",
            self.name, self.head.entries, self.head.head, self.head.head
        )
    }
}

/// Sends the letter to everybody whom the configuration names for the school.
///
/// # Errors
/// [`Kind::Configuration`] when the password's file will not do or nobody is named, [`Kind::Environment`] with
/// what went wrong, without names of servers or addresses.
pub(crate) fn send(setting: &MailSetting, letter: &Letter<'_>) -> Result<(), Error> {
    let transport = transport(setting)?;
    let message = message(setting, letter)?;
    let wait = Duration::from_secs(u64::from(setting.timeout_seconds));
    // The library's limit is for each answer: a server that sends a letter at a time would hold it for hours.
    let (done, answer) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more when the time is over.
        let _ = done.send(transport.send(&message).map(|_| ()));
    });
    match answer.recv_timeout(wait * ANSWERS) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(slow()),
    }
}

fn transport(setting: &MailSetting) -> Result<SmtpTransport, Error> {
    let parameters = || TlsParameters::new_rustls(setting.server.clone()).map_err(|_| encryption());
    let tls = match setting.tls {
        MailTls::Required => Tls::Wrapper(parameters()?),
        MailTls::Start => Tls::Required(parameters()?),
        MailTls::None => Tls::None,
    };
    let mut builder = SmtpTransport::builder_dangerous(setting.server.clone())
        .port(setting.port())
        .tls(tls)
        .timeout(Some(Duration::from_secs(u64::from(setting.timeout_seconds))));
    if let (Some(user), Some(password)) = (&setting.user, setting.password()?) {
        builder = builder.credentials(Credentials::new(user.clone(), password.as_str().to_owned()));
    }
    Ok(builder.build())
}

fn message(setting: &MailSetting, letter: &Letter<'_>) -> Result<Message, Error> {
    let wrong = || {
        Error::new(Kind::Configuration, "watershed.toml: [mail] has an address that cannot be written to")
            .help("write addresses such as name@school.example")
    };
    let mailbox =
        |text: &str| text.parse::<Address>().map(|address| Mailbox::new(None, address)).map_err(|_| wrong());
    let mut builder: MessageBuilder = Message::builder().from(mailbox(&setting.from)?).date_now();
    let recipients = setting.recipients(letter.school);
    if recipients.is_empty() {
        return Err(Error::new(Kind::Configuration, "watershed.toml: [mail] names nobody for this school")
            .help("add its DSL's addresses to `dsl`, or to `schools` of [mail]"));
    }
    for recipient in recipients {
        builder = builder.to(mailbox(recipient)?);
    }
    builder.subject(letter.subject()).header(ContentType::TEXT_PLAIN).body(letter.body()).map_err(|_| wrong())
}

fn failed(error: &lettre::transport::smtp::Error) -> Error {
    if error.is_timeout() || waited_in_vain(error) {
        return slow();
    }
    if error.is_tls() || is_not_trusted(error) {
        return encryption();
    }
    if let Some(code) = error.status() {
        let code = u16::from(code);
        return Error::new(Kind::Environment, format!("the mail server refused it (answer {code})")).help(
            "ask whoever runs the mail server; the account, the sender or an address may be unknown there",
        );
    }
    if error.is_client() {
        // Among these: a server without STARTTLS where it is asked for.
        return Error::new(Kind::Environment, "the mail server lacks what [mail] asks for")
            .help("compare `tls`, `port` and `user` with what whoever runs the mail server says");
    }
    Error::new(Kind::Environment, "the mail server cannot be reached, or broke off")
        .help("see whether `server` and `port` of [mail] are right and nothing stands between")
}

/// A certificate is looked at when the first bytes go: then it is the socket that says what is wrong with it.
fn is_not_trusted(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if within.is_some_and(|within| within.is::<rustls::Error>()) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A socket whose time to wait is over says that it would block.
fn waited_in_vain(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn slow() -> Error {
    Error::new(Kind::Environment, "the mail server does not answer in time")
        .help("see whether `port` and `tls` of [mail] belong together")
}

fn encryption() -> Error {
    Error::new(
        Kind::Environment,
        "the way to the mail server cannot be encrypted, or its certificate is not trusted",
    )
    .help("`server` of [mail] must be the certificate's name, and its authority trusted by this system")
}

#[cfg(test)]
mod tests;
