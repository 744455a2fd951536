//! Certificates: what is accepted and what is refused, and that TLS libraries read the keys.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_codec::NodeId;
use emrshare_identity::{
    Authority, CertificateError, IssuedCertificate, NodeCertificate, SigningKey, Subject, Validity,
};

const VALIDITY: Validity = Validity { not_before: 1_700_000_000, not_after: 1_800_000_000 };

fn authority(seed: u8) -> Authority {
    Authority::new(SigningKey::from_seed([seed; 32]), "Test consortium", VALIDITY).unwrap()
}

fn subject() -> Subject {
    Subject {
        node: NodeId::new(5).unwrap(),
        institution: "第一医院".into(),
        consensus_key: SigningKey::from_seed([2; 32]).public_key(),
        tls_key: SigningKey::from_seed([3; 32]).public_key(),
        hosts: vec!["localhost".into(), "127.0.0.1".into()],
    }
}

#[test]
fn issued_certificate_names_node_and_keys() {
    let authority = authority(1);
    let pem = authority.issue(&subject(), VALIDITY).unwrap();
    let read = NodeCertificate::verify_pem(&pem, authority.certificate_pem(), 1_750_000_000);
    let read = read.unwrap();
    assert_eq!((read.node, read.consensus_key), (subject().node, subject().consensus_key));
    assert_eq!(read.tls_key, subject().tls_key);
}

#[test]
fn renewed_certificate_differs_only_in_its_time() {
    let authority = authority(1);
    let old = authority.issue(&subject(), VALIDITY).unwrap();
    let later = Validity { not_before: 1_850_000_000, not_after: 1_900_000_000 };
    let new = authority.renew(&old, later).unwrap();
    let [old, new] =
        [old, new].map(|pem| IssuedCertificate::read(&pem, authority.certificate_pem()).unwrap());
    assert_eq!((old.validity, new.validity), (VALIDITY, later));
    assert_ne!(old.serial, new.serial);
    assert_eq!(format!("{:?}", old.subject), format!("{:?}", new.subject));
    assert_eq!(format!("{:?}", new.subject), format!("{:?}", subject()));
    let foreign = self::authority(9).issue(&subject(), VALIDITY).unwrap();
    assert!(matches!(authority.renew(&foreign, later), Err(CertificateError::Signature)));
}

#[test]
fn foreign_authority_is_refused() {
    let pem = authority(1).issue(&subject(), VALIDITY).unwrap();
    let read = NodeCertificate::verify_pem(&pem, authority(9).certificate_pem(), 1_750_000_000);
    assert!(matches!(read, Err(CertificateError::Signature)));
}

#[test]
fn expired_certificate_is_refused() {
    let authority = authority(1);
    let pem = authority.issue(&subject(), VALIDITY).unwrap();
    let read = NodeCertificate::verify_pem(&pem, authority.certificate_pem(), 1_900_000_000);
    assert!(matches!(read, Err(CertificateError::Expired { .. })));
}

#[test]
fn authority_certificate_is_no_node() {
    let authority = authority(1);
    let pem = authority.certificate_pem();
    let read = NodeCertificate::verify_pem(pem, pem, 1_750_000_000);
    assert!(matches!(read, Err(CertificateError::NoNode)));
}
