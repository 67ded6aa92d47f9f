//! `watershed accounts`: sign-ins of the web service; passwords from a file, standard input or the
//! terminal, never a default and never on the command line.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ingest::pseudonymise::{Domain, Keyring};
use ingest::state::{AccountHolder, PersonOfYear, State};
use zeroize::Zeroizing;

use super::{Context, Ended, Format};
use crate::http::accounts::{Accounts, Role};

#[derive(Debug, Args)]
pub(crate) struct PasswordSource {
    /// File whose first line is the password; otherwise the terminal, or standard input.
    #[arg(long, value_name = "F")]
    password_file: Option<PathBuf>,
}

/// Whose account it is.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct HolderArguments {
    /// The person's key in the roster; only keyed tokens of it are kept.
    #[arg(long, value_name = "KEY")]
    person: Option<String>,
    /// Somebody who is in no roster of this school.
    #[arg(long)]
    outside: bool,
}

impl HolderArguments {
    fn holder(&self, context: &Context) -> anyhow::Result<Option<AccountHolder>> {
        let Some(key) = &self.person else {
            return Ok(self.outside.then_some(AccountHolder::Outside));
        };
        let school = context.school()?;
        let keyring = Keyring::open(&school.config.pseudonym_key_dir, &school.id, &context.dir)?;
        let roster = State::open(&school.root)?.roster()?;
        let mut years = BTreeSet::new();
        let mut is_known = false;
        for year in keyring.years()?.into_iter().filter(|year| !keyring.is_destroyed(*year)) {
            let person = keyring.token(year, Domain::Person, key.trim().as_bytes())?;
            is_known |= roster
                .get(&year)
                .is_some_and(|accounts| accounts.values().any(|member| member.person == person));
            years.insert(PersonOfYear { year, person });
        }
        anyhow::ensure!(
            is_known,
            "no roster has a person of that key with an account; take the roster in first, or say `--outside`"
        );
        Ok(Some(AccountHolder::Person(years)))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// A new account.
    Add {
        /// Sign-in name.
        name: String,
        /// dsl, head, slt, governor, it, chair or authority.
        #[arg(long)]
        role: String,
        #[command(flatten)]
        holder: HolderArguments,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Say whose account it is: what is about that person is never shown to it. Ends its sessions.
    Link {
        /// Sign-in name.
        name: String,
        #[command(flatten)]
        holder: HolderArguments,
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
        AccountsCommand::Add { name, role, holder, password } => {
            let holder = holder.holder(context)?;
            accounts.add(&name, Role::parse(&role)?, &password.read()?)?;
            if let Some(holder) = holder {
                accounts.link(&name, &holder)?;
            }
            context.printer.say("The account is there.");
        }
        AccountsCommand::Link { name, holder } => {
            let holder = holder
                .holder(context)?
                .context("say whose account it is: `--person KEY` of the roster, or `--outside`")?;
            accounts.link(&name, &holder)?;
            context.printer.say("It is known whose account it is; its sessions are ended.");
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
