//! The registry: who holds which key in which role.
//!
//! An identity string stands on the ledger only as an HMAC under the consortium's key. It has one
//! key at a time; a key that was replaced is never registered again. What a person has, a
//! [`Party`] has: it follows the person from key to key. A key that has rights of its own is never
//! registered: whoever bound it to an identity would take them out of its holder's reach.

use emrshare_codec::{Digest, NodeId};
use emrshare_identity::{EthereumAddress, PublicKey};
use emrshare_ledger::{DecodeError, Overlay, StateError, StateRead, wire::Reader};

use crate::{
    CallError, Happening, Subject,
    audit::{self, Signed},
    error::allow,
    key,
    wire::{self, Field, calls, fields, words},
};

words! {
    /// What a person is in the consortium.
    pub enum Role ("role") {
        /// Someone whom records are about.
        Patient = 0 "patient",
        /// Someone who treats.
        Doctor = 1 "doctor",
        /// Someone who reads desensitized files.
        Researcher = 2 "researcher",
        /// Someone who reads the trail of accesses.
        Regulator = 3 "regulator",
        /// A regulator who may also read originals, for an inspection.
        Inspector = 4 "inspector",
        /// Someone who runs the node of the institution that registered them.
        Operator = 5 "operator",
    }
}

impl Role {
    /// Whether it is an office of the whole consortium, which only a vote gives.
    #[must_use]
    pub const fn is_office(self) -> bool {
        matches!(self, Self::Regulator | Self::Inspector)
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

/// What stands under an identity.
#[derive(Clone, Copy)]
struct Account {
    role: Role,
    registrar: NodeId,
    /// None once the registration was ended: only a recovery gives it a key again.
    key: Option<PublicKey>,
}

fields!(Account { role, registrar, key });

/// Who has records, relationships and grants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Party {
    /// A key that is registered nowhere, such as a patient's for one relationship.
    Key(PublicKey),
    /// A registered person, by identity.
    Person(Digest),
}

impl Field for Party {
    fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Key(key) => {
                bytes.push(0);
                key.put(bytes);
            }
            Self::Person(identity) => {
                bytes.push(1);
                identity.put(bytes);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("party")? {
            0 => Field::read(reader).map(Self::Key),
            1 => Field::read(reader).map(Self::Person),
            found => Err(DecodeError::Value { what: "party", found: found.into() }),
        }
    }
}

calls! {
    /// Calls of the registry.
    #[derive(Copy)]
    pub enum RegistryCall {
        /// An institution's node makes a person known.
        0 => Register {
            /// What the person is.
            role: Role,
            /// The person's key.
            key: PublicKey,
            /// The person's identity string under the consortium's key.
            identity: Digest,
        },
        /// A person replaces the key that signs this.
        1 => Rotate {
            /// The new key.
            key: PublicKey,
        },
        /// The registering institution asks for a new key for someone who lost theirs.
        2 => Recover {
            /// Whose.
            identity: Digest,
            /// The new key.
            key: PublicKey,
        },
        /// Another institution confirms it: the old key ends.
        3 => ConfirmRecovery {
            /// Whose.
            identity: Digest,
            /// The new key.
            key: PublicKey,
        },
        /// The registering institution ends a registration.
        4 => Retire {
            /// Whose.
            identity: Digest,
        },
        /// A person may sign in with an Ethereum wallet from now on.
        5 => BindWallet {
            /// Its address.
            address: EthereumAddress,
        },
        /// A person ends that.
        6 => UnbindWallet {
            /// The wallet's address.
            address: EthereumAddress,
        },
    }
}

/// The person who holds a key.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn person<S: StateRead + ?Sized>(
    state: &S,
    holder: PublicKey,
) -> Result<Option<Person>, StateError> {
    let Some(identity) = wire::row(state, &key::person(holder))? else { return Ok(None) };
    let Some(account) = account(state, identity)? else { return Ok(None) };
    Ok(Some(Person { role: account.role, identity, registrar: account.registrar }))
}

/// Whose key it is; `None` for a key that was replaced, which is nobody's any more.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn party<S: StateRead + ?Sized>(
    state: &S,
    holder: PublicKey,
) -> Result<Option<Party>, StateError> {
    if let Some(identity) = wire::row(state, &key::person(holder))? {
        return Ok(Some(Party::Person(identity)));
    }
    let replaced = state.get(&key::retired(holder))?.is_some();
    Ok((!replaced).then_some(Party::Key(holder)))
}

/// The key that an identity has now.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn key_of<S: StateRead + ?Sized>(
    state: &S,
    identity: Digest,
) -> Result<Option<PublicKey>, StateError> {
    Ok(account(state, identity)?.and_then(|account| account.key))
}

