//! The test vectors of `docs/format.md`, sections 6.2 and 9, for this and other implementations.
//!
//! `EMRSHARE_BLESS=1 cargo test -p emrshare-contracts --test vectors` writes them anew; the
//! format itself is locked by a digest, so that no byte changes unseen.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{fs, path::Path};

use emrshare_codec::{Digest, NodeId, RecordIndex, Serial};
use emrshare_contracts::{
    AgreedRights, AgreedTerms, AgreementCall, AllianceCall, AppendStatement, Application,
    Appointment, AuditCall, Call, ConsultationCall, Genesis, Grant, Grantee, Member, Motion, Parts,
    Party, PermissionCall, Purpose, Purposes, Reason, RegistryCall, RelationshipCall, Rights, Role,
    Scope, Span, Terms, Thresholds, Voice,
};
use emrshare_identity::{Authority, ConsortiumKey, EthereumAddress, SigningKey, Subject, Validity};
use emrshare_ledger::{DecodeError, Transaction, TransactionDraft};
use serde_json::{Value, json};
use sha2::Digest as _;

/// The files and their SHA-256.
const LOCKS: [(&str, &str); 2] = [
    ("genesis.json", "673249191aecbd5d1fe4af97c105a33af2a85b932cea4f3363629f902a4b2d15"),
    ("calls.json", "f67a9697f250fe25fcbc6421a07503c81920854379f0ba3948b28d3ce0bc444b"),
];
const TIME: i64 = 1_763_683_200;

#[test]
fn vectors_are_what_this_crate_does() {
    for ((name, lock), vectors) in LOCKS.into_iter().zip([vectors(), calls()]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
        let vectors = serde_json::to_string_pretty(&vectors).unwrap() + "\n";
        if std::env::var_os("EMRSHARE_BLESS").is_some() {
            fs::write(&path, &vectors).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), vectors);
        let found = hex::encode(sha2::Sha256::digest(&vectors));
        assert_eq!(found, lock, "a byte of the format changed");
    }
}

fn vectors() -> Value {
    let genesis = genesis();
    let document = std::str::from_utf8(genesis.as_bytes()).unwrap();
    assert_eq!(Genesis::from_bytes(document.as_bytes()).unwrap().chain(), genesis.chain());
    let key = |member: &emrshare_ledger::Validator| json!({"node": member.node.get(), "key": member.key.to_string()});
    let block = genesis.block();
    json!({
        "consortium_key": *consortium_key().to_secret_text(),
        "document": document,
        "chain": genesis.chain().to_string(),
        "validators": genesis.validators().members().iter().map(key).collect::<Vec<_>>(),
        "validators_root": genesis.validators().root().to_string(),
        "state_root": block.header().state_root.to_string(),
        "block": hex::encode(block.as_bytes()),
        "block_hash": block.hash().to_string(),
    })
}

fn genesis() -> Genesis {
    let key = |seed: u8| SigningKey::from_seed([seed; 32]);
    let validity = Validity { not_before: TIME - 3600, not_after: TIME + 365 * 24 * 3600 };
    let authority = Authority::new(key(1), "Vector authority", validity).unwrap();
    let member = |node: u8| {
        let subject = Subject {
            node: NodeId::new(node.into()).unwrap(),
            institution: format!("Hospital {node}"),
            consensus_key: key(10 + node).public_key(),
            tls_key: key(20 + node).public_key(),
            hosts: vec!["localhost".into()],
        };
        Member {
            api: format!("https://127.0.0.1:{}", 8440 + 2 * u32::from(node)),
            certificate: authority.issue(&subject, validity).unwrap(),
            consensus: format!("127.0.0.1:{}", 8441 + 2 * u32::from(node)),
            institution: subject.institution,
            node: node.into(),
        }
    };
    let terms = Terms {
        name: "Vector consortium 联盟".into(),
        authority: authority.certificate_pem().into(),
        consortium_key: consortium_key().commitment(),
        protocol: Digest([1; 32]),
        policy: Digest([2; 32]),
        standards: Digest([3; 32]),
        thresholds: Thresholds::default(),
        time: TIME,
    };
    Genesis::new(terms, (0..4).map(member).collect()).unwrap()
}

fn consortium_key() -> ConsortiumKey {
    ConsortiumKey::from_bytes([4; 32])
}

