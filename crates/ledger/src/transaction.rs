//! A signed call of a contract.

use emrshare_codec::{Digest, Kind, Marker, NodeId, Operation};
use emrshare_identity::{Domain, PublicKey, Signature, SigningKey};

use crate::{DecodeError, VerifyError, hash, hash::TRANSACTION_ID, wire::Reader};

const DOMAIN: Domain = Domain::new(b"_EMRSHARE_LEDGER_TRANSACTION");
const HEAD_LEN: usize = 5 + 2 + 32 + 8;
const SIGNATURE_LEN: usize = 64;

/// Which contract a transaction calls.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ContractId(pub u16);

/// A transaction whose bytes are well formed.
///
/// ```text
/// operation 36 bits | zero 4 bits | contract 2 | signer 32 | nonce 8 | payload … | signature 64
/// ```
///
/// The signer signs everything before the signature, behind the chain's digest. A signer's nonces
/// ascend, so a transaction cannot come twice.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    bytes: &'a [u8],
    operation: Operation,
    contract: ContractId,
    signer: PublicKey,
    nonce: u64,
    payload: &'a [u8],
    signature: Signature,
}

impl<'a> Transaction<'a> {
    /// Most bytes that a transaction has.
    pub const LEN_MAX: usize = 64 * 1024;

    /// Reads a transaction.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let limit = Self::LEN_MAX;
        if bytes.len() > limit {
            return Err(DecodeError::Limit { what: "transaction", found: bytes.len(), limit });
        }
        let mut reader = Reader::new(bytes);
        let operation = Operation::from_padded_bytes(reader.array("operation")?)?;
        let contract = ContractId(reader.u16("contract")?);
        let signer = reader.public_key("signer")?;
        let nonce = reader.u64("nonce")?;
        let payload = reader.remaining().saturating_sub(SIGNATURE_LEN);
        let payload = reader.bytes("payload", payload)?;
        let signature = reader.signature("signature")?;
        Ok(Self { bytes, operation, contract, signer, nonce, payload, signature })
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The node that passed the transaction on.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.operation.acting()
    }

    /// The contract that is called.
    #[must_use]
    pub const fn contract(&self) -> ContractId {
        self.contract
    }

    /// The key of the person or node that calls.
    #[must_use]
    pub const fn signer(&self) -> PublicKey {
        self.signer
    }

    /// The signer's count of transactions.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// What the contract is told.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// What names the transaction: a hash of everything before the signature. Two transactions of
    /// one name would need one nonce, and nonces ascend.
    #[must_use]
    pub fn id(&self) -> Digest {
        hash(TRANSACTION_ID, &[self.signed()])
    }

    /// Checks the signer's signature.
    ///
    /// # Errors
    /// [`VerifyError::Signature`] if it is not by the signer for this chain.
    pub fn verify(&self, chain: Digest) -> Result<(), VerifyError> {
        self.signer
            .verify(DOMAIN, &[&chain.0, self.signed()].concat(), &self.signature)
            .map_err(|_| VerifyError::Signature { what: "the transaction" })
    }

    fn signed(&self) -> &'a [u8] {
        &self.bytes[..self.bytes.len() - SIGNATURE_LEN]
    }

    pub(crate) fn leaf_data(&self) -> Vec<u8> {
        [&[2], self.bytes].concat()
    }
}

/// A call that is to be signed.
///
/// ```
/// use emrshare_codec::{Digest, NodeId};
/// use emrshare_identity::SigningKey;
/// use emrshare_ledger::{ContractId, Transaction, TransactionDraft};
///
/// let (chain, key) = (Digest([9; 32]), SigningKey::from_seed([1; 32]));
/// let payload = b"what the contract is told".to_vec();
/// let draft =
///     TransactionDraft { node: NodeId::new(7)?, contract: ContractId(2), nonce: 1, payload };
/// let bytes = draft.sign(chain, &key);
/// let read = Transaction::from_bytes(&bytes)?;
/// read.verify(chain)?;
/// assert!(read.verify(Digest([8; 32])).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TransactionDraft {
    /// The node that passes it on.
    pub node: NodeId,
    /// The contract.
    pub contract: ContractId,
    /// Higher than that of any transaction of this signer before.
    pub nonce: u64,
    /// What the contract is told.
    pub payload: Vec<u8>,
}

impl TransactionDraft {
    /// Signs the call and returns its bytes.
    #[must_use]
    pub fn sign(&self, chain: Digest, key: &SigningKey) -> Vec<u8> {
        let operation = Operation::new(Marker::CONTRACT, Kind::Add, self.node);
        let mut bytes = Vec::with_capacity(HEAD_LEN + self.payload.len() + SIGNATURE_LEN);
        bytes.extend_from_slice(&operation.to_padded_bytes());
        bytes.extend_from_slice(&self.contract.0.to_be_bytes());
        bytes.extend_from_slice(&key.public_key().0);
        bytes.extend_from_slice(&self.nonce.to_be_bytes());
        bytes.extend_from_slice(&self.payload);
        let signature = key.sign(DOMAIN, &[chain.0.as_slice(), &bytes].concat());
        bytes.extend_from_slice(&signature.0);
        bytes
    }
}
