//! The command line as its users call it.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

fn emrshare(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_emrshare")).args(arguments).output().unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The main job between four real node processes; the demo checks all that it claims.
#[test]
fn demo_holds_with_four_processes() {
    let output = emrshare(&["demo", "--json", "--count", "3"]);
    let errors = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{errors}");
    let summary = lines(&output).into_iter().find_map(|line| line.get("summary").cloned()).unwrap();
    assert_eq!(summary["nodes"], json!(4));
    assert_eq!(summary["records"], json!(12 + 1 + 1 + 3));
    assert_eq!(summary["refusals"], json!(3 + 4));
}

#[test]
fn demo_holds_with_one_process() {
    let output = emrshare(&["demo", "--json", "--count", "2", "--nodes", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn samples_are_complete_and_the_same_for_a_seed() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    for out in [&a, &b] {
        let output = emrshare(&["sample", "--count", "4", "--seed", "5", "--out", path(out)]);
        assert!(output.status.success());
    }
    let read = |out: &Path| std::fs::read(out.join("record-0001/record.json")).unwrap();
    assert_eq!(read(&a), read(&b));
    let output = emrshare(&["check", "--json", path(&a)]);
    assert!(output.status.success());
    assert!(lines(&output).iter().all(|report| report["complete"] == json!(true)));
    let copies = folder.path().join("copies");
    assert!(emrshare(&["desensitize", "--out", path(&copies), path(&a)]).status.success());
    assert!(copies.join("record-0001/manifest.json").exists());
}

#[test]
fn exit_codes_mean_something() {
    let folder = tempfile::tempdir().unwrap();
    let code = |arguments: &[&str]| emrshare(arguments).status.code();
    assert_eq!(code(&["no-such-command"]), Some(2));
    let patient = folder.path().join("patient.json");
    std::fs::write(&patient, r#"{"resourceType":"Patient"}"#).unwrap();
    assert_eq!(code(&["check", path(&patient)]), Some(3));
    assert_eq!(code(&["check", "/no/such/path"]), Some(1));
    let home = folder.path().join("consortium");
    assert_eq!(code(&["init", path(&home)]), Some(0));
    assert_eq!(code(&["init", path(&home)]), Some(1), "nothing is overwritten");
    assert_eq!(code(&["status", "--home", path(&home)]), Some(6));
}

#[test]
fn codec_prints_and_reads_the_96_bytes() {
    let (original, desensitized) = ("11".repeat(32), "22".repeat(32));
    let output = emrshare(&[
        "codec",
        "encode",
        "--marker",
        "7733",
        "--kind",
        "update",
        "--acting",
        "1",
        "--origin",
        "2",
        "--serial",
        "3",
        "--original",
        &original,
        "--desensitized",
        &desensitized,
    ]);
    let entry = String::from_utf8(output.stdout).unwrap();
    assert_eq!(entry.trim().len(), 192);
    let shown = &lines(&emrshare(&["codec", "decode", "--json", entry.trim()]))[0];
    assert_eq!(shown["marker"], json!(7733));
    assert_eq!((&shown["kind"], &shown["serial"]), (&json!("update"), &json!("3")));
    let index = shown["index"].as_str().unwrap();
    assert_eq!(lines(&emrshare(&["codec", "index", "--json", index]))[0]["origin"], json!(2));
}

#[test]
fn certificates_are_issued_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority");
    assert!(emrshare(&["ca", "init", path(&authority), "--name", "Test"]).status.success());
    let key = |name: &str| {
        let file = folder.path().join(name);
        let output = emrshare(&["key", "new", "--json", path(&file)]);
        lines(&output)[0]["public_key"].as_str().unwrap().to_owned()
    };
    let (consensus, tls) = (key("node.key"), key("tls.key"));
    let output = emrshare(&[
        "ca",
        "issue",
        "--authority",
        path(&authority),
        "--node",
        "3",
        "--institution",
        "Hospital",
        "--consensus-key",
        &consensus,
        "--tls-key",
        &tls,
        "--host",
        "localhost",
    ]);
    let certificate = folder.path().join("node.pem");
    std::fs::write(&certificate, output.stdout).unwrap();
    let pem = authority.join("authority.pem");
    let shown = emrshare(&["ca", "show", "--json", path(&certificate), "--authority", path(&pem)]);
    assert_eq!(lines(&shown)[0]["consensus_key"], json!(consensus));
}
