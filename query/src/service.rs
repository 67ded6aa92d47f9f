//! What a caller may ask of one school.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ingest::correction::Overlay;
use ingest::lake::Lake;
use ingest::retention::Clocks;
use ingest::schema::{EPISODES, IMPORTS, INCIDENTS, STAFF_EPISODES, STAFF_INCIDENTS, TableSchema};
use ingest::school::{Config, SchoolConfig, SchoolId, SchoolRoot};
use ingest::settings::Settings;
use ingest::settings::concerns::Concerns;
use ingest::state::{ExpectedFeed, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::audit::{Access, AccessAudit, What};
use crate::catalog::FileList;
use crate::disclosure::audience::Staff;
use crate::disclosure::control::{self, Frame};
use crate::disclosure::releasable::Releasable;
use crate::disclosure::table::{Table, Versions};
use crate::embargo::Embargoes;
use crate::error::{Error, Kind};
use crate::feeds;
use crate::metrics::{self, Place, Unseen};
use crate::newest;
use crate::plan::Reader;
use crate::review::{AuditedShare, Reviews};
use crate::session::{Limits, Session, Value};
use crate::sql;
use crate::viewer::{Viewer, without_listed};
use crate::window::{SchoolDays, Window};

/// What is asked. Everything left out means "all"; without any day, the last term that has data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// First local day.
    pub from: Option<Date>,
    /// Last local day.
    pub to: Option<Date>,
    /// The same as `from`, in the words of `attention`.
    pub since: Option<Date>,
    /// `2025-autumn` (term) or `2025-26` (academic year), instead of days.
    pub period: Option<String>,
    /// What a trend is split by: `theme`, `4c`, `severity`, `group`, `key-stage` or `network`.
    pub by: Option<String>,
    /// What a control chart is about: `rate`, `attempts` or `prevalence`; the rate if left out.
    pub measure: Option<String>,
    /// Only this group.
    pub group: Option<String>,
    /// Only this theme.
    pub theme: Option<String>,
    /// Which table of a metric that has several; its first if left out.
    pub table: Option<String>,
}

/// Where the tables of a school come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The school's lake.
    Lake(Lake),
    /// Hand-made tables.
    #[cfg(test)]
    Memory(Vec<(&'static TableSchema, Arc<datafusion::datasource::MemTable>)>),
}

/// One opened school, read only.
#[derive(Debug)]
pub struct School {
    pub(crate) id: SchoolId,
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) zone: TimeZone,
    pub(crate) settings: Settings,
    pub(crate) calendar: Box<dyn SchoolDays>,
    pub(crate) lesson_periods: Vec<String>,
    pub(crate) source: Source,
    pub(crate) limits: Limits,
    pub(crate) retention: Clocks,
    pub(crate) concerns: Concerns,
    pub(crate) viewer: Viewer,
}

/// A metric's word, what it answers, its tables.
pub use crate::metrics::{METRICS, Metric};

impl School {
    /// Opens a school of the installation in `dir`.
    ///
    /// # Errors
    /// When the configuration, the school's data files or its lake cannot be read.
    pub async fn open(dir: &Path, id: &SchoolId) -> Result<Self, Error> {
        let config = Config::load(dir)?;
        let school: &SchoolConfig = config.school(id)?;
        let root = SchoolRoot::new(dir, id);
        let settings = Settings::load(&root, school)?;
        let zone = TimeZone::get(&school.zone).map_err(|_| {
            Error::new(Kind::Configuration, "`zone` in watershed.toml names no time zone")
                .help("use an IANA name, for example Europe/London")
        })?;
        Ok(Self {
            id: school.id.clone(),
            dir: dir.to_owned(),
            name: school.name.clone(),
            zone,
            calendar: Box::new(settings.calendar().clone()),
            lesson_periods: settings.lesson_periods().names().into_iter().map(str::to_owned).collect(),
            retention: school.retention,
            source: Source::Lake(Lake::open(&root).await?),
            limits: Limits::default(),
            concerns: settings.concerns().clone(),
            settings,
            viewer: Viewer::operator(),
        })
    }

    /// The school as somebody sees it; without this, as whoever works at the command line does.
    #[must_use]
    pub fn seen_by(self, viewer: Viewer) -> Self {
        Self { viewer, ..self }
    }

    /// School's full name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Short name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Grave episodes, newest first. Tables: `pupils`, `staff`, `listed` (hits on illegal lists).
    ///
    /// # Errors
    /// When the question names something unknown, or the lake cannot be read.
    pub async fn attention(&self, ask: &Ask) -> Result<Releasable<Table, Staff>, Error> {
        self.metric("attention", ask).await
    }

    /// School week by school week.
    ///
    /// # Errors
    /// As [`attention`](Self::attention).
    pub async fn trend(&self, ask: &Ask) -> Result<Releasable<Table, Staff>, Error> {
        self.metric("trend", ask).await
    }

