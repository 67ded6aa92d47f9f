//! What stands in the rows of incidents, of changes of the filter and of tests of it.

use jiff::civil::Date;

use super::kept::{Cell, Kept};
use crate::event::{Member, Pseudonymous, Role, Site};
use crate::filter_change::FilterChange;
use crate::filter_check::{DeviceType, FilterCheck};
use crate::incident::Incident;
use crate::lake::columns::epoch_days;
use crate::schema::{
    CHANGES, CHECKS, INCIDENT_LINKS, INCIDENTS, STAFF_INCIDENT_LINKS, STAFF_INCIDENTS, TableSchema,
};
use crate::school::AcademicYear;

fn day(date: Date) -> Cell {
    Cell::from(i64::from(epoch_days(date)))
}

fn maybe_day(date: Option<Date>) -> Cell {
    Cell::Number(date.map(|date| i64::from(epoch_days(date))))
}

impl Kept for Incident<'_, Pseudonymous> {
    fn table(&self) -> &'static TableSchema {
        if self.role == Role::Staff { &STAFF_INCIDENTS } else { &INCIDENTS }
    }

    fn academic_year(&self) -> AcademicYear {
        self.occurred.academic_year
    }

    fn utc_us(&self) -> i64 {
        self.occurred.utc_us
    }

    fn record(&self) -> u64 {
        self.place.record
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.key.into(),
            self.row.into(),
            self.occurred.utc_us.into(),
            day(self.occurred.local_date),
            self.time_known.into(),
            self.subject.into(),
            self.role.word().into(),
            Cell::Number(self.year_group.map(i64::from)),
            self.key_stage.into(),
            self.code.into(),
            self.theme.into(),
            self.four_c.into(),
            i64::from(self.severity).into(),
            self.status.word().into(),
            i64::from(i32::try_from(self.linked_count).unwrap_or(i32::MAX)).into(),
        ]
    }
}

/// A person named beside the subject of an incident.
pub(crate) struct IncidentLink<'i, 'a> {
    pub(crate) incident: &'i Incident<'a, Pseudonymous>,
    pub(crate) linked: Member,
}

impl Kept for IncidentLink<'_, '_> {
    fn table(&self) -> &'static TableSchema {
        let either = self.incident.role == Role::Staff || self.linked.role == Role::Staff;
        if either { &STAFF_INCIDENT_LINKS } else { &INCIDENT_LINKS }
    }

    fn academic_year(&self) -> AcademicYear {
        self.incident.occurred.academic_year
    }

    fn utc_us(&self) -> i64 {
        self.incident.occurred.utc_us
    }

    fn record(&self) -> u64 {
        self.incident.place.record
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.incident.key.into(),
            self.incident.row.into(),
            day(self.incident.occurred.local_date),
            self.linked.person.into(),
            self.linked.role.word().into(),
            Cell::Number(self.linked.year_group.map(i64::from)),
        ]
    }
}

impl Kept for FilterChange<'_, Pseudonymous> {
    fn table(&self) -> &'static TableSchema {
        &CHANGES
    }

    fn academic_year(&self) -> AcademicYear {
        self.requested.academic_year
    }

    fn utc_us(&self) -> i64 {
        self.requested.utc_us
    }

    fn record(&self) -> u64 {
        self.place.record
    }

    fn cells(&self) -> Vec<Cell> {
        let site = match &self.page {
            Site::Domain(domain) => Cell::from(domain.as_ref()),
            Site::Token(token) => Cell::Word(Some(format!("host-{token:016x}"))),
            Site::None => Cell::Word(None),
        };
        vec![
            self.key.into(),
            self.kind.word().into(),
            self.requested.utc_us.into(),
            day(self.requested.local_date),
            self.time_known.into(),
            self.asked.word().into(),
            site,
            self.address_source.word().into(),
            self.code.into(),
            self.code_source.into(),
            self.theme.into(),
            self.four_c.into(),
            i64::from(self.severity).into(),
            self.learning.into(),
            self.illegal.into(),
            self.group_id.into(),
            self.requester_role.word().into(),
            self.decided_by_role.word().into(),
            self.decided_by_other.into(),
            self.decision.word().into(),
            self.status.word().into(),
            maybe_day(self.decided),
            maybe_day(self.applied_from),
            maybe_day(self.applied_to),
            maybe_day(self.closed),
            self.term.word().into(),
            self.reason_given.into(),
            self.risk_noted.into(),
        ]
    }
}

impl Kept for FilterCheck<'_, Pseudonymous> {
    fn table(&self) -> &'static TableSchema {
        &CHECKS
    }

    fn academic_year(&self) -> AcademicYear {
        self.checked.academic_year
    }

    fn utc_us(&self) -> i64 {
        self.checked.utc_us
    }

    fn record(&self) -> u64 {
        self.place.record
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.key.into(),
            self.checked.utc_us.into(),
            day(self.checked.local_date),
            self.time_known.into(),
            self.code.into(),
            self.expected.word().into(),
            self.observed.word().into(),
            self.as_expected.into(),
            self.group_id.into(),
            self.device.into(),
            self.device_type.map(DeviceType::word).into(),
        ]
    }
}
