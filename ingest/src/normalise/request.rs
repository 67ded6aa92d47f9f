//! One request: `Fields` to `Event<Identified>`.

use std::borrow::Cow;

use super::host::KnownHost;
use super::{Normaliser, Roster, actor, search, text, url};
use crate::classify::ClassifyInput;
use crate::event::{Event, Facts, Identified, Page, SiteName, Words};
use crate::fields::{Fields, RecordKind, When};
use crate::report::{Place, Reason, Reject, Tally};
use crate::settings::networks::{NOT_IN_THE_LOG, OFF_SITE, UNLISTED};

/// Methods with a name of their own in the lake.
const METHODS: [&str; 12] = [
    "GET", "POST", "CONNECT", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "REPORT",
    "MKCOL",
];

impl<'s> Normaliser<'s> {
    /// One request.
    ///
    /// # Errors
    /// A [`Reject`] when the record has no usable time or nothing to count.
    pub fn request<'a>(
        &mut self,
        place: Place,
        fields: &'a Fields<'a>,
        roster: &mut dyn Roster,
        tally: &mut Tally,
    ) -> Result<Event<'a, Identified>, Reject>
    where
        's: 'a,
    {
        let settings = self.settings;
        if matches!(fields.time, When::Day(_)) {
            return Err(Reject::at(Reason::Time, 0));
        }
        let stamp = self.clock.stamp(fields.time, fields.basis, fields.duration_ms, tally)?;
        let moment = self.clock.moment(stamp, tally)?;
        let mut page = self.page(fields, tally);
        let date = moment.local_date;
        let host = self.host(&page.host, date);
        page.site = host.site(&page.host);
        let search = self.search(fields, &page, host, tally);
        if page.host.is_empty() && search.is_none() {
            return Err(Reject::at(Reason::Address, 0));
        }

        let user = self.accounts.read(text::read(&fields.user, tally).unwrap_or_default());
        let client = actor::client(fields, &user, tally);
        let owner = self.accounts.owner(&user, &moment, settings.shared_accounts(), roster);
        let (actor, shared_role) = actor::actor(fields, user, &client, owner, tally);
        let year = moment.academic_year;
        let group = text::read(&fields.group, tally);
        let rule = group.as_deref().and_then(|name| self.groups.find(settings.groups(), name, year));
        // At home a machine may have an address of the school's ranges.
        let on_site = client.address.filter(|_| !fields.off_site);
        let network = on_site.and_then(|address| settings.networks().find(address, moment.local_date));
        let standing = actor::standing(actor.kind, actor.member, shared_role, rule, network);

        let categories = text::read(&fields.categories, tally);
        let mime = text::read(&fields.mime, tally);
        let site = match &page.site {
            SiteName::Domain(domain) => Some(domain.as_ref()),
            SiteName::Private | SiteName::None => None,
        };
        let input = ClassifyInput {
            categories: categories.as_deref(),
            separators: fields.category_separators,
            host: &page.host,
            site,
            path: page.path.as_deref(),
            mime: mime.as_deref(),
            search: search.as_deref(),
            log_level: fields.log_level,
            vendor_severity: fields.vendor_severity,
            date,
        };
        let class = settings.classifier().classify_on(&input, host.class, &mut self.classes);
        let unmapped = class.unmapped.iter().map(|word| Cow::Owned((*word).to_owned())).collect();
        let facts = Facts {
            role: standing.role,
            group_id: standing.group_id,
            year_group: standing.year_group,
            key_stage: standing.key_stage,
            network: match (network, client.address) {
                _ if fields.off_site => OFF_SITE,
                (Some(network), _) => network.id.as_str(),
                (None, Some(_)) => UNLISTED,
                (None, None) => NOT_IN_THE_LOG,
            },
            code: class.code,
            other_codes: class.other_codes,
            theme: class.theme,
            four_c: class.four_c,
            severity: class.severity,
            code_source: class.code_source,
            learning: class.learning,
            search_theme: class.search_theme,
            record_noise: class.record_noise,
            illegal: class.illegal,
        };
        Ok(Event {
            place,
            read_by: fields.read_by,
            moment,
            actor,
            device: client.device,
            search,
            words: Words { group_unmatched: group.is_some() && rule.is_none(), group, categories, unmapped },
            facts,
            method: text::read(&fields.method, tally).and_then(|method| known_method(&method)),
            status: fields.status.filter(|status| *status > 0).and_then(|status| i32::try_from(status).ok()),
            response_bytes: fields.response_bytes,
            duration_ms: fields.duration_ms,
            action: fields.action,
            block_reason: fields.block_reason,
            kind: fields.kind,
            page_visible: fields.kind == RecordKind::Request && page.path.is_some(),
            html_page: is_html(mime.as_deref())
                && fields.status.is_some_and(|status| (200..300).contains(&status)),
            page,
        })
    }

    fn page<'a>(&self, fields: &'a Fields<'a>, tally: &mut Tally) -> Page<'a> {
        let mut page = match text::read(&fields.url, tally) {
            Some(Cow::Borrowed(text)) => borrowed_page(text),
            Some(Cow::Owned(text)) => owned_page(&text),
            None => Page::default(),
        };
        if page.host.is_empty()
            && let Some(host) = text::read(&fields.host, tally)
        {
            page.scheme = page.scheme.or_else(|| text::read(&fields.scheme, tally));
            if page.path.is_none()
                && let Some(path) = text::read(&fields.path, tally)
            {
                let (path, query) = parted(path);
                page.path = Some(path);
                page.query = query;
            }
            page.query = page.query.or_else(|| text::read(&fields.query, tally));
            page.port = page.port.or(fields.port);
            let column = match host {
                Cow::Borrowed(text) => borrowed_page(text),
                Cow::Owned(text) => owned_page(&text),
            };
            page.host = column.host;
            page.port = page.port.or(column.port);
        }
        page
    }

    fn search<'a>(
        &mut self,
        fields: &'a Fields<'a>,
        page: &Page<'a>,
        host: KnownHost,
        tally: &mut Tally,
    ) -> Option<Cow<'a, str>> {
        if let Some(words) = text::read(&fields.search_words, tally) {
            return search::in_column(words);
        }
        let (SiteName::Domain(domain), Some(path), Some(query)) = (&page.site, &page.path, &page.query)
        else {
            return None;
        };
        if query.is_empty() || !host.searched {
            return None;
        }
        let engines = self.settings.search_engines();
        search::in_address(engines, domain, path, query, &mut self.scratch).map(Cow::Owned)
    }
}

