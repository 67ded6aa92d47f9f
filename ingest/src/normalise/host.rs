//! Hosts seen in one file, so that public suffixes, site lists and search engines are asked once for each.

use std::borrow::Cow;

use super::url::registrable;
use crate::classify::HostAnswer;
use crate::event::SiteName;
use crate::quick_map::QuickMap;
use crate::settings::Settings;

/// Hosts that are remembered.
const MOST: usize = 1 << 16;

/// What is known of a host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownHost {
    /// Where its registrable domain begins; none where the host may be somebody's name.
    start: Option<u8>,
    /// The domain is a search engine's.
    pub(crate) searched: bool,
    /// The classifier's word on it.
    pub(crate) class: HostAnswer,
}

impl KnownHost {
    fn of(host: &str, settings: &Settings, class: HostAnswer, scratch: &mut String) -> Self {
        let start = registrable(host).and_then(|start| u8::try_from(start).ok());
        let domain = start.and_then(|start| host.get(usize::from(start)..));
        let searched = domain.is_some_and(|domain| !settings.search_engines().of(domain, scratch).is_empty());
        Self { start, searched, class }
    }

    /// The public part of the host, borrowed where the host is.
    pub(crate) fn site<'a>(&self, host: &Cow<'a, str>) -> SiteName<'a> {
        match (self.start, host) {
            _ if host.is_empty() => SiteName::None,
            (None, _) => SiteName::Private,
            (Some(start), Cow::Borrowed(host)) => {
                SiteName::Domain(Cow::Borrowed(&host[usize::from(start)..]))
            }
            (Some(start), Cow::Owned(host)) => {
                SiteName::Domain(Cow::Owned(host[usize::from(start)..].to_owned()))
            }
        }
    }
}

/// Hosts seen, with the classifier's epoch in which they were asked for.
#[derive(Default)]
pub(crate) struct HostCache {
    known: QuickMap<Box<str>, (usize, KnownHost)>,
    scratch: String,
}

impl HostCache {
    /// What is known of a host; `class` is asked for once in an epoch.
    pub(crate) fn find(
        &mut self,
        host: &str,
        settings: &Settings,
        epoch: usize,
        class: impl FnOnce() -> HostAnswer,
    ) -> KnownHost {
        match self.known.get_mut(host) {
            Some((known_epoch, known)) => {
                if *known_epoch != epoch {
                    (*known_epoch, known.class) = (epoch, class());
                }
                *known
            }
            None => {
                if self.known.len() >= MOST {
                    self.known.clear();
                }
                let known = KnownHost::of(host, settings, class(), &mut self.scratch);
                self.known.insert(host.into(), (epoch, known));
                known
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;
    use crate::settings::testing::settings;

    #[test]
    fn clean_hosts_are_borrowed() {
        let settings = settings(&[]).unwrap();
        let mut cache = HostCache::default();
        for _ in 0..2 {
            let mut site = |host: &'static str| {
                cache.find(host, &settings, 0, HostAnswer::default).site(&Cow::Borrowed(host))
            };
            assert!(matches!(site("www.example.com"), SiteName::Domain(Cow::Borrowed("example.com"))));
            assert_eq!(site("jane-ipad.local"), SiteName::Private);
            assert_eq!(site(""), SiteName::None);
        }
    }

    #[test]
    fn another_epoch_asks_the_classifier_again_and_a_search_engine_is_known() {
        let settings = settings(&[]).unwrap();
        let mut cache = HostCache::default();
        let mut asked = 0;
        for epoch in [0, 0, 1, 1, 0] {
            let known = cache.find("www.google.co.uk", &settings, epoch, || {
                asked += 1;
                HostAnswer::default()
            });
            assert!(known.searched);
        }
        assert_eq!(asked, 3);
        assert!(!cache.find("www.example.com", &settings, 0, HostAnswer::default).searched);
    }
}
