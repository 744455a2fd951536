//! A client of the emrshare node's HTTPS API.
//!
//! [`Client::new`] needs the address, the consortium's authority and the person's key; it signs in
//! by itself when a call needs it. Answers are JSON as the node's OpenAPI document describes them.
//!
//! ```
//! use emrshare_client::Client;
//! use emrshare_identity::SigningKey;
//! # use emrshare_node::{Config, Node, StoreEngine, setup};
//! # let folder = tempfile::tempdir()?;
//! # let port = || std::net::TcpListener::bind("127.0.0.1:0")?.local_addr();
//! # let founder = setup::Institution {
//! #     institution: "Example hospital".into(),
//! #     api: port()?,
//! #     consensus: port()?,
//! #     hosts: vec!["localhost".into()],
//! #     store: StoreEngine::default(),
//! # };
//! # let home = setup::found(folder.path(), "example", &[founder])?.remove(0);
//! # let config = Config::load(&home.join("node.toml"))?;
//! # emrshare_node::runtime()?.block_on(async {
//! # let node = Node::start(config).await?;
//! # let address = format!("https://{}", node.address());
//!
//! let authority = std::fs::read_to_string(home.join("authority/authority.pem"))?;
//! let key = std::fs::read_to_string(home.join("keys/operator.key"))?;
//! let key: SigningKey = key.trim().parse()?;
//! let client = Client::new(&address, &authority, key)?;
//! assert_eq!(client.status().await?["institution"], "Example hospital");
//! # node.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod fetch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_contracts::{Call, Person, Role};
use emrshare_identity::{PublicKey, SignInChallenge, SigningKey};
use emrshare_ledger::{CertifiedHeader, Successions, TransactionDraft, wire::Reader};
use emrshare_record::SourceFile;
use reqwest::{Method, RequestBuilder, Response, multipart};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

pub use error::ClientError;

/// A person at a node.
#[derive(Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    key: Arc<SigningKey>,
    session: Arc<Mutex<Option<Session>>>,
}

#[derive(Clone)]
struct Session {
    token: String,
    chain: Digest,
    node: NodeId,
}

impl Client {
    /// A client of the node at `base`, such as `https://127.0.0.1:8443`; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::Setup`] if the authority's certificate is no PEM.
    pub fn new(base: &str, authority_pem: &str, key: SigningKey) -> Result<Self, ClientError> {
        let setup = |error: &dyn std::fmt::Display| ClientError::Setup(error.to_string());
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority_pem.as_bytes());
        let authority = authority.map_err(|error| setup(&error))?;
        roots.add(authority).map_err(|error| setup(&error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| setup(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| setup(&error))?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { base, http, key: Arc::new(key), session: Arc::default() })
    }

    /// The address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The person's public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// Whether the node's process answers; needs no signing in.
    pub async fn is_up(&self) -> bool {
        let request = self.http.get(format!("{}/api/v1/health", self.base));
        let answer = request.timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Pushes a new record. The same `idempotency_key` gives the same answer again.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the judge's report; see [`ClientError`].
    pub async fn submit(
        &self,
        files: Vec<SourceFile>,
        idempotency_key: Option<&str>,
    ) -> Result<Value, ClientError> {
        let files = Upload::new(files);
        self.json(Method::POST, "/api/v1/records", |request| {
            let request = request.multipart(files.form());
            match idempotency_key {
                Some(key) => request.header("idempotency-key", key),
                None => request,
            }
        })
        .await
    }

    /// Pushes a new version of a record.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update(
        &self,
        index: RecordIndex,
        files: Vec<SourceFile>,
    ) -> Result<Value, ClientError> {
        let files = Upload::new(files);
        let path = format!("/api/v1/records/{index}");
        self.json(Method::PUT, &path, |request| request.multipart(files.form())).await
    }

