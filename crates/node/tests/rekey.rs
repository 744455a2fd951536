//! Nodes change their consensus keys while they run, and nobody waits for it.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::fs;

use emrshare_client::{Client, ClientError};
use emrshare_codec::RecordIndex;
use emrshare_contracts::AllianceCall;
use emrshare_node::{Config, setup};
use home::{Home, submit, until, wait_for_validators};
use serde_json::json;

/// A new key, its certificate, the call, and the certificate in its place.
async fn rekey(home: &Home, client: &Client) {
    let subject = setup::prepare_key(&home.path).unwrap();
    let certificate = home.certify(&subject);
    let application = setup::rekey(&home.path, &certificate).unwrap();
    client.call_as_node(AllianceCall::Rekey { application }).await.unwrap();
    setup::replace_certificate(&home.path, &certificate).unwrap();
}

async fn wait_for_record(client: &Client, index: RecordIndex) {
    until(async || client.desensitized(index).await.is_ok()).await;
}

/// With nothing but the founding document and what the node hands out.
async fn verify_receipt(home: &Home, client: &Client, index: RecordIndex) {
    let (genesis, receipt) = (home.genesis(), client.receipt(index).await.unwrap());
    let successions = client.successions().await.unwrap();
    let height = receipt.certified().header.height;
    let validators = successions.validators_at(height, genesis.chain(), genesis.validators());
    let proven = receipt.verify(genesis.chain(), &validators.unwrap()).unwrap();
    assert_eq!(proven.entry.index(), index);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_node_goes_on_with_one_key_after_another() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let mut records = vec![submit(&client, 1).await];
    for seed in [2, 3] {
        rekey(&home, &client).await;
        records.push(submit(&client, 10 * seed).await);
        wait_for_validators(&client, &[0]).await;
        records.push(submit(&client, seed).await);
    }
    node.stop().await;

    let node = home.start().await;
    let client = home.client(&node);
    records.push(submit(&client, 4).await);
    for index in records {
        verify_receipt(&home, &client, index).await;
    }
    node.stop().await;

    // Without the key that the ledger names, the node does not start.
    let next = home.path.join("keys/node-next.key");
    fs::write(&next, "07".repeat(32)).unwrap();
    let error = Config::load(&home.path.join("node.toml")).unwrap_err();
    assert!(error.to_string().contains("not those of the certificate"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_node_does_not_have_is_not_put_on_the_ledger() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let subject = setup::prepare_key(&home.path).unwrap();
    assert!(matches!(setup::prepare_key(&home.path), Err(setup::SetupError::Exists(_))));
    let certificate = home.certify(&subject);
    let application = setup::rekey(&home.path, &certificate).unwrap();
    fs::remove_file(home.path.join("keys/node-next.key")).unwrap();
    let refused = client.call_as_node(AllianceCall::Rekey { application }).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused(_)), "{refused:?}");
    assert!(refused.to_string().contains("node-next.key"), "{refused}");
    node.stop().await;
}

#[test]
fn keys_under_a_passphrase_are_replaced_too() {
    let home = Home::new();
    let passphrase = home.path.join("passphrase");
    fs::write(&passphrase, "a long passphrase\n").unwrap();
    let seal = || setup::seal_secrets(&home.path, &passphrase);
    let in_the_clear = || home.path.join("keys/node-next.key").exists();
    let load = || Config::load(&home.path.join("node.toml"));
    seal().unwrap();
    for _ in 0..2 {
        // The second time the key of the first one takes the place of the old one.
        let certificate = home.certify(&setup::prepare_key(&home.path).unwrap());
        assert!(in_the_clear());
        setup::rekey(&home.path, &certificate).unwrap();
        setup::replace_certificate(&home.path, &certificate).unwrap();
        load().unwrap();
        seal().unwrap();
        assert!(!in_the_clear());
        load().unwrap();
    }
    assert!(matches!(seal(), Err(setup::SetupError::Sealed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_four_changes_its_key_and_a_restart_between_does_no_harm() {
    let homes = Home::founders(4);
    let mut nodes = Vec::new();
    for home in &homes {
        nodes.push(home.start().await);
    }
    let clients: Vec<_> = homes.iter().zip(&nodes).map(|(home, node)| home.client(node)).collect();
    let before = submit(&clients[3], 1).await;
    rekey(&homes[3], &clients[3]).await;
    // It signs with the new key at once, and votes with none until the epoch ends.
    let at_once = submit(&clients[3], 2).await;
    nodes.pop().unwrap().stop().await;
    let again = homes[3].start().await;
    let client = homes[3].client(&again);
    wait_for_validators(&client, &[0, 1, 2, 3]).await;
    let after = submit(&client, 3).await;
    for index in [before, at_once, after] {
        for client in clients[..3].iter().chain([&client]) {
            wait_for_record(client, index).await;
        }
        verify_receipt(&homes[0], &clients[0], index).await;
    }
    let members = clients[0].members().await.unwrap();
    let certificate = fs::read_to_string(homes[3].path.join("node.pem")).unwrap();
    assert_eq!(members[3]["certificate"], json!(certificate));

    // Of the other three and this one, any three are enough: its votes count.
    nodes.remove(0).stop().await;
    let without_first = submit(&client, 4).await;
    wait_for_record(&clients[1], without_first).await;
    for node in nodes.into_iter().chain([again]) {
        node.stop().await;
    }
}
