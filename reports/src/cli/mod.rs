//! The command line: one file per command, one exit status, one printer.
//!
//! Exit status: 0 all good; 1 done, but something was refused or rejected above the notice level, or
//! something is odd about a feed; 2 failed. Nothing ever needs a prompt: each has a flag.

mod access;
mod accounts;
mod audit;
mod backup;
mod check;
mod correct;
mod demo;
mod embargo;
mod erase;
mod failing;
mod feeds;
mod figures;
mod formats;
mod generate;
mod holds;
mod ingesting;
mod init;
mod investigations;
mod keys;
mod label;
mod mailing;
mod paperwork;
mod passphrase;
mod people;
mod printer;
mod recipients;
mod releases;
mod retain;
mod sample;
mod serving;
mod sharing;
mod sql;
mod subject_access;
mod trust;
mod unlock;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use ingest::school::{Config, SchoolConfig, SchoolId, SchoolRoot};

use crate::chart::Media;
use printer::Printer;

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All good.
    Well,
    /// Done, but something was refused or rejected above the notice level, or is odd about a feed:
    /// `coverage` has findings of the days asked about, `check` of the last 14 school days, and
    /// `ingest` and `watch` found a new one among these.
    NeedsALook,
}

/// How figures are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// One object, its shape named in `schema`.
    Json,
    /// A header line and rows.
    Csv,
}

/// What `--format` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Asked {
    /// For people.
    #[default]
    Table,
    /// One object, its shape named in `schema`.
    Json,
    /// A header line and rows.
    Csv,
    /// A picture, of tables that have one.
    Svg,
    /// The same picture as PNG, to a file or a pipe.
    Png,
}

/// School web-filter logs to figures a safeguarding lead can act on, and charts a parent may see.
#[derive(Debug, Parser)]
#[command(name = "watershed", version, arg_required_else_help = true)]
struct Arguments {
    /// The installation's folder.
    #[arg(long, global = true, env = "WATERSHED_DIR", default_value = ".", value_name = "D")]
    dir: PathBuf,
    /// The school's short name; not needed where there is only one.
    #[arg(long, global = true, env = "WATERSHED_SCHOOL", value_name = "ID")]
    school: Option<String>,
    /// How figures are printed.
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Asked,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a DSL's key pair, on the DSL's own machine; say who can open the vault, and change it.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Set up a school in this folder.
    Init(init::InitArguments),
    /// Take the roster in, sealed: joins accounts to persons; take back that somebody led the school.
    #[command(subcommand)]
    People(people::PeopleCommand),
    /// Sign-ins of the web service.
    #[command(subcommand)]
    Accounts(accounts::AccountsCommand),
    /// Say what is wrong with this installation and how to mend it.
    Check,
    /// Take files in: from the inbox, or the paths given.
    Ingest(ingesting::IngestArguments),
    /// Follow the inboxes: take in what is dropped, every minute, until told to stop.
    Watch(watch::WatchArguments),
    /// The formats that can be read.
    Formats(formats::FormatsArguments),
    /// The lake's tables and columns, with units and meanings.
    Columns,
    /// What needs the DSL now: severity 4 and 5, blocked or let through.
    Attention(figures::AttentionArguments),
    /// What concerns staff, for an account that may see it; what concerns its holder, or the head, goes elsewhere.
    Staff(figures::StaffArguments),
    /// Per school week: rates, prevalence, control charts, the year before, possible steps, out of hours.
    Trend(figures::TrendArguments),
    /// Groups by theme, by weekday and lesson or hour, their mix, what differs, how they are filtered, what to teach,
    /// use beside what is expected.
    Groups(figures::GroupsArguments),
    /// Blocks that may be wrong: between which bounds, and where to look first; lessons, must-be-open sites, sites.
    Overblocking(figures::TablesArguments),
    /// DSL only: a random sample of blocked attempts, for two reviewers to look through.
    #[command(subcommand)]
    Sample(sample::SampleCommand),
    /// What reviewers say of a sample, how far they agree, and what follows; whether an alert was real.
    #[command(subcommand)]
    Label(label::LabelCommand),
    /// Incidents on record: counts, what followed an alert, what is always shown, what is open.
    Incidents(figures::TablesArguments),
    /// The change ledger: decisions, unblocks past their end, changes nobody recorded, reviews and actions due.
    Changes(figures::TablesArguments),
    /// What got through the filter: against policy, blocked later, reported by a person, test pages reached.
    Gotthrough(figures::TablesArguments),
    /// New grave sites and searches, search engines, ways round the filter, generative AI.
    Searches(figures::TablesArguments),
    /// What could not be seen: nights missing, nobody identified, uncategorised, rejected; what was tested.
    Coverage(figures::TablesArguments),
    /// Read-only SQL over the pseudonymous tables; every statement is logged.
    Sql(sql::SqlArguments),
    /// DSL only: one person's sealed rows, with a reason, and that is recorded.
    Unlock(unlock::UnlockArguments),
    /// DSL only: mark a matter live, so that it is in no paper and in nobody else's view.
    #[command(subcommand)]
    Embargo(embargo::EmbargoCommand),
    /// Set records apart: an investigator's, or those of tests of the filter.
    #[command(subcommand)]
    Investigations(investigations::InvestigationsCommand),
    /// Who opened what and why, and which pages: list it, verify that nobody changed it, note a review.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// DSL only: everything about one person, for that person, as files to hand over.
    SubjectAccess(subject_access::SubjectAccessArguments),
    /// Whose some records are, what a site is about: correct it, list corrections, take one back.
    #[command(subcommand)]
    Correct(correct::CorrectCommand),
    /// DSL only: delete one person from everything but the sealed sets.
    Erase(erase::EraseArguments),
    /// Seal a period's set for governors or parents.
    Publish(releases::PublishArguments),
    /// Sealed sets: list, show, approve, withdraw, audit, verify; several schools together.
    #[command(subcommand)]
    Releases(releases::ReleasesCommand),
    /// Drop what its clock has run out for; holds, and the log of what went.
    Retain(retain::RetainArguments),
    /// Copy the whole installation but the pseudonym keys to a new folder.
    Backup(backup::BackupArguments),
    /// Look through a back-up, or bring it back to a new folder.
    Restore(backup::RestoreArguments),
    /// Who can see what: list it, note that somebody reviewed it.
    #[command(subcommand)]
    Access(access::AccessCommand),
    /// What was given to other organisations, and on which basis: enter it, list it.
    #[command(subcommand)]
    Sharing(sharing::SharingCommand),
    /// Data protection papers from this configuration: record of processing, assets, DPIA, notice, roles, sharing.
    Paperwork(paperwork::PaperworkArguments),
    /// The web service.
    Serve(serving::ServeArguments),
    /// A made-up school from logs to charts, in one go.
    Demo(demo::DemoArguments),
    /// Write a big made-up log file, for measuring.
    #[command(hide = true)]
    Generate(generate::GenerateArguments),
}

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Context {
    /// The installation's folder.
    pub(crate) dir: PathBuf,
    school: Option<String>,
    /// How figures are printed.
    pub(crate) format: Format,
    /// Figures are drawn instead.
    pub(crate) picture: Option<Media>,
    /// Where everything is printed.
    pub(crate) printer: Printer,
}

