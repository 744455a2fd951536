//! Who may do what, and what an attacker may not.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
use emrshare_contracts::{
    BlockContext, Call, CallError, Genesis, ItemError, Member, Protocol, Role, Terms, apply_item,
    execute, may_read_original,
};
use emrshare_identity::{Authority, PublicKey, SigningKey, Subject, Validity};
use emrshare_ledger::{
    BlockBuilder, Item, Memory, Overlay, SubmissionDraft, TransactionDraft, history,
};
use emrshare_record::import;
use emrshare_sample::{Generator, Tongue};

const TIME: i64 = 1_750_000_000;
const VALIDITY: Validity = Validity { not_before: TIME - 10, not_after: TIME + 1000 };

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

/// Nodes 0 and 1 with keys 10 and 11.
fn genesis() -> Genesis {
    let authority = Authority::new(key(1), "test", VALIDITY).unwrap();
    let member = |node: u32| {
        let subject = Subject {
            node: NodeId::new(node).unwrap(),
            institution: format!("Hospital {node}"),
            consensus_key: key(10 + node as u8).public_key(),
            tls_key: key(20 + node as u8).public_key(),
            hosts: vec!["127.0.0.1".into()],
        };
        Member {
            api: "https://127.0.0.1:1".into(),
            certificate: authority.issue(&subject, VALIDITY).unwrap(),
            consensus: "127.0.0.1:2".into(),
            institution: subject.institution,
            node,
        }
    };
    let terms = Terms {
        name: "test".into(),
        authority: authority.certificate_pem().into(),
        protocol: Digest([1; 32]),
        policy: Digest([2; 32]),
        standards: Digest([3; 32]),
        time: TIME,
    };
    Genesis::new(terms, vec![member(0), member(1)]).unwrap()
}

struct Chain {
    genesis: Genesis,
    state: Memory,
    nonce: u64,
}

