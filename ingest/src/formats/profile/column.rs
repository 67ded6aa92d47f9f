//! The closed list of what a column of an export can be.

use serde::Deserialize;

/// What a column of an export can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Date, or date and time.
    Time,
    /// Time of day, where it has a column of its own.
    TimeOfDay,
    /// Account.
    User,
    /// Filter group.
    Group,
    /// Client address.
    ClientAddress,
    /// Client host name.
    ClientHost,
    /// HTTP method.
    Method,
    /// Address.
    Url,
    /// Host alone.
    Host,
    /// Words searched for.
    SearchWords,
    /// HTTP status.
    Status,
    /// Bytes sent to the client.
    ResponseBytes,
    /// MIME type.
    Mime,
    /// Browser or program.
    UserAgent,
    /// Category words.
    Categories,
    /// The decision.
    Action,
    /// Vendor log level.
    LogLevel,
    /// The vendor's own severity.
    Severity,
    /// Incident reference.
    Key,
    /// The pupil an incident is about.
    Subject,
    /// Other pupils.
    Linked,
    /// Open, closed and the like.
    IncidentStatus,
    /// Text of an incident.
    Narrative,
}

impl Column {
    /// Every column, in the order of the type.
    pub const ALL: [Self; 23] = [
        Self::Time,
        Self::TimeOfDay,
        Self::User,
        Self::Group,
        Self::ClientAddress,
        Self::ClientHost,
        Self::Method,
        Self::Url,
        Self::Host,
        Self::SearchWords,
        Self::Status,
        Self::ResponseBytes,
        Self::Mime,
        Self::UserAgent,
        Self::Categories,
        Self::Action,
        Self::LogLevel,
        Self::Severity,
        Self::Key,
        Self::Subject,
        Self::Linked,
        Self::IncidentStatus,
        Self::Narrative,
    ];

    /// The name in profiles and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::TimeOfDay => "time_of_day",
            Self::User => "user",
            Self::Group => "group",
            Self::ClientAddress => "client_address",
            Self::ClientHost => "client_host",
            Self::Method => "method",
            Self::Url => "url",
            Self::Host => "host",
            Self::SearchWords => "search_words",
            Self::Status => "status",
            Self::ResponseBytes => "response_bytes",
            Self::Mime => "mime",
            Self::UserAgent => "user_agent",
            Self::Categories => "categories",
            Self::Action => "action",
            Self::LogLevel => "log_level",
            Self::Severity => "severity",
            Self::Key => "key",
            Self::Subject => "subject",
            Self::Linked => "linked",
            Self::IncidentStatus => "incident_status",
            Self::Narrative => "narrative",
        }
    }

    pub(super) const fn is_of_incidents(self) -> bool {
        matches!(self, Self::Key | Self::Subject | Self::Linked | Self::IncidentStatus | Self::Narrative)
    }
}
