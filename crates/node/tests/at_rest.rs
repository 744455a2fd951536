//! Originals at rest: who opens what is taken out of a store, and what is left after a deletion.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::{collections::BTreeMap, fs, io::Read, path::Path, time::Duration};

use emrshare_client::ClientError;
use emrshare_codec::RecordIndex;
use emrshare_contracts::{Parts, Purpose, RegistryCall, Role};
use emrshare_identity::{EnvelopeError, EnvelopeKey, SigningKey};
use emrshare_node::{
    Config, ConfigError, MasterKeyError, NewMasterKey, Node, NodeError, OldMasterKey,
    exchange_master_key, export_originals, setup,
};
use emrshare_record::RecordFile;
use emrshare_sample::{Generator, Tongue};
use home::{Home, submit, until};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

fn of(seed: u8) -> EnvelopeKey {
    EnvelopeKey::of(&key(seed))
}

fn opened(key: &EnvelopeKey, file: &[u8]) -> Result<RecordFile, EnvelopeError> {
    let mut bytes = Vec::new();
    key.open(file)?.read_to_end(&mut bytes)?;
    Ok(RecordFile::from_bytes(&bytes).unwrap())
}

type Files = BTreeMap<String, Vec<u8>>;

/// The files of a store by the digest that they are named by, once the node has done what it does
/// after blocks.
async fn exported(home: &Home, out: &Path, is_done: impl Fn(&Files) -> bool) -> Files {
    loop {
        let files = export(&home.path, out).await;
        if is_done(&files) {
            return files;
        }
        let node = home.start().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        node.stop().await;
    }
}