    /// Group by theme, by weekday and lesson, and the mix of each. Tables: `themes`, `lessons`, `mix`.
    ///
    /// # Errors
    /// As [`attention`](Self::attention).
    pub async fn groups(&self, ask: &Ask) -> Result<Releasable<Table, Staff>, Error> {
        self.metric("groups", ask).await
    }

    /// How much of what was blocked was wrong, and where to look first. Tables: `bounds`, `audit`, `share`, `lessons`,
    /// `panel`, `sites`, `differential`, `alerts`, `hidden`, `overrides`.
    ///
    /// # Errors
    /// As [`attention`](Self::attention).
    pub async fn overblocking(&self, ask: &Ask) -> Result<Releasable<Table, Staff>, Error> {
        self.metric("overblocking", ask).await
    }

    /// What could not be seen, and what was tested. Tables: `summary`, `findings`, `days`, `imports`, `rejects`,
    /// `completeness`, `tests`, `blind_spots`, `silence`.
    ///
    /// # Errors
    /// As [`attention`](Self::attention).
    pub async fn coverage(&self, ask: &Ask) -> Result<Releasable<Table, Staff>, Error> {
        self.metric("coverage", ask).await
    }

    /// Findings about the feeds of the last 14 school days, newest first: the table `findings` of
    /// `coverage`.
    ///
    /// # Errors
    /// As [`attention`](Self::attention).
    pub async fn feed_findings(&self) -> Result<Releasable<Table, Staff>, Error> {
        let today = jiff::Timestamp::now().to_zoned(self.zone.clone()).date();
        let ask = Ask {
            from: Some(feeds::recently(self.calendar.as_ref(), today)),
            to: Some(today),
            table: Some("findings".to_owned()),
            ..Ask::default()
        };
        self.coverage(&ask).await
    }

