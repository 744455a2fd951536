//! The documents that records are judged and desensitized by: always those in force on the ledger.
//!
//! The ledger names them by digest. They come with this software or lie in the node's folder
//! `documents`, each under its SHA-256.

use std::{
    borrow::Cow,
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use emrshare_codec::Digest;
use emrshare_completeness::{Standards, StandardsError};
use emrshare_contracts::{AgreedTerms, Protocol, ProtocolError, terms_in_force};
use emrshare_desensitize::{Desensitizer, Policy, PolicyError, RevealKey};
use emrshare_identity::ConsortiumKey;
use emrshare_ledger::{StateError, StateRead};
use sha2::{Digest as _, Sha256};

/// Records cannot be judged as the consortium agreed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// A document is not at hand.
    #[error(
        "the {what} in force, {digest}, is not at this node: add it with `emrshare protocol add`"
    )]
    Missing {
        /// Which.
        what: &'static str,
        /// Its SHA-256.
        digest: Digest,
    },
    /// The encoding protocol is malformed.
    #[error("the encoding protocol in force is malformed")]
    Protocol(#[from] ProtocolError),
    /// The policy is malformed.
    #[error("the desensitization policy in force is malformed")]
    Policy(#[from] PolicyError),
    /// The policy makes copies that other nodes would refuse.
    #[error(
        "the desensitization policy in force encrypts in the form of real numbers: not to be shared"
    )]
    NotForSharing,
    /// The policy encrypts, and this node has no key to do it with.
    #[error("the desensitization policy in force encrypts, and keys/reveal.key is not there")]
    NoRevealKey,
    /// The standard database is malformed.
    #[error("the standard database in force is malformed")]
    Standards(#[from] StandardsError),
    /// The folder of documents fails.
    #[error("{path} cannot be read or written")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What a document is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DocumentKind {
    Protocol,
    Policy,
    Standards,
}

impl DocumentKind {
    /// What bytes are, if they are a document.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let policy = std::str::from_utf8(bytes).ok().and_then(|text| Policy::parse(text).ok());
        if policy.is_some_and(|policy| policy.is_for_sharing()) {
            Some(Self::Policy)
        } else if Protocol::from_json(bytes).is_ok() {
            Some(Self::Protocol)
        } else {
            Standards::from_json(bytes).is_ok().then_some(Self::Standards)
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Protocol => "encoding protocol",
            Self::Policy => "desensitization policy",
            Self::Standards => "standard database",
        }
    }
}

/// Documents by digest.
#[derive(Debug)]
pub(crate) struct Documents(PathBuf);

impl Documents {
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Keeps a document; returns its digest.
    pub(crate) fn add(&self, bytes: &[u8]) -> Result<Digest, TermsError> {
        let digest = digest_of(bytes);
        let (path, beside) = (self.path(digest), self.0.join(format!("{digest}.new")));
        let written = || {
            fs::create_dir_all(&self.0)?;
            let mut file = fs::File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        };
        written().map_err(|source| TermsError::Io { path, source })?;
        Ok(digest)
    }

    /// Whether a document is at hand.
    pub(crate) fn has(&self, kind: DocumentKind, digest: Digest) -> bool {
        self.get(kind, digest).is_ok()
    }

    fn get(&self, kind: DocumentKind, digest: Digest) -> Result<Cow<'static, [u8]>, TermsError> {
        let mut embedded =
            Policy::SHIPPED.into_iter().chain([Protocol::EMBEDDED, Standards::EMBEDDED]);
        if let Some(document) = embedded.find(|bytes| digest_of(bytes) == digest) {
            return Ok(document.into());
        }
        // A file that is not what its name says is none.
        let found = fs::read(self.path(digest)).ok().filter(|bytes| digest_of(bytes) == digest);
        found.map(Cow::Owned).ok_or(TermsError::Missing { what: kind.name(), digest })
    }

    /// A document that is in force, which stays here: a later version of this program may embed another.
    fn kept(&self, kind: DocumentKind, digest: Digest) -> Result<Cow<'static, [u8]>, TermsError> {
        let document = self.get(kind, digest)?;
        if !self.path(digest).exists()
            && let Err(error) = self.add(&document)
        {
            // It is at hand now; a folder that cannot be written stops no node.
            tracing::warn!(%error, what = kind.name(), "a document in force is not kept");
        }
        Ok(document)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        Path::new(&self.0).join(digest.to_string())
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// Terms with their documents read.
pub(crate) struct InForce {
    pub(crate) named: AgreedTerms,
    pub(crate) protocol: Protocol,
    pub(crate) standards: Standards,
    pub(crate) desensitizer: Desensitizer,
}

/// The terms that the ledger names, and their documents.
pub(crate) struct Terms {
    documents: Documents,
    keys: TermsKeys,
    read: RwLock<Arc<InForce>>,
}

/// What copies are made with.
pub(crate) struct TermsKeys {
    /// For surrogates.
    pub(crate) consortium: Arc<ConsortiumKey>,
    /// For what this hospital may see again.
    pub(crate) reveal: Option<RevealKey>,
}

