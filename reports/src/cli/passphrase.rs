//! Passphrases: from a file, else from the terminal; never from the command line.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context as _;
use zeroize::Zeroizing;

/// Shortest passphrase that a new key may have, in characters.
const SHORTEST: usize = 12;

/// Reads a passphrase.
pub(crate) fn read(file: Option<&Path>, question: &str) -> anyhow::Result<Zeroizing<String>> {
    let text = match file {
        Some(path) => {
            let whole = Zeroizing::new(
                std::fs::read_to_string(path)
                    .with_context(|| format!("{}: cannot be read", path.display()))?,
            );
            Zeroizing::new(whole.lines().next().unwrap_or_default().to_owned())
        }
        None if std::io::stdin().is_terminal() => Zeroizing::new(rpassword::prompt_password(question)?),
        None => anyhow::bail!("a passphrase is needed; name a file that holds it with `--passphrase-file`"),
    };
    anyhow::ensure!(!text.is_empty(), "the passphrase is empty");
    Ok(text)
}

/// Reads a passphrase for a new key; on a terminal twice.
pub(crate) fn read_new(file: Option<&Path>) -> anyhow::Result<Zeroizing<String>> {
    let text = read(file, "Passphrase for the new key: ")?;
    anyhow::ensure!(
        text.chars().count() >= SHORTEST,
        "the passphrase is shorter than {SHORTEST} characters; four unrelated words are easy to keep"
    );
    if file.is_none() {
        let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
        anyhow::ensure!(*again == *text, "the two passphrases differ");
    }
    Ok(text)
}
