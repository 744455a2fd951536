//! Who votes in which epoch.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use commonware_consensus::{simplex, types::Epoch};
use commonware_cryptography::{
    certificate::{Provider, Scheme as _, Scoped},
    ed25519::PrivateKey,
};
use commonware_utils::{TryCollect, ordered::Set};
use emrshare_codec::Digest;
use emrshare_ledger::{Certificate, ValidatorSet};

use crate::{Chain, EngineError, engine::public_key};

pub(crate) type Scheme = simplex::scheme::ed25519::Scheme;

/// The signature scheme of each epoch, made of the validators that the chain names.
///
/// In an epoch that this node is no validator of, its scheme checks and does not sign.
#[derive(Clone)]
pub(crate) struct Schemes {
    signer: PrivateKey,
    chain: Arc<dyn Chain>,
    /// By the root of the set: most epochs have the validators of the one before.
    made: Arc<Mutex<HashMap<Digest, Arc<Scheme>>>>,
}

impl Schemes {
    pub(crate) fn new(signer: PrivateKey, chain: Arc<dyn Chain>) -> Self {
        Self { signer, chain, made: Arc::default() }
    }

    /// The scheme of an epoch; `None` while the chain does not know its validators.
    pub(crate) fn of(&self, epoch: Epoch) -> Option<Arc<Scheme>> {
        let validators = self.chain.validators(epoch.get())?;
        let root = validators.root();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scheme) = made.get(&root) {
            return Some(scheme.clone());
        }
        let scheme = match self.make(&validators) {
            Ok(scheme) => Arc::new(scheme),
            Err(error) => {
                tracing::error!(%error, epoch = epoch.get(), "an epoch has no usable validators");
                return None;
            }
        };
        made.insert(root, scheme.clone());
        Some(scheme)
    }

    /// The scheme of the same epoch for a node that does not vote in it.
    pub(crate) fn without_votes(&self, scheme: &Scheme) -> Scheme {
        Scheme::verifier(&self.namespace(), scheme.participants().clone())
    }

    fn make(&self, validators: &ValidatorSet) -> Result<Scheme, EngineError> {
        let keys = validators.members().iter().map(|member| public_key(&member.key));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let keys: Set<_> = keys.into_iter().try_collect().map_err(|_| EngineError::Keys)?;
        let namespace = self.namespace();
        let signing = Scheme::signer(&namespace, keys.clone(), self.signer.clone());
        Ok(signing.unwrap_or_else(|| Scheme::verifier(&namespace, keys)))
    }

    fn namespace(&self) -> Vec<u8> {
        Certificate::namespace(self.chain.genesis().header().chain)
    }
}

impl Provider for Schemes {
    type Scope = Epoch;
    type Scheme = Scheme;

    fn scoped(&self, epoch: Epoch) -> Option<Scoped<Scheme>> {
        self.of(epoch).map(Scoped::scheme)
    }
}
