//! What a caller may ask of one school.

use jiff::civil::Date;

/// One opened school, read only.
#[derive(Debug)]
pub struct School {}

/// What is asked: days, group, theme. Everything left out means "all".
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// First local day.
    pub from: Option<Date>,
    /// Last local day.
    pub to: Option<Date>,
    /// Only this group.
    pub group: Option<String>,
    /// Only this theme.
    pub theme: Option<String>,
}
