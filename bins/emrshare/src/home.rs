//! A node's folder, as its users need it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use emrshare_client::Client;
use emrshare_codec::Digest;
use emrshare_contracts::Genesis;
use emrshare_identity::SigningKey;
use emrshare_node::Settings;
use sha2::{Digest as _, Sha256};

use crate::{cli::At, passphrase, wallet::Wallet};

/// Reads a text file, or says which one cannot be read.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Reads a file of any bytes.
pub(crate) fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> anyhow::Result<Digest> {
    let bytes = read_bytes(path)?;
    anyhow::ensure!(!bytes.is_empty(), "{} is empty", path.display());
    Ok(Digest(Sha256::digest(bytes).into()))
}

/// Reads a founding document.
pub(crate) fn genesis(path: &Path) -> anyhow::Result<Genesis> {
    let genesis = Genesis::from_bytes(read(path)?.as_bytes());
    genesis.with_context(|| format!("{} is not to be trusted", path.display()))
}

/// A client as the flags say.
pub(crate) fn client(at: &At) -> anyhow::Result<Client> {
    client_with(at, person_key(at)?)
}

/// The key that the flags name.
pub(crate) fn person_key(at: &At) -> anyhow::Result<SigningKey> {
    if at.wallet.is_some() {
        return Ok(Wallet::open(&at.wallet_file()?)?.key(at.visit));
    }
    match &at.key {
        Some(path) => passphrase::key(path, at.passphrase_file.as_deref()),
        None => passphrase::key(&operator_key(&at.home), at.passphrase_file.as_deref()),
    }
}

/// A client of the node that the flags name, for a key.
pub(crate) fn client_with(at: &At, key: SigningKey) -> anyhow::Result<Client> {
    let genesis =
        genesis(&at.home.join("genesis.json")).context("name the node's folder with --home")?;
    let base = match &at.node {
        Some(base) => base.clone(),
        None => {
            let settings: Settings = toml::from_str(&read(&at.home.join("node.toml"))?)?;
            format!("https://{}", settings.api_listen)
        }
    };
    Ok(Client::new(&base, genesis.authority(), key)?)
}

/// Where `init` puts the operator's key.
pub(crate) fn operator_key(home: &Path) -> PathBuf {
    home.join("keys").join("operator.key")
}
