//! Signing in at a node: a challenge, signed by the person's key.

use emrshare_codec::{Digest, NodeId};

use crate::{Domain, PublicKey, Signature, SignatureError, SigningKey};

const DOMAIN: Domain = Domain::new(b"_EMRSHARE_IDENTITY_SIGN_IN");

/// What a person signs: good for one chain, one node and one session.
#[derive(Clone, Copy, Debug)]
pub struct SignInChallenge {
    /// The chain.
    pub chain: Digest,
    /// The node.
    pub node: NodeId,
    /// Bytes from the node that nobody can foresee.
    pub challenge: [u8; 32],
}

impl SignInChallenge {
    /// Signs the challenge.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(DOMAIN, &self.message())
    }

    /// Checks a signed challenge.
    ///
    /// # Errors
    /// [`SignatureError`] if the key did not sign it.
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> Result<(), SignatureError> {
        key.verify(DOMAIN, &self.message(), signature)
    }

    fn message(&self) -> Vec<u8> {
        let node = self.node.get().to_be_bytes();
        [self.chain.0.as_slice(), &node, &self.challenge].concat()
    }
}
