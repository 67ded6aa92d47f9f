//! `watershed demo`: two made-up schools, from nightly logs to a sealed chart.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use ingest::pipeline::Ingest;
use ingest::school::{Config, SchoolId, SchoolRoot};
use jiff::civil::date;
use query::disclosure::ledger::Ledger;
use query::disclosure::policy::AudienceWord;
use query::disclosure::publish::publish as seal;
use query::{Ask, School};

use super::init::{InitArguments, PhaseArgument};
use super::releases::noted;
use super::{Context, Ended, figures, ingesting, init, wait};
use crate::chart::{self, Width};
use crate::document;
use crate::sample::{self, SamplePlaces, SampleSchool};

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// New folder for everything the demo makes.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed of the made-up schools.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Only every n-th school day, for a quicker look.
    #[arg(long, default_value_t = 1, value_name = "N")]
    every: usize,
    /// Then serve the site on loopback, with demo sign-ins.
    #[arg(long)]
    serve: bool,
    /// Port of the site.
    #[arg(long, default_value_t = 8077)]
    port: u16,
}

pub(crate) fn run(context: &Context, arguments: &DemoArguments) -> anyhow::Result<Ended> {
    let printer = context.printer;
    fs::create_dir_all(&arguments.out)?;
    let out = arguments.out.canonicalize()?;
    let installation = out.join("installation");
    anyhow::ensure!(
        !installation.exists(),
        "{} is there already; name a new folder with `--out`, or remove that one",
        installation.display()
    );
    printer.say("1/5 keys: a pair for the DSL and one for recovery");
    let keys = [new_key(&out, "dsl")?, new_key(&out, "recovery")?];

    let mut made: Vec<PathBuf> = Vec::new();
    for school in SampleSchool::ALL {
        prepare(context, arguments, &out, &installation, school, &keys)?;
    }
    for school in SampleSchool::ALL {
        printer.say(&format!("4/5 ingest: {}", school.name()));
        let id = SchoolId::parse(school.id())?;
        let config = Config::load(&installation)?;
        let ingest = Ingest { dir: &installation, school: config.school(&id)?, keep: false };
        let report = ingest.run(&[], &ingesting::Shown::new(printer))?;
        printer.out(&format!("{}: {}", school.name(), ingesting::summary(&report)));
    }
    printer.say("5/5 figures, sealed sets, charts");
    for school in SampleSchool::ALL {
        made.extend(publish(context, &out, &installation, school)?);
    }
    printer.out("Made:");
    for path in &made {
        printer.out(&format!("  {}", path.display()));
    }
    printer.out(&format!(
        "Ask on: watershed --dir {} --school northfield attention | trend --by theme | groups | coverage",
        installation.display()
    ));
    if arguments.serve {
        return super::serving::demo(context, &installation, arguments.port);
    }
    Ok(Ended::Well)
}

fn new_key(out: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let passphrase_file = out.join(format!("{name}.passphrase"));
    let mut random = [0_u8; 12];
    getrandom::fill(&mut random).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    let passphrase: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let (private, public) = ingest::keys::new_key_pair(&passphrase)?;
    fs::write(&passphrase_file, format!("{passphrase}\n"))?;
    fs::write(out.join(format!("{name}.key")), private.as_bytes())?;
    let public_path = out.join(format!("{name}.pub"));
    fs::write(&public_path, public)?;
    Ok(public_path)
}

fn prepare(
    context: &Context,
    arguments: &DemoArguments,
    out: &Path,
    installation: &Path,
    school: SampleSchool,
    keys: &[PathBuf],
) -> anyhow::Result<()> {
    let printer = context.printer;
    let inner = Context {
        dir: installation.to_path_buf(),
        school: Some(school.id().to_owned()),
        format: context.format,
        picture: None,
        printer: super::printer::Printer::default(),
    };
    printer.say(&format!("2/5 init: {}", school.name()));
    init::set_up(
        &inner,
        InitArguments {
            name: Some(school.name().to_owned()),
            phase: Some(if school.phase() == "primary" {
                PhaseArgument::Primary
            } else {
                PhaseArgument::Secondary
            }),
            roll: Some(school.roll()),
            dsl_key: keys.to_vec(),
            pseudonym_key_dir: Some(out.join("pseudonym-keys")),
            zone: "Europe/London".to_owned(),
            settle_seconds: 0,
            keep_sources_days: 0,
            yes: true,
        },
    )?;
    let root = SchoolRoot::new(&installation.canonicalize()?, &SchoolId::parse(school.id())?);
    let roster = out.join(format!("people-{}.csv", school.id()));
    let places = SamplePlaces {
        inbox: &root.inbox(),
        settings: &root.settings(),
        roster: &roster,
        truth: &out.join(format!("truth-{}.json", school.id())),
    };
    let bar = printer.bar(0, "school days");
    let made = sample::write(school, arguments.seed, arguments.every, &places, &|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    })
    .context("the made-up logs cannot be written")?;
    bar.finish_and_clear();
    printer.say(&format!("3/5 logs and roster: {} files, {} requests", made.files, made.requests));
    super::people::import(&inner, &roster, Some("2025-26"), false)?;
    Ok(())
}

fn publish(
    context: &Context,
    out: &Path,
    installation: &Path,
    school: SampleSchool,
) -> anyhow::Result<Vec<PathBuf>> {
    let id = SchoolId::parse(school.id())?;
    let mut made = Vec::new();
    let (attention, trend) = wait(async {
        let opened = School::open(installation, &id).await?;
        let ask = Ask { period: Some(school.period().to_owned()), ..Ask::default() };
        let attention = opened.attention(&ask).await?;
        let trend = opened.trend(&ask).await?;
        Ok::<_, query::Error>((attention, trend))
    })??;
    if school == SampleSchool::Northfield {
        figures::print(context, &attention)?;
        figures::print(context, &trend)?;
    }
    // The made-up period is long over; sealing asks for a day after it, not for today's.
    let today = date(2026, 9, 1);
    let governors =
        wait(seal(installation, &id, AudienceWord::Governors, school.period(), Some("headteacher"), today))??;
    let sealed = |id: &str| format!("{id}: sealed and approved");
    noted(installation, &id, Some("headteacher"), &sealed(&governors.id))?;
    let ledger = Ledger::open(installation, &id)?;
    let set = ledger.governors(&governors.id)?;
    let audit = query::audit::AccessAudit::open(installation, &id)?.statement_for_paper()?;
    let mut write = |name: String, bytes: &[u8]| -> anyhow::Result<()> {
        let path = out.join(name);
        fs::write(&path, bytes)?;
        made.push(path);
        Ok(())
    };
    write(format!("governors-{}.html", school.id()), document::governor_page(&set, Some(&audit))?.bytes())?;
    write(format!("governors-{}.json", school.id()), ledger.json(&governors.id)?.value().as_bytes())?;
    let parents =
        wait(seal(installation, &id, AudienceWord::Parents, school.period(), Some("headteacher"), today))??;
    noted(installation, &id, Some("headteacher"), &sealed(&parents.id))?;
    let set = Ledger::open(installation, &id)?.parents(&parents.id)?;
    write(format!("parents-{}.html", school.id()), document::parent_page(&set)?.bytes())?;
    let picture = chart::bands(&set, Width::pixels(800))?;
    write(format!("parents-{}.svg", school.id()), picture.bytes())?;
    write(format!("parents-{}.png", school.id()), picture.to_png()?.bytes())?;
    Ok(made)
}