impl Chain {
    fn new() -> Self {
        let genesis = genesis();
        let mut state = Memory::default();
        state.apply(genesis.state());
        Self { genesis, state, nonce: 0 }
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<(), ItemError> {
        let context = BlockContext { chain: self.genesis.chain(), height: 1 };
        let mut overlay = Overlay::new(&self.state);
        apply_item(&mut overlay, context, &Item::from_bytes(bytes).unwrap(), false)?;
        let changes = overlay.into_changes();
        self.state.apply(changes);
        Ok(())
    }

    fn call(&mut self, node: u32, signer: &SigningKey, call: Call) -> Result<(), ItemError> {
        self.nonce += 1;
        let bytes = self.signed(node, signer, call, self.nonce);
        self.apply(&bytes)
    }

    fn signed(&self, node: u32, signer: &SigningKey, call: Call, nonce: u64) -> Vec<u8> {
        let node = NodeId::new(node).unwrap();
        let (contract, payload) = (call.contract(), call.to_payload());
        TransactionDraft { node, contract, nonce, payload }.sign(self.genesis.chain(), signer)
    }

    fn add_record(&mut self) -> RecordIndex {
        let origin = NodeId::new(0).unwrap();
        let index = RecordIndex::new(origin, Serial::ZERO);
        let operation = Operation::new(Marker::RECORD, Kind::Add, origin);
        let entries = vec![Entry::new(operation, index, Digest([5; 32]), Digest([6; 32]))];
        let bytes = SubmissionDraft { entries, sequence: 1 }.sign(self.genesis.chain(), &key(10));
        self.apply(&bytes.unwrap()).unwrap();
        index
    }

    /// A record of node 0 with a patient (key 30), a doctor (31) and another doctor (32).
    fn with_people() -> (Self, RecordIndex) {
        let mut chain = Self::new();
        let index = chain.add_record();
        let people = [(30, Role::Patient), (31, Role::Doctor), (32, Role::Doctor)];
        for (seed, role) in people {
            let (key, identity) = (self::key(seed).public_key(), Digest([seed; 32]));
            chain.call(0, &self::key(10), Call::Register { key, role, identity }).unwrap();
        }
        let patient = key(30).public_key();
        chain.call(0, &key(10), Call::Link { index, patient }).unwrap();
        (chain, index)
    }

    fn may_read(&self, index: RecordIndex, seed: u8, now_ms: u64) -> bool {
        may_read_original(&self.state, index, key(seed).public_key(), now_ms).unwrap()
    }
}

fn grant(index: RecordIndex, seed: u8) -> Call {
    Call::Grant { index, grantee: key(seed).public_key(), until_ms: 1000 }
}

fn refused(result: Result<(), ItemError>) -> CallError {
    match result {
        Err(ItemError::Call(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn grant_opens_the_original_until_it_expires() {
    let (mut chain, index) = Chain::with_people();
    assert!(!chain.may_read(index, 31, 10));
    chain.call(1, &key(30), grant(index, 31)).unwrap();
    assert!(chain.may_read(index, 31, 999));
    assert!(!chain.may_read(index, 31, 1000));
    assert!(!chain.may_read(index, 32, 10));
    assert!(chain.may_read(index, 30, 10));
}

#[test]
fn revocation_closes_it_at_once() {
    let (mut chain, index) = Chain::with_people();
    chain.call(0, &key(30), grant(index, 31)).unwrap();
    let grantee = key(31).public_key();
    chain.call(0, &key(30), Call::Revoke { index, grantee }).unwrap();
    assert!(!chain.may_read(index, 31, 10));
    assert!(matches!(
        refused(chain.call(0, &key(30), Call::Revoke { index, grantee })),
        CallError::NoGrant
    ));
}

#[test]
fn nobody_but_the_patient_grants_or_revokes() {
    let (mut chain, index) = Chain::with_people();
    for seed in [10, 31, 32, 99] {
        let error = refused(chain.call(0, &key(seed), grant(index, 31)));
        assert!(matches!(error, CallError::NotAllowed { .. }));
    }
    chain.call(0, &key(30), grant(index, 31)).unwrap();
    let revoke = Call::Revoke { index, grantee: key(31).public_key() };
    assert!(matches!(refused(chain.call(0, &key(32), revoke)), CallError::NotAllowed { .. }));
}

#[test]
fn strangers_and_patients_register_nobody() {
    let mut chain = Chain::new();
    let register =
        |key: PublicKey| Call::Register { key, role: Role::Doctor, identity: Digest([7; 32]) };
    for seed in [30, 99] {
        let error = refused(chain.call(0, &key(seed), register(key(50).public_key())));
        assert!(matches!(error, CallError::NotAllowed { .. }));
    }
    // A node's key speaks for its own node only.
    let error = refused(chain.call(1, &key(10), register(key(50).public_key())));
    assert!(matches!(error, CallError::NotAllowed { .. }));
}

#[test]
fn keys_and_identities_are_registered_once() {
    let (mut chain, _) = Chain::with_people();
    let again = |seed: u8, identity: u8| Call::Register {
        key: key(seed).public_key(),
        role: Role::Patient,
        identity: Digest([identity; 32]),
    };
    for call in [again(31, 99), again(99, 31)] {
        assert!(matches!(refused(chain.call(1, &key(11), call)), CallError::Registered { .. }));
    }
}

#[test]
fn only_the_origin_links_a_record_and_only_once() {
    let (mut chain, index) = Chain::with_people();
    let link = Call::Link { index, patient: key(30).public_key() };
    assert!(matches!(refused(chain.call(1, &key(11), link)), CallError::NotAllowed { .. }));
    assert!(matches!(refused(chain.call(0, &key(10), link)), CallError::Linked));
}

#[test]
fn a_transaction_cannot_come_twice_nor_be_changed() {
    let (mut chain, index) = Chain::with_people();
    let bytes = chain.signed(0, &key(30), grant(index, 31), 1000);
    for position in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[position] ^= 1;
        if Item::from_bytes(&wrong).is_ok_and(|item| matches!(item, Item::Transaction(_))) {
            assert!(chain.apply(&wrong).is_err(), "byte {position}");
        }
    }
    chain.apply(&bytes).unwrap();
    assert!(matches!(chain.apply(&bytes), Err(ItemError::Nonce { .. })));
}

#[test]
fn replay_of_a_block_gives_the_same_state_root_and_another_order_is_another_block() {
    let (chain, index) = Chain::with_people();
    let parent = *chain.genesis.block().header();
    let items = [31u8, 32]
        .map(|seed| chain.signed(0, &key(30), grant(index, seed), 1000 + u64::from(seed)));
    let build = |items: &[Vec<u8>]| {
        let mut overlay = Overlay::new(&chain.state);
        let mut builder = BlockBuilder::new(1 << 20);
        let context = BlockContext { chain: parent.chain, height: 1 };
        for item in items {
            apply_item(&mut overlay, context, &Item::from_bytes(item).unwrap(), false)?;
            builder.push(item).unwrap();
        }
        let history = history::advance(&mut overlay, &parent)?;
        let root = overlay.into_changes().state_root(parent.state_root);
        Ok::<_, ItemError>(builder.build(&parent, 1, history, root))
    };
    let block = build(&items).unwrap();
    let first = execute(&chain.state, &parent, &block, |_| false).unwrap();
    assert_eq!(first, execute(&chain.state, &parent, &block, |_| false).unwrap());
    let [a, b] = items;
    assert!(matches!(build(&[b, a]), Err(ItemError::Nonce { .. })));
}

#[test]
fn genesis_round_trips_and_is_refused_when_changed() {
    let genesis = genesis();
    assert_eq!(Genesis::from_bytes(genesis.as_bytes()).unwrap().chain(), genesis.chain());
    let text = String::from_utf8(genesis.as_bytes().to_vec()).unwrap();
    assert!(Genesis::from_bytes(text.replace("\"node\":1", "\"node\":2").as_bytes()).is_err());
    assert!(Genesis::from_bytes(text.replace(',', ", ").as_bytes()).is_err());
}

#[test]
fn generated_records_follow_the_protocol() {
    for sample in Generator::new(5, Tongue::Mixed).take(40) {
        let (record, _) = import(sample.into_source()).unwrap();
        assert_eq!(Protocol::embedded().violations(record.bundle()), []);
    }
}

#[test]
fn violations_say_where_and_not_what() {
    let bad = br#"{"resourceType":"Patient","gender":"SECRET","identifier":[{"value":"990101195001011231"}]}"#;
    let file = emrshare_record::SourceFile::new("p.json", bad.to_vec());
    let (record, _) = import(vec![file]).unwrap();
    let violations = Protocol::embedded().violations(record.bundle());
    assert!(violations.iter().any(|violation| violation.rule == "check-digit"));
    assert!(violations.iter().any(|violation| violation.place.contains("gender")));
    let shown = format!("{violations:?}");
    assert!(!shown.contains("SECRET") && !shown.contains("990101195001011231"));
}
