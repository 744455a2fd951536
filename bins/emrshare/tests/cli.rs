//! The command line as its users call it.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::Mutex,
    time::Duration,
};

use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
use emrshare_contracts::{Application, Genesis};
use emrshare_identity::{Domain, SigningKey};
use emrshare_ledger::{BlockBuilder, Certificate, Receipt, SubmissionDraft, Validator, Vote};
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
    assert!(
        emrshare(&["desensitize", "--record", "--out", path(&copies), path(&a)]).status.success()
    );
    assert!(copies.join("record-0001/manifest.json").exists());
}

/// The example of a visit between two hospitals, with wallet, referral, emergency and recovery.
#[test]
fn the_story_of_a_visit_holds() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/visit.sh");
    let port = four_free_ports().to_string();
    let output = Command::new("bash")
        .arg(script)
        .env("EMRSHARE", env!("CARGO_BIN_EXE_emrshare"))
        .env("PORT", port)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.ends_with("== everything held\n"));
}

/// All writes fail from a moment on, as on a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_node_that_cannot_write_ends() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("node");
    let port = four_free_ports().to_string();
    assert!(emrshare(&["init", path(&home), "--port", &port]).status.success());
    // Else the system would end it at once.
    let ignoring = "trap '' XFSZ; exec \"$0\" node --config \"$1\"";
    let node = Command::new("sh")
        .args(["-c", ignoring, env!("CARGO_BIN_EXE_emrshare"), path(&home.join("node.toml"))])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !emrshare(&["status", "--home", path(&home)]).status.success() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    prlimit(Some(Pid::from_child(&node)), Resource::Fsize, nothing).unwrap();
    let output = node.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("start the node again"), "{log}");
}

/// Below what the system gives to outgoing connections; others at each call.
fn four_free_ports() -> u16 {
    static NEXT: Mutex<Option<u16>> = Mutex::new(None);
    let mut next = NEXT.lock().unwrap();
    let from = next.unwrap_or(10_240 + (std::process::id() % 4_000) as u16 * 4);
    let mut bases = (from..32_000).chain(10_240..from).step_by(4);
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let base = bases.find(|base| (*base..base + 4).all(free)).unwrap();
    *next = Some(base + 4);
    base
}

#[test]
fn copies_overwrite_neither_originals_nor_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| folder.path().join(name));
    for source in [&a, &b] {
        std::fs::create_dir(source).unwrap();
        std::fs::write(source.join("note.txt"), "call 13812345678").unwrap();
    }
    let note = |folder: &Path| std::fs::read_to_string(folder.join("note.txt")).unwrap();
    assert!(!emrshare(&["desensitize", "--out", path(&a), path(&a)]).status.success());
    assert_eq!(note(&a), "call 13812345678");
    assert!(!emrshare(&["desensitize", "--out", path(&out), path(&a), path(&b)]).status.success());
    assert!(!out.exists());
    assert!(emrshare(&["desensitize", "--out", path(&out), path(&a)]).status.success());
    assert_eq!(note(&out), "call [contact]");
    // What is refused leaves neither a copy nor a folder for one.
    let (broken, none) = (folder.path().join("broken.dcm"), folder.path().join("none"));
    std::fs::write(&broken, [0; 8]).unwrap();
    let refused = emrshare(&["desensitize", "--out", path(&none), path(&broken)]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(!none.exists());
}

#[cfg(unix)]
#[test]
fn a_folder_that_holds_itself_or_what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("in/deeper");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(inner.join("note.txt"), "Seen 2024-03-01.").unwrap();
    let out = folder.path().join("out");
    let desensitize =
        || emrshare(&["desensitize", "--out", path(&out), path(&folder.path().join("in"))]);
    let refused = |said: &str| {
        let output = desensitize();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains(said));
        assert!(!out.exists());
    };
    let link = inner.join("link");
    std::os::unix::fs::symlink("..", &link).unwrap();
    refused("a link to a folder that it lies in");
    std::fs::remove_file(link).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(inner.join("socket")).unwrap();
    refused("neither file nor folder");
    std::fs::remove_file(inner.join("socket")).unwrap();
    // Links to other folders are gone into.
    std::os::unix::fs::symlink(&inner, folder.path().join("in/again")).unwrap();
    assert!(desensitize().status.success());
    assert!(out.join("again/note.txt").exists() && out.join("deeper/note.txt").exists());
}

