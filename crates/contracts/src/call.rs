//! What transactions ask for.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_identity::PublicKey;
use emrshare_ledger::{
    ContractId, DecodeError, Overlay, StateError, StateRead, Status, Transaction, wire::Reader,
};

use crate::{
    Person, Role,
    access::{self, erased_key, grant_key, identity_key, owner_key, person_key},
};

const REGISTRY: ContractId = ContractId(2);
const RELATIONSHIP: ContractId = ContractId(3);
const PERMISSION: ContractId = ContractId(4);
const AUDIT: ContractId = ContractId(5);

/// Why a call is refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The payload is malformed or the contract is not known.
    #[error("malformed call")]
    Decode(#[from] DecodeError),
    /// The signer is not the one who may do this.
    #[error("only {who} may do this")]
    NotAllowed {
        /// Who may.
        who: &'static str,
    },
    /// The key or identity is registered already.
    #[error("the {what} is registered already")]
    Registered {
        /// Key or identity.
        what: &'static str,
    },
    /// The key is not registered with the role that this needs.
    #[error("the key is not registered as a {role}")]
    NotRegistered {
        /// The role.
        role: &'static str,
    },
    /// There is no such record.
    #[error("there is no {what} record {index}")]
    NoRecord {
        /// In which status it should be.
        what: &'static str,
        /// Its index.
        index: RecordIndex,
    },
    /// The record has a patient already.
    #[error("the record is linked to a patient already")]
    Linked,
    /// There is nothing to revoke.
    #[error("there is no such grant")]
    NoGrant,
    /// The state cannot be read: says nothing about the call.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A call of a contract.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Call {
    /// Registry: an institution's node makes a person known.
    Register {
        /// The person's key.
        key: PublicKey,
        /// What the person is.
        role: Role,
        /// The person's identity string under the consortium's key.
        identity: Digest,
    },
    /// Relationship: a record's origin says which patient it is about.
    Link {
        /// The record.
        index: RecordIndex,
        /// The patient's key.
        patient: PublicKey,
    },
    /// Permission: a patient lets a doctor read the original of a record.
    Grant {
        /// The record.
        index: RecordIndex,
        /// The doctor's key.
        grantee: PublicKey,
        /// End of the grant, in milliseconds since 1970.
        until_ms: u64,
    },
    /// Permission: a patient ends a grant.
    Revoke {
        /// The record.
        index: RecordIndex,
        /// The doctor's key.
        grantee: PublicKey,
    },
    /// Audit: a node has removed all files of a deleted record.
    Erased {
        /// The record.
        index: RecordIndex,
    },
}

impl Call {
    /// The contract that is called.
    #[must_use]
    pub const fn contract(&self) -> ContractId {
        match self {
            Self::Register { .. } => REGISTRY,
            Self::Link { .. } => RELATIONSHIP,
            Self::Grant { .. } | Self::Revoke { .. } => PERMISSION,
            Self::Erased { .. } => AUDIT,
        }
    }

