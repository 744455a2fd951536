//! Contracts and rights: transactions applied, authorization with few and with a million grants,
//! envelopes.
//!
//! `cargo bench -p emrshare-benches --bench rights`; bounds of the same run: one signature check, one
//! lookup in the same store, age over the same bytes.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, clippy::print_stdout)]

use std::{
    hint::black_box,
    io::{self, Read},
    sync::Arc,
    time::Instant,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
use emrshare_contracts::{
    BlockContext, Call, Decision, Grant, Grantee, Parts, PermissionCall, Purpose, Purposes,
    RegistryCall, RelationshipCall, Role, Scope, Span, apply_item, authorize,
};
use emrshare_identity::{EnvelopeKey, SigningKey, seal_at_rest};
use emrshare_ledger::{
    Changes, Item, Memory, Overlay, StateError, StateRead, SubmissionDraft, Transaction,
    TransactionDraft, key::CONTRACTS,
};
use emrshare_storage::{Batch, Engine, Kv, Table};

const CHAIN: Digest = Digest([9; 32]);
const STATE: Table = Table::new(b's');
const TRANSACTIONS: u64 = 2_000;
const GRANTS: u64 = 1_000_000;

fn signing_key(number: u64) -> SigningKey {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    SigningKey::from_seed(seed)
}

fn origin() -> NodeId {
    NodeId::new(0).unwrap()
}

fn index(serial: u64) -> RecordIndex {
    RecordIndex::new(origin(), Serial::from(serial))
}

fn identity(number: u64) -> Digest {
    let mut bytes = [1; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest(bytes)
}

/// State in memory that items are applied to, one after another.
struct Chain {
    state: Memory,
    nonce: u64,
}

impl Chain {
    /// Node 0 (key 0), a patient (1), a doctor (2), and `records` records of the patient.
    fn new(records: u64) -> Self {
        let mut state = Memory::default();
        let member = [&[CONTRACTS, b'm'], origin().get().to_be_bytes().as_slice()].concat();
        state.0.insert(member, signing_key(0).public_key().0.to_vec());
        let mut chain = Self { state, nonce: 0 };
        for (number, role) in [(1, Role::Patient), (2, Role::Doctor)] {
            let (key, identity) = (signing_key(number).public_key(), identity(number));
            chain.call(0, RegistryCall::Register { role, key, identity });
        }
        let patient = signing_key(1).public_key();
        for serial in 0..records {
            let operation = Operation::new(Marker::RECORD, Kind::Add, origin());
            let entry = Entry::new(operation, index(serial), identity(serial + 9), Digest([2; 32]));
            let draft = SubmissionDraft { entries: vec![entry], sequence: serial + 1 };
            chain.apply(&draft.sign(CHAIN, &signing_key(0)).unwrap());
            chain.call(0, RelationshipCall::Link { index: index(serial), patient });
        }
        chain
    }

    fn signed(&mut self, signer: u64, call: impl Into<Call>) -> Vec<u8> {
        self.nonce += 1;
        let (nonce, call) = (self.nonce, call.into());
        let (contract, payload) = (call.contract(), call.to_payload());
        let draft = TransactionDraft { node: origin(), contract, nonce, payload };
        draft.sign(CHAIN, &signing_key(signer))
    }

    fn call(&mut self, signer: u64, call: impl Into<Call>) {
        let bytes = self.signed(signer, call);
        self.apply(&bytes);
    }

    fn apply(&mut self, bytes: &[u8]) {
        let changes = changes(&self.state, &[bytes.to_vec()], false);
        self.state.apply(changes);
    }
}

fn changes(state: &impl StateRead, items: &[Vec<u8>], checked: bool) -> Changes {
    let context = BlockContext { chain: CHAIN, height: 1, time_ms: 1_000 };
    let mut overlay = Overlay::new(state);
    for bytes in items {
        apply_item(&mut overlay, context, &Item::from_bytes(bytes).unwrap(), checked).unwrap();
    }
    overlay.into_changes()
}

fn grant(scope: Scope, grantee: Grantee) -> PermissionCall {
    let purposes = Purposes::of(&[Purpose::Treatment]);
    let grant =
        Grant { purposes, parts: Parts::Everything, valid: Span::ALWAYS, linked: Span::ALWAYS };
    PermissionCall::Grant { scope, grantee, grant }
}

fn apply(criterion: &mut Criterion) {
    let mut chain = Chain::new(TRANSACTIONS);
    let to_doctor = Grantee::Person(identity(2));
    let items: Vec<_> = (0..TRANSACTIONS)
        .map(|serial| chain.signed(1, grant(Scope::Record(index(serial)), to_doctor)))
        .collect();
    let mut group = criterion.benchmark_group("rights/apply");
    group.throughput(Throughput::Elements(TRANSACTIONS));
    let state = &chain.state;
    group.bench_function("grants, signatures checked before", |bencher| {
        bencher.iter(|| changes(state, black_box(&items), true));
    });
    group.bench_function("grants with their signatures", |bencher| {
        bencher.iter(|| changes(state, black_box(&items), false));
    });
    group.bench_function("bound: bare signatures", |bencher| {
        bencher.iter(|| {
            for item in &items {
                Transaction::from_bytes(item).unwrap().verify(CHAIN).unwrap();
            }
        });
    });
    group.finish();
    durable(&chain, &items);
}

/// The same, 200 in a block, each block durable before the next.
fn durable(chain: &Chain, items: &[Vec<u8>]) {
    for engine in [Engine::Redb, Engine::Sled] {
        let folder = tempfile::tempdir().unwrap();
        let state = Stored::new(engine.open(&folder.path().join("kv")).unwrap(), &chain.state);
        let start = Instant::now();
        for block in items.chunks(200) {
            let changes = changes(&state, block, false);
            state.commit(&changes);
        }
        let rate = items.len() as f64 / start.elapsed().as_secs_f64();
        println!("rights/durable {}: {rate:.0} transactions/s, 200 in a block", engine.name());
    }
}

/// State in a store of the node.
struct Stored(Arc<dyn Kv>);

impl Stored {
    fn new(kv: Arc<dyn Kv>, state: &Memory) -> Self {
        let stored = Self(kv);
        let rows = state.0.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        stored.commit(&Changes(rows.collect()));
        stored
    }

    fn commit(&self, changes: &Changes) {
        for part in changes.0.iter().collect::<Vec<_>>().chunks(50_000) {
            let mut batch = Batch::default();
            for (key, value) in part {
                batch.put(STATE, key, value.as_deref().unwrap_or_default());
            }
            self.0.commit(batch).unwrap();
        }
    }
}

impl StateRead for Stored {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.0.get(STATE, key).map_err(|error| StateError { reason: error.to_string() })
    }
}

/// A patient with two records, one grant, and as many grants of others as asked for.
fn with_grants(others: u64) -> Memory {
    let mut chain = Chain::new(2);
    chain.call(1, grant(Scope::All, Grantee::Person(identity(2))));
    let before = chain.state.0.clone();
    chain.call(1, grant(Scope::Record(index(0)), Grantee::Institution(origin())));
    let (row, value) = chain.state.0.iter().find(|(row, _)| !before.contains_key(*row)).unwrap();
    let (row, value) = (row.clone(), value.clone());
    chain.state.0 = before;
    // Rows as the contract writes them, of patients whom nobody asks about.
    for number in 0..others {
        let mut row = row.clone();
        row[3..11].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        chain.state.0.insert(row, value.clone());
    }
    chain.state
}

fn authorization(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rights/authorize");
    let doctor = signing_key(2).public_key();
    for others in [1_000, GRANTS] {
        let memory = with_grants(others);
        let folder = tempfile::tempdir().unwrap();
        let state = Stored::new(Engine::Redb.open(&folder.path().join("kv")).unwrap(), &memory);
        let decide = |purpose| {
            authorize(&state, index(1), doctor, purpose, Parts::Everything, 1_000).unwrap()
        };
        assert_eq!(decide(Purpose::Treatment), Decision::Grant);
        assert_eq!(decide(Purpose::Research), Decision::Conditions);
        group.bench_function(format!("allowed, {others} grants of others, redb"), |bencher| {
            bencher.iter(|| decide(black_box(Purpose::Treatment)));
        });
        group.bench_function(format!("refused, {others} grants of others, redb"), |bencher| {
            bencher.iter(|| decide(black_box(Purpose::Research)));
        });
        group.bench_function(format!("bound: one lookup, {others}"), |bencher| {
            let (key, _) = memory.0.iter().next().unwrap();
            bencher.iter(|| state.get(black_box(key)).unwrap());
        });
    }
    group.finish();
}

fn sizes(_: &mut Criterion) {
    let size = |state: &Memory| state.0.iter().map(|(key, value)| key.len() + value.len()).sum();
    let before: usize = size(&Chain::new(1).state);
    let mut chain = Chain::new(1);
    let (role, key) = (Role::Doctor, signing_key(5).public_key());
    chain.call(0, RegistryCall::Register { role, key, identity: identity(5) });
    let person = size(&chain.state) - before;
    chain.call(1, grant(Scope::Record(index(0)), Grantee::Person(identity(5))));
    // The first call of a signer makes a row for the nonce too.
    let first = size(&chain.state) - before - person;
    chain.call(1, grant(Scope::All, Grantee::Person(identity(5))));
    let second = size(&chain.state) - before - person - first;
    println!("rights/size: person with trail {person} bytes, grant {second} bytes of state");
}

fn envelopes(criterion: &mut Criterion) {
    const LEN: usize = 8 * 1024 * 1024;
    let address = EnvelopeKey::of(&signing_key(1)).address();
    let bytes = vec![7; LEN];
    let node = EnvelopeKey::of(&signing_key(2));
    let (head, body) = seal_at_rest(&bytes, &[node.address()]).unwrap();
    let mut group = criterion.benchmark_group("rights/envelope");
    group.throughput(Throughput::Bytes(LEN as u64));
    let seal = |mut original: &mut dyn Read| {
        let mut writer = address.seal(io::sink()).unwrap();
        io::copy(&mut original, &mut writer).unwrap();
        writer.finish().unwrap();
    };
    let open = || node.open_at_rest(&head, black_box(body.as_slice())).unwrap();
    group.bench_function("original from its store to an envelope", |bencher| {
        bencher.iter(|| seal(&mut open()));
    });
    group.bench_function("bound: bare age, sealed", |bencher| {
        bencher.iter(|| seal(&mut black_box(bytes.as_slice())));
    });
    group.bench_function("bound: bare age, opened", |bencher| {
        bencher.iter(|| io::copy(&mut open(), &mut io::sink()).unwrap());
    });
    group.finish();

    let mut group = criterion.benchmark_group("rights/at_rest");
    let small = vec![7; 8 * 1024];
    group.bench_function("seal an original of 8 KiB for a node", |bencher| {
        bencher.iter(|| seal_at_rest(black_box(&small), &[node.address()]).unwrap());
    });
    group.bench_function("let its patient read it", |bencher| {
        let readers = [node.address(), address];
        bencher.iter(|| black_box(&head).address_to(&node, &readers).unwrap());
    });
    group.finish();
}

criterion_group!(benches, apply, authorization, sizes, envelopes);
criterion_main!(benches);