#[test]
fn what_is_done_to_a_file_is_explained_and_what_is_encrypted_revealed() {
    let folder = tempfile::tempdir().unwrap();
    let [note, policy, key, out] =
        ["note.txt", "policy.json", "reveal.key", "out"].map(|name| folder.path().join(name));
    std::fs::write(&note, "call 13812345678").unwrap();
    std::fs::write(&key, "07".repeat(32)).unwrap();
    let techniques = json!({"name":"keep","identifier":"keep","contact":{"encrypt":"token"},
        "address":"keep","date":"keep","age":"keep","organisation":"keep","photo":"keep"});
    let document = json!({"name":"p","version":1,"techniques":techniques});
    std::fs::write(&policy, document.to_string()).unwrap();
    let with = |more: &[&str]| {
        let given = ["desensitize", "--policy", path(&policy), "--reveal-key", path(&key)];
        emrshare(&[&given, more].concat())
    };
    let explained = String::from_utf8(with(&["--explain", path(&note)]).stdout).unwrap();
    assert!(explained.contains("contact") && explained.contains("form"), "{explained}");
    assert!(explained.contains("#char=5,16") && !explained.contains("138"), "{explained}");
    assert!(with(&["--out", path(&out), path(&note)]).status.success());
    let copy = std::fs::read_to_string(out.join("note.txt")).unwrap();
    let hidden = folder.path().join("hidden");
    std::fs::write(&hidden, copy.strip_prefix("call ").unwrap()).unwrap();
    let reveal = |class: &str| {
        Command::new(env!("CARGO_BIN_EXE_emrshare"))
            .args(["desensitize", "--reveal", class, "--reveal-key", path(&key)])
            .stdin(std::fs::File::open(&hidden).unwrap())
            .output()
            .unwrap()
    };
    assert_eq!(String::from_utf8(reveal("contact").stdout).unwrap(), "13812345678\n");
    assert!(!reveal("name").status.success());
    let missing = emrshare(&["desensitize", "--policy", path(&policy), "--explain", path(&note)]);
    assert_eq!(missing.status.code(), Some(3));
    let unknown = emrshare(&["desensitize", "--policy", "none", "--explain", path(&note)]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("none cannot be read"));
}

#[test]
fn a_long_text_is_treated_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let [long, broken, out] =
        ["long.txt", "broken.txt", "out"].map(|name| folder.path().join(name));
    let line = "The lungs are clear; call 13812345678 if the fever returns.\n";
    let text = line.repeat(80_000);
    std::fs::write(&long, &text).unwrap();
    std::fs::write(&broken, [text.as_bytes(), &[0xff]].concat()).unwrap();
    let output = emrshare(&["desensitize", "--out", path(&out), path(&broken), path(&long)]);
    assert_eq!(output.status.code(), Some(3));
    let copy = std::fs::read_to_string(out.join("long.txt")).unwrap();
    assert_eq!(copy, line.replace("13812345678", "[contact]").repeat(80_000));
    assert!(!out.join("broken.txt").exists());
    assert!(lines(&output)[0]["error"].as_str().unwrap().contains(&format!("{}", text.len())));
}

#[test]
fn records_are_made_alike() {
    let folder = tempfile::tempdir().unwrap();
    let [records, table] = ["records", "table"].map(|name| folder.path().join(name));
    assert!(
        emrshare(&["sample", "--count", "30", "--seed", "5", "--out", path(&records)])
            .status
            .success()
    );
    let output = emrshare(&["--json", "risk", "--k", "4", "--out", path(&table), path(&records)]);
    let told = &lines(&output)[0];
    let kept = told["records"].as_u64().unwrap() - told["left_out"].as_u64().unwrap();
    let rows = std::fs::read_to_string(&table).unwrap();
    let mut classes = std::collections::HashMap::<String, usize>::new();
    for row in rows.lines() {
        let mut row: Value = serde_json::from_str(row).unwrap();
        row["record"] = Value::Null;
        *classes.entry(row.to_string()).or_default() += 1;
    }
    assert_eq!(classes.values().sum::<usize>() as u64, kept);
    assert_eq!(classes.values().min().copied(), told["k"].as_u64().map(|k| k as usize));
    assert!(classes.values().all(|size| *size >= 4));
    let few = emrshare(&["risk", "--k", "31", path(&records)]);
    assert!(String::from_utf8_lossy(&few.stderr).contains("cannot be made 31-anonymous"));
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
    let renew = ["ca", "renew", "--authority", path(&authority), path(&certificate), "--days", "9"];
    let renewed = folder.path().join("renewed.pem");
    std::fs::write(&renewed, emrshare(&renew).stdout).unwrap();
    let shown = emrshare(&["ca", "show", "--json", path(&renewed), "--authority", path(&pem)]);
    assert_eq!(lines(&shown)[0]["consensus_key"], json!(consensus));
    let listed = lines(&emrshare(&["--json", "ca", "list", "--authority", path(&authority)]));
    let days: Vec<_> = listed.iter().map(|one| one["days_left"].as_i64().unwrap()).collect();
    assert!(matches!(days[..], [8..=9, 729..=730]), "{days:?}");
    assert_ne!(listed[0]["serial"], listed[1]["serial"]);
    assert_eq!(listed[0]["institution"], json!("Hospital"));
}

