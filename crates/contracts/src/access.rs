//! Who is who, whose record is whose, and who may read it.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_identity::PublicKey;
use emrshare_ledger::{DecodeError, StateError, StateRead, key::CONTRACTS, wire::Reader};

/// What a person is in the consortium.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Role {
    /// Someone whom records are about.
    Patient = 0,
    /// Someone who treats.
    Doctor = 1,
    /// Someone who reads desensitized files.
    Researcher = 2,
}

impl Role {
    pub(crate) fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        match byte {
            0 => Ok(Self::Patient),
            1 => Ok(Self::Doctor),
            2 => Ok(Self::Researcher),
            found => Err(DecodeError::Value { what: "role", found: found.into() }),
        }
    }

    /// The role's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Doctor => "doctor",
            Self::Researcher => "researcher",
        }
    }
}

/// A registered person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Person {
    /// What the person is.
    pub role: Role,
    /// The identity string under the consortium's key: no name or number stands on the ledger.
    pub identity: Digest,
    /// The institution that registered the person.
    pub registrar: NodeId,
}

impl Person {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let registrar = self.registrar.get().to_be_bytes();
        [&[self.role as u8], self.identity.0.as_slice(), &registrar].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let person = Self {
            role: Role::from_byte(reader.u8("role")?)?,
            identity: reader.digest("identity")?,
            registrar: read_node(&mut reader)?,
        };
        reader.end()?;
        Ok(person)
    }
}

/// The person who holds a key.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn person<S: StateRead + ?Sized>(
    state: &S,
    key: PublicKey,
) -> Result<Option<Person>, StateError> {
    Ok(state.get(&person_key(key))?.map(|bytes| Person::from_bytes(&bytes)).transpose()?)
}

/// The patient whom a record is about.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn owner<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
) -> Result<Option<PublicKey>, StateError> {
    read_key(state, &owner_key(index))
}

/// Until when (milliseconds since 1970) a key may read a record's original, by a grant.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn grant_until<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    grantee: PublicKey,
) -> Result<Option<u64>, StateError> {
    let Some(bytes) = state.get(&grant_key(index, grantee))? else { return Ok(None) };
    let mut reader = Reader::new(&bytes);
    let until = reader.u64("expiry")?;
    reader.end()?;
    Ok(Some(until))
}

/// Whether a key may read a record's original: its patient's, or that of a doctor with a grant
/// that has not expired.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn may_read_original<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    reader: PublicKey,
    now_ms: u64,
) -> Result<bool, StateError> {
    match person(state, reader)?.map(|person| person.role) {
        Some(Role::Patient) => Ok(owner(state, index)? == Some(reader)),
        Some(Role::Doctor) => {
            Ok(grant_until(state, index, reader)?.is_some_and(|until| now_ms < until))
        }
        Some(Role::Researcher) | None => Ok(false),
    }
}

/// The key that a member signs with.
pub(crate) fn member<S: StateRead + ?Sized>(
    state: &S,
    node: NodeId,
) -> Result<Option<PublicKey>, StateError> {
    read_key(state, &member_key(node))
}

pub(crate) fn member_key(node: NodeId) -> Vec<u8> {
    [&[CONTRACTS, b'm'], node.get().to_be_bytes().as_slice()].concat()
}

pub(crate) fn person_key(key: PublicKey) -> Vec<u8> {
    [&[CONTRACTS, b'p'], key.0.as_slice()].concat()
}

pub(crate) fn identity_key(identity: Digest) -> Vec<u8> {
    [&[CONTRACTS, b'i'], identity.0.as_slice()].concat()
}

pub(crate) fn owner_key(index: RecordIndex) -> Vec<u8> {
    [&[CONTRACTS, b'o'], index.to_key().as_slice()].concat()
}

pub(crate) fn grant_key(index: RecordIndex, grantee: PublicKey) -> Vec<u8> {
    [&[CONTRACTS, b'g'], index.to_key().as_slice(), &grantee.0].concat()
}

pub(crate) fn erased_key(index: RecordIndex, node: NodeId) -> Vec<u8> {
    [&[CONTRACTS, b'e'], index.to_key().as_slice(), &node.get().to_be_bytes()].concat()
}

pub(crate) fn read_node(reader: &mut Reader<'_>) -> Result<NodeId, DecodeError> {
    let found = reader.u32("node")?;
    NodeId::new(found).map_err(|_| DecodeError::Value { what: "node", found: found.into() })
}

fn read_key<S: StateRead + ?Sized>(state: &S, key: &[u8]) -> Result<Option<PublicKey>, StateError> {
    let Some(bytes) = state.get(key)? else { return Ok(None) };
    let mut reader = Reader::new(&bytes);
    let found = reader.public_key("key")?;
    reader.end()?;
    Ok(Some(found))
}
