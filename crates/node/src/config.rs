//! A node's configuration: one TOML file, and keys and certificates beside it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use emrshare_codec::NodeId;
use emrshare_contracts::{Genesis, GenesisError, Member};
use emrshare_desensitize::RevealKey;
use emrshare_identity::{
    CertificateError, ConsortiumKey, EnvelopeKey, NodeCertificate, PublicKey, TlsKey,
};
use emrshare_record::{Mapping, MappingError};
use emrshare_storage::Engine;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{
    master_key::{MASTER, is_changing},
    monitor_token::MonitorToken,
    node_keys::NodeKeys,
    secrets::Secrets,
};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The TOML is malformed.
    #[error("{path} cannot be used")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: toml::de::Error,
    },
    /// A key file holds no key.
    #[error(
        "{path} holds no key: 64 hexadecimal characters are expected, or one in the age format in \
         `master.key`"
    )]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The file with a passphrase is empty.
    #[error("the first line of {path}, the passphrase, is empty")]
    NoPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The sealed keys do not open.
    #[error("{path} does not open: it is damaged, or under another passphrase")]
    Sealed {
        /// The file.
        path: PathBuf,
    },
    /// The genesis is not to be trusted.
    #[error("{path} cannot be used")]
    Genesis {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: GenesisError,
    },
    /// The node is no founder and has not applied.
    #[error(
        "node {0} is not a member in the genesis document, and there is no member.json of an \
         application; is this the right node.toml?"
    )]
    NotMember(u32),
    /// The keys are not those of the node's certificate.
    #[error("the keys beside the configuration are not those of the certificate of node {0}")]
    ForeignKeys(u32),
    /// The key that all nodes share is another consortium's.
    #[error(
        "`keys/consortium.key` is not the key of the consortium that `genesis.json` founds: take that of a \
         member's folder"
    )]
    OtherConsortiumKey,
    /// Some originals may be under a new master key, others under the old one.
    #[error(
        "the change of the master key has not ended: run `emrshare originals rekey --home` with the \
         node's folder again"
    )]
    MasterKeyChanges,
    /// The mapping of JSON cannot be used.
    #[error("{path} cannot be used")]
    Mapping {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: MappingError,
    },
    /// The token of the monitoring system is none.
    #[error("{path} has no token: its first line must be 64 hexadecimal digits")]
    MonitorToken {
        /// The file.
        path: PathBuf,
    },
    /// A JSON file of members is malformed.
    #[error("{path} cannot be used")]
    Members {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A certificate is not of the consortium's authority.
    #[error("the certificate of node {node} cannot be used")]
    Certificate {
        /// Whose.
        node: u32,
        /// What is wrong.
        source: CertificateError,
    },
}

/// What stands in `node.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The node's id, 0 to 1,048,575.
    pub node: u32,
    /// Address and port of the HTTPS API.
    pub api_listen: SocketAddr,
    /// Address and port of the consensus engine.
    pub consensus_listen: SocketAddr,
    /// Base address of the API for others, if it is not `https://` and `api_listen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_public: Option<String>,
    /// Address and port of the consensus engine for others, if it is not `consensus_listen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consensus_public: Option<SocketAddr>,
    /// Public keys of those who run the node, in hexadecimal.
    pub operators: Vec<String>,
    /// Milliseconds after which a leader with nothing to say proposes an empty block; above 0.
    #[serde(default = "heartbeat_ms")]
    pub heartbeat_ms: u64,
    /// Milliseconds that validators wait for a leader; above the heartbeat.
    #[serde(default = "leader_timeout_ms")]
    pub leader_timeout_ms: u64,
    /// Most bytes of one record with its attachments.
    #[serde(default = "record_len_max")]
    pub record_len_max: usize,
    /// Bytes of the disk that stay free: with less the node takes no records and fetches none, but
    /// stores blocks and deletes.
    #[serde(default = "disk_reserve")]
    pub disk_reserve: u64,
    /// Seconds between two looks at what is stored, each at 256 files, or two seconds' work, of copies and
    /// of originals; 0: only when an operator asks for it.
    #[serde(default = "scrub_pause_s")]
    pub scrub_pause_s: u64,
    /// What keeps the node's tables: `redb` or `sled`; chosen before the first start.
    #[serde(default)]
    pub store: Engine,
    /// A file whose first line is the passphrase that `keys/sealed.age` is under; the keys lie in the
    /// clear in `keys` without it. A relative path begins at the folder of `node.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<PathBuf>,
    /// A file whose first line, 64 hexadecimal digits, a monitoring system shows as bearer token to see
    /// readiness and metrics, and nothing else; nobody does without it. A relative path begins at the
    /// folder of `node.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor_token_file: Option<PathBuf>,
    /// A mapping in TOML or JSON by which JSON that is no FHIR is read. A relative path begins at the
    /// folder of `node.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_mapping: Option<PathBuf>,
}