    /// Ends a record.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete(&self, index: RecordIndex) -> Result<Value, ClientError> {
        self.call(Method::DELETE, &format!("/api/v1/records/{index}")).await
    }

    /// Judges a record without storing anything.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn check(&self, files: Vec<SourceFile>) -> Result<Value, ClientError> {
        let files = Upload::new(files);
        self.json(Method::POST, "/api/v1/check", |request| request.multipart(files.form())).await
    }

    /// State and history of a record on the ledger.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn show(&self, index: RecordIndex) -> Result<Value, ClientError> {
        self.call(Method::GET, &format!("/api/v1/records/{index}")).await
    }

    /// Finds records.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn search(&self, query: &str, limit: usize) -> Result<Value, ClientError> {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.call(Method::GET, &format!("/api/v1/search?q={query}&limit={limit}")).await
    }

    /// Where the node stands.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn status(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/status").await
    }

    /// Reads what the node has stored, `copies` or `originals`, and checks it, or tells which originals are
    /// `missing`; some files at a time, behind the one that the last answer names as `after`. For an
    /// operator.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn scrub(&self, store: &str, after: Option<&str>) -> Result<Value, ClientError> {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        self.call(Method::POST, &format!("/api/v1/scrub?store={store}{after}")).await
    }

    /// Final blocks, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn blocks(&self, limit: u64) -> Result<Value, ClientError> {
        self.call(Method::GET, &format!("/api/v1/blocks?limit={limit}")).await
    }

    /// The newest final header with its certificate.
    ///
    /// # Errors
    /// See [`ClientError`]; the header is not verified.
    pub async fn newest_header(&self) -> Result<CertifiedHeader, ClientError> {
        self.certified("newest").await
    }

    /// The first header from this height on that has a certificate of its own.
    ///
    /// # Errors
    /// See [`ClientError`]; the header is not verified.
    pub async fn header(&self, height: u64) -> Result<CertifiedHeader, ClientError> {
        self.certified(&height.to_string()).await
    }

    /// The path from the chain before `first` to the chain before `second`.
    ///
    /// # Errors
    /// See [`ClientError`]; the path is not verified.
    pub async fn consistency(&self, first: u64, second: u64) -> Result<Vec<Digest>, ClientError> {
        self.hashes(&format!("/api/v1/consistency?first={first}&second={second}")).await
    }

    /// The path that shows that the block at a height is part of the chain before a later header.
    ///
    /// # Errors
    /// See [`ClientError`]; the path is not verified.
    pub async fn ancestor(&self, block: u64, header: u64) -> Result<Vec<Digest>, ClientError> {
        self.hashes(&format!("/api/v1/ancestor?block={block}&header={header}")).await
    }

    async fn hashes(&self, path: &str) -> Result<Vec<Digest>, ClientError> {
        let answer = self.call(Method::GET, path).await?;
        let digests = answer["path"].as_array().into_iter().flatten();
        let digests = digests.map(|digest| digest.as_str().unwrap_or_default().parse());
        let malformed = |_| ClientError::Answer("malformed path".into());
        digests.collect::<Result<_, _>>().map_err(malformed)
    }

    async fn certified(&self, which: &str) -> Result<CertifiedHeader, ClientError> {
        let bytes = self.bytes(&format!("/api/v1/headers/{which}")).await?;
        let header = CertifiedHeader::read(&mut Reader::new(&bytes));
        header.map_err(|error| ClientError::Answer(error.to_string()))
    }

    /// Makes a person known.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn register(
        &self,
        key: PublicKey,
        role: Role,
        identity: &str,
    ) -> Result<Value, ClientError> {
        let body = json!({"key": key.to_string(), "role": role.name(), "identity": identity});
        self.json(Method::POST, "/api/v1/people", |request| request.json(&body)).await
    }

    /// Says which patient a record is about.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn link(&self, index: RecordIndex, patient: PublicKey) -> Result<Value, ClientError> {
        let body = json!({"index": index.to_string(), "patient": patient.to_string()});
        self.json(Method::POST, "/api/v1/relationships", |request| request.json(&body)).await
    }

    /// Signs a call with this person's key and puts it on the ledger.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the contract refuses it; see [`ClientError`].
    pub async fn sign_and_send(&self, call: impl Into<Call>) -> Result<Value, ClientError> {
        let call = call.into();
        let session = self.session().await?;
        let draft = TransactionDraft {
            node: session.node,
            contract: call.contract(),
            nonce: next_nonce(),
            payload: call.to_payload(),
        };
        let bytes = draft.sign(session.chain, &self.key);
        let body = json!({ "transaction": hex::encode(bytes) });
        self.json(Method::POST, "/api/v1/transactions", |request| request.json(&body)).await
    }

    /// As an operator: has the node sign a call and put it on the ledger.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call_as_node(&self, call: impl Into<Call>) -> Result<Value, ClientError> {
        let call = call.into();
        let body = json!({
            "contract": call.contract().0,
            "payload": hex::encode(call.to_payload()),
        });
        self.json(Method::POST, "/api/v1/calls", |request| request.json(&body)).await
    }

    /// Who holds a key.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if nobody is registered with it; see [`ClientError`].
    pub async fn person(&self, key: PublicKey) -> Result<Person, ClientError> {
        let shown = self.call(Method::GET, &format!("/api/v1/people/{key}")).await?;
        let text = |field: &str| shown[field].as_str().unwrap_or_default();
        let registrar = shown["registrar"].as_u64().and_then(|node| u32::try_from(node).ok());
        let registrar = registrar.and_then(|node| NodeId::new(node).ok());
        let person = Role::from_name(text("role"))
            .zip(text("identity").parse().ok())
            .zip(registrar)
            .map(|((role, identity), registrar)| Person { role, identity, registrar });
        person.ok_or_else(|| ClientError::Answer("malformed person".into()))
    }

    /// As an operator: what stands on the ledger for an identity string.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn identify(&self, identity: &str) -> Result<Digest, ClientError> {
        let body = json!({ "identity": identity });
        let path = "/api/v1/identities";
        let shown = self.json(Method::POST, path, |request| request.json(&body)).await?;
        let digest = shown["identity"].as_str().unwrap_or_default().parse();
        digest.map_err(|_| ClientError::Answer("malformed identity".into()))
    }

    /// Relationships, records and grants of this person's key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn summary(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/summary").await
    }

    /// What happened to a record's original, for its patient and for regulators.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] for others; see [`ClientError`].
    pub async fn trail(&self, index: RecordIndex) -> Result<Value, ClientError> {
        self.call(Method::GET, &format!("/api/v1/records/{index}/trail")).await
    }

    /// What happened to this person's registration.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn own_trail(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/trail/own").await
    }

    /// As a regulator: a page of everything that happened; `from` is what the page before named as
    /// `next`, and empty at first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn trail_of_all(&self, from: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, &format!("/api/v1/trail?from={from}")).await
    }

    /// What members vote on.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn proposals(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/proposals").await
    }

    /// Who is or was a member.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn members(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/members").await
    }

    /// All changes of the validators since genesis.
    ///
    /// # Errors
    /// See [`ClientError`]; they are not verified.
    pub async fn successions(&self) -> Result<Successions, ClientError> {
        let bytes = self.bytes("/api/v1/successions").await?;
        let successions = Successions::from_bytes(&bytes);
        successions.map_err(|error| ClientError::Answer(error.to_string()))
    }

    /// The documents that records are judged and desensitized by.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn terms(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/terms").await
    }

    /// How many copies of each institution the policy in force has made.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn coverage(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/terms/coverage").await
    }

    /// As an operator: gives the node an encoding protocol, a policy or a standard database.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_document(&self, document: Vec<u8>) -> Result<Value, ClientError> {
        let document = Bytes::from(document);
        let path = "/api/v1/documents";
        self.json(Method::POST, path, |request| request.body(document.clone())).await
    }

    /// Who agreed on what, by the transaction that offered it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such agreement; see [`ClientError`].
    pub async fn agreement(&self, agreement: Digest) -> Result<Value, ClientError> {
        self.call(Method::GET, &format!("/api/v1/agreements/{agreement}")).await
    }

    /// As a doctor or an operator: the agreements of the institution, with records and log.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn agreements(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/agreements").await
    }

    /// What this person asked doctors, and was asked.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn consultations(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/consultations").await
    }

    /// What each institution gave and took.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn contributions(&self) -> Result<Value, ClientError> {
        self.call(Method::GET, "/api/v1/contributions").await
    }

    /// The chain's name, which what this person signs is bound to.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn chain(&self) -> Result<Digest, ClientError> {
        Ok(self.session().await?.chain)
    }

    /// Ends all sessions of this person at the node.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn sign_out(&self) -> Result<Value, ClientError> {
        let answer = self.call(Method::DELETE, "/api/v1/session").await;
        self.session.lock().await.take();
        answer
    }

    /// The node's metrics in Prometheus' text format.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let bytes = self.bytes("/api/v1/metrics").await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn call(&self, method: Method, path: &str) -> Result<Value, ClientError> {
        self.json(method, path, |request| request).await
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value, ClientError> {
        Ok(self.send(method, path, fill).await?.json().await?)
    }

    async fn bytes(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        let answer = self.send(Method::GET, path, |request| request).await?;
        Ok(answer.bytes().await?.to_vec())
    }

    /// Sends a request; signs in again once if the node does not know the session any more.
    async fn send(
        &self,
        method: Method,
        path: &str,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ClientError> {
        let url = format!("{}{path}", self.base);
        let mut signed_in_again = false;
        loop {
            let session = self.session().await?;
            let request = self.http.request(method.clone(), &url).bearer_auth(&session.token);
            match error::checked(fill(request).send().await?).await {
                Err(ClientError::NotSignedIn(_)) if !signed_in_again => {
                    signed_in_again = true;
                    self.session.lock().await.take();
                }
                answer => return answer,
            }
        }
    }

    /// The session, which is opened at the first call.
    async fn session(&self) -> Result<Session, ClientError> {
        let mut session = self.session.lock().await;
        if let Some(open) = &*session {
            return Ok(open.clone());
        }
        let open = self.sign_in().await?;
        *session = Some(open.clone());
        Ok(open)
    }

    async fn sign_in(&self) -> Result<Session, ClientError> {
        let url = format!("{}/api/v1/challenge", self.base);
        let answer: Value = error::checked(self.http.post(url).send().await?).await?.json().await?;
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let malformed = || ClientError::Answer("malformed challenge".into());
        let chain: Digest = text("chain").parse().map_err(|_| malformed())?;
        let node = answer["node"].as_u64().and_then(|node| u32::try_from(node).ok());
        let node = node.and_then(|node| NodeId::new(node).ok()).ok_or_else(malformed)?;
        let PublicKey(challenge) = text("challenge").parse().map_err(|_| malformed())?;
        let signature = SignInChallenge { chain, node, challenge }.sign(&self.key);
        let body = json!({
            "challenge": text("challenge"),
            "key": self.public_key().to_string(),
            "signature": signature.to_string(),
        });
        let url = format!("{}/api/v1/session", self.base);
        let answer = error::checked(self.http.post(url).json(&body).send().await?).await?;
        let answer: Value = answer.json().await?;
        let token = answer["token"].as_str().ok_or_else(malformed)?.to_owned();
        Ok(Session { token, chain, node })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({} as {})", self.base, self.public_key())
    }
}

/// Microseconds since 1970, or one more than the last time: nonces must ascend.
fn next_nonce() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
    let next = |last: u64| Some(now.max(last.saturating_add(1)));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    now.max(last.unwrap_or_default().saturating_add(1))
}

/// Files to be sent, possibly twice, without copying them.
struct Upload(Vec<(String, Bytes)>);

impl Upload {
    fn new(files: Vec<SourceFile>) -> Self {
        Self(files.into_iter().map(|file| (file.name, Bytes::from(file.bytes))).collect())
    }

    fn form(&self) -> multipart::Form {
        self.0.iter().fold(multipart::Form::new(), |form, (name, bytes)| {
            let length = bytes.len() as u64;
            let part = multipart::Part::stream_with_length(bytes.clone(), length);
            form.part("file", part.file_name(name.clone()))
        })
    }
}
