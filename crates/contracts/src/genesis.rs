//! The founding document.

use std::collections::BTreeSet;

use emrshare_codec::{Digest, NodeId};
use emrshare_identity::{CertificateError, NodeCertificate};
use emrshare_ledger::{Block, Changes, Memory, Overlay, ValidatorSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    AgreedTerms, TermsInForce, Thresholds, key, membership,
    wire::{self, Field},
};

const FORMAT: &str = "emrshare-genesis/1";

/// A document is not a genesis.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// Not the JSON of a genesis.
    #[error("not a genesis document: line {line}, column {column}")]
    Malformed {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The JSON is not in canonical form.
    #[error("the genesis document is not in RFC 8785 canonical form")]
    NotCanonical,
    /// A format that this software does not know.
    #[error("the genesis document has not format {FORMAT}")]
    Format,
    /// The consortium's key, protocol, policy or standards are not named by a digest.
    #[error(
        "the genesis document does not name the consortium's key, protocol, policy and standards by 64 \
         hexadecimal characters"
    )]
    Terms,
    /// Nobody, more than 100, or two members with one id or key.
    #[error("the members of the genesis document are none, more than 100 or not distinct")]
    Members,
    /// A name or address has more than 255 bytes, or a certificate more than 2,048.
    #[error("{what} of the genesis document has more than {limit} bytes")]
    Length {
        /// What is too long.
        what: &'static str,
        /// How long it may be.
        limit: usize,
    },
    /// A member's certificate is not to be trusted.
    #[error("the certificate of node {node} is not to be trusted")]
    Certificate {
        /// Whose certificate.
        node: u32,
        /// What is wrong with it.
        source: CertificateError,
    },
}

/// An institution and its node.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Base address of its API, such as `https://emr.hospital.example:8443`.
    pub api: String,
    /// Its certificate in PEM: binds node id, TLS key and consensus key.
    pub certificate: String,
    /// Address and port of its consensus engine.
    pub consensus: String,
    /// The institution's name.
    pub institution: String,
    /// Its node id.
    pub node: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    authority: String,
    consortium_key: String,
    format: String,
    members: Vec<Member>,
    name: String,
    policy: String,
    protocol: String,
    standards: String,
    thresholds: Thresholds,
    time: i64,
}

/// A genesis whose certificates were checked.
#[derive(Clone, Debug)]
pub struct Genesis {
    document: std::sync::Arc<Vec<u8>>,
    name: String,
    authority: String,
    consortium_key: Digest,
    members: Vec<(Member, NodeCertificate)>,
    terms: AgreedTerms,
    thresholds: Thresholds,
}

/// What a genesis is made of beside its members.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The consortium's name.
    pub name: String,
    /// The authority's certificate in PEM.
    pub authority: String,
    /// What tells the consortium's key from others
    /// ([`ConsortiumKey::commitment`](emrshare_identity::ConsortiumKey::commitment)).
    pub consortium_key: Digest,
    /// Digest of the encoding protocol in force.
    pub protocol: Digest,
    /// Digest of the desensitization policy in force.
    pub policy: Digest,
    /// Digest of the standard database in force.
    pub standards: Digest,
    /// How many members must say yes to what.
    pub thresholds: Thresholds,
    /// Founding time in Unix seconds; the certificates must be valid then.
    pub time: i64,
}

impl Genesis {
    /// Founds a consortium.
    ///
    /// # Errors
    /// [`GenesisError::Members`] or [`GenesisError::Certificate`].
    pub fn new(terms: Terms, members: Vec<Member>) -> Result<Self, GenesisError> {
        let document = Document {
            authority: terms.authority,
            consortium_key: terms.consortium_key.to_string(),
            format: FORMAT.into(),
            members,
            name: terms.name,
            policy: terms.policy.to_string(),
            protocol: terms.protocol.to_string(),
            standards: terms.standards.to_string(),
            thresholds: terms.thresholds,
            time: terms.time,
        };
        Self::check(document)
    }

