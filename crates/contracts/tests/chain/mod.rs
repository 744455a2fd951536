//! A chain in memory: four members and the people of the tests.
#![allow(dead_code)]

use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
use emrshare_contracts::{
    AllianceCall, Appointment, BlockContext, Call, Decision, Genesis, Happening, ItemError, Member,
    Motion, Parts, Purpose, RegistryCall, RelationshipCall, Role, Subject, Terms, Thresholds,
    Voice, apply_item, authorize, events,
};
use emrshare_identity::{Authority, SigningKey, Subject as NodeSubject, Validity};
use emrshare_ledger::{Item, Memory, Overlay, SubmissionDraft, Transaction, TransactionDraft};

pub(crate) const TIME: i64 = 1_750_000_000;
const VALIDITY: Validity = Validity { not_before: TIME - 10, not_after: TIME + 1000 };

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

/// Node `n` has key `10 + n`.
pub(crate) fn member(node: u32) -> Member {
    member_with(node, 10 + node as u8)
}

/// The same with the consensus key of a seed.
pub(crate) fn member_with(node: u32, seed: u8) -> Member {
    let subject = NodeSubject {
        node: NodeId::new(node).unwrap(),
        institution: format!("Hospital {node}"),
        consensus_key: key(seed).public_key(),
        tls_key: key(20 + node as u8).public_key(),
        hosts: vec!["127.0.0.1".into()],
    };
    Member {
        api: "https://127.0.0.1:1".into(),
        certificate: authority().issue(&subject, VALIDITY).unwrap(),
        consensus: "127.0.0.1:2".into(),
        institution: subject.institution,
        node,
    }
}

fn authority() -> Authority {
    Authority::new(key(1), "test", VALIDITY).unwrap()
}

/// Nodes 0 to 3.
pub(crate) fn genesis() -> Genesis {
    genesis_with(Thresholds::default())
}

fn genesis_with(thresholds: Thresholds) -> Genesis {
    let terms = Terms {
        name: "test".into(),
        authority: authority().certificate_pem().into(),
        consortium_key: Digest([4; 32]),
        protocol: Digest([1; 32]),
        policy: Digest([2; 32]),
        standards: Digest([3; 32]),
        thresholds,
        time: TIME,
    };
    Genesis::new(terms, (0..4).map(member).collect()).unwrap()
}

