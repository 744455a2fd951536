//! Passphrases, and keys under them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use emrshare_identity::{SigningKey, open_with_passphrase, seal_with_passphrase};
use zeroize::Zeroizing;

use crate::{home, wallet::write_new};

/// Logarithm of scrypt's N: about a second.
pub(crate) const WORK: u8 = 17;
/// How a file in the age format begins.
const AGE: &[u8] = b"age-encryption.org/";

/// The first line of a file, or what is typed: never an argument or the environment, which others can
/// see.
pub(crate) fn ask(
    what: &str,
    file: Option<&Path>,
    is_new: bool,
) -> anyhow::Result<Zeroizing<String>> {
    if let Some(path) = file {
        let text = Zeroizing::new(home::read(path)?);
        return Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()));
    }
    let asked = Zeroizing::new(rpassword::prompt_password(format!("passphrase of {what}: "))?);
    if is_new {
        let again = Zeroizing::new(rpassword::prompt_password("again: ")?);
        anyhow::ensure!(*asked == *again, "the passphrases differ");
    }
    Ok(asked)
}

/// Reads a key file, in the clear or under a passphrase.
pub(crate) fn key(path: &Path, passphrase_file: Option<&Path>) -> anyhow::Result<SigningKey> {
    let shown = path.display();
    let bytes = Zeroizing::new(fs::read(path).with_context(|| format!("{shown} cannot be read"))?);
    let opened = if bytes.starts_with(AGE) {
        let passphrase = ask(&shown.to_string(), passphrase_file, false)?;
        let opened = open_with_passphrase(&bytes, &passphrase);
        opened.with_context(|| format!("{shown} cannot be opened"))?
    } else {
        bytes
    };
    let text = std::str::from_utf8(&opened).unwrap_or_default();
    text.trim().parse().with_context(|| format!("{shown} holds no key"))
}

/// Puts a key file under a passphrase, in its place.
pub(crate) fn seal_key(path: &Path, passphrase_file: Option<&Path>) -> anyhow::Result<()> {
    let bytes = Zeroizing::new(
        fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?,
    );
    if bytes.starts_with(AGE) {
        bail!("{} is under a passphrase already", path.display());
    }
    key(path, None)?;
    let passphrase = ask(&path.display().to_string(), passphrase_file, true)?;
    let beside = beside(path);
    // One that an interrupted run left behind.
    let _ = fs::remove_file(&beside);
    write_new(&beside, &seal_with_passphrase(&bytes, &passphrase, WORK)?)?;
    Ok(fs::rename(&beside, path)?)
}

/// Where a file's next content is written.
pub(crate) fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}