/// A receipt for a block of this time, with the votes of three of the four validators.
fn receipt(genesis: &Genesis, keys: &[SigningKey], time_ms: u64) -> Vec<u8> {
    let (chain, validators) = (genesis.chain(), genesis.validators());
    let node = NodeId::new(0).unwrap();
    let entry = Entry::new(
        Operation::new(Marker::RECORD, Kind::Add, node),
        RecordIndex::new(node, Serial::ZERO),
        Digest([1; 32]),
        Digest([2; 32]),
    );
    let draft = SubmissionDraft { entries: vec![entry], sequence: 1 };
    let mut builder = BlockBuilder::new(1 << 20);
    builder.push(&draft.sign(chain, &keys[0]).unwrap()).unwrap();
    let parent = *genesis.block().header();
    let block = builder.build(&parent, time_ms, Digest([0; 32]), parent.state_root);
    // The engine frames a short tag as a domain does: with one byte of length.
    let tag = [Certificate::namespace(chain).as_slice(), b"_FINALIZE"].concat();
    let domain = Domain::new(Box::leak(tag.into_boxed_slice()));
    let message = [&[0, 1, 0], block.hash().0.as_slice()].concat();
    let vote = |(validator, member): (u16, &Validator)| {
        let key = keys.iter().find(|key| key.public_key() == member.key).unwrap();
        Vote { validator, signature: key.sign(domain, &message) }
    };
    let votes = (0..).zip(validators.members()).take(3).map(vote).collect();
    let certificate = Certificate { epoch: 0, view: 1, parent_view: 0, votes };
    Receipt::make(&block, |_| true, Vec::new(), certificate).unwrap().to_bytes()
}

#[test]
fn a_split_view_is_found_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("consortium");
    assert!(emrshare(&["init", path(&home), "--nodes", "4"]).status.success());
    let genesis_path = home.join("node-0/genesis.json");
    let genesis = Genesis::from_bytes(&std::fs::read(&genesis_path).unwrap()).unwrap();
    let key = |node: usize| -> SigningKey {
        let file = home.join(format!("node-{node}/keys/node.key"));
        std::fs::read_to_string(file).unwrap().trim().parse().unwrap()
    };
    let keys: Vec<_> = (0..4).map(key).collect();
    let [a, b] = [1, 2].map(|time_ms| {
        let file = folder.path().join(format!("{time_ms}.receipt"));
        std::fs::write(&file, receipt(&genesis, &keys, time_ms)).unwrap();
        file
    });
    let proof = folder.path().join("proof");
    let genesis = path(&genesis_path);
    let find = |second: &Path| {
        let found = emrshare(&[
            "split-view",
            "find",
            path(&a),
            path(second),
            "--genesis",
            genesis,
            "--out",
            path(&proof),
            "--json",
        ]);
        lines(&found)[0]["split_view"].clone()
    };
    assert_eq!(find(&a), json!(false));
    assert!(!proof.exists());
    assert_eq!(find(&b), json!(true));
    let verified =
        emrshare(&["split-view", "verify", path(&proof), "--genesis", genesis, "--json"]);
    let shown = &lines(&verified)[0];
    assert_eq!((&shown["height"], &shown["split_view"]), (&json!(1), &json!(true)));
    assert_eq!(shown["voted_twice"].as_array().unwrap().len(), 3);
    let mut changed = std::fs::read(&proof).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&proof, changed).unwrap();
    let refused = emrshare(&["split-view", "verify", path(&proof), "--genesis", genesis]);
    assert_eq!(refused.status.code(), Some(1));
}

