//! `watershed generate`: a big made-up log file, for measuring this program beside others.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::{Context, Ended};
use crate::sample;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Layout {
    /// Squid's native layout.
    Squid,
    /// e2guardian's quoted layout 2.
    E2guardian,
    /// The W3C extended layout as Edge SWG writes it.
    W3c,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// Layout of the lines.
    #[arg(long, value_enum, default_value = "squid")]
    layout: Layout,
    /// How many lines.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    lines: u64,
    /// The same seed makes the same file.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// New file to write.
    file: PathBuf,
}

pub(crate) fn run(context: &Context, arguments: &GenerateArguments) -> anyhow::Result<Ended> {
    let name = arguments.file.display();
    let file = File::create_new(&arguments.file)
        .with_context(|| format!("{name} cannot be made; name a file that is not there yet"))?;
    let mut out = BufWriter::new(file);
    let written = match arguments.layout {
        Layout::Squid => sample::squid_lines(&mut out, arguments.lines, arguments.seed),
        Layout::E2guardian => sample::e2guardian_lines(&mut out, arguments.lines, arguments.seed),
        Layout::W3c => sample::w3c_lines(&mut out, arguments.lines, arguments.seed),
    };
    written.and_then(|()| out.flush()).with_context(|| format!("{name} cannot be written"))?;
    context.printer.say(&format!("{} made-up lines in {name}", arguments.lines));
    Ok(Ended::Well)
}