    /// The formats and profiles of all files that were taken in and are still in the ledger of imports, by
    /// their ids: what is processed here, and no figure.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn formats_taken_in(&self) -> Result<std::collections::BTreeSet<String>, Error> {
        let mut session = Session::new(&self.limits)?;
        self.add(&mut session, &[&IMPORTS]).await?;
        let answer = session.query("SELECT DISTINCT source_format FROM imports", &[]).await?;
        Ok((0..answer.len()).filter_map(|row| answer.text(row, "source_format")).collect())
    }

    /// What `feeds.csv` expects, as the last ingest found it.
    fn expected_feeds(&self) -> Result<Vec<ExpectedFeed>, Error> {
        let root = SchoolRoot::new(&self.dir, &self.id);
        if root.state().exists() { Ok(State::open(&root)?.expected_feeds()?) } else { Ok(Vec::new()) }
    }

    /// Writes into the access audit that somebody looks at what concerns staff or at hits on illegal lists.
    fn record_look(&self, table: &str) -> Result<(), Error> {
        let (what, reason) = match table {
            "staff" | "overrides" => (What::StaffConcerns, "a look at what concerns staff"),
            "listed" => (What::Listed, "a look at the hits on illegal lists"),
            _ => return Ok(()),
        };
        let access = Access { who: self.viewer.name(), what, reason, target: "", rows: 0 };
        AccessAudit::open(&self.dir, &self.id)?.record(&access).map(|_| ())
    }

    /// The audited share of the newest reviewed sample that lies within some days; none where there is none. It is
    /// made of reviewers' labels and counts alone; [`carries_a_set`](AuditedShare::carries_a_set) says whether it may
    /// leave the staff.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn audited_share(&self, from: Date, to: Date) -> Result<Option<AuditedShare>, Error> {
        let root = SchoolRoot::new(&self.dir, &self.id);
        if !root.state().exists() {
            return Ok(None);
        }
        Ok(Reviews::of(&root)?.within(from, to)?.and_then(|known| known.shares.into_iter().next()))
    }

    /// A metric of [`METRICS`] by its word. A look at what concerns staff, or at hits on illegal lists, stands in
    /// the access audit before it is answered.
    ///
    /// # Errors
    /// As [`attention`](Self::attention).
    pub async fn metric(&self, word: &str, ask: &Ask) -> Result<Releasable<Table, Staff>, Error> {
        let metric = metrics::metric(word)?;
        let table = metrics::table_of(metric.tables, ask.table.as_deref())?;
        self.viewer.may_ask(word, table, &self.concerns)?;
        self.record_look(table)?;
        let root = SchoolRoot::new(&self.dir, &self.id);
        let embargoes = Embargoes::of(&root)?;
        let mut session = Session::new(&self.limits)?;
        let looked_up = embargoes.reads().iter().copied();
        let beside = looked_up.filter(|table| metric.reads.iter().all(|read| read.name != table.name));
        let tables: Vec<&'static TableSchema> = metric.reads.iter().copied().chain(beside).collect();
        self.add(&mut session, &tables).await?;
        self.viewer.restrict_for(word, &mut session, &root, &self.concerns, &embargoes).await?;
        let now = jiff::Timestamp::now().to_zoned(self.zone.clone());
        let today = now.date();
        let feeds = self.expected_feeds()?;
        let newest = newest_record(&session, now.timestamp()).await?;
        let newest_day = last_day(&session, today).await?;
        let mut window = Window::choose(ask, self.calendar.as_ref(), newest_day, today)?;
        if word == "attention" && ask.to.is_none() && ask.period.is_none() {
            // Nothing grave is left out because term has ended.
            window = Window::between(
                window.from,
                newest_day.unwrap_or(window.to).max(window.to),
                self.calendar.as_ref(),
            );
        }
        let reader = Reader { session: &session, window, ask, every_day: false };
        reader.check_words(metric.reads).await?;
        let unseen = Box::pin(Unseen::of(&reader)).await?;
        let place = Place {
            dir: &self.dir,
            school: self.id.as_str(),
            zone: &self.zone,
            calendar: self.calendar.as_ref(),
            lesson_periods: &self.lesson_periods,
            settings: &self.settings,
            root: &root,
            newest,
            now: &now,
            feeds: &feeds,
            sees_listed: self.viewer.sees_listed(),
            about_head: self.viewer.is_about_head(&self.concerns),
            hidden_tokens: if self.viewer.sees_live_matters() { 0 } else { embargoes.tokens() },
            live: if self.viewer.sees_live_matters() { Some(&embargoes) } else { None },
        };
        let figures = Box::pin(metrics::compute(word, &reader, &place, &unseen)).await?;
        let mut figures = metrics::without_what_is_gone(metric, table, &reader, &unseen, figures).await?;
        // A table or picture of one group or theme must say so wherever it goes.
        for only in [&ask.group, &ask.theme].into_iter().flatten() {
            figures.title.push_str(&format!(", {only} only"));
        }
        let frame = Frame {
            school: self.name.clone(),
            period: reader.window.covered(),
            notes: self.notes(&root, &unseen, &reader.window)?,
            versions: self.versions(&session),
        };
        control::staff(figures, frame)
    }

    /// Read-only SQL over the pseudonymous tables, those of staff excepted. `account` is who asks;
    /// the statement is on record before it runs.
    ///
    /// # Errors
    /// When it is not one query, names something unknown, or needs more than it may use.
    pub async fn sql(&self, account: &str, statement: &str) -> Result<Releasable<Table, Staff>, Error> {
        sql::record(&self.dir, &self.id, account, statement)?;
        let answer = Box::pin(self.answer(statement)).await;
        let outcome = answer.as_ref().map(|cleared| cleared.value().rows.len()).map_err(Error::kind);
        sql::record_outcome(&self.dir, &self.id, account, statement, outcome)?;
        answer
    }

    async fn answer(&self, statement: &str) -> Result<Releasable<Table, Staff>, Error> {
        self.viewer.may_ask("sql", "", &self.concerns)?;
        let root = SchoolRoot::new(&self.dir, &self.id);
        let embargoes = Embargoes::of(&root)?;
        let mut session = Session::new(&sql::LIMITS)?;
        let mut tables = sql::needed(statement)?;
        for table in embargoes.reads() {
            if tables.iter().all(|known| known.name != table.name) {
                tables.push(table);
            }
        }
        self.add(&mut session, &tables).await?;
        self.viewer.restrict(&mut session, &root, &self.concerns, &embargoes).await?;
        without_listed(&mut session, crate::plan::ILLEGAL).await?;
        let figures = sql::answer(&session, statement).await?;
        let today = jiff::Timestamp::now().to_zoned(self.zone.clone()).date();
        let last = last_day(&session, today).await?.unwrap_or(today);
        let first = session.query("SELECT min(local_date) AS day FROM activity", &[]).await?.day(0, "day");
        let window = Window::between(first.unwrap_or(last).min(last), last, self.calendar.as_ref());
        let ask = Ask::default();
        let reader = Reader { session: &session, window, ask: &ask, every_day: false };
        let unseen = Box::pin(Unseen::of(&reader)).await?;
        let frame = Frame {
            school: self.name.clone(),
            period: reader.window.covered(),
            notes: self.notes(&root, &unseen, &reader.window)?,
            versions: self.versions(&session),
        };
        control::staff(figures, frame)
    }

    /// Episodes and rows of incidents, pupils' and staff's, that the live mark of a number covers.
    pub(crate) async fn covered_by(&self, id: i64) -> Result<(u64, u64), Error> {
        let mark = Embargoes::of(&SchoolRoot::new(&self.dir, &self.id))?.only(id);
        let mut session = Session::new(&self.limits)?;
        let counted = [[&EPISODES, &STAFF_EPISODES], [&INCIDENTS, &STAFF_INCIDENTS]];
        let tables: Vec<_> =
            counted.iter().flatten().chain(mark.reads()).copied().chain([&IMPORTS]).collect();
        self.add(&mut session, &tables).await?;
        let mut rows = [0; 2];
        for (sum, tables) in rows.iter_mut().zip(counted) {
            for table in tables {
                let covered = mark.flag(table);
                let statement = format!("SELECT count(*) AS n FROM {} WHERE {covered}", table.name);
                *sum += session.query(&statement, &[]).await?.count(0, "n").unsigned_abs();
            }
        }
        let [episodes, incidents] = rows;
        Ok((episodes, incidents))
    }

    /// Adds tables at the newest version that readers may see.
    pub(crate) async fn add(
        &self,
        session: &mut Session,
        tables: &[&'static TableSchema],
    ) -> Result<(), Error> {
        for table in tables {
            match &self.source {
                Source::Lake(lake) => {
                    let snapshot = lake.readable(table).await?;
                    let version = snapshot.version.map_or(-1, |version| version as i64);
                    session.add(table, Arc::new(FileList::of(&snapshot)?), version)?;
                }
                #[cfg(test)]
                Source::Memory(known) => {
                    let given = known.iter().find(|(schema, _)| schema.name == table.name);
                    let provider =
                        given.map_or_else(|| crate::fixture::table(table, &[]), |(_, rows)| Arc::clone(rows));
                    session.add(table, provider, 1)?;
                }
            }
        }
        let root = SchoolRoot::new(&self.dir, &self.id);
        // Opening would make the file.
        let corrections = match root.state().exists() {
            true if tables.iter().any(|table| table.name == INCIDENTS.name) => {
                Overlay::load(&State::open(&root)?)?
            }
            _ => Overlay::default(),
        };
        newest::newest_only(session, &corrections).await
    }

    /// What is not counted in some days because somebody investigated or tested.
    fn set_apart(&self, root: &SchoolRoot, window: &Window) -> Result<Vec<String>, Error> {
        if !root.state().exists() {
            return Ok(Vec::new());
        }
        let apart = State::open(root)?.set_apart(window.from, window.to)?;
        let mut notes = Vec::new();
        for (records, what) in
            [(apart.investigations, "investigations"), (apart.tests, "tests of the filter")]
        {
            if records > 0 {
                notes.push(format!(
                    "Set apart: {} of {what} are not counted.",
                    crate::wording::counted(records, "record", "records")
                ));
            }
        }
        if apart.illegal > 0 && self.viewer.sees_live_matters() {
            notes.push(format!(
                "Of what is set apart, {} on an illegal list: `investigations.csv` and the recorded tests say why.",
                crate::wording::counted(apart.illegal, "record is", "records are")
            ));
        }
        Ok(notes)
    }

    /// What to know of the days: what could not be seen, what was set apart, and what was corrected.
    fn notes(&self, root: &SchoolRoot, unseen: &Unseen, window: &Window) -> Result<Vec<String>, Error> {
        let mut notes = unseen.notes();
        notes.extend(self.set_apart(root, window)?);
        notes.extend(crate::unlock::correction_note(&self.dir, &self.id, window.from, window.to)?);
        Ok(notes)
    }

    fn versions(&self, session: &Session) -> Versions {
        Versions {
            watershed: env!("CARGO_PKG_VERSION").to_owned(),
            settings: self.settings.version().to_owned(),
            lake: session.versions().to_vec(),
        }
    }
}

/// The newest record that is not later than now: one clock that runs ahead must not make all else
/// look old. If every record is, the newest of all.
async fn newest_record(session: &Session, now: jiff::Timestamp) -> Result<Option<jiff::Timestamp>, Error> {
    let statement = "SELECT CAST(last_utc AS BIGINT) AS newest FROM imports WHERE last_utc IS NOT NULL";
    let answer = session.query(statement, &[]).await?;
    let all: Vec<i64> = (0..answer.len()).filter_map(|row| answer.integer(row, "newest")).collect();
    let past = all.iter().copied().filter(|newest| *newest <= now.as_microsecond()).max();
    Ok(past.or(all.into_iter().max()).and_then(|us| jiff::Timestamp::from_microsecond(us).ok()))
}

/// The last day with data that is not later than today; if every day is, the last of all.
async fn last_day(session: &Session, today: Date) -> Result<Option<Date>, Error> {
    let statement = "SELECT max(local_date) AS day, max(local_date) FILTER (WHERE local_date <= $first) AS past \
        FROM activity";
    let answer = session.query(statement, &[("first", Value::Day(today))]).await?;
    Ok(answer.day(0, "past").or(answer.day(0, "day")))
}

#[cfg(test)]
mod tests;
