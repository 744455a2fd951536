//! A node whose disk was lost, and whose data are from a backup.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::{fs, path::Path};

use emrshare_client::{Client, ClientError};
use emrshare_codec::RecordIndex;
use emrshare_node::Node;
use emrshare_sample::{Generator, Tongue};
use home::{Running, submit, two_members, until};
use serde_json::{Value, json};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

async fn has_all(client: &Client, indexes: &[RecordIndex]) -> bool {
    let mut all = true;
    for index in indexes {
        all &= client.desensitized(*index).await.is_ok();
    }
    all
}

/// The records whose originals should be at a node and are not.
async fn missing(client: &Client) -> Vec<Value> {
    let missing = client.scrub("missing", None).await.unwrap();
    let records = missing["damaged"].as_array().unwrap().iter();
    records.map(|original| original["records"].clone()).collect()
}

/// What a node's `members.json` has of these members.
fn cards(members: &Value) -> Value {
    let fields = ["api", "certificate", "consensus", "institution", "node"];
    let card = |member: &Value| fields.map(|field| (field.to_owned(), member[field].clone()));
    let members = members.as_array().unwrap().iter();
    members.map(|member| Value::Object(card(member).into_iter().collect())).collect()
}

/// Both must vote. Not told of the backup, the second would contradict votes that it does not know of,
/// and the first would not listen to it any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_from_a_backup_takes_part_again_and_gets_what_it_lacks() {
    let [first, Running { home, node, client }] = two_members().await;
    let mut indexes = vec![submit(&client, 1).await];
    node.stop().await;
    let (data, backup) = (home.path.join("data"), home.path.join("backup"));
    copy(&data, &backup);

    let node = home.start().await;
    let client = home.client(&node);
    indexes.extend([submit(&client, 2).await, submit(&first.client, 3).await]);
    until(async || has_all(&first.client, &indexes).await).await;
    node.stop().await;
    fs::remove_dir_all(&data).unwrap();
    fs::rename(backup, &data).unwrap();

    let node = Node::start(home.config().restored()).await.unwrap();
    let client = home.client(&node);
    until(async || has_all(&client, &indexes).await).await;
    indexes.extend([submit(&client, 4).await, submit(&first.client, 5).await]);
    until(async || has_all(&client, &indexes).await).await;
    until(async || client.search("", 1).await.unwrap()["total"] == json!(5)).await;

    // What was pushed after the backup is pushed again: its original is here again.
    assert_eq!(missing(&client).await, [json!([indexes[1].to_string()])]);
    let lost = Generator::new(2, Tongue::English).next().unwrap();
    let again = client.submit(lost.into_source(), None).await;
    assert!(matches!(again, Err(ClientError::Refused(_))), "it is a duplicate");
    assert_eq!(missing(&client).await, [Value::Null; 0]);
    assert_eq!(client.scrub("originals", None).await.unwrap()["files"], json!(3));
    node.stop().await;
    first.node.stop().await;
}

/// In the first epoch the founder was the only validator: alone, it would begin a second chain.
#[tokio::test(flavor = "multi_thread")]
async fn a_founder_that_has_lost_everything_gets_the_chain_from_the_others() {
    let [Running { home, node, client }, second] = two_members().await;
    let mut indexes = vec![submit(&client, 1).await, submit(&second.client, 2).await];
    until(async || has_all(&second.client, &indexes).await).await;
    let members = client.members().await.unwrap();
    node.stop().await;
    fs::remove_dir_all(home.path.join("data")).unwrap();

    let unaware = Node::start(home.config()).await.unwrap_err();
    assert!(unaware.to_string().contains("has run before"), "{unaware}");
    let alone = Node::start(home.config().restored()).await.unwrap_err();
    assert!(alone.to_string().contains("no other member is known"), "{alone}");
    let again = Node::start(home.config()).await.unwrap_err();
    assert!(again.to_string().contains("no other member is known"), "{again}");
    fs::write(home.path.join("members.json"), cards(&members).to_string()).unwrap();
    let node = Node::start(home.config().restored()).await.unwrap();
    let client = home.client(&node);
    until(async || has_all(&client, &indexes).await).await;
    indexes.push(submit(&client, 3).await);
    until(async || has_all(&second.client, &indexes).await).await;
    assert_eq!(missing(&client).await, [json!([indexes[0].to_string()])]);
    node.stop().await;
    second.node.stop().await;
}
