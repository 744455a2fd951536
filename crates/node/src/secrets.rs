//! The secrets of a node's folder: files in `keys`, or all of them in one file under a passphrase.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use emrshare_identity::{open_with_passphrase, seal_with_passphrase};
use zeroize::Zeroizing;

use crate::{
    config::{ConfigError, Settings, read, read_settings},
    setup::{SetupError, replace, write_secret},
};

/// What the node itself needs. The operator's key is that of a person.
const NAMES: [&str; 6] =
    ["node.key", "tls.key", "consortium.key", "master.key", "reveal.key", "web-key.pem"];
const SEALED: &str = "sealed.age";
/// Logarithm of scrypt's N: about half a second.
const WORK: u8 = 17;

/// The secrets of a node, where they are.
pub(crate) struct Secrets {
    folder: PathBuf,
    opened: Option<BTreeMap<String, Zeroizing<String>>>,
}

impl Secrets {
    /// Opens what is sealed, if the settings name a file with a passphrase.
    pub(crate) fn open(home: &Path, settings: &Settings) -> Result<Self, ConfigError> {
        let folder = home.join("keys");
        let Some(passphrase_file) = &settings.passphrase_file else {
            return Ok(Self { folder, opened: None });
        };
        let passphrase = read_passphrase(&home.join(passphrase_file))?;
        let opened = open_sealed(&folder.join(SEALED), &passphrase)?;
        Ok(Self { folder, opened: Some(opened) })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match &self.opened {
            Some(opened) => opened.contains_key(name),
            None => self.folder.join(name).exists(),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Zeroizing<String>, ConfigError> {
        let path = self.folder.join(name);
        match &self.opened {
            Some(opened) => opened.get(name).cloned().ok_or(ConfigError::Key { path }),
            None => Ok(Zeroizing::new(read(&path)?)),
        }
    }

    fn seal(&self, names: &[&str], passphrase: &str) -> Result<Vec<u8>, ConfigError> {
        let texts = names.iter().map(|name| Ok((*name, self.text(name)?)));
        let texts: BTreeMap<_, _> = texts.collect::<Result<_, ConfigError>>()?;
        let plain: BTreeMap<_, _> =
            texts.iter().map(|(name, text)| (name, text.as_str())).collect();
        let plain = serde_json::to_vec(&plain).expect("texts can be written as JSON");
        seal_with_passphrase(&Zeroizing::new(plain), passphrase, WORK)
            .map_err(|_| ConfigError::Sealed { path: self.folder.join(SEALED) })
    }

    pub(crate) fn key<T: FromStr>(&self, name: &str) -> Result<T, ConfigError> {
        let path = self.folder.join(name);
        self.text(name)?.trim().parse().map_err(|_| ConfigError::Key { path })
    }
}

/// Seals the secrets of a node's folder under the passphrase in the first line of a file, which
/// `node.toml` names from then on, and removes them in the clear. The node must be stopped; any tool for
/// the age format opens `keys/sealed.age`. What was interrupted is finished by doing it again.
///
/// What a disk or a backup kept of the files before is not in this function's hands: make new keys where
/// that matters.
///
/// # Errors
/// [`SetupError::Sealed`] if they are and nothing lies in the clear; see [`SetupError`]. Nothing
/// is removed before the sealed file has been read back.
///
/// # Panics
/// Never: settings and secrets can be written as text.
pub fn seal_secrets(home: &Path, passphrase_file: &Path) -> Result<(), SetupError> {
    let toml = home.join("node.toml");
    let mut settings = read_settings(&toml)?;
    let clear = Secrets { folder: home.join("keys"), opened: None };
    let present: Vec<_> = NAMES.into_iter().filter(|name| clear.has(name)).collect();
    let path = clear.folder.join(SEALED);
    if settings.passphrase_file.is_none() {
        let passphrase_file = absolute(passphrase_file)?;
        // One that an interrupted run left: the settings do not name it, so the clear files count.
        let _ = fs::remove_file(&path);
        write_secret(&path, &clear.seal(&present, &read_passphrase(&passphrase_file)?)?)?;
        settings.passphrase_file = Some(passphrase_file);
    } else if present.is_empty() {
        return Err(SetupError::Sealed(path));
    }
    let sealed = Secrets::open(home, &settings)?;
    for name in &present {
        if sealed.text(name)? != clear.text(name)? {
            return Err(ConfigError::Sealed { path }.into());
        }
    }
    replace(&toml, &toml::to_string(&settings).expect("settings can be written as TOML"))?;
    for name in present {
        let path = clear.folder.join(name);
        fs::remove_file(&path).map_err(|source| SetupError::Write { path, source })?;
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, ConfigError> {
    fs::canonicalize(path).map_err(|source| ConfigError::Read { path: path.into(), source })
}

/// The first line of a file.
fn read_passphrase(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let text = Zeroizing::new(read(path)?);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(ConfigError::NoPassphrase { path: path.into() });
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn open_sealed(
    path: &Path,
    passphrase: &str,
) -> Result<BTreeMap<String, Zeroizing<String>>, ConfigError> {
    let sealed =
        fs::read(path).map_err(|source| ConfigError::Read { path: path.into(), source })?;
    let closed = || ConfigError::Sealed { path: path.into() };
    let opened = open_with_passphrase(&sealed, passphrase).map_err(|_| closed())?;
    let texts: BTreeMap<String, String> = serde_json::from_slice(&opened).map_err(|_| closed())?;
    Ok(texts.into_iter().map(|(name, text)| (name, Zeroizing::new(text))).collect())
}
