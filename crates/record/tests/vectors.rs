//! The test vectors of `docs/format.md`, section 11, for this and other implementations.
//!
//! `EMRSHARE_BLESS=1 cargo test -p emrshare-record --test vectors` writes them anew; the format
//! itself is locked by a digest, so that no byte changes unseen.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{fs, path::Path};

use emrshare_identity::ConsortiumKey;
use emrshare_record::{Attachment, Bundle, Manifest, MediaType, Record, RecordFile};
use serde_json::{Value, json};
use sha2::Digest as _;

/// SHA-256 of the file with the vectors.
const LOCK: &str = "5f69b440fa5cae26b2691852d18425a1bc590f3b87d0e72b3b85fa9f12ae0a20";
const KEY: [u8; 32] = [7; 32];

#[test]
fn vectors_are_what_this_crate_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/manifest.json");
    let vectors = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("EMRSHARE_BLESS").is_some() {
        fs::write(&path, &vectors).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), vectors);
    assert_eq!(hex::encode(sha2::Sha256::digest(&vectors)), LOCK, "a byte of the format changed");
}

fn vectors() -> Value {
    let key = ConsortiumKey::from_bytes(KEY);
    let record = record();
    json!({
        "consortium_key": hex::encode(KEY),
        "files": [
            good(&RecordFile::original(&record, &key)),
            good(&RecordFile::desensitized(&record)),
        ],
        "bad_manifests": bad_manifests(&RecordFile::original(&record, &key)),
    })
}

fn record() -> Record {
    let bundle = Bundle::from_json(
        "{\"type\":\"collection\",\"resourceType\":\"Bundle\",\"total\":1.50e1,\"id\":\"病历\"}"
            .as_bytes(),
    );
    let attachment = Attachment {
        name: "note.txt".into(),
        media_type: MediaType::Text,
        bytes: b"fever for five days".to_vec(),
    };
    Record::new(bundle.unwrap(), vec![attachment])
}

fn good(file: &RecordFile) -> Value {
    let manifest = file.manifest();
    assert_eq!(Manifest::from_bytes(manifest.as_bytes().to_vec()).as_ref(), Ok(manifest));
    assert_eq!(RecordFile::from_bytes(&file.to_bytes()).unwrap().manifest(), manifest);
    let chunks = |part: &Vec<Vec<u8>>| part.iter().map(hex::encode).collect::<Vec<_>>();
    json!({
        "manifest": std::str::from_utf8(manifest.as_bytes()).unwrap(),
        "digest": manifest.digest().to_string(),
        "parts": file.chunks().iter().map(chunks).collect::<Vec<_>>(),
        "file": hex::encode(file.to_bytes()),
    })
}

fn bad_manifests(file: &RecordFile) -> Vec<Value> {
    let right = std::str::from_utf8(file.manifest().as_bytes()).unwrap().to_owned();
    let bad = |why: &str, manifest: String| {
        let error = Manifest::from_bytes(manifest.clone().into_bytes()).unwrap_err();
        let error = format!("{error:?}");
        let error: String = error.chars().take_while(char::is_ascii_alphanumeric).collect();
        json!({"why": why, "manifest": manifest, "error": error})
    };
    let chunk = right.find("\"chunks\":[\"").unwrap() + 11;
    let mut upper = right.clone();
    upper.replace_range(chunk..chunk + 64, &right[chunk..chunk + 64].to_uppercase());
    let binder = right.find("\"format\"").unwrap();
    vec![
        bad("no JSON", right[1..].to_owned()),
        bad("a space", right.replacen(':', ": ", 1)),
        bad("a member that is not known", right.replacen('{', "{\"a\":1,", 1)),
        bad("another format", right.replace("emrshare-record/1", "emrshare-record/2")),
        bad("an original without binder", format!("{{{}", &right[binder..])),
        bad("a desensitized file with binder", right.replace("original", "desensitized")),
        bad("more bytes than the chunks hold", right.replace("\"size\":19", "\"size\":1048577")),
        bad("a digest in upper case", upper),
        bad("a digest that is none", right.replacen("\"chunks\":[\"", "\"chunks\":[\"x", 1)),
    ]
}