    /// The payload of the transaction.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        match self {
            Self::Register { key, role, identity } => {
                [&[0, *role as u8], key.0.as_slice(), &identity.0].concat()
            }
            Self::Link { index, patient } => [&[0], index.to_key().as_slice(), &patient.0].concat(),
            Self::Grant { index, grantee, until_ms } => {
                [&[0], index.to_key().as_slice(), &grantee.0, &until_ms.to_be_bytes()].concat()
            }
            Self::Revoke { index, grantee } => {
                [&[1], index.to_key().as_slice(), &grantee.0].concat()
            }
            Self::Erased { index } => [&[0], index.to_key().as_slice()].concat(),
        }
    }

    /// Reads the call that a transaction makes.
    ///
    /// # Errors
    /// [`DecodeError`] if there is no such call.
    pub fn of(transaction: &Transaction<'_>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(transaction.payload());
        let method = reader.u8("method")?;
        let call = match (transaction.contract(), method) {
            (REGISTRY, 0) => Self::Register {
                role: Role::from_byte(reader.u8("role")?)?,
                key: reader.public_key("key")?,
                identity: reader.digest("identity")?,
            },
            (RELATIONSHIP, 0) => Self::Link {
                index: read_index(&mut reader)?,
                patient: reader.public_key("patient")?,
            },
            (PERMISSION, 0) => Self::Grant {
                index: read_index(&mut reader)?,
                grantee: reader.public_key("grantee")?,
                until_ms: reader.u64("expiry")?,
            },
            (PERMISSION, 1) => Self::Revoke {
                index: read_index(&mut reader)?,
                grantee: reader.public_key("grantee")?,
            },
            (AUDIT, 0) => Self::Erased { index: read_index(&mut reader)? },
            (ContractId(contract), method) => {
                let found = u64::from(contract) << 8 | u64::from(method);
                return Err(DecodeError::Value { what: "contract and method", found });
            }
        };
        reader.end()?;
        Ok(call)
    }

    /// Judges the call of a signer through a node and writes what it changes.
    pub(crate) fn apply<S: StateRead + ?Sized>(
        &self,
        state: &mut Overlay<'_, S>,
        node: NodeId,
        signer: PublicKey,
    ) -> Result<(), CallError> {
        let is_node = access::member(state, node)? == Some(signer);
        match *self {
            Self::Register { key, role, identity } => {
                allow(is_node, "a member's node")?;
                register(state, node, key, role, identity)
            }
            Self::Link { index, patient } => {
                allow(is_node && index.origin() == node, "the record's origin")?;
                link(state, index, patient)
            }
            Self::Grant { index, grantee, until_ms } => {
                allow(access::owner(state, index)? == Some(signer), "the record's patient")?;
                let role = access::person(state, grantee)?.map(|person| person.role);
                if role != Some(Role::Doctor) {
                    return Err(CallError::NotRegistered { role: Role::Doctor.name() });
                }
                state.put(grant_key(index, grantee), until_ms.to_be_bytes().to_vec());
                Ok(())
            }
            Self::Revoke { index, grantee } => {
                allow(access::owner(state, index)? == Some(signer), "the record's patient")?;
                if access::grant_until(state, index, grantee)?.is_none() {
                    return Err(CallError::NoGrant);
                }
                state.delete(grant_key(index, grantee));
                Ok(())
            }
            Self::Erased { index } => {
                allow(is_node, "a member's node")?;
                let deleted =
                    state.record(index)?.filter(|record| record.status == Status::Deleted);
                deleted.ok_or(CallError::NoRecord { what: "deleted", index })?;
                state.put(erased_key(index, node), Vec::new());
                Ok(())
            }
        }
    }
}

fn allow(holds: bool, who: &'static str) -> Result<(), CallError> {
    if holds { Ok(()) } else { Err(CallError::NotAllowed { who }) }
}

fn register<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    registrar: NodeId,
    key: PublicKey,
    role: Role,
    identity: Digest,
) -> Result<(), CallError> {
    if state.get(&person_key(key))?.is_some() {
        return Err(CallError::Registered { what: "key" });
    }
    if state.get(&identity_key(identity))?.is_some() {
        return Err(CallError::Registered { what: "identity" });
    }
    state.put(person_key(key), Person { role, identity, registrar }.to_bytes());
    state.put(identity_key(identity), key.0.to_vec());
    Ok(())
}

fn link<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    index: RecordIndex,
    patient: PublicKey,
) -> Result<(), CallError> {
    let active = state.record(index)?.filter(|record| record.status == Status::Active);
    active.ok_or(CallError::NoRecord { what: "active", index })?;
    if access::owner(state, index)?.is_some() {
        return Err(CallError::Linked);
    }
    if access::person(state, patient)?.map(|person| person.role) != Some(Role::Patient) {
        return Err(CallError::NotRegistered { role: Role::Patient.name() });
    }
    state.put(owner_key(index), patient.0.to_vec());
    Ok(())
}

fn read_index(reader: &mut Reader<'_>) -> Result<RecordIndex, DecodeError> {
    Ok(RecordIndex::from_key(reader.bytes("index", RecordIndex::KEY_LEN)?)?)
}
