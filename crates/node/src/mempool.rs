//! Items that wait for a block.
//!
//! Of each node only the newest submission is kept (a node has one under way at a time), and a
//! bounded number of transactions: nobody can crowd out the others. What is lost here is sent
//! again from its node's outbox.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use emrshare_codec::NodeId;
use emrshare_identity::PublicKey;
use emrshare_ledger::{Item, StateError, StateRead, Submission, Transaction, key, wire::Reader};

const TRANSACTIONS_MAX: usize = 4096;
const TRANSACTIONS_PER_NODE_MAX: usize = 512;

/// Waiting items, whose signatures were checked.
#[derive(Default)]
pub(crate) struct Mempool {
    submissions: HashMap<NodeId, (u64, Arc<[u8]>)>,
    transactions: BTreeMap<(PublicKey, u64), Passed>,
}

/// A transaction and the node that passed it on.
struct Passed {
    node: NodeId,
    bytes: Arc<[u8]>,
}

impl Mempool {
    /// Takes in an item whose signature was checked; `false` if there is no room or no need.
    pub(crate) fn insert(&mut self, bytes: &[u8], item: &Item<'_>) -> bool {
        match item {
            Item::Submission(submission) => self.insert_submission(bytes, submission),
            Item::Transaction(transaction) => self.insert_transaction(bytes, transaction),
            _ => false,
        }
    }

    /// Whether exactly this item is here, so that its signature was checked.
    pub(crate) fn holds(&self, item: &Item<'_>) -> bool {
        match item {
            Item::Submission(submission) => {
                self.submissions.get(&submission.node()).is_some_and(|(sequence, bytes)| {
                    *sequence == submission.sequence() && **bytes == *submission.as_bytes()
                })
            }
            Item::Transaction(transaction) => self
                .transactions
                .get(&(transaction.signer(), transaction.nonce()))
                .is_some_and(|passed| *passed.bytes == *transaction.as_bytes()),
            _ => false,
        }
    }

    /// All items, submissions first.
    pub(crate) fn items(&self) -> Vec<Arc<[u8]>> {
        let submissions = self.submissions.values().map(|(_, bytes)| bytes.clone());
        let transactions = self.transactions.values().map(|passed| passed.bytes.clone());
        submissions.chain(transactions).collect()
    }

    /// Removes an item.
    pub(crate) fn remove(&mut self, item: &Item<'_>) {
        match item {
            Item::Submission(submission) => {
                let node = submission.node();
                if self.submissions.get(&node).is_some_and(|(s, _)| *s <= submission.sequence()) {
                    self.submissions.remove(&node);
                }
            }
            Item::Transaction(transaction) => {
                self.transactions.remove(&(transaction.signer(), transaction.nonce()));
            }
            _ => {}
        }
    }

    /// Whether an item is not in the given state yet.
    pub(crate) fn has_news(&self, state: &impl StateRead) -> Result<bool, StateError> {
        for (node, (sequence, _)) in &self.submissions {
            if state.node(*node)?.sequence < *sequence {
                return Ok(true);
            }
        }
        for (signer, nonce) in self.transactions.keys() {
            let last = match state.get(&key::nonce(*signer))? {
                Some(bytes) => Reader::new(&bytes).u64("nonce")?,
                None => 0,
            };
            if last < *nonce {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn insert_submission(&mut self, bytes: &[u8], submission: &Submission<'_>) -> bool {
        let (node, sequence) = (submission.node(), submission.sequence());
        let newer = self.submissions.get(&node).is_none_or(|(known, _)| *known < sequence);
        if newer {
            self.submissions.insert(node, (sequence, bytes.into()));
        }
        newer
    }

    fn insert_transaction(&mut self, bytes: &[u8], transaction: &Transaction<'_>) -> bool {
        let node = transaction.node();
        let of_node = self.transactions.values().filter(|passed| passed.node == node).count();
        let room =
            self.transactions.len() < TRANSACTIONS_MAX && of_node < TRANSACTIONS_PER_NODE_MAX;
        let place = (transaction.signer(), transaction.nonce());
        let new = room && !self.transactions.contains_key(&place);
        if new {
            self.transactions.insert(place, Passed { node, bytes: bytes.into() });
        }
        new
    }
}
