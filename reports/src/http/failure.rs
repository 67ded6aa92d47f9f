//! What a reader is told when something went wrong: a number to quote, never what lies inside.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use query::{Error, Kind};

use super::pages;

/// A refusal or failure on its way to the reader.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    heading: &'static str,
    words: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, heading: &'static str, words: impl Into<String>) -> Self {
        Self { status, heading, words: words.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Page not found", "There is nothing at this address.")
    }

    pub(super) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not for this account",
            "Your account may not see this page. Ask the safeguarding lead if you think it should.",
        )
    }

    /// A question with a slip in it, and how to mend it.
    pub(super) fn unclear(words: impl AsRef<str>) -> Self {
        let words = format!("{}.", crate::chart::words::sentence(words.as_ref().trim_end_matches('.')));
        Self::new(StatusCode::BAD_REQUEST, "The question is not clear", words)
    }

    pub(super) fn withdrawn(day: &str, statement: &str) -> Self {
        Self::new(StatusCode::GONE, "Withdrawn", format!("This release was withdrawn on {day}. {statement}"))
    }
}

/// Eight letters and digits that stand in the service's log beside the cause.
pub(super) fn number() -> String {
    let mut bytes = [0u8; 4];
    // Without randomness the number is less useful, and nothing else.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.kind() == Kind::Forbidden {
            tracing::warn!(%error, "a page was refused");
            return Self::new(StatusCode::FORBIDDEN, "Not for this account", format!("{error}."));
        }
        if matches!(error.kind(), Kind::Configuration | Kind::Input) {
            tracing::warn!(%error, "a question could not be answered");
            return Self::unclear(error.to_string());
        }
        let number = number();
        // Errors of `query` and `ingest` never hold text from a log.
        tracing::error!(number, %error, "a page failed");
        if error.kind() == Kind::Retry {
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Busy",
                "New logs are being taken in. Please try again in a minute.",
            );
        }
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            format!(
                "The page could not be made. If it happens again, give your IT provider this number: {number}."
            ),
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        pages::message(self.status, self.heading, &self.words)
    }
}

/// What is said when a handler panicked.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let number = number();
    tracing::error!(number, "a page panicked");
    Failure::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        format!("Please give your IT provider this number: {number}."),
    )
    .into_response()
}