impl Settings {
    /// The card of a node with these settings.
    pub(crate) fn card(&self, institution: String, certificate: String) -> Member {
        let api = self.api_public.clone();
        Member {
            api: api.unwrap_or_else(|| format!("https://{}", self.api_listen)),
            certificate,
            consensus: self.consensus_public.unwrap_or(self.consensus_listen).to_string(),
            institution,
            node: self.node,
        }
    }
}

const fn heartbeat_ms() -> u64 {
    1_000
}

const fn leader_timeout_ms() -> u64 {
    2_000
}

pub(crate) const fn record_len_max() -> usize {
    64 * 1024 * 1024
}

pub(crate) const fn disk_reserve() -> u64 {
    256 * 1024 * 1024
}

pub(crate) const fn scrub_pause_s() -> u64 {
    600
}

/// Settings with everything that they name, read and checked.
#[derive(Debug)]
pub struct Config {
    pub(crate) settings: Settings,
    pub(crate) node: NodeId,
    pub(crate) operators: Vec<PublicKey>,
    pub(crate) genesis: Genesis,
    /// This node as it was founded, or as it applied.
    pub(crate) card: Member,
    /// Members that a newcomer finds the chain at.
    pub(crate) introduced: Vec<(Member, NodeCertificate)>,
    pub(crate) certificate_path: PathBuf,
    pub(crate) certificate_pem: String,
    /// What browsers are shown: certificate and key in PEM.
    pub(crate) web: (String, Zeroizing<String>),
    pub(crate) keys: Arc<NodeKeys>,
    pub(crate) tls_key: TlsKey,
    pub(crate) consortium_key: ConsortiumKey,
    /// Opens all originals of this node.
    pub(crate) master_key: EnvelopeKey,
    /// Folders made before there were such keys have none.
    pub(crate) reveal_key: Option<RevealKey>,
    pub(crate) mapping: Option<Mapping>,
    pub(crate) monitor_token: Option<MonitorToken>,
    pub(crate) data: PathBuf,
    pub(crate) documents: PathBuf,
    pub(crate) restored: bool,
}

impl Config {
    /// Reads `node.toml` and, from the same folder, `genesis.json`, `node.pem`, `web.pem`
    /// and `keys/`. A node that is no founder has a `member.json` too, and may have a `members.json`:
    /// see [`setup`](crate::setup).
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let settings = read_settings(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let genesis_path = folder.join("genesis.json");
        let genesis = Genesis::from_bytes(read(&genesis_path)?.as_bytes())
            .map_err(|source| ConfigError::Genesis { path: genesis_path, source })?;
        let node = NodeId::new(settings.node).map_err(|_| ConfigError::NotMember(settings.node))?;
        let card = own_card(folder, node, &genesis)?;
        let certificate_path = folder.join("node.pem");
        let certificate_pem = read(&certificate_path)?;
        let certificate = certified(node.get(), &certificate_pem, &genesis)?;
        let secrets = Secrets::open(folder, &settings)?;
        if is_changing(folder, &secrets)? {
            return Err(ConfigError::MasterKeyChanges);
        }
        let keys = Arc::new(NodeKeys::read(folder, &secrets)?);
        let tls_key = TlsKey::new(secrets.key("tls.key")?);
        let has_reveal_key = secrets.has("reveal.key");
        let has_key = keys.holder(certificate.consensus_key).is_some();
        if !has_key || tls_key.public_key() != certificate.tls_key {
            return Err(ConfigError::ForeignKeys(settings.node));
        }
        let consortium_key = secrets.key("consortium.key")?;
        check_consortium_key(&consortium_key, &genesis)?;
        let operators = settings
            .operators
            .iter()
            .map(|key| key.parse().map_err(|_| ConfigError::Key { path: path.into() }));
        Ok(Self {
            node,
            operators: operators.collect::<Result<_, _>>()?,
            certificate_pem,
            certificate_path,
            web: (read(&folder.join("web.pem"))?, secrets.text("web-key.pem")?),
            keys,
            tls_key,
            consortium_key,
            master_key: secrets.key(MASTER)?,
            reveal_key: has_reveal_key.then(|| secrets.key("reveal.key")).transpose()?,
            mapping: settings
                .json_mapping
                .as_ref()
                .map(|path| mapping(&folder.join(path)))
                .transpose()?,
            monitor_token: settings
                .monitor_token_file
                .as_ref()
                .map(|path| MonitorToken::read(&folder.join(path)))
                .transpose()?,
            data: folder.join("data"),
            documents: folder.join("documents"),
            introduced: introduced(&folder.join("members.json"), &genesis)?,
            card,
            genesis,
            settings,
            restored: false,
        })
    }