/// Every call once, with its fields in the order of the bytes.
fn calls() -> Value {
    let key = |seed: u8| SigningKey::from_seed([seed; 32]);
    let (patient, doctor) = (key(30).public_key(), key(31).public_key());
    let (chain, identity) = (Digest([9; 32]), Digest([40; 32]));
    let node = NodeId::new(7).unwrap();
    let address = EthereumAddress([7; 20]);
    let index = RecordIndex::new(node, Serial::from(300));
    let at = index.to_string();
    let digest = |byte: u8| Digest([byte; 32]);
    let [protocol, policy, standards] = [1, 2, 3].map(digest);
    let terms = AgreedTerms { protocol, policy, standards };
    let member = Member {
        api: "https://emr.hospital.example:8443".into(),
        certificate: "-----BEGIN CERTIFICATE-----".into(),
        consensus: "192.0.2.7:8444".into(),
        institution: "第七医院".into(),
        node: 7,
    };
    let application = Application::sign(chain, member.clone(), &key(31));
    let signed_card = |method: u8| {
        json!([
            method,
            member.node,
            member.institution,
            member.api,
            member.consensus,
            member.certificate,
            application.consent.to_string()
        ])
    };
    let appointment = Appointment { role: Role::Regulator, key: doctor, identity };
    let valid = Span { from_ms: 5, until_ms: u64::MAX };
    let linked = Span { from_ms: 0, until_ms: 1_763_683_200_000 };
    let purposes = Purposes::of(&[Purpose::Treatment, Purpose::Research]);
    let grant = Grant { purposes, parts: Parts::Images, valid, linked };
    let statement =
        AppendStatement { original: digest(5), patient, doctor, time_ms: 1_763_683_200_000 };
    let signature = statement.sign(chain, &key(31));
    let time_ms = statement.time_ms;
    let (to, id, purpose) = (digest(8), digest(6), Purpose::Emergency);
    let role = Grantee::Role(node, Role::Researcher);
    let agreed = AgreedRights::QueryAndUpdate;
    let calls: Vec<(Call, Value)> = vec![
        (
            AllianceCall::Propose { motion: Motion::Suspend(node) }.into(),
            json!([0, ["suspend", 7]]),
        ),
        (
            AllianceCall::Propose { motion: Motion::Reinstate(node) }.into(),
            json!([0, ["reinstate", 7]]),
        ),
        (
            AllianceCall::Propose { motion: Motion::Terms(terms) }.into(),
            json!([0, ["terms", protocol.to_string(), policy.to_string(), standards.to_string()]]),
        ),
        (
            AllianceCall::Propose { motion: Motion::Appoint(appointment) }.into(),
            json!([0, ["appoint", "regulator", doctor.to_string(), identity.to_string()]]),
        ),
        (
            AllianceCall::Propose { motion: Motion::Admit(id) }.into(),
            json!([0, ["admit", id.to_string()]]),
        ),
        (
            AllianceCall::Propose { motion: Motion::Quota(Some(100)) }.into(),
            json!([0, ["quota", ["some", "100"]]]),
        ),
        (
            AllianceCall::Propose { motion: Motion::Quota(None) }.into(),
            json!([0, ["quota", ["none"]]]),
        ),
        (
            AllianceCall::Vote { proposal: id, voice: Voice::No }.into(),
            json!([1, id.to_string(), "no"]),
        ),
        (AllianceCall::Apply { application: application.clone() }.into(), signed_card(2)),
        (AllianceCall::Leave {}.into(), json!([3])),
        (AllianceCall::Rekey { application: application.clone() }.into(), signed_card(5)),
        (
            AllianceCall::Renew { card: member.clone() }.into(),
            json!([
                4,
                member.node,
                member.institution,
                member.api,
                member.consensus,
                member.certificate
            ]),
        ),
        (
            RegistryCall::Register { role: Role::Inspector, key: doctor, identity }.into(),
            json!([0, "inspector", doctor.to_string(), identity.to_string()]),
        ),
        (RegistryCall::Rotate { key: doctor }.into(), json!([1, doctor.to_string()])),
        (
            RegistryCall::Recover { identity, key: doctor }.into(),
            json!([2, identity.to_string(), doctor.to_string()]),
        ),
        (
            RegistryCall::ConfirmRecovery { identity, key: doctor }.into(),
            json!([3, identity.to_string(), doctor.to_string()]),
        ),
        (RegistryCall::Retire { identity }.into(), json!([4, identity.to_string()])),
        (RegistryCall::BindWallet { address }.into(), json!([5, "07".repeat(20)])),
        (RegistryCall::UnbindWallet { address }.into(), json!([6, "07".repeat(20)])),
        (RelationshipCall::Link { index, patient }.into(), json!([0, at, patient.to_string()])),
        (
            RelationshipCall::Open { patient, rights: Rights::ViewAndAppend }.into(),
            json!([1, patient.to_string(), "view+append"]),
        ),
        (
            RelationshipCall::Answer { doctor: identity, rights: Rights::None }.into(),
            json!([2, identity.to_string(), "none"]),
        ),
        (
            RelationshipCall::End { patient: Party::Key(patient), doctor: identity }.into(),
            json!([3, ["key", patient.to_string()], identity.to_string()]),
        ),
        (
            RelationshipCall::Append { index, patient, doctor, time_ms, signature }.into(),
            json!([
                4,
                at,
                patient.to_string(),
                doctor.to_string(),
                time_ms.to_string(),
                signature.to_string()
            ]),
        ),
        (
            PermissionCall::Grant { scope: Scope::Record(index), grantee: role, grant }.into(),
            json!([
                0,
                ["record", at],
                ["role", 7, "researcher"],
                ["treatment", "research"],
                "images",
                "5",
                u64::MAX.to_string(),
                "0",
                "1763683200000"
            ]),
        ),
        (
            PermissionCall::Revoke { scope: Scope::All, grantee: Grantee::Institution(node) }
                .into(),
            json!([1, ["all"], ["institution", 7]]),
        ),
        (
            PermissionCall::BreakGlass { index, reason: Reason::PublicHealth }.into(),
            json!([2, at, "public-health"]),
        ),
        (AuditCall::Erased { index }.into(), json!([0, at])),
        (
            AuditCall::Ask { index, purpose, parts: Parts::Texts, recipient: to }.into(),
            json!([1, at, "emergency", "texts", to.to_string()]),
        ),
        (AuditCall::Delivered { request: id }.into(), json!([2, id.to_string()])),
        (
            AgreementCall::Offer { partner: node, text: to, rights: agreed, valid }.into(),
            json!([0, 7, to.to_string(), "query+update", "5", u64::MAX.to_string()]),
        ),
        (AgreementCall::Accept { agreement: id }.into(), json!([1, id.to_string()])),
        (AgreementCall::End { agreement: id }.into(), json!([2, id.to_string()])),
        (AgreementCall::Include { agreement: id, index }.into(), json!([3, id.to_string(), at])),
        (AgreementCall::Exclude { agreement: id, index }.into(), json!([4, id.to_string(), at])),
        (AgreementCall::Consent { agreement: id, index }.into(), json!([5, id.to_string(), at])),
        (AgreementCall::Withdraw { agreement: id, index }.into(), json!([6, id.to_string(), at])),
        (
            AgreementCall::Log { agreement: id, note: to }.into(),
            json!([7, id.to_string(), to.to_string()]),
        ),
        (
            ConsultationCall::Ask { doctor: identity, question: to, about: Some(index) }.into(),
            json!([0, identity.to_string(), to.to_string(), ["record", at]]),
        ),
        (
            ConsultationCall::Ask { doctor: identity, question: to, about: None }.into(),
            json!([0, identity.to_string(), to.to_string(), ["none"]]),
        ),
        (ConsultationCall::Accept { consultation: id }.into(), json!([1, id.to_string()])),
        (ConsultationCall::Decline { consultation: id }.into(), json!([2, id.to_string()])),
        (
            ConsultationCall::Answer { consultation: id, answer: to }.into(),
            json!([3, id.to_string(), to.to_string()]),
        ),
        (ConsultationCall::Close { consultation: id }.into(), json!([4, id.to_string()])),
    ];
    let bad = calls.iter().flat_map(|(call, _)| bad_payloads(call)).collect::<Vec<_>>();
    let good = calls.into_iter().enumerate().map(|(place, (call, fields))| {
        let (contract, payload) = (call.contract(), call.to_payload());
        let nonce = place as u64 + 1;
        let draft = TransactionDraft { node, contract, nonce, payload: payload.clone() };
        let bytes = draft.sign(chain, &key(31));
        let transaction = Transaction::from_bytes(&bytes).unwrap();
        assert_eq!(Call::of(&transaction).unwrap(), call);
        json!({
            "contract": contract.0,
            "payload": hex::encode(payload),
            "fields": fields,
            "transaction": hex::encode(&bytes),
            "id": transaction.id().to_string(),
        })
    });
    json!({
        "calls": good.collect::<Vec<_>>(),
        "bad_calls": bad,
        "append_statements": [{
            "chain": chain.to_string(),
            "original": statement.original.to_string(),
            "patient": patient.to_string(),
            "doctor": doctor.to_string(),
            "time_ms": time_ms.to_string(),
            "signature": signature.to_string(),
        }],
    })
}

/// Too short, too long, and of a method that there is not.
fn bad_payloads(call: &Call) -> Vec<Value> {
    let payload = call.to_payload();
    let short = payload[..payload.len() - 1].to_vec();
    let long = [payload.as_slice(), &[0]].concat();
    let method = [&[9], &payload[1..]].concat();
    let cases = [
        ("a byte is missing", short, "Truncated"),
        ("a byte too many", long, "Trailing"),
        ("a method that there is not", method, "Value"),
    ];
    let cases = cases.into_iter().map(|(why, payload, error)| {
        let found = Call::read(call.contract(), &payload).unwrap_err();
        let is_expected = match found {
            DecodeError::Truncated { .. } => error == "Truncated",
            DecodeError::Trailing { .. } => error == "Trailing",
            DecodeError::Value { .. } => error == "Value",
            _ => false,
        };
        assert!(is_expected, "{found:?} is not {error}");
        let (contract, payload) = (call.contract().0, hex::encode(payload));
        json!({"why": why, "contract": contract, "payload": payload, "error": error})
    });
    cases.collect()
}
