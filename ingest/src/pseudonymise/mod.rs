//! Wall 1: the only place that turns an identified event into one that may be stored.
//!
//! Every pseudonymous event carries a [`Crossed`], which only this module can make; nothing outside
//! it can put one together, and only types marked `Storable` enter a batch of the lake. That the
//! identified side is never stored, serialised or displayed is checked when this module compiles.

mod key;
mod token;

pub use key::Keyring;
pub use token::{Domain, parse, written};

use crate::error::Error;
use crate::event::{
    ActorKind, ActorName, ActorToken, DeviceName, Event, Identified, Page, Pseudonymous, Site, SiteName,
    Words,
};
use crate::filter_change::{ChangeText, FilterChange};
use crate::filter_check::{CheckText, FilterCheck};
use crate::incident::{Incident, IncidentText};
use crate::quick_map::QuickMap;
use crate::record::{PersonName, RecordKey};
use crate::school::AcademicYear;

/// Tokens kept per year and domain before the cache starts again.
const CACHED_TOKENS: usize = 1 << 16;

/// Proof that an event went through this module; nobody else can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossed(());

#[cfg(test)]
impl Crossed {
    /// For made-up events in the tests of what comes after this wall.
    pub(crate) const fn made_up() -> Self {
        Self(())
    }
}

/// What may enter a batch of the lake.
pub(crate) trait Storable {}

impl Storable for Event<'_, Pseudonymous> {}
impl Storable for Incident<'_, Pseudonymous> {}
// A token of the roster beside an incident that crossed.
#[cfg(feature = "lake")]
impl Storable for crate::batch::IncidentLink<'_, '_> {}
impl Storable for FilterChange<'_, Pseudonymous> {}
impl Storable for FilterCheck<'_, Pseudonymous> {}

/// Turns names into tokens of a school's keys.
#[derive(Debug)]
pub struct Pseudonymiser<'k> {
    tokens: Tokens<'k>,
}

impl<'k> Pseudonymiser<'k> {
    /// A pseudonymiser with empty caches.
    #[must_use]
    pub fn new(keyring: &'k Keyring) -> Self {
        Self { tokens: Tokens { keyring, caches: Vec::new(), scratch: String::new() } }
    }

