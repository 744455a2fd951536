//! Every path × every caller: who is let in, and who is not.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod home;

use std::{collections::BTreeSet, time::Duration};

use emrshare_client::{Client, ClientError};
use emrshare_codec::{NodeId, RecordIndex};
use emrshare_contracts::{
    AllianceCall, Appointment, AuditCall, Grant, Grantee, Motion, Parts, PermissionCall, Purpose,
    Purposes, RegistryCall, RelationshipCall, Rights, Role, Scope, Span,
};
use emrshare_identity::{EnvelopeKey, SignInChallenge, SigningKey};
use emrshare_node::{Config, Node};
use emrshare_sample::{Generator, Tongue};
use home::Home;
use reqwest::{Method, StatusCode};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::{Value, json};

/// Paths that need no token.
const OPEN: [(&str, &str); 5] = [
    ("get", "/api/v1/health"),
    ("get", "/api/v1/version"),
    ("post", "/api/v1/challenge"),
    ("post", "/api/v1/session"),
    ("post", "/api/v1/session/wallet"),
];

const EVERYBODY: &[&str] =
    &["operator", "patient", "visit", "doctor", "researcher", "regulator", "inspector"];
const OPERATORS: &[&str] = &["operator"];
const READERS: &[&str] = &["operator", "doctor", "researcher"];
const REGULATORS: &[&str] = &["regulator", "inspector"];
const PATIENT_AND_REGULATORS: &[&str] = &["patient", "regulator", "inspector"];

/// Who may, by method and path. What is not here is a mistake of this test.
const TABLE: [(&str, &str, &[&str]); 45] = [
    ("get", "/api/v1/ready", EVERYBODY),
    ("get", "/api/v1/status", EVERYBODY),
    ("get", "/api/v1/metrics", OPERATORS),
    ("post", "/api/v1/scrub", OPERATORS),
    ("delete", "/api/v1/session", EVERYBODY),
    ("post", "/api/v1/records", OPERATORS),
    ("post", "/api/v1/check", OPERATORS),
    ("get", "/api/v1/records/{index}", EVERYBODY),
    ("put", "/api/v1/records/{index}", OPERATORS),
    ("delete", "/api/v1/records/{index}", OPERATORS),
    ("get", "/api/v1/records/{index}/desensitized", READERS),
    ("get", "/api/v1/chunks/{digest}", READERS),
    ("get", "/api/v1/records/{index}/receipt", EVERYBODY),
    ("get", "/api/v1/search", READERS),
    ("get", "/api/v1/blocks", EVERYBODY),
    ("get", "/api/v1/blocks/{height}", EVERYBODY),
    ("get", "/api/v1/headers/{height}", EVERYBODY),
    ("get", "/api/v1/ancestor", EVERYBODY),
    ("get", "/api/v1/consistency", EVERYBODY),
    ("get", "/api/v1/proofs/originals/{digest}", EVERYBODY),
    ("get", "/api/v1/proofs/records/{index}", EVERYBODY),
    ("get", "/api/v1/genesis", EVERYBODY),
    ("get", "/api/v1/successions", EVERYBODY),
    ("get", "/api/v1/members", EVERYBODY),
    ("post", "/api/v1/people", OPERATORS),
    ("get", "/api/v1/people/{key}", EVERYBODY),
    ("post", "/api/v1/identities", OPERATORS),
    ("post", "/api/v1/relationships", OPERATORS),
    ("post", "/api/v1/transactions", EVERYBODY),
    ("post", "/api/v1/calls", OPERATORS),
    // For the one who asked only: everyone here is told that there is no such request.
    ("get", "/api/v1/requests/{transaction}", EVERYBODY),
    ("get", "/api/v1/requests/{transaction}/original", EVERYBODY),
    ("get", "/api/v1/summary", EVERYBODY),
    ("get", "/api/v1/records/{index}/trail", PATIENT_AND_REGULATORS),
    ("get", "/api/v1/trail/own", EVERYBODY),
    ("get", "/api/v1/trail", REGULATORS),
    ("get", "/api/v1/proposals", EVERYBODY),
    ("get", "/api/v1/contributions", EVERYBODY),
    ("get", "/api/v1/agreements", &["operator", "doctor"]),
    ("get", "/api/v1/agreements/{agreement}", EVERYBODY),
    ("get", "/api/v1/consultations", EVERYBODY),
    ("get", "/api/v1/terms", EVERYBODY),
    ("get", "/api/v1/terms/coverage", &["operator", "regulator", "inspector"]),
    ("post", "/api/v1/documents", OPERATORS),
    ("get", "/api/v1/openapi.json", &[]),
];

