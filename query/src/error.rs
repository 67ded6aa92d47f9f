//! One error per crate; DataFusion messages can quote values, so only their kind is kept.

use std::fmt;

/// What the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Another process is at work; try again.
    Retry,
    /// A setting or argument is wrong; correct it.
    Configuration,
    /// It is not for the one who asks.
    Forbidden,
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

impl From<ingest::Error> for Error {
    fn from(error: ingest::Error) -> Self {
        let kind = match error.kind() {
            ingest::Kind::Retry => Kind::Retry,
            ingest::Kind::Configuration => Kind::Configuration,
            ingest::Kind::Input => Kind::Input,
            ingest::Kind::Corrupt => Kind::Corrupt,
            ingest::Kind::Environment => Kind::Environment,
            ingest::Kind::Bug => Kind::Bug,
        };
        Self::new(kind, error.to_string())
    }
}