/// The newcomer's side, up to what a member passes on; the nodes' side is tested with the node.
#[test]
fn an_application_is_made_of_a_prepared_folder_and_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (home, new) = (folder.path().join("consortium"), folder.path().join("new"));
    assert!(emrshare(&["init", path(&home)]).status.success());
    let (genesis, shared) = (home.join("genesis.json"), home.join("keys/consortium.key"));
    let prepare = || {
        let mut arguments = vec!["join", "prepare", path(&new), "--genesis", path(&genesis)];
        arguments.extend(["--consortium-key", path(&shared), "--node", "4"]);
        arguments.extend(["--institution", "Hospital \"E\"", "--host", "emr.example", "--json"]);
        arguments.extend(["--api", "192.0.2.7:8443", "--consensus", "192.0.2.7:8444"]);
        emrshare(&arguments)
    };
    let wanted = lines(&prepare()).remove(0);
    assert_eq!(wanted["hosts"], json!(["emr.example", "192.0.2.7"]));
    assert!(!prepare().status.success(), "what is there is not overwritten");
    let text = |name: &str| wanted[name].as_str().unwrap();
    let authority = home.join("authority");
    let mut arguments = vec!["ca", "issue", "--authority", path(&authority), "--node", "4"];
    arguments.extend(["--institution", text("institution"), "--host", "emr.example"]);
    arguments.extend(["--consensus-key", text("consensus_key"), "--tls-key", text("tls_key")]);
    let certificate = folder.path().join("new.pem");
    std::fs::write(&certificate, emrshare(&arguments).stdout).unwrap();
    let apply =
        |pem: &Path| emrshare(&["join", "apply", path(&new), "--certificate", path(pem), "--json"]);

    let foreign = apply(&home.join("node.pem"));
    assert!(!foreign.status.success());
    let message = String::from_utf8_lossy(&foreign.stdout).into_owned();
    assert!(message.contains("not those of the certificate"), "{message}");
    assert!(!new.join("node.pem").exists());

    let applied = lines(&apply(&certificate)).remove(0);
    let application = std::fs::read(applied["application"].as_str().unwrap()).unwrap();
    let application: Application = serde_json::from_slice(&application).unwrap();
    assert_eq!(application.member.institution, "Hospital \"E\"");
    assert_eq!(application.member.api, "https://192.0.2.7:8443");
    let founding = Genesis::from_bytes(&std::fs::read(&genesis).unwrap()).unwrap();
    let key = std::fs::read_to_string(new.join("keys/node.key")).unwrap();
    let signed = Application::sign(
        founding.chain(),
        application.member.clone(),
        &key.trim().parse().unwrap(),
    );
    assert_eq!(application, signed);
}

#[test]
fn a_key_under_a_passphrase_is_used_with_it_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let key = folder.path().join("doctor.key");
    assert!(emrshare(&["key", "new", path(&key)]).status.success());
    let clear = std::fs::read_to_string(&key).unwrap();
    let (right, wrong) = (file("right", "correct horse\n"), file("wrong", "other horse\n"));
    let seal = || emrshare(&["key", "seal", path(&key), "--passphrase-file", path(&right)]);
    assert!(seal().status.success());
    let sealed = std::fs::read(&key).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1"));
    assert!(!String::from_utf8_lossy(&sealed).contains(clear.trim()));
    assert!(!seal().status.success(), "sealed twice");
    // The key is read first, then the folder, which is not there.
    let used = |passphrase: &Path| {
        let arguments = ["status", "--home", "nowhere", "--key", path(&key), "--passphrase-file"];
        let output = emrshare(&[arguments.as_slice(), &[path(passphrase)]].concat());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(used(&right).contains("genesis.json"), "{}", used(&right));
    assert!(used(&wrong).contains("cannot be opened"), "{}", used(&wrong));
}

#[test]
fn a_consortium_can_be_founded_with_all_keys_under_a_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = folder.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse\n").unwrap();
    let home = folder.path().join("node");
    let output = emrshare(&["init", path(&home), "--passphrase-file", path(&passphrase)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let keys = [home.join("keys/sealed.age"), home.join("keys/operator.key")];
    for key in keys.iter().chain([&home.join("authority/authority.key")]) {
        assert!(std::fs::read(key).unwrap().starts_with(b"age-encryption.org/v1"), "{key:?}");
    }
    assert_eq!(std::fs::read_dir(home.join("keys")).unwrap().count(), keys.len());
    emrshare_node::Config::load(&home.join("node.toml")).unwrap();
    let key = SigningKey::from_seed([7; 32]).public_key().to_string();
    let authority = home.join("authority");
    let issued = emrshare(&[
        "ca",
        "issue",
        "--authority",
        path(&authority),
        "--node",
        "1",
        "--institution",
        "B",
        "--consensus-key",
        &key,
        "--tls-key",
        &key,
        "--host",
        "localhost",
        "--passphrase-file",
        path(&passphrase),
    ]);
    assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
}