async fn export(home: &Path, out: &Path) -> Files {
    let count = export_originals(home, out).await.unwrap();
    let files = fs::read_dir(out).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
    });
    let files: Files = files.collect();
    assert_eq!(files.len(), count);
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn the_patient_opens_what_is_taken_out_of_the_store_and_nobody_else() {
    let home = Home::new();
    let out = tempfile::tempdir().unwrap();
    let node = home.start().await;
    let operator = home.client(&node);
    let [mine, other, gone]: [RecordIndex; 3] =
        [submit(&operator, 1).await, submit(&operator, 2).await, submit(&operator, 3).await];
    operator.register(key(30).public_key(), Role::Patient, "patient").await.unwrap();
    for index in [mine, gone] {
        operator.link(index, key(30).public_key()).await.unwrap();
    }
    let newer = Generator::new(4, Tongue::English).next().unwrap().into_source();
    operator.update(mine, newer).await.unwrap();
    let digests = async |index| {
        let shown = operator.show(index).await.unwrap();
        let history = shown["history"].as_array().unwrap().iter();
        history.map(|entry| entry["original"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (mine, other, deleted) = (digests(mine).await, digests(other).await, digests(gone).await);
    node.stop().await;

    let of_patient = |digest: &String| !other.contains(digest);
    let addressed = |files: &Files| {
        let mut files = files.iter().filter(|(digest, _)| of_patient(digest));
        files.all(|(_, file)| opened(&of(30), file).is_ok())
    };
    let before = exported(&home, &out.path().join("before"), addressed).await;
    assert_eq!(before.len(), 4);
    let node_key = fs::read_to_string(home.path.join("keys/master.key")).unwrap();
    let node_key: EnvelopeKey = node_key.parse().unwrap();
    for (digest, file) in &before {
        let original = opened(&node_key, file).unwrap();
        assert_eq!(original.manifest().digest().to_string(), *digest);
        assert_eq!(opened(&of(30), file).is_ok(), of_patient(digest), "{digest}");
        assert!(opened(&of(31), file).is_err(), "a stranger opens {digest}");
    }
    assert_eq!(mine.len(), 2, "both versions are the patient's");

    // The patient's key is replaced, and a record is deleted.
    let node = home.start().await;
    let patient = home.client_of(&node, key(30));
    let rotate = RegistryCall::Rotate { key: key(40).public_key() };
    patient.sign_and_send(rotate).await.unwrap();
    let patient = home.client_of(&node, key(40));
    let request = patient.ask(gone, Purpose::Personal, Parts::Everything).await.unwrap();
    home.client(&node).delete(gone).await.unwrap();
    until(async || patient.sealed_original(request).await.is_err()).await;
    node.stop().await;

    let readdressed = |files: &Files| mine.iter().all(|it| opened(&of(40), &files[it]).is_ok());
    let after = exported(&home, &out.path().join("after"), readdressed).await;
    assert_eq!(after.len(), 3);
    assert!(!after.contains_key(&deleted[0]), "a deleted original is still there");
    for digest in &mine {
        let file = &after[digest];
        assert!(opened(&of(30), file).is_err(), "a replaced key opens {digest}");
        assert!(opened(&of(40), file).is_ok(), "the new key does not open {digest}");
        assert!(opened(&node_key, file).is_ok());
    }
}

fn master(home: &Home, name: &str) -> EnvelopeKey {
    fs::read_to_string(home.path.join("keys").join(name)).unwrap().parse().unwrap()
}

fn put_master(home: &Home, name: &str, key: &EnvelopeKey) {
    fs::write(home.path.join("keys").join(name), key.to_secret_text().as_bytes()).unwrap();
}

/// A stopped node with an original of a patient, which the patient can read, and another one.
async fn with_two_originals() -> Home {
    let home = Home::new();
    let out = tempfile::tempdir().unwrap();
    let node = home.start().await;
    let operator = home.client(&node);
    let [mine, _] = [submit(&operator, 1).await, submit(&operator, 2).await];
    operator.register(key(30).public_key(), Role::Patient, "patient").await.unwrap();
    operator.link(mine, key(30).public_key()).await.unwrap();
    node.stop().await;
    exported(&home, out.path(), |files| count(&of(30), files) == 1).await;
    home
}

fn count(key: &EnvelopeKey, files: &Files) -> usize {
    files.values().filter(|file| opened(key, file).is_ok()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_opens_all_originals_and_the_old_one_none() {
    let home = with_two_originals().await;
    let out = tempfile::tempdir().unwrap();
    let node = home.start().await;
    let running = exchange_master_key(&home.path, OldMasterKey::AtHand).await;
    assert!(matches!(running, Err(MasterKeyError::Store(_))), "{running:?}");
    node.stop().await;

    let old = master(&home, "master.key");
    let done = exchange_master_key(&home.path, OldMasterKey::AtHand).await.unwrap();
    assert_eq!(done, NewMasterKey { opened: 2, closed: 0 });
    let new = master(&home, "master.key");
    let files = export(&home.path, out.path()).await;
    assert_eq!([count(&new, &files), count(&old, &files), count(&of(30), &files)], [2, 0, 1]);

    let node = home.start().await;
    let patient = home.client_of(&node, key(30));
    let index = submit(&home.client(&node), 3).await;
    home.client(&node).link(index, key(30).public_key()).await.unwrap();
    let request = patient.ask(index, Purpose::Personal, Parts::Everything).await.unwrap();
    assert!(patient.sealed_original(request).await.is_ok());
    node.stop().await;

    // As it is when the last step is interrupted.
    put_master(&home, "master.key", &old);
    put_master(&home, "master-next.key", &new);
    let refused = Config::load(&home.path.join("node.toml"));
    assert!(matches!(refused, Err(ConfigError::MasterKeyChanges)));
    let done = exchange_master_key(&home.path, OldMasterKey::AtHand).await.unwrap();
    assert_eq!(done, NewMasterKey { opened: 3, closed: 0 });
    assert_eq!(master(&home, "master.key").address(), new.address());
    home.start().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_master_key_is_refused_and_a_lost_one_is_replaced() {
    let home = with_two_originals().await;
    let out = tempfile::tempdir().unwrap();
    let old = master(&home, "master.key");
    put_master(&home, "master.key", &of(9));
    let config = Config::load(&home.path.join("node.toml")).unwrap();
    let refused = Node::start(config).await;
    assert!(matches!(refused, Err(NodeError::OtherMasterKey)));
    let refused = exchange_master_key(&home.path, OldMasterKey::AtHand).await;
    assert!(matches!(refused, Err(MasterKeyError::Other)), "{refused:?}");

    fs::remove_file(home.path.join("keys/master.key")).unwrap();
    let done = exchange_master_key(&home.path, OldMasterKey::Lost).await.unwrap();
    assert_eq!(done, NewMasterKey { opened: 0, closed: 2 });
    let node = home.start().await;
    submit(&home.client(&node), 3).await;
    node.stop().await;
    let files = export(&home.path, out.path()).await;
    let new = master(&home, "master.key");
    assert_eq!([count(&new, &files), count(&old, &files), count(&of(30), &files)], [1, 2, 1]);

    // What is closed to the node opens again once its record is pushed again.
    let node = home.start().await;
    let client = home.client(&node);
    let scrubbed = client.scrub("originals", None).await.unwrap();
    assert_eq!(scrubbed["damaged"].as_array().unwrap().len(), 2);
    let again = Generator::new(1, Tongue::English).next().unwrap().into_source();
    let duplicate = client.submit(again, None).await;
    assert!(matches!(duplicate, Err(ClientError::Refused(_))), "{duplicate:?}");
    node.stop().await;
    let is_addressed = |files: &Files| count(&of(30), files) == 1 && count(&new, files) == 2;
    let files = exported(&home, out.path(), is_addressed).await;
    assert_eq!(count(&old, &files), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_sealed_if_the_old_one_was() {
    let home = with_two_originals().await;
    let passphrase = home.path.join("passphrase");
    fs::write(&passphrase, "correct horse\n").unwrap();
    setup::seal_secrets(&home.path, &passphrase).unwrap();
    let done = exchange_master_key(&home.path, OldMasterKey::AtHand).await.unwrap();
    assert_eq!(done, NewMasterKey { opened: 2, closed: 0 });
    for name in ["master.key", "master-next.key"] {
        assert!(!home.path.join("keys").join(name).exists(), "{name} is in the clear");
    }
    home.start().await.stop().await;
}
