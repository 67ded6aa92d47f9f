//! One error per crate: what the caller should do, the thing and place, never text from a log.

use std::fmt;

/// What the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Another process is at work; try again.
    Retry,
    /// A setting or argument is wrong; correct it.
    Configuration,
    /// A file is not what it should be.
    Input,
    /// Stored data does not verify; restore from a back-up.
    Corrupt,
    /// Disk, permissions, network.
    Environment,
    /// Ours: please report it.
    Bug,
}

/// An operation failed.
pub struct Error {
    kind: Kind,
    message: String,
    help: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure: `message` is lower case, without a full stop, and names thing and place.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, source: None }
    }

    /// Adds what to do next, a sentence.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the cause. Only causes that cannot quote a log belong here.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same failure, of another kind to the caller.
    #[must_use]
    pub(crate) const fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// What the caller should do.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What to do next, if there is something to say.
    #[must_use]
    pub fn helping(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(formatter, "; {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {self}", self.kind)?;
        if let Some(source) = &self.source {
            write!(formatter, " ({source})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A file-system failure at a place that may be named (folders of ours, never a dropped file).
pub(crate) fn at(path: &std::path::Path, error: std::io::Error) -> Error {
    Error::new(Kind::Environment, format!("{}: {}", path.display(), error.kind())).because(error)
}

/// Line and cause of a mistake in a TOML text, in our words: the reader's own can quote what stands there. What it
/// expected is ours to say.
pub(crate) fn toml_mistake(text: &str, error: &toml::de::Error) -> (u64, String) {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..start]).count() as u64;
    let message = error.message();
    let what = match message.rsplit_once(", expected ") {
        _ if message.starts_with("missing field ") => message.to_owned(),
        Some((before, wanted)) if before.starts_with("unknown field ") => {
            format!("this key is not known; there is {wanted}")
        }
        Some((_, wanted)) => format!("something else is wanted here: {wanted}"),
        None if message.starts_with("duplicate ") => "this stands here twice".to_owned(),
        None => "this cannot be read".to_owned(),
    };
    (line, what)
}
