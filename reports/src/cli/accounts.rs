//! `watershed accounts`: sign-ins of the web service; passwords from a file, standard input or the
//! terminal, never a default and never on the command line.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Context, Ended, Format};
use crate::http::accounts::{Accounts, Role};

#[derive(Debug, Args)]
pub(crate) struct PasswordSource {
    /// File whose first line is the password; otherwise the terminal, or standard input.
    #[arg(long, value_name = "F")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// A new account.
    Add {
        /// Sign-in name.
        name: String,
        /// dsl, slt, governor or it.
        #[arg(long)]
        role: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// A new password; ends the account's sessions.
    Reset {
        /// Sign-in name.
        name: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// No more signing in; ends the account's sessions.
    Disable {
        /// Sign-in name.
        name: String,
    },
    /// All accounts of the school.
    List,
}

pub(crate) fn run(context: &Context, command: AccountsCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let mut accounts = Accounts::open(&context.dir, &school.id)?;
    match command {
        AccountsCommand::Add { name, role, password } => {
            accounts.add(&name, Role::parse(&role)?, &password.read()?)?;
            context.printer.say("The account is there.");
        }
        AccountsCommand::Reset { name, password } => {
            accounts.reset(&name, &password.read()?)?;
            context.printer.say("The password is changed, and the account's sessions are ended.");
        }
        AccountsCommand::Disable { name } => {
            accounts.disable(&name)?;
            context.printer.say("The account is disabled, and its sessions are ended.");
        }
        AccountsCommand::List => {
            let list = accounts.list()?;
            if context.format == Format::Json {
                context.printer.out(
                    &serde_json::json!({"schema": "watershed.accounts/1", "school": school.id.as_str(), "accounts": list})
                        .to_string(),
                );
            } else {
                let rows = list
                    .into_iter()
                    .map(|account| {
                        let state = if account.disabled { "disabled" } else { "active" };
                        vec![
                            account.name,
                            account.role.word().to_owned(),
                            state.to_owned(),
                            account.changed_utc,
                        ]
                    })
                    .collect();
                context.printer.out(&context.printer.grid(&["account", "role", "state", "changed"], rows));
            }
        }
    }
    Ok(Ended::Well)
}

impl PasswordSource {
    fn read(&self) -> anyhow::Result<Zeroizing<String>> {
        let whole = match &self.password_file {
            Some(path) => Zeroizing::new(
                std::fs::read_to_string(path)
                    .with_context(|| format!("{}: cannot be read", path.display()))?,
            ),
            None if std::io::stdin().is_terminal() => {
                let first = Zeroizing::new(rpassword::prompt_password("Password: ")?);
                let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
                anyhow::ensure!(*first == *again, "the two passwords differ");
                return Ok(first);
            }
            None => {
                let mut text = Zeroizing::new(String::new());
                std::io::stdin().read_to_string(&mut text)?;
                text
            }
        };
        Ok(Zeroizing::new(whole.lines().next().unwrap_or_default().to_owned()))
    }
}