    /// The event as the lake may know it.
    ///
    /// # Errors
    /// As [`Keyring::token`].
    pub fn event<'a>(&mut self, event: &Event<'a, Identified>) -> Result<Event<'a, Pseudonymous>, Error> {
        let year = event.moment.academic_year;
        let illegal = event.facts.illegal;
        Ok(Event {
            place: event.place,
            read_by: event.read_by,
            moment: event.moment.clone(),
            actor: self.actor(year, &event.actor)?,
            device: self.device(year, &event.device)?,
            page: if illegal { Site::None } else { self.site(year, &event.page)? },
            search: match &event.search {
                Some(words) if !illegal => self.search(year, words)?,
                _ => None,
            },
            words: Crossed(()),
            facts: event.facts.clone(),
            method: event.method,
            status: event.status,
            response_bytes: event.response_bytes,
            duration_ms: event.duration_ms,
            action: event.action,
            block_reason: event.block_reason,
            kind: event.kind,
            page_visible: event.page_visible,
            html_page: event.html_page,
        })
    }

    /// The incident as the lake may know it. A pupil whom the roster does not know has no token: a
    /// name alone is no person.
    ///
    /// # Errors
    /// As [`Keyring::token`].
    pub fn incident<'a>(
        &mut self,
        incident: &Incident<'a, Identified>,
    ) -> Result<Incident<'a, Pseudonymous>, Error> {
        let year = incident.occurred.academic_year;
        let key = self.key(year, Domain::Incident, &incident.key)?;
        let row = self.tokens.of(year, Domain::Incident, &format!("line\0{}", incident.row.text()))?;
        Ok(Incident {
            place: incident.place,
            occurred: incident.occurred.clone(),
            time_known: incident.time_known,
            subject: incident.subject.member.map(|member| member.person),
            key,
            row,
            text: Crossed(()),
            role: incident.role,
            year_group: incident.year_group,
            key_stage: incident.key_stage,
            code: incident.code,
            theme: incident.theme,
            four_c: incident.four_c,
            severity: incident.severity,
            status: incident.status,
            linked_count: incident.linked_count,
            linked: incident.linked.clone(),
        })
    }

    /// The change as the lake may know it. The vault's row gets the tokens of the persons; the lake has no
    /// column for them.
    ///
    /// # Errors
    /// As [`Keyring::token`].
    pub fn change<'a>(
        &mut self,
        change: &FilterChange<'a, Identified>,
    ) -> Result<FilterChange<'a, Pseudonymous>, Error> {
        let year = change.requested.academic_year;
        Ok(FilterChange {
            place: change.place,
            kind: change.kind,
            requested: change.requested.clone(),
            time_known: change.time_known,
            key: self.key(year, Domain::Change, &change.key)?,
            requester: change.requester.member.map(|member| member.person),
            decided_by: change.decided_by.member.map(|member| member.person),
            page: if change.illegal { Site::None } else { self.site(year, &change.page)? },
            text: Crossed(()),
            address_source: change.address_source,
            asked: change.asked,
            requester_role: change.requester_role,
            decided_by_role: change.decided_by_role,
            decided_by_other: change.decided_by_other,
            group_id: change.group_id,
            code: change.code,
            code_source: change.code_source,
            theme: change.theme,
            four_c: change.four_c,
            severity: change.severity,
            learning: change.learning,
            illegal: change.illegal,
            decision: change.decision,
            status: change.status,
            decided: change.decided,
            applied_from: change.applied_from,
            applied_to: change.applied_to,
            closed: change.closed,
            term: change.term,
            reason_given: change.reason_given,
            risk_noted: change.risk_noted,
        })
    }

    /// The test as the lake may know it.
    ///
    /// # Errors
    /// As [`Keyring::token`].
    pub fn check<'a>(
        &mut self,
        check: &FilterCheck<'a, Identified>,
    ) -> Result<FilterCheck<'a, Pseudonymous>, Error> {
        let year = check.checked.academic_year;
        Ok(FilterCheck {
            place: check.place,
            checked: check.checked.clone(),
            time_known: check.time_known,
            key: self.key(year, Domain::FilterCheck, &check.key)?,
            tester: check.tester.member.map(|member| member.person),
            device: self.device(year, &check.device)?,
            text: Crossed(()),
            code: check.code,
            expected: check.expected,
            observed: check.observed,
            as_expected: check.as_expected,
            group_id: check.group_id,
            device_type: check.device_type,
        })
    }

    /// A reference and a row's own columns are never the same key, whatever they say.
    fn key(&mut self, year: AcademicYear, domain: Domain, key: &RecordKey<'_>) -> Result<i64, Error> {
        self.tokens.of(year, domain, &format!("{}\0{}", key.sort(), key.text()))
    }

    /// A token of any text: folders, incident references, names.
    ///
    /// # Errors
    /// As [`Keyring::token`].
    pub fn token(&mut self, year: AcademicYear, domain: Domain, text: &str) -> Result<i64, Error> {
        self.tokens.of(year, domain, text)
    }

    fn actor(&mut self, year: AcademicYear, actor: &ActorName<'_>) -> Result<ActorToken, Error> {
        let domain = match actor.kind {
            ActorKind::Nobody => return Ok(ActorToken { kind: actor.kind, token: None }),
            ActorKind::Person | ActorKind::Shared | ActorKind::Machine => Domain::Account,
            ActorKind::Device | ActorKind::Address => Domain::Device,
        };
        let token = match actor.member {
            Some(member) if actor.kind == ActorKind::Person => member.person,
            _ => self.tokens.folded(year, domain, &actor.name)?,
        };
        Ok(ActorToken { kind: actor.kind, token: Some(token) })
    }

    /// A host name outlives an address, which tomorrow is another machine's.
    fn device(&mut self, year: AcademicYear, device: &DeviceName<'_>) -> Result<Option<i64>, Error> {
        let name = device.host.as_deref().or(device.address.as_deref()).filter(|name| !name.is_empty());
        name.map(|name| self.tokens.folded(year, Domain::Device, name)).transpose()
    }

    fn site<'a>(&mut self, year: AcademicYear, page: &Page<'a>) -> Result<Site<'a>, Error> {
        Ok(match &page.site {
            SiteName::Domain(domain) => Site::Domain(domain.clone()),
            SiteName::Private => Site::Token(self.tokens.folded(year, Domain::Host, &page.host)?),
            SiteName::None => Site::None,
        })
    }

    /// Words are the same search whatever their case and spacing.
    fn search(&mut self, year: AcademicYear, words: &str) -> Result<Option<i64>, Error> {
        let mut folded = String::with_capacity(words.len());
        for word in words.split_whitespace() {
            if !folded.is_empty() {
                folded.push(' ');
            }
            folded.extend(word.chars().flat_map(char::to_lowercase));
        }
        if folded.is_empty() { Ok(None) } else { self.tokens.of(year, Domain::Search, &folded).map(Some) }
    }
}