    /// The folder's data are from a backup: the node follows the others for ten leader timeouts before it
    /// votes, since it may have voted otherwise after the backup. To be said at the first start with
    /// them; a node that is alone has nobody to follow.
    #[must_use]
    pub fn restored(self) -> Self {
        Self { restored: true, ..self }
    }
}

/// With another key a node would know no duplicate and no person of the others.
pub(crate) fn check_consortium_key(
    key: &ConsortiumKey,
    genesis: &Genesis,
) -> Result<(), ConfigError> {
    let is_named = key.commitment() == genesis.consortium_key();
    is_named.then_some(()).ok_or(ConfigError::OtherConsortiumKey)
}

fn mapping(path: &Path) -> Result<Mapping, ConfigError> {
    let read = Mapping::from_text(&read(path)?);
    read.map_err(|source| ConfigError::Mapping { path: path.into(), source })
}

/// A founder stands in the genesis; who came later has a `member.json` of the application.
fn own_card(folder: &Path, node: NodeId, genesis: &Genesis) -> Result<Member, ConfigError> {
    if let Some((card, _)) = genesis.member(node) {
        return Ok(card.clone());
    }
    let path = folder.join("member.json");
    let card: Option<Member> = read_json(&path)?;
    card.filter(|card| card.node == node.get()).ok_or(ConfigError::NotMember(node.get()))
}

fn introduced(
    path: &Path,
    genesis: &Genesis,
) -> Result<Vec<(Member, NodeCertificate)>, ConfigError> {
    let cards: Vec<Member> = read_json(path)?.unwrap_or_default();
    let known = cards.into_iter().map(|card| {
        let certificate = certificate_of(&card, genesis)?;
        Ok((card, certificate))
    });
    known.collect()
}

fn certificate_of(card: &Member, genesis: &Genesis) -> Result<NodeCertificate, ConfigError> {
    certified(card.node, &card.certificate, genesis)
}

/// A node's certificate, whenever it is valid.
fn certified(node: u32, pem: &str, genesis: &Genesis) -> Result<NodeCertificate, ConfigError> {
    let wrap = |source| ConfigError::Certificate { node, source };
    let certificate = NodeCertificate::read_pem(pem, genesis.authority()).map_err(wrap)?;
    if certificate.node.get() == node {
        Ok(certificate)
    } else {
        Err(wrap(CertificateError::NoNode))
    }
}

/// What a file holds, if it is there.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ConfigError> {
    if !path.exists() {
        return Ok(None);
    }
    let read = serde_json::from_str(&read(path)?);
    read.map(Some).map_err(|source| ConfigError::Members { path: path.into(), source })
}

pub(crate) fn read_settings(path: &Path) -> Result<Settings, ConfigError> {
    toml::from_str(&read(path)?).map_err(|source| ConfigError::Toml { path: path.into(), source })
}

pub(crate) fn read(path: &Path) -> Result<String, ConfigError> {
    let read = std::fs::read_to_string(path);
    read.map_err(|source| ConfigError::Read { path: path.into(), source })
}