/// A school that a command works on.
#[derive(Debug)]
pub(crate) struct OpenedSchool {
    pub(crate) id: SchoolId,
    pub(crate) config: SchoolConfig,
    pub(crate) root: SchoolRoot,
}

impl Context {
    /// The school named on the command line, or the only one there is.
    pub(crate) fn school(&self) -> anyhow::Result<OpenedSchool> {
        let config = Config::load(&self.dir)?;
        let id = match (&self.school, config.schools.as_slice()) {
            (Some(text), _) => SchoolId::parse(text)?,
            (None, [only]) => only.id.clone(),
            (None, []) => anyhow::bail!("there is no school here; run `watershed init` first"),
            (None, several) => anyhow::bail!(
                "there are several schools here; name one with `--school`: {}",
                several.iter().map(|school| school.id.as_str()).collect::<Vec<_>>().join(", ")
            ),
        };
        let school = config.school(&id)?.clone();
        Ok(OpenedSchool { root: SchoolRoot::of(&self.dir, &school), id, config: school })
    }

    /// The school's short name as given, for commands that make one.
    pub(crate) fn named_school(&self) -> Option<&str> {
        self.school.as_deref()
    }
}

/// Makes this process keep to itself what it works on: no value in what a panic says, no core dump. For the rest of
/// its life; first of all in [`main`].
pub fn keep_to_itself() {
    failing::no_values_in_panics();
    failing::no_core_dumps();
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    keep_to_itself();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return failing::wrong_arguments(&error),
    };
    let mut filter = tracing_subscriber::EnvFilter::try_from_env("WATERSHED_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,deltalake=error,delta_kernel=error"));
    // These write down what they parse, statements and requests, whatever level is asked for.
    for talkative in [
        "sqlparser=warn",
        "datafusion=warn",
        "hyper=warn",
        "h2=warn",
        "tower_sessions=warn",
        "tower_http=warn",
        "tower=warn",
        "axum=warn",
    ] {
        if let Ok(directive) = talkative.parse() {
            filter = filter.add_directive(directive);
        }
    }
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let (format, picture) = match arguments.format {
        Asked::Table => (Format::Table, None),
        Asked::Json => (Format::Json, None),
        Asked::Csv => (Format::Csv, None),
        Asked::Svg => (Format::Table, Some(Media::Svg)),
        Asked::Png => (Format::Table, Some(Media::Png)),
    };
    let context = Context {
        dir: arguments.dir,
        school: arguments.school,
        format,
        picture,
        printer: Printer::default(),
    };
    if picture.is_some() && !draws(&arguments.command) {
        let error = query::Error::new(query::Kind::Configuration, "only tables of figures have a picture")
            .help("leave `--format` out, or ask `trend --table chart` for one");
        context.printer.error(&error.into());
        return ExitCode::from(2);
    }
    let mailed = mailing::follows(&arguments.command);
    let ended = run(&context, arguments.command);
    // Also after a failure: the audit's entry comes before what failed.
    let mail = if mailed { mailing::after(&context) } else { Ended::Well };
    match ended {
        Ok(Ended::Well) if mail == Ended::Well => ExitCode::SUCCESS,
        Ok(Ended::Well) => ExitCode::from(1),
        Ok(Ended::NeedsALook) => ExitCode::from(1),
        Err(error) => {
            context.printer.error(&error);
            ExitCode::from(2)
        }
    }
}

