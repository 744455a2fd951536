//! A consortium that begins with one node: others join, and the founder leaves.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::time::Duration;

use emrshare_client::{Client, ClientError};
use emrshare_codec::RecordIndex;
use emrshare_contracts::AllianceCall;
use emrshare_ledger::{LightClient, VerifyError};
use emrshare_node::Node;
use emrshare_sample::{Generator, Tongue};
use home::{Home, admit, submit, wait_for_validators};
use serde_json::{Value, json};

/// Waits until a node has a record's desensitized file, and compares it with that of another.
async fn wait_for_copy(client: &Client, index: RecordIndex, other: &Client) {
    let expected = other.desensitized(index).await.unwrap();
    loop {
        if let Ok(file) = client.desensitized(index).await {
            assert_eq!(file.to_bytes(), expected.to_bytes());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn standing(client: &Client) -> Value {
    client.status().await.unwrap()["standing"].clone()
}

/// What a reader with nothing but the founding document and the node's files concludes.
async fn verify_receipt(founder: &Home, client: &Client, index: RecordIndex) {
    let (genesis, receipt) = (founder.genesis(), client.receipt(index).await.unwrap());
    let successions = client.successions().await.unwrap();
    let height = receipt.certified().header.height;
    let founders = genesis.validators();
    let found = receipt.verify(genesis.chain(), &founders);
    assert_eq!(found, Err(VerifyError::Foreign { what: "validator set" }));
    let validators = successions.validators_at(height, genesis.chain(), founders).unwrap();
    let proven = receipt.verify(genesis.chain(), &validators).unwrap();
    assert_eq!(proven.entry.index(), index);
    let mut light = LightClient::new(genesis.chain(), genesis.validators());
    let newest = client.newest_header().await.unwrap();
    successions.lead(&mut light, newest.header.height).unwrap();
    let next = successions.named_at(newest.header.height).cloned();
    light.advance(newest, next).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn others_join_a_lone_node_and_go_on_without_it() {
    let founder = Home::new();
    let first: Node = founder.start().await;
    let a = founder.client(&first);
    let old = submit(&a, 1).await;

    // The second node is up before it is admitted: it hears nothing, and says so.
    let (home_b, application) = founder.joining(1);
    let second = home_b.start().await;
    let b = home_b.client(&second);
    assert_eq!(standing(&b).await, json!("applicant"));
    let sample = Generator::new(9, Tongue::English).next().unwrap();
    let refused = b.submit(sample.into_source(), None).await;
    assert!(matches!(refused, Err(ClientError::NotAllowed(_))), "{refused:?}");
    admit(&[&a], application).await;
    wait_for_validators(&b, &[0, 1]).await;
    wait_for_copy(&b, old, &a).await;
    let of_b = submit(&b, 2).await;
    assert_eq!(of_b.origin().get(), 1);
    wait_for_copy(&a, of_b, &b).await;

    // The third is admitted by both, and starts afterwards.
    let (home_c, application) = founder.joining(2);
    admit(&[&a, &b], application).await;
    wait_for_validators(&a, &[0, 1, 2]).await;
    let third = home_c.start().await;
    let c = home_c.client(&third);
    wait_for_validators(&c, &[0, 1, 2]).await;
    for index in [old, of_b] {
        wait_for_copy(&c, index, &a).await;
    }
    let of_c = submit(&c, 3).await;
    verify_receipt(&founder, &c, of_c).await;

    // A restart goes on in the epoch where it stopped, at other addresses that it made known before.
    home_b.move_ports();
    let card = emrshare_node::setup::card(&home_b.path).unwrap();
    b.call_as_node(AllianceCall::Renew { card: card.clone() }).await.unwrap();
    second.stop().await;
    let second = home_b.start().await;
    let b = home_b.client(&second);
    let members = a.members().await.unwrap();
    assert_eq!(members[1]["api"], json!(card.api));
    let moved = submit(&b, 5).await;
    wait_for_copy(&c, moved, &b).await;

    a.call_as_node(AllianceCall::Leave {}).await.unwrap();
    wait_for_validators(&b, &[1, 2]).await;
    assert_eq!(standing(&a).await, json!("left"));
    let sample = Generator::new(9, Tongue::English).next().unwrap();
    let refused = a.submit(sample.into_source(), None).await;
    assert!(matches!(refused, Err(ClientError::NotAllowed(_))), "{refused:?}");
    first.stop().await;
    let late = submit(&b, 4).await;
    wait_for_copy(&c, late, &b).await;
    // What the founder shared is still there, and still found.
    assert!(c.desensitized(old).await.is_ok());
    second.stop().await;
    third.stop().await;
}
