//! A record that another hospital goes on with: it holds what it made, until the record ends.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use emrshare_client::{Client, ClientError};
use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_contracts::{
    AgreedRights, AgreedTerms, AgreementCall, Motion, Parts, Purpose, Role, Span,
};
use emrshare_desensitize::Policy;
use emrshare_identity::SigningKey;
use emrshare_sample::{Generator, Tongue};
use home::{pass, submit, transaction, two_members, until};
use serde_json::json;
use sha2::{Digest as _, Sha256};

async fn until_version(client: &Client, index: RecordIndex, version: u32) {
    until(async || {
        let shown = client.show(index).await;
        shown.is_ok_and(|shown| shown["version"] == json!(version))
            && client.desensitized(index).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_updates_a_record_holds_it_until_the_origin_ends_it() {
    let [first, second] = two_members().await;
    let [a, b] = [&first.client, &second.client];
    let key = SigningKey::from_seed([30; 32]);
    a.register(key.public_key(), Role::Patient, "patient").await.unwrap();
    let patient = first.home.client_of(&first.node, key);
    let index = submit(a, 1).await;
    a.link(index, patient.public_key()).await.unwrap();
    until_version(b, index, 1).await;

    let later = || Generator::new(2, Tongue::English).next().unwrap().into_source();
    let refused = b.update(index, later()).await;
    assert!(matches!(refused, Err(ClientError::NotAllowed(_))), "{refused:?}");
    let (partner, rights) = (NodeId::new(1).unwrap(), AgreedRights::Update);
    let (text, valid) = (Digest([8; 32]), Span::ALWAYS);
    let offer = AgreementCall::Offer { partner, text, rights, valid };
    let agreement = transaction(&a.call_as_node(offer).await.unwrap());
    until(async || b.agreement(agreement).await.is_ok()).await;
    b.call_as_node(AgreementCall::Accept { agreement }).await.unwrap();
    a.call_as_node(AgreementCall::Include { agreement, index }).await.unwrap();
    patient.sign_and_send(AgreementCall::Consent { agreement, index }).await.unwrap();
    until(async || {
        let known = b.agreements().await.unwrap();
        known[0]["standing"] == json!("made") && known[0]["records"][0]["consent"] == json!(true)
    })
    .await;
    b.update(index, later()).await.unwrap();
    until_version(a, index, 2).await;
    let request = patient.ask(index, Purpose::Personal, Parts::Everything).await.unwrap();
    assert!(patient.sealed_original(request).await.is_ok(), "the other hospital hands it out");

    // The copy is made anew where the original is.
    let policy = Digest(Sha256::digest(Policy::STRICT).into());
    pass(&[a, b], Motion::Terms(AgreedTerms { policy, ..first.home.genesis().terms() })).await;
    until_version(a, index, 3).await;
    let copies = [a.desensitized(index).await, b.desensitized(index).await];
    let [at_a, at_b] = copies.map(|copy| copy.unwrap().to_bytes());
    assert_eq!(at_a, at_b);
    let history = a.show(index).await.unwrap()["history"].clone();
    assert_eq!([&history[1]["acting"], &history[2]["acting"]], [&json!(1), &json!(1)]);

    let refused = b.delete(index).await;
    assert!(matches!(refused, Err(ClientError::NotAllowed(_))), "{refused:?}");
    a.delete(index).await.unwrap();
    until(async || patient.sealed_original(request).await.is_err()).await;
    let destroyed = patient.sealed_original(request).await;
    assert!(matches!(destroyed, Err(ClientError::NotFound(_))), "{destroyed:?}");
    first.node.stop().await;
    second.node.stop().await;
}
