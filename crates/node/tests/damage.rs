//! What rots on a node's disk is found; copies and the search index are there again.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::path::{Path, PathBuf};

use emrshare_client::{Client, ClientError};
use emrshare_sample::{Generator, Tongue};
use home::{Home, submit, two_members, until};
use serde_json::{Value, json};

/// The objects of a store of a node.
fn packs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(packs(&path)) } else { found.push(path) }
    }
    found
}

/// Turns a bit in each byte of all that a store holds.
fn spoil(home: &Home, store: &str) {
    for pack in packs(&home.path.join("data").join(store)) {
        let bytes: Vec<u8> = std::fs::read(&pack).unwrap().iter().map(|byte| byte ^ 1).collect();
        std::fs::write(&pack, bytes).unwrap();
    }
}

async fn damaged(client: &Client, store: &str) -> usize {
    let found: Value = client.scrub(store, None).await.unwrap();
    assert_eq!(found["after"], Value::Null);
    found["damaged"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_comes_from_another_member_again() {
    let [first, second] = two_members().await;
    let indexes = [submit(&first.client, 1).await, submit(&first.client, 2).await];
    let has = async |client: &Client| {
        let mut all = true;
        for index in indexes {
            all &= client.desensitized(index).await.is_ok();
        }
        all
    };
    until(async || has(&second.client).await).await;
    spoil(&second.home, "desensitized");
    assert!(!has(&second.client).await, "nothing else is handed out");
    assert_eq!(damaged(&second.client, "originals").await, 0);
    until(async || has(&second.client).await).await;
    until(async || damaged(&second.client, "copies").await == 0).await;
    until(async || second.client.search("", 1).await.unwrap()["total"] == json!(2)).await;
    first.node.stop().await;
    second.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_made_again_from_its_original() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let index = submit(&client, 1).await;
    let before = client.desensitized(index).await.unwrap();
    spoil(&home, "desensitized");
    assert_eq!(damaged(&client, "copies").await, 1);
    until(async || client.desensitized(index).await.is_ok()).await;
    assert_eq!(client.desensitized(index).await.unwrap().to_bytes(), before.to_bytes());
    assert_eq!(damaged(&client, "copies").await, 0);

    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_though_nobody_reads() {
    let home = Home::new();
    home.change(|settings| settings.scrub_pause_s = 1);
    let node = home.start().await;
    submit(&home.client(&node), 1).await;
    spoil(&home, "desensitized");
    let folder = home.path.join("data/desensitized");
    let damaged = packs(&folder);
    // Mended copies are written anew, and the damaged packs go.
    until(async || packs(&folder).iter().all(|pack| !damaged.contains(pack))).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_index_that_is_gone_is_made_again_also_of_damaged_copies() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let (_, ended) = (submit(&client, 1).await, submit(&client, 2).await);
    client.delete(ended).await.unwrap();
    node.stop().await;
    spoil(&home, "desensitized");
    std::fs::remove_dir_all(home.path.join("data/search")).unwrap();
    let node = home.start().await;
    let client = home.client(&node);
    until(async || client.search("", 1).await.unwrap()["total"] == json!(1)).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_original_is_stored_again_when_it_is_pushed_again() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let index = submit(&client, 1).await;
    spoil(&home, "originals");
    let found = client.scrub("originals", None).await.unwrap();
    assert_eq!(found["damaged"][0]["records"], json!([index.to_string()]));
    let record = || Generator::new(1, Tongue::English).next().unwrap().into_source();
    for _ in 0..2 {
        let answer = client.submit(record(), None).await;
        assert!(matches!(answer, Err(ClientError::Refused(_))), "it is a duplicate");
        assert_eq!(damaged(&client, "originals").await, 0);
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_can_be_deleted() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let (index, other) = (submit(&client, 1).await, submit(&client, 2).await);
    for store in ["desensitized", "originals"] {
        for pack in packs(&home.path.join("data").join(store)) {
            std::fs::remove_file(pack).unwrap();
        }
    }
    client.delete(index).await.unwrap();
    client.delete(other).await.unwrap();
    let is_empty = async |store| client.scrub(store, None).await.unwrap()["files"] == json!(0);
    until(async || is_empty("copies").await && is_empty("originals").await).await;
    node.stop().await;
}
