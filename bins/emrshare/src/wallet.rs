//! A wallet's file: recovery words and how far its keys are used, under a passphrase.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::Context;
use emrshare_identity::{KeyUse, SigningKey, Words, open_with_passphrase, seal_with_passphrase};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{cli::WalletFile, passphrase};

/// Words and counters.
pub(crate) struct Wallet {
    pub(crate) words: Words,
    /// Number of the registered key: how often it was replaced.
    pub(crate) registry: u32,
    /// How many visits have a key: theirs are numbered from 0.
    pub(crate) visits: u32,
    /// What the file is sealed under.
    passphrase: Zeroizing<String>,
}

impl Wallet {
    /// A wallet that has no file yet; the passphrase is asked for.
    pub(crate) fn new(
        file: &WalletFile,
        words: Words,
        registry: u32,
        visits: u32,
    ) -> anyhow::Result<Self> {
        Ok(Self { words, registry, visits, passphrase: passphrase_of(file, true)? })
    }

    /// Opens a wallet's file.
    pub(crate) fn open(file: &WalletFile) -> anyhow::Result<Self> {
        let path = file.wallet.display();
        let sealed = fs::read(&file.wallet).with_context(|| format!("{path} cannot be read"))?;
        let passphrase = passphrase_of(file, false)?;
        let text = open_with_passphrase(&sealed, &passphrase);
        let text = text.with_context(|| format!("{path} cannot be opened"))?;
        let read: Value = serde_json::from_slice(&text).context("the wallet is malformed")?;
        let number = |key: &str| read[key].as_u64().and_then(|number| u32::try_from(number).ok());
        let words = read["words"].as_str().context("the wallet has no words")?.parse()?;
        let registry = number("registry").context("the wallet has no number of its key")?;
        let visits = number("visits").context("the wallet has no count of visits")?;
        Ok(Self { words, registry, visits, passphrase })
    }

    /// Writes a new file: never over another.
    pub(crate) fn create(&self, file: &WalletFile) -> anyhow::Result<()> {
        write_new(&file.wallet, &self.sealed()?)
    }

    /// Replaces the file.
    pub(crate) fn save(&self, file: &WalletFile) -> anyhow::Result<()> {
        let beside = passphrase::beside(&file.wallet);
        // One that an interrupted run left behind.
        let _ = fs::remove_file(&beside);
        write_new(&beside, &self.sealed()?)?;
        Ok(fs::rename(&beside, &file.wallet)?)
    }

    fn sealed(&self) -> anyhow::Result<Vec<u8>> {
        let words = self.words.to_secret_text();
        let text = json!({ "words": *words, "registry": self.registry, "visits": self.visits });
        let text = Zeroizing::new(serde_json::to_vec(&text)?);
        Ok(seal_with_passphrase(&text, &self.passphrase, passphrase::WORK)?)
    }

    /// The key of a visit, or the registered one.
    pub(crate) fn key(&self, visit: Option<u32>) -> SigningKey {
        match visit {
            Some(number) => self.words.key(KeyUse::Relationship, number),
            None => self.words.key(KeyUse::Registry, self.registry),
        }
    }
}

/// Writes a new file that its owner alone can read.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.with_context(|| format!("{} cannot be made", path.display()))?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

fn passphrase_of(file: &WalletFile, is_new: bool) -> anyhow::Result<Zeroizing<String>> {
    passphrase::ask("the wallet", file.passphrase_file.as_deref(), is_new)
}
