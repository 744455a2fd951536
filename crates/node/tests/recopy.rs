//! Two members agree on another policy: all copies are made anew, and the old ones go.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::time::Duration;

use emrshare_client::{Client, ClientError};
use emrshare_codec::{Digest, RecordIndex};
use emrshare_contracts::{AgreedTerms, Motion};
use emrshare_desensitize::Policy;
use emrshare_record::RecordFile;
use home::{Running, admit, pass, submit, two_members, until};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The copy that a node has of a record's newest version, once it has one.
async fn copy(client: &Client, index: RecordIndex) -> RecordFile {
    loop {
        if let Ok(file) = client.desensitized(index).await {
            return file;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn history(client: &Client, index: RecordIndex) -> Vec<Value> {
    let shown = client.show(index).await.unwrap();
    shown["history"].as_array().unwrap().clone()
}

/// The first chunk: the Bundle's beginning.
fn chunk_of(file: &RecordFile) -> Digest {
    file.named_chunks().next().unwrap().0
}

async fn has_chunk(client: &Client, chunk: Digest) -> bool {
    match client.chunk(chunk).await {
        Ok(_) => true,
        Err(ClientError::NotFound(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn covered(counts: [(u64, u64); 2]) -> Value {
    let name = |node| if node == 0 { "Test hospital".into() } else { format!("Hospital {node}") };
    let shown = counts.into_iter().zip(0..).map(|((records, current), node)| {
        json!({ "node": node, "institution": name(node), "records": records, "current": current })
    });
    shown.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_policy_makes_all_copies_anew() {
    let [Running { home: home_a, node: first, client: a }, second] = two_members().await;
    let Running { home: home_b, node: second, client: b } = second;
    let records = [submit(&a, 1).await, submit(&a, 2).await, submit(&b, 3).await];
    let mut old = Vec::new();
    for index in records {
        old.push(copy(&a, index).await);
        copy(&b, index).await;
    }
    assert_eq!(a.coverage().await.unwrap(), covered([(2, 2), (1, 1)]));

    let policy = Digest(Sha256::digest(Policy::STRICT).into());
    let motion = Motion::Terms(AgreedTerms { policy, ..home_a.genesis().terms() });
    pass(&[&a, &b], motion).await;
    // Each node knows of each new copy at a time of its own.
    for client in [&a, &b] {
        for index in records {
            until(async || history(client, index).await.len() == 2).await;
        }
    }
    until(async || a.coverage().await.unwrap() == covered([(2, 2), (1, 1)])).await;
    for (index, old) in records.into_iter().zip(&old) {
        let [added, anew] = history(&a, index).await.try_into().unwrap();
        assert_eq!((&added["kind"], &anew["kind"]), (&json!("add"), &json!("update")));
        assert_eq!(added["original"], anew["original"]);
        assert_ne!(added["desensitized"], anew["desensitized"]);
        let [at_a, at_b] = [copy(&a, index).await, copy(&b, index).await];
        assert_eq!(at_a.to_bytes(), at_b.to_bytes());
        assert_ne!(at_a.to_bytes(), old.to_bytes());
        for client in [&a, &b] {
            until(async || !has_chunk(client, chunk_of(old)).await).await;
            assert!(has_chunk(client, chunk_of(&at_a)).await);
        }
    }

    // Nothing is left to be done: neither a restart nor the same policy again makes other copies.
    second.stop().await;
    let second = home_b.start().await;
    let b = home_b.client(&second);
    pass(&[&a, &b], Motion::Terms(AgreedTerms { policy, ..home_a.genesis().terms() })).await;
    let late = submit(&b, 4).await;
    copy(&a, late).await;
    assert_eq!(history(&a, records[2]).await.len(), 2);
    assert_eq!(history(&a, late).await.len(), 1);

    // Who comes later reads of the old copies, finds them nowhere, and does not need them.
    let (home_c, application) = home_a.joining(2);
    admit(&[&a, &b], application).await;
    let third = home_c.start().await;
    let c = home_c.client(&third);
    for index in [records[0], records[1], records[2], late] {
        assert_eq!(copy(&c, index).await.to_bytes(), copy(&a, index).await.to_bytes());
    }
    until(async || c.metrics().await.unwrap().contains("emrshare_sync_backlog 0\n")).await;
    third.stop().await;
    first.stop().await;
    second.stop().await;
}