/// Commands whose tables may have a picture.
const fn draws(command: &Command) -> bool {
    matches!(
        command,
        Command::Attention(_)
            | Command::Staff(_)
            | Command::Trend(_)
            | Command::Groups(_)
            | Command::Overblocking(_)
            | Command::Gotthrough(_)
            | Command::Searches(_)
            | Command::Incidents(_)
            | Command::Changes(_)
            | Command::Coverage(_)
    )
}

fn run(context: &Context, command: Command) -> anyhow::Result<Ended> {
    match command {
        Command::Keys(command) => keys::run(context, command),
        Command::Init(arguments) => init::run(context, arguments),
        Command::People(command) => people::run(context, command),
        Command::Accounts(command) => accounts::run(context, command),
        Command::Check => check::run(context),
        Command::Ingest(arguments) => ingesting::run(context, arguments),
        Command::Watch(arguments) => watch::run(context, &arguments),
        Command::Formats(arguments) => formats::run(context, arguments),
        Command::Columns => formats::columns(context),
        Command::Attention(arguments) => figures::attention(context, arguments),
        Command::Staff(arguments) => figures::staff(context, &arguments),
        Command::Trend(arguments) => figures::trend(context, arguments),
        Command::Groups(arguments) => figures::groups(context, arguments),
        Command::Overblocking(arguments) => figures::overblocking(context, arguments),
        Command::Sample(command) => sample::run(context, command),
        Command::Label(command) => label::run(context, command),
        Command::Incidents(arguments) => figures::with_tables(context, "incidents", arguments),
        Command::Changes(arguments) => figures::with_tables(context, "changes", arguments),
        Command::Gotthrough(arguments) => figures::with_tables(context, "gotthrough", arguments),
        Command::Searches(arguments) => figures::with_tables(context, "searches", arguments),
        Command::Coverage(arguments) => figures::coverage(context, arguments),
        Command::Sql(arguments) => sql::run(context, &arguments),
        Command::Unlock(arguments) => unlock::run(context, &arguments),
        Command::Embargo(command) => embargo::run(context, command),
        Command::Investigations(command) => investigations::run(context, command),
        Command::Audit(command) => audit::run(context, &command),
        Command::SubjectAccess(arguments) => subject_access::run(context, &arguments),
        Command::Correct(command) => correct::run(context, command),
        Command::Erase(arguments) => erase::run(context, &arguments),
        Command::Publish(arguments) => releases::publish(context, &arguments),
        Command::Releases(command) => releases::run(context, command),
        Command::Retain(arguments) => retain::run(context, arguments),
        Command::Backup(arguments) => backup::backup(context, &arguments),
        Command::Restore(arguments) => backup::restore(context, &arguments),
        Command::Access(command) => access::run(context, &command),
        Command::Sharing(command) => sharing::run(context, &command),
        Command::Paperwork(arguments) => paperwork::run(context, &arguments),
        Command::Serve(arguments) => serving::run(context, arguments),
        Command::Demo(arguments) => demo::run(context, &arguments),
        Command::Generate(arguments) => generate::run(context, &arguments),
    }
}

/// The command line's own reference: a table row for every command that is not hidden.
#[must_use]
pub fn reference() -> String {
    use clap::CommandFactory;
    let mut text = String::new();
    let mut command = Arguments::command();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    let names: Vec<String> = shown.map(|command| command.get_name().to_owned()).collect();
    for name in names {
        if let Some(found) = command.find_subcommand_mut(&name) {
            let about = found.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("| `{name}` | {about} |\n"));
        }
    }
    text
}

/// Runs a question of the query crate to its end.
pub(crate) fn wait<T>(question: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    Ok(runtime.block_on(question))
}
