//! A node of its own: the whole way of a record, bad input, and a restart.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use emrshare_client::{Client, ClientError};
use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_contracts::{AgreedTerms, AllianceCall, Genesis, Motion, Protocol};
use emrshare_desensitize::Policy;
use emrshare_identity::{Authority, SigningKey, Subject, TlsKey, Validity};
use emrshare_ledger::{LightClient, Status, Step, history};
use emrshare_node::{Config, ConfigError, Node, setup, setup::SetupError};
use emrshare_record::SourceFile;
use emrshare_sample::{Generator, SampleRecord, Tongue};
use home::{Home, read_key, submit};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

fn samples(seed: u64) -> impl Iterator<Item = SampleRecord> {
    Generator::new(seed, Tongue::Mixed)
}

fn index_of(answer: &Value) -> RecordIndex {
    answer["index"].as_str().unwrap().parse().unwrap()
}

async fn wait_for_search(client: &Client, total: usize) {
    for _ in 0..600 {
        if client.search("", 1).await.unwrap()["total"] == json!(total) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{total} records are never found");
}

#[tokio::test(flavor = "multi_thread")]
async fn record_goes_the_whole_way_and_survives_a_restart() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let mut indexes = Vec::new();
    for sample in samples(1).take(4) {
        let answer = client.submit(sample.into_source(), None).await.unwrap();
        indexes.push(index_of(&answer));
    }
    let origin = NodeId::new(0).unwrap();
    assert!(indexes.iter().all(|index| index.origin() == origin));
    let serials: Vec<_> = indexes.iter().map(|index| index.serial().to_string()).collect();
    assert_eq!(serials, ["0", "1", "2", "3"]);
    wait_for_search(&client, 4).await;

    let genesis = home.genesis();
    let receipt = client.receipt(indexes[2]).await.unwrap();
    let proven = receipt.verify(genesis.chain(), &genesis.validators()).unwrap();
    assert_eq!(proven.entry.index(), indexes[2]);
    let file = client.desensitized(indexes[2]).await.unwrap();
    assert_eq!(file.manifest().digest(), proven.entry.desensitized());

    let answer = client.update(indexes[0], samples(2).next().unwrap().into_source()).await.unwrap();
    assert_eq!(index_of(&answer), indexes[0]);
    client.delete(indexes[1]).await.unwrap();
    wait_for_search(&client, 3).await;
    prove_state(&client, &genesis, &indexes).await;
    node.stop().await;

    let node = home.start().await;
    let client = home.client(&node);
    prove_state(&client, &genesis, &indexes).await;
    assert_eq!(client.show(indexes[0]).await.unwrap()["version"], json!(2));
    assert_eq!(client.show(indexes[1]).await.unwrap()["status"], json!("deleted"));
    assert!(client.desensitized(indexes[3]).await.is_ok());
    let answer = client.submit(samples(3).next().unwrap().into_source(), None).await.unwrap();
    assert_eq!(index_of(&answer).serial().to_string(), "4");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hospitals_send_becomes_records() {
    let home = Home::new();
    let mapping = include_str!("../../record/tests/files/mapping.toml");
    std::fs::write(home.path.join("mapping.toml"), mapping).unwrap();
    let mut settings = home.settings();
    settings.json_mapping = Some("mapping.toml".into());
    let settings = toml::to_string(&settings).unwrap();
    std::fs::write(home.path.join("node.toml"), settings).unwrap();
    let node = home.start().await;
    let client = home.client(&node);
    let files = [
        include_str!("../../record/tests/files/admission.hl7"),
        include_str!("../../record/tests/files/discharge.xml"),
        include_str!("../../record/tests/files/own.json"),
    ];
    for sent in files {
        let file = SourceFile::new("sent", sent.as_bytes().to_vec());
        let answer = client.submit(vec![file], None).await.unwrap();
        let copy = client.desensitized(index_of(&answer)).await.unwrap();
        let copy = copy.to_record().unwrap();
        let text = String::from_utf8(copy.bundle().to_canonical()).unwrap();
        let people = ["赵", "明远", "孙志强", "ZY20240229001", "110101198503074516", "13812345678"];
        assert!(people.iter().all(|it| !text.contains(it)), "{text}");
        assert!(text.contains("肺炎") && text.contains("头孢曲松"), "{text}");
        assert!(copy.attachments().is_empty(), "what was sent stays at home");
    }
    wait_for_search(&client, 3).await;
    assert_eq!(client.search("肺炎", 10).await.unwrap()["total"], json!(3));
    node.stop().await;
}

/// Of these records the first was updated and the second deleted.
async fn prove_state(client: &Client, genesis: &Genesis, indexes: &[RecordIndex]) {
    let mut stand = Vec::new();
    for index in indexes {
        let proof = client.record_proof(*index).await.unwrap();
        proof.verify(genesis.chain(), &genesis.validators()).unwrap();
        let state = proof.record(*index).unwrap().unwrap();
        stand.push((state.version, state.status));
        let owner = client.original_proof(state.original).await.unwrap();
        owner.verify(genesis.chain(), &genesis.validators()).unwrap();
        assert_eq!(owner.original(state.original), Ok(Some(*index)));
    }
    let active = (1, Status::Active);
    assert_eq!(stand, [(2, Status::Active), (1, Status::Deleted), active, active]);
    let never = Digest([7; 32]);
    let absent = client.original_proof(never).await.unwrap();
    absent.verify(genesis.chain(), &genesis.validators()).unwrap();
    assert_eq!(absent.original(never), Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_client_follows_a_node_and_checks_old_receipts() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let genesis = home.genesis();
    let mut light = LightClient::new(genesis.chain(), genesis.validators());
    let mut receipts = Vec::new();
    for sample in samples(1).take(3) {
        let index = index_of(&client.submit(sample.into_source(), None).await.unwrap());
        receipts.push(client.receipt(index).await.unwrap());
    }
    let early = client.header(1).await.unwrap();
    assert_eq!(light.advance(early.clone(), None).unwrap(), Step::Advanced);
    let newest = client.newest_header().await.unwrap();
    light.advance(newest.clone(), None).unwrap();
    let (first, second) = (early.header.height, newest.header.height);
    assert!(first < second);
    let path = client.consistency(first, second).await.unwrap();
    assert_eq!(history::verify_consistency(&early.header, &newest.header, &path), Ok(()));
    // The newest header does not commit to itself.
    for receipt in &receipts[..2] {
        let height = receipt.verify_inclusion().unwrap().height;
        let path = client.ancestor(height, second).await.unwrap();
        assert_eq!(light.verify_receipt(receipt, &path), Ok(()));
    }
    // A state of before, and of now.
    let original = receipts[0].entry().original();
    let proof = client.original_proof(original).await.unwrap();
    let height = proof.verify_inclusion().unwrap().height;
    let index = client.submit(samples(2).next().unwrap().into_source(), None).await.unwrap();
    let newest = client.newest_header().await.unwrap();
    light.advance(newest.clone(), None).unwrap();
    let path = client.ancestor(height, newest.header.height).await.unwrap();
    assert_eq!(light.verify_state(&proof, &path), Ok(()));
    assert!(light.verify_state(&proof, &[]).is_err());
    let now = client.record_proof(index_of(&index)).await.unwrap();
    let (header, certified) = (now.finality().header, now.finality().certified());
    light.advance(certified.clone(), None).unwrap();
    let path = match certified.header == header {
        true => Vec::new(),
        false => client.ancestor(header.height, certified.header.height).await.unwrap(),
    };
    assert_eq!(light.verify_state(&now, &path), Ok(()));
    assert!(matches!(client.ancestor(0, second + 1000).await, Err(ClientError::NotFound(_))));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn same_request_gives_the_same_answer_and_same_record_is_refused() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let files = || samples(1).next().unwrap().into_source();
    let first = client.submit(files(), Some("request 1")).await.unwrap();
    let again = client.submit(files(), Some("request 1")).await.unwrap();
    assert_eq!(first["index"], again["index"]);
    match client.submit(files(), None).await {
        Err(ClientError::Refused(report)) => {
            assert_eq!(report["refusal"]["stage"], json!("duplicate"));
        }
        other => panic!("{other:?}"),
    }
    // Another record under the same key is not taken for the one of before.
    let other = samples(2).next().unwrap().into_source();
    match client.submit(other, Some("request 1")).await {
        Err(ClientError::Refused(answer)) => assert_eq!(answer["error"], json!("key-used")),
        other => panic!("{other:?}"),
    }
    // What is updated later does not change what a request was answered.
    let index = index_of(&first);
    client.update(index, samples(3).next().unwrap().into_source()).await.unwrap();
    let again = client.submit(files(), Some("request 1")).await.unwrap();
    for field in ["index", "height", "original", "desensitized"] {
        assert_eq!(again[field], first[field], "{field}");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_twice_at_once_is_no_duplicate_of_itself() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let send = async || {
        loop {
            let files = samples(4).next().unwrap().into_source();
            match client.submit(files, Some("request")).await {
                Ok(answer) => return index_of(&answer),
                Err(ClientError::Refused(answer)) if answer["error"] == json!("under-way") => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let (first, second, third) = tokio::join!(send(), send(), send());
    assert_eq!([first; 2], [second, third]);
    node.stop().await;
}

/// Alone, a member's own vote is more than two thirds.
#[tokio::test(flavor = "multi_thread")]
async fn records_are_judged_by_the_documents_that_the_members_voted_for() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let copies = async || {
        let sample = samples(9).next().unwrap();
        client.check(sample.into_source()).await.map(|report| report["desensitized"].clone())
    };
    let before = copies().await.unwrap();
    let genesis = home.genesis().terms();
    let propose = async |terms| {
        let call = AllianceCall::Propose { motion: Motion::Terms(terms) };
        client.call_as_node(call).await.unwrap();
    };
    let strict = AgreedTerms { policy: Policy::strict().digest(), ..genesis };
    propose(strict).await;
    assert_ne!(copies().await.unwrap(), before);

    // A document that nobody gave this node: it says so and takes nothing.
    let text =
        String::from_utf8_lossy(Protocol::EMBEDDED).replacen("\"version\": ", "\"version\": 9", 1);
    let other = Protocol::from_json(text.as_bytes()).unwrap();
    propose(AgreedTerms { protocol: other.digest(), ..genesis }).await;
    let refused = copies().await.unwrap_err().to_string();
    assert!(refused.contains(&other.digest().to_string()), "{refused}");
    client.add_document(text.into_bytes()).await.unwrap();
    assert_eq!(copies().await.unwrap(), before);
    let error = client.add_document(b"nothing".to_vec()).await.unwrap_err();
    assert!(matches!(error, ClientError::Refused(_)), "{error:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_clear_answer_and_changes_nothing() {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    client.submit(samples(1).next().unwrap().into_source(), None).await.unwrap();
    wait_for_search(&client, 1).await;

    let with_image = samples(1).find(|sample| sample.files.len() > 1).unwrap();
    let mut truncated = with_image.into_source();
    truncated[1].bytes.truncate(40_000);
    let file = |name: &str, bytes: &[u8]| vec![SourceFile::new(name, bytes.to_vec())];
    let cases = [
        (file("broken.json", b"{\"resourceType\": "), "not JSON: line 1"),
        (file("other.json", b"{\"a\": 1}"), "resourceType"),
        (file("zeros.bin", &[0; 100_000]), "none of the 1 files"),
        (file("scan.dcm", &[0; 1000]), "DICM"),
        (truncated, "damaged DICOM file"),
    ];
    for (files, expected) in cases {
        match client.submit(files, None).await {
            Err(ClientError::Refused(report)) => {
                let message = report["refusal"]["faults"][0]["message"].as_str().unwrap();
                assert!(message.contains(expected), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    // More than the node takes: an answer if the connection lives to carry it, never acceptance.
    for len in [2_000_001, 30_000_000] {
        match client.submit(file("zeros.bin", &vec![0; len]), None).await {
            Err(ClientError::Refused(report)) => {
                let message = report["message"].as_str().unwrap();
                assert!(message.contains("2000000 bytes"), "{message}");
            }
            answer => assert!(answer.is_err()),
        }
    }

    let address = node.address();
    let consensus = home.settings().consensus_listen;
    tokio::task::spawn_blocking(move || [address, consensus].map(garbage)).await.unwrap();
    let status = client.status().await.unwrap();
    assert_eq!(status["searchable"], json!(1));
    let answer = client.submit(samples(9).next().unwrap().into_source(), None).await.unwrap();
    assert_eq!(index_of(&answer).serial().to_string(), "1");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_takes_no_records_and_lets_them_go() {
    let home = Home::new();
    let node = home.start().await;
    let index = submit(&home.client(&node), 1).await;
    node.stop().await;

    let mut settings = home.settings();
    settings.disk_reserve = i64::MAX as u64;
    std::fs::write(home.path.join("node.toml"), toml::to_string(&settings).unwrap()).unwrap();
    let node = home.start().await;
    let client = home.client(&node);
    let record = || Generator::new(2, Tongue::English).next().unwrap().into_source();
    for answer in [client.submit(record(), None).await, client.update(index, record()).await] {
        let Err(ClientError::Trouble(message)) = answer else { panic!("{answer:?}") };
        assert!(message.contains("disk_reserve"), "{message}");
    }
    assert!(client.check(record()).await.is_ok());
    assert!(client.status().await.unwrap()["disk_free"].is_u64());
    client.delete(index).await.unwrap();
    node.stop().await;
}

/// Random-looking bytes on the port, and a connection that says nothing.
fn garbage(address: SocketAddr) {
    let _silent = TcpStream::connect(address).unwrap();
    for round in 0..20u32 {
        let mut stream = TcpStream::connect(address).unwrap();
        let bytes: Vec<u8> = (0..2000u32).map(|n| (n * (round + 7) % 251) as u8).collect();
        // The node may hang up before it has read everything.
        let _ = stream.write_all(&bytes);
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
    }
}

/// A quarter of the places; what more an address opens is closed at once.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_hold_all_connections() {
    const HELD: usize = 256;
    let home = Home::new();
    let node = home.start().await;
    let mut connections = Vec::new();
    for _ in 0..HELD + 16 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        // All of 127.0.0.0/8 is this machine.
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        connections.push(socket.connect(node.address()).await.unwrap());
    }
    for refused in &mut connections[HELD..] {
        let read = refused.read(&mut [0]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
    // They did not just wait too long: those before them are still open.
    let open = connections[0].try_read(&mut [0]).unwrap_err();
    assert_eq!(open.kind(), std::io::ErrorKind::WouldBlock);
    home.client(&node).status().await.unwrap();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_port_is_taken_does_not_start() {
    let home = Home::new();
    for address in [home.settings().api_listen, home.settings().consensus_listen] {
        let taken = std::net::TcpListener::bind(address).unwrap();
        let config = Config::load(&home.path.join("node.toml")).unwrap();
        let error = Node::start(config).await.unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        drop(taken);
    }
    home.start().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_nothing() {
    let home = Home::new();
    let node = home.start().await;
    let base = format!("https://{}", node.address());
    let stranger = SigningKey::from_seed([42; 32]);
    let client = Client::new(&base, home.genesis().authority(), stranger).unwrap();
    assert!(client.is_up().await);
    assert!(matches!(client.status().await, Err(ClientError::NotSignedIn(_))));
    assert!(matches!(client.search("", 5).await, Err(ClientError::NotSignedIn(_))));

    // A node with another authority's certificate is not even talked to.
    let validity = Validity { not_before: 1_700_000_000, not_after: 4_000_000_000 };
    let other = Authority::new(SigningKey::from_seed([1; 32]), "other", validity).unwrap();
    let key = read_key(&home.path.join("keys/operator.key"));
    let deceived = Client::new(&base, other.certificate_pem(), key).unwrap();
    assert!(matches!(deceived.status().await, Err(ClientError::Unreachable(_))));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_ledgers_certificates_open_the_peer_interface() {
    let home = Home::new();
    let node = home.start().await;
    let url = format!("https://{}/peer/v1/files", node.address());
    let authority = Authority::from_parts(
        read_key(&home.authority.join("authority.key")),
        std::fs::read_to_string(home.authority.join("authority.pem")).unwrap(),
    );
    let now = 1_000
        + std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
            as i64;
    let valid = Validity { not_before: now - 10_000, not_after: now + 10_000 };
    let past = Validity { not_before: 1_600_000_000, not_after: 1_600_000_100 };
    let foreign = Authority::new(SigningKey::from_seed([1; 32]), "other", valid).unwrap();
    let post = async |authority: &Authority, validity| {
        let tls_key = SigningKey::from_seed([77; 32]);
        let subject = Subject {
            node: NodeId::new(9).unwrap(),
            institution: "Not admitted".into(),
            consensus_key: SigningKey::from_seed([78; 32]).public_key(),
            tls_key: tls_key.public_key(),
            hosts: vec!["localhost".into()],
        };
        let pem = authority.issue(&subject, validity).unwrap();
        let client = https_client(home.genesis().authority(), &pem, &TlsKey::new(tls_key));
        client.post(&url).body(vec![0; 32]).send().await.map(|answer| answer.status().as_u16())
    };
    assert_eq!(post(&authority, valid).await.unwrap(), 403);
    assert!(post(&authority, past).await.is_err(), "an expired certificate");
    assert!(post(&foreign, valid).await.is_err(), "a foreign certificate");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_while_the_node_runs() {
    let home = Home::new();
    let node = home.start().await;
    let url = format!("https://{}/api/v1/health", node.address());
    let authority_pem = home.genesis().authority().to_owned();
    let path = home.path.join("node.pem");
    let old = std::fs::read_to_string(&path).unwrap();
    let shown = || async {
        let key = TlsKey::new(read_key(&home.path.join("keys/tls.key")));
        let answer = https_client(&authority_pem, &old, &key).get(&url).send().await.unwrap();
        let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
        info.peer_certificate().unwrap().to_vec()
    };
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
    assert_eq!(shown().await, der(&old));
    let authority = Authority::from_parts(
        read_key(&home.authority.join("authority.key")),
        authority_pem.clone(),
    );
    let valid = Validity { not_before: 1_700_000_000, not_after: 4_000_000_000 };
    let another = Subject {
        node: NodeId::new(7).unwrap(),
        institution: "Another".into(),
        consensus_key: SigningKey::from_seed([78; 32]).public_key(),
        tls_key: SigningKey::from_seed([77; 32]).public_key(),
        hosts: vec!["localhost".into()],
    };
    let renewed = authority.renew(&old, valid).unwrap();
    std::fs::write(&path, authority.issue(&another, valid).unwrap()).unwrap();
    // Longer than a node takes to look at the file.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(shown().await, der(&old), "another node's certificate is not taken");
    std::fs::write(&path, &renewed).unwrap();
    while shown().await != der(&renewed) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    node.stop().await;
}

/// A person types a key into the page.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_runs_nothing_but_the_page_and_keeps_nothing() {
    let home = Home::new();
    let node = home.start().await;
    let pem = std::fs::read_to_string(home.path.join("node.pem")).unwrap();
    let key = TlsKey::new(read_key(&home.path.join("keys/tls.key")));
    let client = https_client(home.genesis().authority(), &pem, &key);
    let get = async |path: &str| {
        let url = format!("https://{}{path}", node.address());
        client.get(url).send().await.unwrap()
    };
    let page = get("/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = page.text().await.unwrap();
    for element in ["style", "script"] {
        let content = page.split(&format!("<{element}>")).nth(1).unwrap();
        let content = content.split(&format!("</{element}>")).next().unwrap();
        let hash = ring::digest::digest(&ring::digest::SHA256, content.as_bytes());
        let allowed = format!("{element}-src 'sha256-{}'", BASE64_STANDARD.encode(hash));
        assert!(policy.contains(&allowed), "{policy}");
    }
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    for path in ["/", "/api/v1/health", "/api/v1/status"] {
        let answer = get(path).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
    node.stop().await;
}

fn https_client(authority: &str, certificate: &str, key: &TlsKey) -> reqwest::Client {
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der(authority)).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![der(certificate)],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_pkcs8_der())),
        )
        .unwrap();
    reqwest::Client::builder().tls_backend_preconfigured(tls).tls_info(true).build().unwrap()
}

#[test]
fn the_key_of_another_consortium_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    let key = |home: &Home| home.path.join("keys/consortium.key");
    let shared = std::fs::read_to_string(key(&other)).unwrap();
    let folder = home.path.join("joining");
    let institution = setup::Institution {
        institution: "Another".into(),
        api: "127.0.0.1:9".parse().unwrap(),
        consensus: "127.0.0.1:10".parse().unwrap(),
        hosts: Vec::new(),
        store: home.settings().store,
    };
    let node = NodeId::new(1).unwrap();
    let foreign = shared.trim().parse().unwrap();
    let joining = setup::prepare(&folder, node, &institution, &home.genesis(), &foreign);
    assert!(matches!(joining, Err(SetupError::Prepared(ConfigError::OtherConsortiumKey))));
    assert!(!folder.exists());
    std::fs::write(key(&home), shared).unwrap();
    let loaded = Config::load(&home.path.join("node.toml"));
    assert!(matches!(loaded, Err(ConfigError::OtherConsortiumKey)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_keys_open_with_their_passphrase_only() {
    let home = Home::new();
    let before = home.start().await;
    let index = submit(&home.client(&before), 1).await;
    before.stop().await;
    let file = |name: &str, text: &str| {
        std::fs::write(home.path.join(name), text).unwrap();
        home.path.join(name)
    };
    let empty = setup::seal_secrets(&home.path, &file("empty", "\n"));
    assert!(matches!(empty, Err(SetupError::Prepared(ConfigError::NoPassphrase { .. }))));
    let passphrase = file("passphrase", "a long passphrase\nand more\n");
    let interrupted = std::fs::read(home.path.join("keys/node.key")).unwrap();
    setup::seal_secrets(&home.path, &passphrase).unwrap();
    std::fs::write(home.path.join("keys/node.key"), interrupted).unwrap();
    setup::seal_secrets(&home.path, &passphrase).unwrap();
    let mut left: Vec<_> = std::fs::read_dir(home.path.join("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["operator.key", "sealed.age"]);
    let twice = setup::seal_secrets(&home.path, &passphrase);
    assert!(matches!(twice, Err(SetupError::Sealed(_))));
    let node = home.start().await;
    let shown = home.client(&node).show(index).await.unwrap();
    assert_eq!(shown["version"], json!(1));
    submit(&home.client(&node), 2).await;
    node.stop().await;
    file("passphrase", "another passphrase");
    let closed = Config::load(&home.path.join("node.toml"));
    assert!(matches!(closed, Err(ConfigError::Sealed { .. })), "{closed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_foreign_keys_does_not_start() {
    let (home, other) = (Home::new(), Home::new());
    std::fs::copy(other.path.join("keys/node.key"), home.path.join("keys/node.key")).unwrap();
    let error = Config::load(&home.path.join("node.toml")).unwrap_err();
    assert!(error.to_string().contains("keys beside the configuration"), "{error}");
}
