//! The DSL's questions: `attention`, `trend`, `groups`, `overblocking`, `gotthrough`, `incidents`, `changes`, `searches`,
//! `coverage`.

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use query::{Ask, Releasable, School, Staff, Table};

use super::{Context, Ended, Format, OpenedSchool, wait};
use crate::chart::{self, Media, Width};
use crate::http::accounts::Accounts;

/// Which days, group and theme; everything left out means all.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AskArguments {
    /// First day, as 2025-09-01.
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Last day.
    #[arg(long, value_name = "DAY")]
    to: Option<Date>,
    /// A term such as 2025-autumn, or a year such as 2025-26, instead of days.
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["from", "to"])]
    period: Option<String>,
    /// Only this group, as `groups` prints it.
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// Only this theme, as `trend` prints it.
    #[arg(long, value_name = "T")]
    theme: Option<String>,
    /// For the holder of this account of the web service: without what that account may not see.
    #[arg(long = "as", value_name = "ACCOUNT")]
    account: Option<String>,
}

impl AskArguments {
    /// The school as the named account sees it.
    async fn open(&self, context: &Context, school: &OpenedSchool) -> Result<School, query::Error> {
        open_as(context, school, self.account.as_deref()).await
    }

    fn ask(&self) -> Ask {
        Ask {
            from: self.from,
            to: self.to,
            period: self.period.clone(),
            group: self.group.clone(),
            theme: self.theme.clone(),
            ..Ask::default()
        }
    }
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AttentionArguments {
    #[command(flatten)]
    ask: AskArguments,
    /// `pupils`; `staff` (with `--as`); `listed`: hits on illegal lists.
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Only what began on or after this day.
    #[arg(long, value_name = "DAY", conflicts_with_all = ["from", "period"])]
    since: Option<Date>,
}

/// A question with several tables.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TablesArguments {
    #[command(flatten)]
    ask: AskArguments,
    /// Which table; a wrong word prints those there are.
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    Theme,
    #[value(name = "4c")]
    FourC,
    Severity,
    Group,
    KeyStage,
    #[value(alias = "location")]
    Network,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TrendTable {
    Weeks,
    Pupils,
    Chart,
    Year,
    Steps,
    Confounders,
    Persistence,
    OutOfHours,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TrendMeasure {
    Rate,
    Attempts,
    Prevalence,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TrendArguments {
    #[command(flatten)]
    ask: AskArguments,
    /// What each school week had; one pupil or many; a control chart; the same weeks a year before; possible
    /// steps; what else may move a trend; who keeps trying; out of hours.
    #[arg(long, value_enum)]
    table: Option<TrendTable>,
    /// Split by theme, 4C, severity, group, key stage or network; the whole school otherwise.
    #[arg(long, value_enum)]
    by: Option<By>,
    /// Of a chart or of steps: pupils' days with an episode, blocked attempts, or pupils with an episode.
    #[arg(long, value_enum)]
    measure: Option<TrendMeasure>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum GroupsTable {
    Theme,
    Lessons,
    Hours,
    Mix,
    Different,
    Profiles,
    Teaching,
    Expected,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GroupsArguments {
    #[command(flatten)]
    ask: AskArguments,
    /// Group by theme; by weekday and lesson, or hour; each group's mix of themes; what differs from the other
    /// groups; how differently groups are filtered; what to teach next; use beside what is expected of the key stage.
    #[arg(long, value_enum)]
    table: Option<GroupsTable>,
}

/// A value as it is written on the command line.
fn word<T: ValueEnum>(value: T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

pub(crate) fn attention(context: &Context, arguments: AttentionArguments) -> anyhow::Result<Ended> {
    let AttentionArguments { ask: arguments, table, since } = arguments;
    let ask = Ask { since, table, ..arguments.ask() };
    show(context, "attention", &arguments, ask)
}

pub(crate) fn trend(context: &Context, arguments: TrendArguments) -> anyhow::Result<Ended> {
    let ask = Ask {
        by: arguments.by.map(word),
        table: arguments.table.map(word),
        measure: arguments.measure.map(word),
        ..arguments.ask.ask()
    };
    show(context, "trend", &arguments.ask, ask)
}

pub(crate) fn groups(context: &Context, arguments: GroupsArguments) -> anyhow::Result<Ended> {
    let table = arguments.table.map(|table| match table {
        GroupsTable::Theme => "theme".to_owned(),
        GroupsTable::Lessons => "lessons".to_owned(),
        GroupsTable::Hours => "hours".to_owned(),
        GroupsTable::Mix => "mix".to_owned(),
        GroupsTable::Different => "different".to_owned(),
        GroupsTable::Profiles => "profiles".to_owned(),
        GroupsTable::Teaching => "teaching".to_owned(),
        GroupsTable::Expected => "expected".to_owned(),
    });
    show(context, "groups", &arguments.ask, Ask { table, ..arguments.ask.ask() })
}

/// A metric whose one option is the table.
pub(crate) fn with_tables(
    context: &Context,
    metric: &str,
    arguments: TablesArguments,
) -> anyhow::Result<Ended> {
    let ask = Ask { table: arguments.table, ..arguments.ask.ask() };
    show(context, metric, &arguments.ask, ask)
}

pub(crate) fn overblocking(context: &Context, arguments: TablesArguments) -> anyhow::Result<Ended> {
    let ask = Ask { table: arguments.table, ..arguments.ask.ask() };
    show(context, "overblocking", &arguments.ask, ask)
}

/// Ends with a look needed when the feeds have findings in the days asked about, whichever table.
pub(crate) fn coverage(context: &Context, arguments: TablesArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let ask = Ask { table: arguments.table, ..arguments.ask.ask() };
    let findings = Ask { table: Some("findings".to_owned()), ..ask.clone() };
    let (cleared, findings) = wait(async {
        let opened = arguments.ask.open(context, &school).await?;
        let cleared = opened.coverage(&ask).await?;
        let findings = opened.coverage(&findings).await?.value().rows.len();
        Ok::<_, query::Error>((cleared, findings))
    })??;
    print(context, &cleared)?;
    Ok(if findings == 0 { Ended::Well } else { Ended::NeedsALook })
}

/// What concerns staff, less what concerns the asker; the look is recorded.
#[derive(Clone, Debug, Args)]
pub(crate) struct StaffArguments {
    /// The account of the web service for whose holder this is; its role must be named in `concerns.csv`.
    #[arg(long = "as", value_name = "ACCOUNT")]
    account: String,
    /// First day, as 2025-09-01.
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Last day.
    #[arg(long, value_name = "DAY")]
    to: Option<Date>,
}

pub(crate) fn staff(context: &Context, arguments: &StaffArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let table = Some("staff".to_owned());
    let ask = Ask { from: arguments.from, to: arguments.to, table, ..Ask::default() };
    let cleared = wait(async {
        let opened = open_as(context, &school, Some(&arguments.account)).await?;
        opened.metric("attention", &ask).await
    })??;
    print(context, &cleared)?;
    Ok(Ended::Well)
}

/// The school as an account of the web service sees it; without one, as the command line does.
pub(crate) async fn open_as(
    context: &Context,
    school: &OpenedSchool,
    account: Option<&str>,
) -> Result<School, query::Error> {
    let opened = School::open(&context.dir, &school.id).await?;
    Ok(match account {
        Some(name) => opened.seen_by(Accounts::open(&context.dir, &school.id)?.viewer(&school.root, name)?),
        None => opened,
    })
}

fn show(context: &Context, metric: &str, arguments: &AskArguments, ask: Ask) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let cleared = wait(async {
        let opened = arguments.open(context, &school).await?;
        opened.metric(metric, &ask).await
    })??;
    print(context, &cleared)?;
    Ok(Ended::Well)
}

/// Prints a cleared table in the form that was asked for, or its picture.
///
/// # Errors
/// Where the table has no picture, or a PNG would go to a terminal.
pub(crate) fn print(context: &Context, cleared: &Releasable<Table, Staff>) -> anyhow::Result<()> {
    match (context.picture, context.format) {
        (Some(media), _) => draw(context, cleared, media)?,
        (None, Format::Table) => context.printer.out(&context.printer.table(cleared)),
        (None, Format::Json) => context.printer.out(&query::json::table(cleared)),
        (None, Format::Csv) => context.printer.out(&query::csv::table(cleared)),
    }
    Ok(())
}

fn draw(context: &Context, cleared: &Releasable<Table, Staff>, media: Media) -> anyhow::Result<()> {
    let drawn = chart::picture(cleared, Width::WIDE)?;
    if media != Media::Png {
        context.printer.out(drawn.text().unwrap_or_default());
        return Ok(());
    }
    if context.printer.is_read_by_a_person() {
        let error = query::Error::new(query::Kind::Configuration, "a PNG is no text for a terminal")
            .help("send it to a file: `--format png > chart.png`");
        return Err(error.into());
    }
    context.printer.bytes(drawn.to_png()?.bytes());
    Ok(())
}