/// A path, and the query that may stand behind it.
fn parted(path: Cow<'_, str>) -> (Cow<'_, str>, Option<Cow<'_, str>>) {
    match path {
        Cow::Borrowed(text) => match text.split_once('?') {
            Some((path, query)) => (Cow::Borrowed(path), Some(Cow::Borrowed(query))),
            None => (Cow::Borrowed(text), None),
        },
        Cow::Owned(text) => match text.split_once('?') {
            Some((path, query)) => (Cow::Owned(path.to_owned()), Some(Cow::Owned(query.to_owned()))),
            None => (Cow::Owned(text), None),
        },
    }
}

fn borrowed_page(text: &str) -> Page<'_> {
    let parts = url::split(text);
    Page {
        scheme: parts.scheme.map(Cow::Borrowed),
        host: url::host_name(parts.host),
        port: parts.port,
        path: parts.path.map(Cow::Borrowed),
        query: parts.query.map(Cow::Borrowed),
        site: SiteName::None,
    }
}

/// An address in parts of its own, where the record's text was decoded.
pub(super) fn owned_page(text: &str) -> Page<'static> {
    let own = |part: &str| Cow::Owned(part.to_owned());
    let parts = url::split(text);
    Page {
        scheme: parts.scheme.map(own),
        host: Cow::Owned(url::host_name(parts.host).into_owned()),
        port: parts.port,
        path: parts.path.map(own),
        query: parts.query.map(own),
        site: SiteName::None,
    }
}

/// A method of the closed list; none for the words that squid and others write when there was none.
fn known_method(written: &str) -> Option<&'static str> {
    // Nearly all are one of the first, as they stand.
    if let Some(method) = METHODS[..3].iter().find(|method| **method == written) {
        return Some(method);
    }
    if ["NONE", "NONE_NONE", "UNKNOWN"].iter().any(|word| word.eq_ignore_ascii_case(written)) {
        return None;
    }
    Some(METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(written)).unwrap_or("OTHER"))
}

fn is_html(mime: Option<&str>) -> bool {
    let Some(mime) = mime else { return false };
    let kind = memchr::memchr(b';', mime.as_bytes()).map_or(mime, |end| mime[..end].trim_end());
    kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
}
