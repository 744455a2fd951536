//! Calls of contracts, from this node or carried for a person, until they are on the ledger.

use std::time::Duration;

use emrshare_codec::Digest;
use emrshare_contracts::{AllianceCall, Application, Call};
use emrshare_identity::NodeCertificate;
use emrshare_ledger::{StateError, StateRead, Transaction, TransactionDraft, key, wire::Reader};

use crate::{chain::OfferError, clock, node::Shared};

const REPEATS: usize = 20;
const REPEAT: Duration = Duration::from_secs(1);

/// A transaction that is on the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    /// What names it.
    pub(crate) transaction: Digest,
    /// Height of a block whose state holds the change.
    pub(crate) height: u64,
}

/// A transaction is not on the ledger.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CarryError {
    #[error(transparent)]
    Refused(#[from] OfferError),
    #[error("the transaction is not on the ledger yet; are enough nodes up?")]
    NotFinal,
    #[error("this node does not have the new key: it is to lie in `keys/node-next.key`")]
    NewKey,
    #[error(transparent)]
    Local(#[from] StateError),
}

/// Signs a call as this node and carries it.
pub(crate) async fn call(shared: &Shared, call: impl Into<Call>) -> Result<Carried, CarryError> {
    let call = call.into();
    if let Call::Alliance(AllianceCall::Rekey { application }) = &call {
        check_new_key(shared, application)?;
    }
    let draft = TransactionDraft {
        node: shared.me,
        contract: call.contract(),
        nonce: clock::ascending(),
        payload: call.to_payload(),
    };
    let bytes = draft.sign(shared.chain.name(), &shared.chain.signing_key());
    carry(shared, &Transaction::from_bytes(&bytes).map_err(OfferError::from)?).await
}

/// The ledger must not name a key that this node cannot sign with.
fn check_new_key(shared: &Shared, application: &Application) -> Result<(), CarryError> {
    let authority = shared.genesis.authority();
    let shown = NodeCertificate::read_pem(&application.member.certificate, authority);
    if shown.is_ok_and(|shown| shared.chain.has_key(shown.consensus_key)) {
        return Ok(());
    }
    Err(CarryError::NewKey)
}

/// Repeats a transaction until it is on the ledger.
pub(crate) async fn carry(
    shared: &Shared,
    transaction: &Transaction<'_>,
) -> Result<Carried, CarryError> {
    let mut tip = shared.chain.watch_tip();
    let nonce_key = key::nonce(transaction.signer());
    let mut offered = false;
    for _ in 0..REPEATS {
        match shared.chain.offer(transaction.as_bytes()) {
            Ok(()) => {
                offered = true;
                shared.forward.send(transaction.as_bytes());
            }
            Err(error) if !offered => return Err(error.into()),
            // Once offered, it fails only because it is in: its nonce is used.
            Err(_) => {}
        }
        let deadline = tokio::time::Instant::now() + REPEAT;
        while tokio::time::timeout_at(deadline, tip.changed()).await.is_ok() {
            let height = tip.borrow_and_update().height;
            let last = shared.chain.state().get(&nonce_key)?;
            let last = last.map_or(Ok(0), |bytes| Reader::new(&bytes).u64("nonce"));
            if last.map_err(StateError::from)? >= transaction.nonce() {
                return Ok(Carried { transaction: transaction.id(), height });
            }
        }
    }
    Err(CarryError::NotFinal)
}
