//! Keys, certificates and sealed data of an emrshare consortium.
//!
//! * [`SigningKey`], [`PublicKey`], [`Signature`]: Ed25519 (RFC 8032) with domain separation.
//! * [`ConsortiumKey`]: HMAC-SHA-256 (RFC 2104) under a key that only the nodes have; binds the
//!   digests of originals and hides identity strings.
//! * [`Authority`], [`NodeCertificate`]: X.509 certificates that bind a node's id, its TLS key and
//!   its consensus key.
//! * [`EnvelopeKey`], [`EnvelopeAddress`]: files for one person's eyes, in the age format.
//! * [`seal_at_rest`], [`SealedHead`]: age files at rest, whose readers change and which are
//!   destroyed by destroying their heads.
//! * [`WalletSignIn`]: signing in with an Ethereum wallet (EIP-4361).
//! * [`Words`]: recovery words (BIP-39) and the keys that follow from them (SLIP-10).
//!
//! Time comes in as an argument, and so does all randomness but that of envelopes, which the age
//! library takes itself. Secrets are wiped when dropped and never shown.
//!
//! ```
//! use emrshare_identity::{Domain, SigningKey};
//!
//! const GREETING: Domain = Domain::new(b"_EMRSHARE_EXAMPLE_GREETING");
//! let key = SigningKey::from_seed([7; 32]);
//! let signature = key.sign(GREETING, b"good day");
//! assert!(key.public_key().verify(GREETING, b"good day", &signature).is_ok());
//! assert!(key.public_key().verify(GREETING, b"good night", &signature).is_err());
//! ```

mod at_rest;
mod certificate;
mod consortium;
mod envelope;
mod ethereum;
mod key;
mod sign_in;
mod wallet;

pub use at_rest::{SealedHead, seal_at_rest};
pub use certificate::{
    Authority, CertificateError, IssuedCertificate, NodeCertificate, Subject, TlsKey, Validity,
    WebCertificate,
};
pub use consortium::ConsortiumKey;
pub use envelope::{
    EnvelopeAddress, EnvelopeError, EnvelopeKey, EnvelopeWriter, open_with_passphrase,
    seal_with_passphrase,
};
pub use ethereum::{AddressError, EthereumAddress, WalletSignIn, WalletSignInError};
pub use key::{Domain, KeyTextError, PublicKey, Signature, SignatureError, SigningKey};
pub use sign_in::SignInChallenge;
pub use wallet::{KeyUse, WordList, Words, WordsError};