impl Terms {
    /// Reads the documents that are in force.
    pub(crate) fn open(
        documents: Documents,
        keys: TermsKeys,
        state: &impl StateRead,
    ) -> Result<Self, TermsError> {
        let named = terms_in_force(state)?.terms;
        let read = RwLock::new(Arc::new(InForce::read(named, &documents, &keys)?));
        Ok(Self { documents, keys, read })
    }

    /// What is in force after the last final block.
    pub(crate) fn in_force(&self, state: &impl StateRead) -> Result<Arc<InForce>, TermsError> {
        let named = terms_in_force(state)?.terms;
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner).clone();
        if read.named == named {
            return Ok(read);
        }
        let new = Arc::new(InForce::read(named, &self.documents, &self.keys)?);
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
        tracing::info!(protocol = %named.protocol, policy = %named.policy, "new terms in force");
        Ok(new)
    }

    /// Names of what is in force, whether or not it is at hand.
    pub(crate) fn named(&self, state: &impl StateRead) -> Result<AgreedTerms, StateError> {
        Ok(terms_in_force(state)?.terms)
    }

    /// The documents at hand.
    pub(crate) const fn documents(&self) -> &Documents {
        &self.documents
    }
}

impl InForce {
    fn read(
        named: AgreedTerms,
        documents: &Documents,
        keys: &TermsKeys,
    ) -> Result<Self, TermsError> {
        let policy = documents.kept(DocumentKind::Policy, named.policy)?;
        let policy = Policy::parse(&String::from_utf8_lossy(&policy))?;
        if !policy.is_for_sharing() {
            return Err(TermsError::NotForSharing);
        }
        if policy.encrypts() && keys.reveal.is_none() {
            return Err(TermsError::NoRevealKey);
        }
        let protocol = documents.kept(DocumentKind::Protocol, named.protocol)?;
        let standards = documents.kept(DocumentKind::Standards, named.standards)?;
        let surrogates = ConsortiumKey::from_bytes(keys.consortium.to_bytes());
        let desensitizer = Desensitizer::new(policy, surrogates);
        Ok(Self {
            named,
            protocol: Protocol::from_json(&protocol)?,
            standards: Standards::from_json(&standards)?,
            desensitizer: match &keys.reveal {
                Some(key) => desensitizer.with_reveal_key(key.clone()),
                None => desensitizer,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedded() -> AgreedTerms {
        let [protocol, policy, standards] =
            [Protocol::EMBEDDED, Policy::HIPAA_SAFE_HARBOR, Standards::EMBEDDED].map(digest_of);
        AgreedTerms { protocol, policy, standards }
    }

    fn keys(reveal: Option<RevealKey>) -> TermsKeys {
        TermsKeys { consortium: Arc::new(ConsortiumKey::from_bytes([1; 32])), reveal }
    }

    #[test]
    fn a_policy_that_encrypts_needs_a_key_and_no_real_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::new(folder.path().join("documents"));
        let read = |technique: &str, keys: &TermsKeys| {
            let strict = String::from_utf8_lossy(Policy::STRICT);
            let text = strict.replace("identifier = \"delete\"", technique);
            fs::create_dir_all(folder.path().join("documents")).unwrap();
            let policy = digest_of(text.as_bytes());
            fs::write(documents.path(policy), &text).unwrap();
            InForce::read(AgreedTerms { policy, ..embedded() }, &documents, keys)
        };
        let token = "identifier = { encrypt = \"token\" }";
        assert!(matches!(read(token, &keys(None)), Err(TermsError::NoRevealKey)));
        let with_key = keys(Some(RevealKey::from_bytes(&[2; 32])));
        read(token, &with_key).unwrap();
        let format = "identifier = { encrypt = \"format\" }";
        assert!(matches!(read(format, &with_key), Err(TermsError::NotForSharing)));
    }

    #[test]
    fn a_document_that_is_missing_or_not_what_its_name_says_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::new(folder.path().join("documents"));
        let key = keys(None);
        let named = embedded();
        InForce::read(named, &documents, &key).unwrap();
        // What is embedded now may not be in the next version.
        for digest in [named.protocol, named.policy, named.standards] {
            assert_eq!(digest_of(&fs::read(documents.path(digest)).unwrap()), digest);
        }
        let text = String::from_utf8_lossy(Policy::STRICT).replace("version = 1", "version = 2");
        let policy = digest_of(text.as_bytes());
        let named = AgreedTerms { policy, ..embedded() };
        let missing = |read: Result<InForce, TermsError>| match read {
            Err(TermsError::Missing { digest, .. }) => digest == policy,
            _ => false,
        };
        assert!(missing(InForce::read(named, &documents, &key)));
        assert_eq!(documents.add(text.as_bytes()).unwrap(), policy);
        InForce::read(named, &documents, &key).unwrap();
        fs::write(documents.path(policy), "something else").unwrap();
        assert!(missing(InForce::read(named, &documents, &key)));
    }
}