struct World {
    home: Home,
    node: Node,
    http: reqwest::Client,
    base: String,
    index: RecordIndex,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

fn person(name: &str) -> (u8, Role) {
    match name {
        "patient" => (30, Role::Patient),
        "doctor" => (31, Role::Doctor),
        "researcher" => (32, Role::Researcher),
        "regulator" => (33, Role::Regulator),
        "inspector" => (34, Role::Inspector),
        other => panic!("{other} is not registered"),
    }
}

impl World {
    /// A node with a record, its patient, one person of each role and a patient's key of a visit.
    async fn new() -> Self {
        let home = Home::new();
        let node = home.start().await;
        let operator = home.client(&node);
        let sample = Generator::new(1, Tongue::English).next().unwrap();
        let answer = operator.submit(sample.into_source(), None).await.unwrap();
        let index = answer["index"].as_str().unwrap().parse().unwrap();
        for name in ["patient", "doctor", "researcher", "regulator", "inspector"] {
            let (seed, role) = person(name);
            let key = key(seed).public_key();
            if role.is_office() {
                // Alone, a member's own vote is more than two thirds.
                let identity = operator.identify(name).await.unwrap();
                let motion = Motion::Appoint(Appointment { role, key, identity });
                operator.call_as_node(AllianceCall::Propose { motion }).await.unwrap();
            } else {
                operator.register(key, role, name).await.unwrap();
            }
        }
        operator.link(index, key(30).public_key()).await.unwrap();
        let mut roots = RootCertStore::empty();
        let authority = home.genesis().authority().to_owned();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let tls = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap();
        let base = format!("https://{}", node.address());
        let world = Self { home, node, http, base, index };
        let open = RelationshipCall::Open { patient: key(80).public_key(), rights: Rights::View };
        world.client(key(31)).sign_and_send(open).await.unwrap();
        world
    }

    fn client(&self, key: SigningKey) -> Client {
        self.home.client_of(&self.node, key)
    }

    fn key_of(&self, name: &str) -> SigningKey {
        match name {
            "operator" => home::read_key(&self.home.path.join("keys/operator.key")),
            "visit" => key(80),
            name => key(person(name).0),
        }
    }

    async fn token(&self, key: &SigningKey) -> Option<String> {
        let signed = self.signed_challenge(key).await;
        let answer: Value = self.sign_in(&signed).await.json().await.unwrap();
        answer["token"].as_str().map(str::to_owned)
    }

    async fn sign_in(&self, signed: &Value) -> reqwest::Response {
        let url = format!("{}/api/v1/session", self.base);
        self.http.post(url).json(signed).send().await.unwrap()
    }

    async fn signed_challenge(&self, key: &SigningKey) -> Value {
        let challenge = self.send("post", "/api/v1/challenge", None).await;
        let challenge: Value = challenge.json().await.unwrap();
        let text = challenge["challenge"].as_str().unwrap();
        let emrshare_identity::PublicKey(bytes) = text.parse().unwrap();
        let chain = challenge["chain"].as_str().unwrap().parse().unwrap();
        let node = NodeId::new(0).unwrap();
        let signature = SignInChallenge { chain, node, challenge: bytes }.sign(key);
        json!({
            "challenge": text,
            "key": key.public_key().to_string(),
            "signature": signature.to_string(),
        })
    }

