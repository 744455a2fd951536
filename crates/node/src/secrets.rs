//! The secrets of a node's folder: files in `keys`, or all of them in one file under a passphrase.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use emrshare_identity::{open_with_passphrase, seal_with_passphrase};
use zeroize::Zeroizing;

use crate::{
    config::{ConfigError, Settings, read, read_settings},
    master_key::{MASTER, NEXT_MASTER},
    node_keys::{CURRENT, NEXT},
    setup::{SetupError, replace, write_secret},
};

/// What the node itself needs. The operator's key is that of a person.
const NAMES: [&str; 8] =
    [CURRENT, NEXT, "tls.key", "consortium.key", MASTER, NEXT_MASTER, "reveal.key", "web-key.pem"];
const SEALED: &str = "sealed.age";
/// Logarithm of scrypt's N: about half a second.
const WORK: u8 = 17;

/// The secrets of a node, where they are.
pub(crate) struct Secrets {
    folder: PathBuf,
    opened: Option<Texts>,
}

/// Secrets by the names of their files.
type Texts = BTreeMap<String, Zeroizing<String>>;

impl Secrets {
    /// Opens what is sealed, if the settings name a file with a passphrase.
    pub(crate) fn open(home: &Path, settings: &Settings) -> Result<Self, ConfigError> {
        let clear = Self::in_the_clear(home);
        let Some(passphrase_file) = &settings.passphrase_file else { return Ok(clear) };
        let passphrase = read_passphrase(&home.join(passphrase_file))?;
        let opened = open_sealed(&clear.folder.join(SEALED), &passphrase)?;
        Ok(Self { opened: Some(opened), ..clear })
    }

    /// What lies in the clear, or is being put there.
    pub(crate) fn in_the_clear(home: &Path) -> Self {
        Self { folder: home.join("keys"), opened: None }
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
            None => {
                warn_if_open(&path);
                Ok(Zeroizing::new(read(&path)?))
            }
        }
    }

    /// A key that may have been made after the others were sealed: in the clear, or sealed since then.
    pub(crate) fn newest<T: FromStr>(
        &self,
        home: &Path,
        name: &str,
    ) -> Result<Option<T>, ConfigError> {
        let clear = Self::in_the_clear(home);
        let mut places = [&clear, self].into_iter();
        places.find(|secrets| secrets.has(name)).map(|secrets| secrets.key(name)).transpose()
    }

    fn remove(&self, name: &str) -> Result<(), SetupError> {
        let path = self.folder.join(name);
        fs::remove_file(&path).map_err(|source| SetupError::Write { path, source })
    }

    pub(crate) fn key<T: FromStr>(&self, name: &str) -> Result<T, ConfigError> {
        let path = self.folder.join(name);
        self.text(name)?.trim().parse().map_err(|_| ConfigError::Key { path })
    }
}

/// Tells of a secret that others than its owner may read or write.
fn warn_if_open(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |file| file.permissions().mode());
    if mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!(%path, "others may read or write this secret: chmod 600 is missing");
    }
}

/// Seals the secrets of a node's folder under the passphrase in the first line of a file, which
/// `node.toml` names from then on, and removes them in the clear. The node must be stopped; any tool for
/// the age format opens `keys/sealed.age`. What was interrupted is finished by doing it again; what came
/// later, such as a new consensus key, is added under the passphrase that `node.toml` names.
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
    let clear = Secrets::in_the_clear(home);
    let present: Vec<_> = NAMES.into_iter().filter(|name| clear.has(name)).collect();
    let path = clear.folder.join(SEALED);
    let mut texts = Texts::new();
    if settings.passphrase_file.is_some() {
        if present.is_empty() {
            return Err(SetupError::Sealed(path));
        }
        texts = Secrets::open(home, &settings)?.opened.unwrap_or_default();
    } else {
        settings.passphrase_file = Some(absolute(passphrase_file)?);
    }
    for name in &present {
        let text = clear.text(name)?;
        if texts.insert((*name).into(), text.clone()).is_some_and(|sealed| sealed != text) {
            return Err(ConfigError::Sealed { path }.into());
        }
    }
    write_sealed(home, &settings, &texts)?;
    let sealed = Secrets::open(home, &settings)?;
    for name in &present {
        if sealed.text(name)? != clear.text(name)? {
            return Err(ConfigError::Sealed { path }.into());
        }
    }
    replace(&toml, &toml::to_string(&settings).expect("settings can be written as TOML"))?;
    present.into_iter().try_for_each(|name| clear.remove(name))
}