type TokenCache = QuickMap<Box<str>, i64>;

/// Tokens by text, remembered: a day has few actors, devices and sites and many records.
struct Tokens<'k> {
    keyring: &'k Keyring,
    /// One for each year and domain, of which there are few.
    caches: Vec<((AcademicYear, Domain), TokenCache)>,
    scratch: String,
}

impl Tokens<'_> {
    fn of(&mut self, year: AcademicYear, domain: Domain, text: &str) -> Result<i64, Error> {
        let place = match self.caches.iter().position(|(kind, _)| *kind == (year, domain)) {
            Some(place) => place,
            None => {
                self.caches.push(((year, domain), QuickMap::default()));
                self.caches.len() - 1
            }
        };
        let cache = &mut self.caches[place].1;
        if let Some(token) = cache.get(text) {
            return Ok(*token);
        }
        let token = self.keyring.token(year, domain, text.as_bytes())?;
        if cache.len() >= CACHED_TOKENS {
            cache.clear();
        }
        cache.insert(text.into(), token);
        Ok(token)
    }

    /// Hosts and accounts are the same in capitals.
    fn folded(&mut self, year: AcademicYear, domain: Domain, text: &str) -> Result<i64, Error> {
        if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.of(year, domain, text);
        }
        let mut lower = std::mem::take(&mut self.scratch);
        lower.clear();
        lower.push_str(text);
        lower.make_ascii_lowercase();
        let token = self.of(year, domain, &lower);
        self.scratch = lower;
        token
    }
}

impl std::fmt::Debug for Tokens<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tokens(redacted)")
    }
}

/// Does not compile when one of the types implements one of the traits: the name `holds` would
/// then be ambiguous.
macro_rules! never {
    ($($type:ty),+ => $($bound:path),+) => {
        const _: () = {
            trait Holds<Case> {
                fn holds() {}
            }
            impl<T: ?Sized> Holds<()> for T {}
            never!(@each $($bound),+);
            $(const _: fn() = <$type as Holds<_>>::holds;)+
        };
    };
    (@each $($bound:path),+) => {
        $(const _: () = {
            struct Case;
            impl<T: ?Sized + $bound> Holds<Case> for T {}
        };)+
    };
}

never!(
    Event<'static, Identified>, Incident<'static, Identified>, FilterChange<'static, Identified>,
    FilterCheck<'static, Identified>, PersonName<'static>, RecordKey<'static>, IncidentText<'static>,
    ChangeText<'static>, CheckText<'static>, ActorName<'static>, DeviceName<'static>, Page<'static>, Words<'static>
    => serde::Serialize, std::fmt::Display, Storable
);

#[cfg(test)]
pub(crate) mod tests;
