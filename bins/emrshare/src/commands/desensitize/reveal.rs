//! Encrypted values as they were, for those who have the key.

use std::{io::BufRead, path::Path};

use anyhow::{Context, bail};
use emrshare_desensitize::{Class, RevealKey};

use crate::{home, output};

/// Reads a key of 64 hexadecimal characters.
pub(super) fn key(path: &Path) -> anyhow::Result<RevealKey> {
    let key = home::read(path)?.trim().parse();
    key.with_context(|| format!("{} holds no key", path.display()))
}

/// Lines of encrypted values from standard input, what they were to standard output.
pub(super) fn run(class: &str, key_file: Option<&Path>) -> anyhow::Result<()> {
    let class = Class::ALL.into_iter().find(|known| known.name() == class);
    let class = class.with_context(|| format!("a class is one of {}", names()))?;
    let key = key(key_file.context("--reveal needs --reveal-key FILE")?)?;
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.context("standard input is not UTF-8")?;
        let Some(value) = key.reveal(class, line.trim()) else {
            bail!("line {}: not encrypted with this key, or of another class", number + 1);
        };
        output::line(&value);
    }
    Ok(())
}

fn names() -> String {
    Class::ALL.map(Class::name).join(", ")
}