    async fn send(&self, method: &str, path: &str, token: Option<&str>) -> reqwest::Response {
        let filled = path
            .replace("{index}", &self.index.to_string())
            .replace("{digest}", &"0".repeat(64))
            .replace("{transaction}", &"0".repeat(64))
            .replace("{key}", &key(31).public_key().to_string())
            .replace("{height}", "0");
        let query = match path {
            "/api/v1/ancestor" => "?block=0&header=1",
            "/api/v1/consistency" => "?first=0&second=1",
            _ => "",
        };
        let method: Method = method.to_uppercase().parse().unwrap();
        let request = self.http.request(method.clone(), format!("{}{filled}{query}", self.base));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        // Well formed and refused for what it says, so that only rights make the difference.
        let request = match path {
            "/api/v1/records" | "/api/v1/check" => request.multipart(empty_form()),
            "/api/v1/records/{index}" if method == Method::PUT => request.multipart(empty_form()),
            "/api/v1/records/{index}" if method == Method::DELETE => {
                // The record is still needed: one that there is not.
                let other = RecordIndex::new(NodeId::new(9).unwrap(), 9.into());
                let url = format!("{}/api/v1/records/{other}", self.base);
                let request = self.http.delete(url);
                if let Some(token) = token { request.bearer_auth(token) } else { request }
            }
            "/api/v1/people" => request.json(&json!({"key": "", "role": "", "identity": ""})),
            "/api/v1/identities" => request.json(&json!({"identity": "x"})),
            "/api/v1/relationships" => request.json(&json!({"index": "", "patient": ""})),
            "/api/v1/transactions" => request.json(&json!({"transaction": ""})),
            "/api/v1/calls" => request.json(&json!({"contract": 99, "payload": ""})),
            _ => request,
        };
        request.send().await.unwrap()
    }
}

fn empty_form() -> reqwest::multipart::Form {
    reqwest::multipart::Form::new()
}

/// What the node itself says that it serves.
async fn served(world: &World) -> BTreeSet<(String, String)> {
    let document = world.http.get(format!("{}/api/v1/openapi.json", world.base)).send().await;
    let document: Value = document.unwrap().json().await.unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let served = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .filter(|method| ["get", "put", "post", "delete"].contains(&method.as_str()))
            .map(|method| (method.clone(), path.clone()))
            .collect::<Vec<_>>()
    });
    served.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_lets_in_whom_the_table_says_and_nobody_else() {
    let world = World::new().await;
    let known: BTreeSet<_> = TABLE
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .chain(OPEN)
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let unknown: Vec<_> = served(&world).await.difference(&known).cloned().collect();
    assert_eq!(unknown, [], "paths that the table does not name");

    for (method, path, allowed) in TABLE.iter().filter(|(_, _, allowed)| !allowed.is_empty()) {
        for token in [None, Some("garbage"), Some("00".repeat(32).as_str())] {
            let status = world.send(method, path, token).await.status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with {token:?}");
        }
        for name in EVERYBODY {
            let token = world.token(&world.key_of(name)).await.unwrap();
            let status = world.send(method, path, Some(&token)).await.status();
            let refused = status == StatusCode::FORBIDDEN || status == StatusCode::UNAUTHORIZED;
            assert_eq!(!refused, allowed.contains(name), "{method} {path} as {name}: {status}");
            assert!(!status.is_server_error(), "{method} {path} as {name}: {status}");
        }
    }
    world.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitoring_system_measures_and_sees_nothing_else() {
    let world = World::new().await;
    let path = world.home.path.join("monitor.token");
    let token = std::fs::read_to_string(&path).unwrap();
    for (method, path, _) in TABLE.iter().filter(|(_, _, allowed)| !allowed.is_empty()) {
        let measures = ["/api/v1/ready", "/api/v1/metrics"].contains(path);
        let expected = if measures { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        let status = world.send(method, path, Some(&token)).await.status();
        assert_eq!(status, expected, "{method} {path}");
    }
    world.node.stop().await;

    std::fs::write(&path, "short").unwrap();
    let error = Config::load(&world.home.path.join("node.toml")).unwrap_err().to_string();
    assert!(error.contains("monitor.token has no token"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_the_session_the_role_and_the_node() {
    let world = World::new().await;
    let status =
        async |token: &str| world.send("get", "/api/v1/status", Some(token)).await.status();
    let researcher = world.token(&key(32)).await.unwrap();
    assert_eq!(status(&researcher).await, StatusCode::OK);
    world.send("delete", "/api/v1/session", Some(&researcher)).await;
    assert_eq!(status(&researcher).await, StatusCode::UNAUTHORIZED);

    let doctor = world.token(&key(31)).await.unwrap();
    assert_eq!(status(&doctor).await, StatusCode::OK);
    let operator = world.home.client(&world.node);
    let identity = operator.identify("doctor").await.unwrap();
    operator.call_as_node(RegistryCall::Retire { identity }).await.unwrap();
    assert_eq!(status(&doctor).await, StatusCode::UNAUTHORIZED);
    assert_eq!(world.token(&key(31)).await, None);

    let other = World::new().await;
    let elsewhere = other.token(&key(32)).await.unwrap();
    assert_eq!(status(&elsewhere).await, StatusCode::UNAUTHORIZED);
    other.node.stop().await;
    world.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_opens_one_session_and_many_failures_lock_out() {
    let world = World::new().await;
    assert_eq!(world.token(&key(99)).await, None);
    let signed = world.signed_challenge(&key(31)).await;
    assert_eq!(world.sign_in(&signed).await.status(), StatusCode::OK);
    assert_eq!(world.sign_in(&signed).await.status(), StatusCode::UNAUTHORIZED);
    let body = json!({
        "challenge": "00".repeat(32),
        "key": key(31).public_key().to_string(),
        "signature": "00".repeat(64),
    });
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(world.sign_in(&body).await.status());
    }
    assert_eq!(statuses[0], StatusCode::UNAUTHORIZED);
    assert_eq!(*statuses.last().unwrap(), StatusCode::TOO_MANY_REQUESTS);
    world.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_signs_in_as_the_person_who_bound_it() {
    let world = World::new().await;
    let wallet = k256::ecdsa::SigningKey::from_slice(&[0x46; 32]).unwrap();
    let address = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
    let sign_in = async |domain: &str, challenge: &str| {
        let text = format!(
            "{domain} wants you to sign in with your Ethereum account:\n{address}\n\n\n\
             URI: https://{domain}\nVersion: 1\nChain ID: 1\nNonce: {challenge}\n\
             Issued At: 2025-11-21T00:00:00Z"
        );
        let message: siwe::Message = text.parse().unwrap();
        let hash = message.eip191_hash().unwrap();
        let (signature, recovery) = wallet.sign_prehash_recoverable(&hash).unwrap();
        let signature = [signature.to_bytes().as_slice(), &[27 + recovery.to_byte()]].concat();
        let body = json!({"message": text, "signature": format!("0x{}", hex::encode(signature))});
        let url = format!("{}/api/v1/session/wallet", world.base);
        let answer = world.http.post(url).json(&body).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let challenge = async || {
        let answer = world.send("post", "/api/v1/challenge", None).await;
        answer.json::<Value>().await.unwrap()["challenge"].as_str().unwrap().to_owned()
    };
    let here = world.base.trim_start_matches("https://").to_owned();
    assert_eq!(sign_in(&here, &challenge().await).await.0, StatusCode::UNAUTHORIZED);
    let call = RegistryCall::BindWallet { address: address.parse().unwrap() };
    world.client(key(31)).sign_and_send(call).await.unwrap();
    let fresh = challenge().await;
    let (status, signed_in) = sign_in(&here, &fresh).await;
    assert_eq!((status, &signed_in["role"]), (StatusCode::OK, &json!("doctor")));
    let token = signed_in["token"].as_str().unwrap();
    let status = world.send("get", "/api/v1/summary", Some(token)).await.status();
    assert_eq!(status, StatusCode::OK);
    // A challenge is for one session, for this site, and must be the node's own.
    assert_eq!(sign_in(&here, &fresh).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in("evil.example", &challenge().await).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&here, &"0".repeat(64)).await.0, StatusCode::UNAUTHORIZED);
    world.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_goes_to_the_one_who_asked_and_is_useless_after_deletion() {
    let world = World::new().await;
    let operator = world.home.client(&world.node);
    let (patient, doctor) = (world.client(key(30)), world.client(key(31)));
    let index = world.index;
    let refused = doctor.original(index, Purpose::Treatment).await.unwrap_err();
    assert!(matches!(refused, ClientError::NotAllowed(_)), "{refused:?}");
    let identity = doctor.person(key(31).public_key()).await.unwrap().identity;
    let grant = Grant {
        purposes: Purposes::of(&[Purpose::Treatment]),
        parts: Parts::Everything,
        valid: Span::ALWAYS,
        linked: Span::ALWAYS,
    };
    let (scope, grantee) = (Scope::Record(index), Grantee::Person(identity));
    patient.sign_and_send(PermissionCall::Grant { scope, grantee, grant }).await.unwrap();
    let file = doctor.original(index, Purpose::Treatment).await.unwrap();
    let own = patient.original(index, Purpose::Personal).await.unwrap();
    assert_eq!(own.to_bytes(), file.to_bytes());

    // What goes over the wire opens for the doctor alone, and nobody else gets it.
    let request = doctor.ask(index, Purpose::Treatment, Parts::Everything).await.unwrap();
    let sealed = doctor.sealed_original(request).await.unwrap();
    assert!(EnvelopeKey::of(&key(30)).open(sealed.as_slice()).is_err());
    assert!(EnvelopeKey::of(&key(31)).open(sealed.as_slice()).is_ok());
    for other in [&operator, &patient] {
        let error = other.sealed_original(request).await.unwrap_err();
        assert!(matches!(error, ClientError::NotFound(_)), "{error:?}");
    }

    operator.delete(index).await.unwrap();
    let waited = async {
        while doctor.sealed_original(request).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.unwrap();
    let error = patient.original(index, Purpose::Personal).await.unwrap_err();
    assert!(matches!(error, ClientError::NotAllowed(_)), "{error:?}");

    // The patient and the regulator see all of it; deliveries are signed beside the download.
    let regulator = world.client(key(33));
    let trail = async {
        loop {
            let trail = regulator.trail(index).await.unwrap();
            if trail.as_array().unwrap().len() == 7 {
                return trail;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let trail = tokio::time::timeout(Duration::from_secs(60), trail).await.unwrap();
    assert_eq!(patient.trail(index).await.unwrap(), trail);
    let words: Vec<_> = trail.as_array().unwrap().iter().map(|event| &event["happening"]).collect();
    assert_eq!(*words[0], json!("asked for treatment: refused (no grant)"));
    assert_eq!(*words[1], json!("asked for treatment: allowed (grant)"));
    let events = |start: &str| {
        let starts = |word: &&&Value| word.as_str().unwrap().starts_with(start);
        words.iter().filter(starts).count()
    };
    assert_eq!((events("asked"), events("delivered")), (4, 3));
    world.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_images_gets_no_texts() {
    let world = World::new().await;
    let (patient, doctor) = (world.client(key(30)), world.client(key(31)));
    let (index, purpose) = (world.index, Purpose::Treatment);
    let identity = doctor.person(key(31).public_key()).await.unwrap().identity;
    let grant = Grant {
        purposes: Purposes::of(&[purpose]),
        parts: Parts::Images,
        valid: Span::ALWAYS,
        linked: Span::ALWAYS,
    };
    let (scope, grantee) = (Scope::Record(index), Grantee::Person(identity));
    patient.sign_and_send(PermissionCall::Grant { scope, grantee, grant }).await.unwrap();
    for refused in [Parts::Everything, Parts::Texts] {
        let error = doctor.excerpt(index, purpose, refused).await.unwrap_err();
        assert!(matches!(error, ClientError::NotAllowed(_)), "{error:?}");
    }
    let excerpt = doctor.excerpt(index, purpose, Parts::Images).await.unwrap();
    let whole = patient.original(index, Purpose::Personal).await.unwrap();
    assert_eq!(excerpt.manifest().digest(), whole.manifest().digest());
    let images = whole.parts().filter(|(part, _)| part.is_image());
    assert!(excerpt.parts().eq(images));
    assert!(excerpt.parts().count() > 0, "the sample has an image");
    let trail = patient.trail(index).await.unwrap();
    let allowed = "asked images for treatment: allowed (grant)";
    assert!(trail.as_array().unwrap().iter().any(|event| event["happening"] == json!(allowed)));
    world.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_carried_for_its_signer_only_and_for_this_chain() {
    let world = World::new().await;
    let other = World::new().await;
    let ask = AuditCall::Ask {
        index: world.index,
        purpose: Purpose::Personal,
        parts: Parts::Everything,
        recipient: emrshare_codec::Digest([7; 32]),
    };
    let call = emrshare_contracts::Call::from(ask);
    let sign = |chain| {
        let (contract, payload) = (call.contract(), call.to_payload());
        let node = NodeId::new(0).unwrap();
        let draft = emrshare_ledger::TransactionDraft { node, contract, nonce: 1, payload };
        hex::encode(draft.sign(chain, &key(30)))
    };
    let chain = world.client(key(30)).chain().await.unwrap();
    let send = async |signer: u8, transaction: String| {
        let token = world.token(&key(signer)).await.unwrap();
        let request = world.http.post(format!("{}/api/v1/transactions", world.base));
        let body = json!({ "transaction": transaction });
        request.bearer_auth(token).json(&body).send().await.unwrap().status()
    };
    assert_eq!(send(31, sign(chain)).await, StatusCode::FORBIDDEN);
    let foreign = other.client(key(30)).chain().await.unwrap();
    assert_eq!(send(30, sign(foreign)).await, StatusCode::CONFLICT);
    assert_eq!(send(30, sign(chain)).await, StatusCode::OK);
    // The same again is a replay.
    assert_eq!(send(30, sign(chain)).await, StatusCode::CONFLICT);
    other.node.stop().await;
    world.node.stop().await;
}