    /// Reads a genesis; only its canonical form is accepted.
    ///
    /// # Errors
    /// See [`GenesisError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, GenesisError> {
        let document: Document = serde_json::from_slice(bytes).map_err(|error| {
            GenesisError::Malformed { line: error.line(), column: error.column() }
        })?;
        if document.format != FORMAT {
            return Err(GenesisError::Format);
        }
        let genesis = Self::check(document)?;
        if *genesis.document == bytes { Ok(genesis) } else { Err(GenesisError::NotCanonical) }
    }

    fn check(document: Document) -> Result<Self, GenesisError> {
        let bytes = serde_json_canonicalizer::to_vec(&document)
            .expect("a genesis document has a canonical form");
        let Document { authority, consortium_key, members, name, policy, protocol, .. } = document;
        let (standards, time, thresholds) =
            (document.standards, document.time, document.thresholds);
        check_lengths(&authority, &members)?;
        let members = members
            .into_iter()
            .map(|member| {
                let certificate = checked(&member, &authority, time)?;
                Ok((member, certificate))
            })
            .collect::<Result<Vec<_>, GenesisError>>()?;
        let nodes: BTreeSet<_> = members.iter().map(|(member, _)| member.node).collect();
        let keys: BTreeSet<_> =
            members.iter().map(|(_, certificate)| certificate.consensus_key).collect();
        let count_fits = (1..=membership::MEMBERS_MAX).contains(&members.len());
        if !count_fits || nodes.len() != members.len() || keys.len() != members.len() {
            return Err(GenesisError::Members);
        }
        let digest = |text: String| text.parse().map_err(|_| GenesisError::Terms);
        let (protocol, policy) = (digest(protocol)?, digest(policy)?);
        let terms = AgreedTerms { protocol, policy, standards: digest(standards)? };
        let (document, consortium_key) = (std::sync::Arc::new(bytes), digest(consortium_key)?);
        Ok(Self { document, name, authority, consortium_key, members, terms, thresholds })
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.document
    }

    /// SHA-256 of the bytes: names the chain.
    #[must_use]
    pub fn chain(&self) -> Digest {
        Digest(Sha256::digest(self.as_bytes()).into())
    }

    /// The consortium's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The authority's certificate in PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What tells the consortium's key from others.
    #[must_use]
    pub const fn consortium_key(&self) -> Digest {
        self.consortium_key
    }

    /// The members with their checked certificates.
    pub fn members(&self) -> impl Iterator<Item = (&Member, &NodeCertificate)> {
        self.members.iter().map(|(member, certificate)| (member, certificate))
    }

    /// A member by its id.
    #[must_use]
    pub fn member(&self, node: NodeId) -> Option<(&Member, &NodeCertificate)> {
        self.members().find(|(_, certificate)| certificate.node == node)
    }

    /// The documents that are in force until the members vote for others.
    #[must_use]
    pub const fn terms(&self) -> AgreedTerms {
        self.terms
    }

    /// The validators of the first blocks: all founders.
    #[must_use]
    pub fn validators(&self) -> ValidatorSet {
        let seats = self.members.iter().map(|(_, certificate)| membership::seat(certificate));
        ValidatorSet::new(seats.collect())
    }

    /// The state before the first block: who the members are.
    #[must_use]
    pub fn state(&self) -> Changes {
        self.sealed_state().0
    }

    /// The first block.
    #[must_use]
    pub fn block(&self) -> Block {
        let (_, state_root) = self.sealed_state();
        Block::genesis(self.chain(), state_root, self.validators().root())
    }

    fn sealed_state(&self) -> (Changes, Digest) {
        let mut changes = Changes::default();
        membership::found(&mut changes, &self.authority, &self.members);
        let terms = TermsInForce { terms: self.terms, policy_since: 0 };
        changes.0.insert(key::terms(), Some(terms.to_bytes()));
        changes.0.insert(key::thresholds(), Some(self.thresholds.to_bytes()));
        let nothing = Memory::default();
        let sealed = Overlay::with_changes(&nothing, changes).seal();
        sealed.expect("a state in memory can be read")
    }
}

/// Whether all texts are as short as those of members that join later.
fn check_lengths(authority: &str, members: &[Member]) -> Result<(), GenesisError> {
    let check = |what, text: &str, limit| {
        if text.len() > limit { Err(GenesisError::Length { what, limit }) } else { Ok(()) }
    };
    check("a certificate", authority, wire::TEXT_MAX)?;
    for Member { api, certificate, consensus, institution, .. } in members {
        check("a certificate", certificate, wire::TEXT_MAX)?;
        for text in [api, consensus, institution] {
            check("a name or an address", text, membership::NAME_LEN_MAX)?;
        }
    }
    Ok(())
}

/// The certificate of a founder, valid at founding time and naming its node.
fn checked(member: &Member, authority: &str, time: i64) -> Result<NodeCertificate, GenesisError> {
    let node = member.node;
    let wrap = |source| GenesisError::Certificate { node, source };
    let certificate =
        NodeCertificate::verify_pem(&member.certificate, authority, time).map_err(wrap)?;
    if certificate.node.get() == node {
        Ok(certificate)
    } else {
        Err(wrap(CertificateError::NoNode))
    }
}