/// Adds a secret, sealed if the others are, and durable when this returns.
pub(crate) fn add(
    home: &Path,
    settings: &Settings,
    name: &str,
    text: Zeroizing<String>,
) -> Result<(), SetupError> {
    let mut secrets = Secrets::open(home, settings)?;
    let Some(texts) = &mut secrets.opened else {
        return write_whole(&secrets.folder, name, text.as_bytes());
    };
    texts.insert(name.to_owned(), text);
    write_sealed(home, settings, texts)
}

/// Lets a secret take the place of another one, wherever they are.
pub(crate) fn promote(
    home: &Path,
    settings: &Settings,
    from: &str,
    to: &str,
) -> Result<(), SetupError> {
    let clear = Secrets::in_the_clear(home);
    let mut sealed = Secrets::open(home, settings)?;
    let Some(texts) = &mut sealed.opened else {
        let path = clear.folder.join(to);
        let renamed = fs::rename(clear.folder.join(from), &path);
        renamed.map_err(|source| SetupError::Write { path, source })?;
        return sync(&clear.folder);
    };
    let sealed_before = texts.remove(from);
    let text = if clear.has(from) { Some(clear.text(from)?) } else { sealed_before };
    texts.extend(text.map(|text| (to.to_owned(), text)));
    write_sealed(home, settings, texts)?;
    if clear.has(from) { clear.remove(from) } else { Ok(()) }
}

/// In place of what was sealed before, or as it was.
fn write_sealed(home: &Path, settings: &Settings, texts: &Texts) -> Result<(), SetupError> {
    let path = home.join("keys").join(SEALED);
    let closed = || ConfigError::Sealed { path: path.clone() };
    let passphrase_file = settings.passphrase_file.as_ref().ok_or_else(closed)?;
    let passphrase = read_passphrase(&home.join(passphrase_file))?;
    let plain: BTreeMap<_, _> = texts.iter().map(|(name, text)| (name, text.as_str())).collect();
    let plain = Zeroizing::new(serde_json::to_vec(&plain).expect("texts can be written as JSON"));
    let sealed = seal_with_passphrase(&plain, &passphrase, WORK).map_err(|_| closed())?;
    write_whole(&home.join("keys"), SEALED, &sealed)
}

/// Under its name a secret is whole, or as it was; it is durable when this returns.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), SetupError> {
    let path = folder.join(name);
    let beside = path.with_added_extension("new");
    // One that an interrupted run left behind.
    let _ = fs::remove_file(&beside);
    write_secret(&beside, bytes)?;
    fs::rename(&beside, &path).map_err(|source| SetupError::Write { path, source })?;
    sync(folder)
}

/// Makes durable which files a folder holds.
fn sync(folder: &Path) -> Result<(), SetupError> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| SetupError::Write { path: folder.into(), source })
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

fn open_sealed(path: &Path, passphrase: &str) -> Result<Texts, ConfigError> {
    let sealed =
        fs::read(path).map_err(|source| ConfigError::Read { path: path.into(), source })?;
    let closed = || ConfigError::Sealed { path: path.into() };
    let opened = open_with_passphrase(&sealed, passphrase).map_err(|_| closed())?;
    let texts: BTreeMap<String, String> = serde_json::from_slice(&opened).map_err(|_| closed())?;
    Ok(texts.into_iter().map(|(name, text)| (name, Zeroizing::new(text))).collect())
}