/// The identity that signs in with an Ethereum wallet.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn wallet_of<S: StateRead + ?Sized>(
    state: &S,
    address: EthereumAddress,
) -> Result<Option<Digest>, StateError> {
    wire::row(state, &key::wallet(address))
}

/// Notes that a party acts; a key that is registered nowhere stays so from now on.
pub(crate) fn acts<S: StateRead + ?Sized>(state: &mut Overlay<'_, S>, party: Party) {
    if let Party::Key(holder) = party {
        state.put(key::alone(holder), Vec::new());
    }
}

fn account<S: StateRead + ?Sized>(
    state: &S,
    identity: Digest,
) -> Result<Option<Account>, StateError> {
    wire::row(state, &key::identity(identity))
}

impl RegistryCall {
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        let (identity, happening) = match self {
            Self::Register { role, key, identity } => {
                allow(by.is_node, "a member's node")?;
                allow(!role.is_office(), "the members together, by a vote,")?;
                return register(state, by, by.node, role, key, identity);
            }
            Self::Rotate { key } => {
                let person = person(state, by.signer)?;
                let person = person.ok_or(CallError::NotAllowed { who: "a registered person" })?;
                change_key(state, person.identity, known(state, person.identity)?, Some(key))?;
                (person.identity, Happening::Rotated {})
            }
            Self::Recover { identity, key } => {
                let account = known(state, identity)?;
                allow(by.is_node && by.node == account.registrar, "the registering institution")?;
                wire::put(state, key::recovery(identity), &key);
                (identity, Happening::RecoveryAsked {})
            }
            Self::ConfirmRecovery { identity, key } => {
                let account = known(state, identity)?;
                allow(by.is_node && by.node != account.registrar, "a second institution")?;
                if wire::row(state, &key::recovery(identity))? != Some(key) {
                    return Err(CallError::Missing { what: "recovery" });
                }
                state.delete(key::recovery(identity));
                change_key(state, identity, account, Some(key))?;
                (identity, Happening::Recovered {})
            }
            Self::BindWallet { address } => {
                let person = person(state, by.signer)?;
                let person = person.ok_or(CallError::NotAllowed { who: "a registered person" })?;
                if wallet_of(state, address)?.is_some() {
                    return Err(CallError::Registered { what: "wallet" });
                }
                wire::put(state, key::wallet(address), &person.identity);
                (person.identity, Happening::WalletBound { address })
            }
            Self::UnbindWallet { address } => {
                let bound = wallet_of(state, address)?;
                let identity = bound.ok_or(CallError::Missing { what: "wallet" })?;
                allow(key_of(state, identity)? == Some(by.signer), "the person who bound it")?;
                state.delete(key::wallet(address));
                (identity, Happening::WalletUnbound { address })
            }
            Self::Retire { identity } => {
                let account = known(state, identity)?;
                allow(by.is_node && by.node == account.registrar, "the registering institution")?;
                if account.key.is_none() {
                    return Err(CallError::Missing { what: "person" });
                }
                change_key(state, identity, account, None)?;
                (identity, Happening::Retired {})
            }
        };
        audit::log(state, Subject::Person(identity), by, happening)
    }
}

/// Makes a person known whom nobody knew.
pub(crate) fn register<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    registrar: NodeId,
    role: Role,
    key: PublicKey,
    identity: Digest,
) -> Result<(), CallError> {
    if account(state, identity)?.is_some() {
        return Err(CallError::Registered { what: "identity" });
    }
    change_key(state, identity, Account { role, registrar, key: None }, Some(key))?;
    audit::log(state, Subject::Person(identity), by, Happening::Registered { role })
}

fn known<S: StateRead + ?Sized>(state: &S, identity: Digest) -> Result<Account, CallError> {
    account(state, identity)?.ok_or(CallError::Missing { what: "person" })
}

/// Ends the old key for ever and makes a key that nobody ever had the new one.
fn change_key<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    identity: Digest,
    account: Account,
    new: Option<PublicKey>,
) -> Result<(), CallError> {
    if let Some(old) = account.key {
        state.delete(key::person(old));
        state.put(key::retired(old), Vec::new());
    }
    if let Some(new) = new {
        let is_known = state.get(&key::person(new))?.is_some();
        if is_known || state.get(&key::retired(new))?.is_some() {
            return Err(CallError::Registered { what: "key" });
        }
        if state.get(&key::alone(new))?.is_some() {
            let what = "the key has rights of its own and is never registered: take another one";
            return Err(CallError::Value { what });
        }
        wire::put(state, key::person(new), &identity);
    }
    wire::put(state, key::identity(identity), &Account { key: new, ..account });
    Ok(())
}