pub(crate) struct Chain {
    pub(crate) genesis: Genesis,
    pub(crate) state: Memory,
    pub(crate) nonce: u64,
    pub(crate) height: u64,
    pub(crate) now_ms: u64,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self::with(Thresholds::default())
    }

    pub(crate) fn with(thresholds: Thresholds) -> Self {
        let genesis = genesis_with(thresholds);
        let mut state = Memory::default();
        state.apply(genesis.state());
        Self { genesis, state, nonce: 0, height: 1, now_ms: 1_000_000 }
    }

    pub(crate) fn apply(&mut self, bytes: &[u8]) -> Result<(), ItemError> {
        let (height, time_ms) = (self.height, self.now_ms);
        let context = BlockContext { chain: self.genesis.chain(), height, time_ms };
        let mut overlay = Overlay::new(&self.state);
        apply_item(&mut overlay, context, &Item::from_bytes(bytes).unwrap(), false)?;
        let changes = overlay.into_changes();
        self.state.apply(changes);
        Ok(())
    }

    /// Makes a call; returns the name of the transaction.
    pub(crate) fn call(
        &mut self,
        node: u32,
        signer: &SigningKey,
        call: impl Into<Call>,
    ) -> Result<Digest, ItemError> {
        self.nonce += 1;
        let bytes = self.signed(node, signer, call, self.nonce);
        self.apply(&bytes)?;
        Ok(Transaction::from_bytes(&bytes).unwrap().id())
    }

    pub(crate) fn signed(
        &self,
        node: u32,
        signer: &SigningKey,
        call: impl Into<Call>,
        nonce: u64,
    ) -> Vec<u8> {
        let (node, call) = (NodeId::new(node).unwrap(), call.into());
        let (contract, payload) = (call.contract(), call.to_payload());
        TransactionDraft { node, contract, nonce, payload }.sign(self.genesis.chain(), signer)
    }

    /// A record of node 0 whose original has this digest.
    pub(crate) fn add_record(&mut self, original: u8) -> RecordIndex {
        let origin = NodeId::new(0).unwrap();
        let index = RecordIndex::new(origin, Serial::from(u64::from(original)));
        let operation = Operation::new(Marker::RECORD, Kind::Add, origin);
        let entry = Entry::new(operation, index, Digest([original; 32]), Digest([200; 32]));
        let draft = SubmissionDraft { entries: vec![entry], sequence: 1 + u64::from(original) };
        let bytes = draft.sign(self.genesis.chain(), &key(10)).unwrap();
        self.apply(&bytes).unwrap();
        index
    }

    pub(crate) fn register(&mut self, node: u32, seed: u8, role: Role) {
        let (key, identity) = (key(seed).public_key(), identity(seed));
        let call = RegistryCall::Register { role, key, identity };
        self.call(node, &self::key(10 + node as u8), call).unwrap();
    }

    /// By the votes of nodes 0 to 2.
    pub(crate) fn appoint(&mut self, seed: u8, role: Role) {
        let (key, identity) = (key(seed).public_key(), identity(seed));
        let motion = Motion::Appoint(Appointment { role, key, identity });
        let node = self::key;
        let proposal = self.call(0, &node(10), AllianceCall::Propose { motion }).unwrap();
        for number in [1_u8, 2] {
            let vote = AllianceCall::Vote { proposal, voice: Voice::Yes };
            self.call(number.into(), &node(10 + number), vote).unwrap();
        }
    }

    /// Two records of node 0. Key 30 is a patient, 31 a doctor of node 0, 32 a doctor of node 1,
    /// 33 a researcher, 34 a regulator, 35 an inspector, 36 an operator. Record 0 is the patient's.
    pub(crate) fn with_people() -> (Self, [RecordIndex; 2]) {
        let mut chain = Self::new();
        let indexes = [0, 1].map(|original| chain.add_record(original));
        let roles = [
            Role::Patient,
            Role::Doctor,
            Role::Doctor,
            Role::Researcher,
            Role::Regulator,
            Role::Inspector,
            Role::Operator,
        ];
        for (seed, role) in (30..).zip(roles) {
            if role.is_office() {
                chain.appoint(seed, role);
            } else {
                chain.register(u32::from(seed == 32), seed, role);
            }
        }
        let link = RelationshipCall::Link { index: indexes[0], patient: key(30).public_key() };
        chain.call(0, &key(10), link).unwrap();
        (chain, indexes)
    }

    pub(crate) fn decide(&self, index: RecordIndex, seed: u8, purpose: Purpose) -> Decision {
        self.decide_parts(index, seed, purpose, Parts::Everything)
    }

    pub(crate) fn decide_parts(
        &self,
        index: RecordIndex,
        seed: u8,
        purpose: Purpose,
        parts: Parts,
    ) -> Decision {
        let asker = key(seed).public_key();
        authorize(&self.state, index, asker, purpose, parts, self.now_ms).unwrap()
    }

    pub(crate) fn may_read(&self, index: RecordIndex, seed: u8) -> bool {
        self.decide(index, seed, Purpose::Treatment).is_allowed()
    }

    /// What happened to a subject, oldest first.
    pub(crate) fn trail(&self, subject: Subject) -> Vec<Happening> {
        let events = events(&self.state, subject, 0, 100).unwrap();
        events.into_iter().map(|event| event.happening).collect()
    }
}

pub(crate) fn identity(seed: u8) -> Digest {
    Digest([seed; 32])
}
