//! Founding a consortium: authority, certificates, genesis, and a folder for each node; joining one
//! later; another key for a node.

mod join;
mod rekey;

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use emrshare_codec::{Digest, NodeId};
use emrshare_completeness::Standards;
use emrshare_contracts::{Genesis, GenesisError, Member, Protocol, Terms, Thresholds};
use emrshare_desensitize::Policy;
use emrshare_identity::{
    Authority, CertificateError, ConsortiumKey, EnvelopeKey, IssuedCertificate, SigningKey,
    Subject, Validity, WebCertificate,
};
use emrshare_storage::Engine;

use sha2::{Digest as _, Sha256};

use crate::{
    clock,
    config::{self, ConfigError, Settings},
};

pub use crate::secrets::seal_secrets;
pub use join::{apply, card, prepare};
pub use rekey::{prepare_key, rekey, replace_certificate};

const YEAR_SECONDS: i64 = 365 * 24 * 3600;

/// A consortium cannot be founded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The folder holds a node already: nothing is overwritten.
    #[error("{0} exists already; choose another folder")]
    Exists(PathBuf),
    /// The node's keys are under a passphrase already.
    #[error("the keys are sealed already, in {0}")]
    Sealed(PathBuf),
    /// A file cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A certificate cannot be made or used.
    #[error("a certificate cannot be made or used")]
    Certificate(#[from] CertificateError),
    /// What was prepared cannot be read.
    #[error("the prepared folder cannot be used")]
    Prepared(#[from] ConfigError),
    /// The members do not make a consortium.
    #[error("the members do not make a consortium")]
    Genesis(#[from] GenesisError),
}

/// An institution, and where its node is reached.
#[derive(Clone, Debug)]
pub struct Institution {
    /// The institution's name.
    pub institution: String,
    /// Address and port of its HTTPS API.
    pub api: SocketAddr,
    /// Address and port of its consensus engine.
    pub consensus: SocketAddr,
    /// Host names that the API is reached at beside the address.
    pub hosts: Vec<String>,
    /// What keeps the node's tables.
    pub store: Engine,
}

/// Founds a consortium in `folder`: the authority's key in `authority/`, and for each founder the
/// folder that the returned paths name (`folder` itself for a lone one), with `node.toml`,
/// `genesis.json`, `node.pem`, `web.pem` and `keys/`.
///
/// # Errors
/// See [`SetupError`]; what exists is never overwritten.
pub fn found(
    folder: &Path,
    name: &str,
    founders: &[Institution],
) -> Result<Vec<PathBuf>, SetupError> {
    found_with(folder, name, Thresholds::default(), founders)
}

/// The same with other thresholds for votes than two thirds.
///
/// # Errors
/// See [`SetupError`]; what exists is never overwritten.
pub fn found_with(
    folder: &Path,
    name: &str,
    thresholds: Thresholds,
    founders: &[Institution],
) -> Result<Vec<PathBuf>, SetupError> {
    let now = seconds();
    let authority_folder = folder.join("authority");
    let authority_key = SigningKey::from_seed(clock::random());
    let secret = hex::encode(authority_key.seed());
    write_secret(&authority_folder.join("authority.key"), secret.as_bytes())?;
    let authority = Authority::new(authority_key, &format!("{name} authority"), validity(20))?;
    write(&authority_folder.join("authority.pem"), authority.certificate_pem())?;
    let drafts = founders
        .iter()
        .enumerate()
        .map(|(position, founder)| Draft::new(position, founder, &authority, validity(2)))
        .collect::<Result<Vec<_>, _>>()?;
    for draft in &drafts {
        keep_issued(&authority_folder, &draft.member.certificate)?;
    }
    let [protocol, policy, standards] = embedded_terms();
    let authority = authority.certificate_pem().to_owned();
    let name = name.into();
    let key = ConsortiumKey::from_bytes(clock::random());
    let (consortium_key, time) = (key.commitment(), now);
    let terms =
        Terms { name, authority, consortium_key, protocol, policy, standards, thresholds, time };
    let members = drafts.iter().map(|draft| draft.member.clone()).collect();
    let genesis = Genesis::new(terms, members)?;
    let consortium_key = key.to_secret_text();
    let home = |draft: &Draft| match founders {
        [_] => folder.to_path_buf(),
        _ => folder.join(format!("node-{}", draft.member.node)),
    };
    drafts.iter().map(|draft| draft.write(home(draft), &genesis, &consortium_key)).collect()
}

fn seconds() -> i64 {
    i64::try_from(clock::now_ms() / 1000).unwrap_or(i64::MAX)
}

fn validity(years: i64) -> Validity {
    let now = seconds();
    Validity { not_before: now - 3600, not_after: now + years * YEAR_SECONDS }
}

/// A certificate that the authority issued and that is valid at a time, in Unix seconds.
fn valid(
    certificate: &str,
    authority: &str,
    now: i64,
) -> Result<IssuedCertificate, CertificateError> {
    let issued = IssuedCertificate::read(certificate, authority)?;
    let Validity { not_before, not_after } = issued.validity;
    if now < not_before || now > not_after {
        return Err(CertificateError::Expired { not_before, not_after, now });
    }
    Ok(issued)
}

/// The folder within the authority's that keeps what it issued.
pub const ISSUED: &str = "issued";

/// Keeps a certificate in PEM in the list of what an authority has issued, under its SHA-256.
///
/// # Errors
/// [`SetupError::Exists`] if it is there already, [`SetupError::Write`] if it cannot be written.
pub fn keep_issued(authority_folder: &Path, certificate: &str) -> Result<(), SetupError> {
    let name = hex::encode(&Sha256::digest(certificate)[..16]);
    write(&authority_folder.join(ISSUED).join(format!("{name}.pem")), certificate)
}

/// Digests of protocol, policy and standards of this software.
fn embedded_terms() -> [Digest; 3] {
    let policy = Policy::hipaa_safe_harbor().digest();
    [Protocol::embedded().digest(), policy, Standards::embedded().digest()]
}

/// A founder with its keys.
struct Draft {
    member: Member,
    home: Home,
}

impl Draft {
    fn new(
        position: usize,
        founder: &Institution,
        authority: &Authority,
        validity: Validity,
    ) -> Result<Self, SetupError> {
        let id = u32::try_from(position).unwrap_or(u32::MAX);
        let node = NodeId::new(id).map_err(|_| GenesisError::Members)?;
        let home = Home::new(node, founder, validity)?;
        let certificate = authority.issue(&home.subject(node, founder), validity)?;
        let member = home.settings.card(founder.institution.clone(), certificate);
        Ok(Self { member, home })
    }

    /// Writes the node's folder.
    fn write(
        &self,
        folder: PathBuf,
        genesis: &Genesis,
        consortium_key: &str,
    ) -> Result<PathBuf, SetupError> {
        self.home.write(&folder, genesis, consortium_key)?;
        write(&folder.join("node.pem"), &self.member.certificate)?;
        Ok(folder)
    }
}

/// The file of a folder that its monitoring system's token is in.
const MONITOR_TOKEN: &str = "monitor.token";

/// Keys and settings of a node.
struct Home {
    node_key: SigningKey,
    tls_key: SigningKey,
    settings: Settings,
    operator: SigningKey,
    web: WebCertificate,
}

impl Home {
    /// New keys.
    fn new(
        node: NodeId,
        institution: &Institution,
        validity: Validity,
    ) -> Result<Self, SetupError> {
        let [node_key, tls_key, operator] =
            [(); 3].map(|()| SigningKey::from_seed(clock::random()));
        let web = WebCertificate::generate(hosts(institution), validity)?;
        let settings = Settings {
            node: node.get(),
            api_listen: institution.api,
            consensus_listen: institution.consensus,
            api_public: None,
            consensus_public: None,
            operators: vec![operator.public_key().to_string()],
            heartbeat_ms: 1_000,
            leader_timeout_ms: 2_000,
            record_len_max: config::record_len_max(),
            disk_reserve: config::disk_reserve(),
            scrub_pause_s: config::scrub_pause_s(),
            store: institution.store,
            passphrase_file: None,
            monitor_token_file: Some(MONITOR_TOKEN.into()),
            json_mapping: None,
        };
        Ok(Self { node_key, tls_key, settings, operator, web })
    }

    /// What the authority certifies.
    fn subject(&self, node: NodeId, institution: &Institution) -> Subject {
        Subject {
            node,
            institution: institution.institution.clone(),
            consensus_key: self.node_key.public_key(),
            tls_key: self.tls_key.public_key(),
            hosts: hosts(institution),
        }
    }

    /// Writes everything but the certificate.
    fn write(
        &self,
        folder: &Path,
        genesis: &Genesis,
        consortium_key: &str,
    ) -> Result<(), SetupError> {
        let master_key = EnvelopeKey::from_bytes(&clock::random());
        let secrets = [
            ("node.key", hex::encode(self.node_key.seed())),
            ("tls.key", hex::encode(self.tls_key.seed())),
            ("operator.key", hex::encode(self.operator.seed())),
            ("consortium.key", consortium_key.into()),
            ("master.key", master_key.to_secret_text().to_string()),
            ("reveal.key", hex::encode(clock::random::<32>())),
        ];
        for (name, secret) in secrets {
            write_secret(&folder.join("keys").join(name), secret.as_bytes())?;
        }
        write_secret(&folder.join(MONITOR_TOKEN), hex::encode(clock::random::<32>()).as_bytes())?;
        write_secret(&folder.join("keys").join("web-key.pem"), self.web.key_pem.as_bytes())?;
        write(&folder.join("web.pem"), &self.web.certificate_pem)?;
        write(&folder.join("genesis.json"), &String::from_utf8_lossy(genesis.as_bytes()))?;
        let settings = toml::to_string(&self.settings).expect("settings can be written as TOML");
        write(&folder.join("node.toml"), &settings)
    }
}

fn hosts(institution: &Institution) -> Vec<String> {
    let address = institution.api.ip().to_string();
    institution.hosts.iter().cloned().chain([address]).collect()
}

fn write(path: &Path, text: &str) -> Result<(), SetupError> {
    write_with_mode(path, text.as_bytes(), 0o644)
}

pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), SetupError> {
    write_with_mode(path, bytes, 0o600)
}

/// Puts another text in the place of a file, or leaves that as it is.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), SetupError> {
    let beside = path.with_added_extension("new");
    // One that an interrupted run left behind.
    let _ = fs::remove_file(&beside);
    write(&beside, text)?;
    fs::rename(&beside, path).map_err(|source| SetupError::Write { path: path.into(), source })
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SetupError> {
    let result = (|| {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    })();
    result.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => SetupError::Exists(path.into()),
        _ => SetupError::Write { path: path.into(), source },
    })
}
