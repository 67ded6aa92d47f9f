//! `watershed serve`: the web service, on loopback unless told otherwise.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use ingest::school::{Config, SchoolId};
use ingest::state::AccountHolder;

use super::{Context, Ended, wait};
use crate::http::accounts::{Accounts, Role};
use crate::http::{ServeOptions, Tls, bind};

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address and port; any address but loopback needs TLS.
    #[arg(long, default_value = "127.0.0.1:8077", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, arguments: ServeArguments) -> anyhow::Result<Ended> {
    let mut options = ServeOptions::new(context.dir.clone());
    options.address = arguments.listen;
    options.tls =
        arguments.tls_certificate.zip(arguments.tls_key).map(|(certificate, key)| Tls { certificate, key });
    if let Some(school) = context.named_school() {
        options.schools.push(SchoolId::parse(school)?);
    }
    serve(context, options, &[])
}

fn serve(context: &Context, options: ServeOptions, sign_ins: &[String]) -> anyhow::Result<Ended> {
    wait(async {
        let bound = bind(options).await?;
        context.printer.out(&bound.url());
        for sign_in in sign_ins {
            context.printer.out(sign_in);
        }
        context.printer.say("Serving; end with Ctrl-C.");
        bound.run().await
    })??;
    Ok(Ended::Well)
}

/// Serves the demo's schools with sign-ins made for this run.
pub(crate) fn demo(context: &Context, installation: &Path, port: u16) -> anyhow::Result<Ended> {
    let config = Config::load(installation)?;
    let mut sign_ins = Vec::new();
    for school in &config.schools {
        let mut accounts = Accounts::open(installation, &school.id)?;
        for (name, role) in [("dsl", Role::Dsl), ("head", Role::Slt), ("governor", Role::Governor)] {
            let mut random = [0_u8; 9];
            getrandom::fill(&mut random)
                .map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
            let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            accounts.add(name, role, &password)?;
            accounts.link(name, &AccountHolder::Outside)?;
            sign_ins.push(format!("  {}: {name} / {password}  ({})", school.id, role.in_words()));
        }
    }
    let mut options = ServeOptions::new(installation.to_path_buf());
    options.address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    serve(context, options, &sign_ins)
}
