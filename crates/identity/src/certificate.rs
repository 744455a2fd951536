//! X.509 certificates that admit nodes.
//!
//! The consortium's authority signs one certificate a node: the subject key is the node's TLS key
//! (Ed25519, RFC 8410), and a URI among the alternative names binds the ledger's side,
//! `urn:emrshare:node:<node id>:<consensus public key in hexadecimal>`.

use std::{fmt, net::IpAddr};

use emrshare_codec::NodeId;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519, SanType, SerialNumber,
};
use time::OffsetDateTime;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    oid_registry::OID_SIG_ED25519,
    pem::parse_x509_pem,
    prelude::FromDer,
};

use crate::{PublicKey, SigningKey};

const URI_PREFIX: &str = "urn:emrshare:node:";

/// A certificate cannot be made or is not to be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The text is no PEM block or the block is no X.509 certificate.
    #[error("not an X.509 certificate")]
    Malformed,
    /// The authority did not sign it.
    #[error("the certificate is not signed by the consortium's authority")]
    Signature,
    /// Its time is over or has not begun.
    #[error(
        "the certificate is valid from {not_before} to {not_after} (Unix seconds), not at {now}"
    )]
    Expired {
        /// First second of validity.
        not_before: i64,
        /// Last second of validity.
        not_after: i64,
        /// The time that it was judged at.
        now: i64,
    },
    /// It does not name a node and its consensus key.
    #[error("the certificate has no subject alternative name {URI_PREFIX}<id>:<key>")]
    NoNode,
    /// The subject key is not Ed25519.
    #[error("the certificate's key is not Ed25519")]
    KeyType,
    /// A name cannot stand in a certificate, or the key cannot sign.
    #[error("the certificate cannot be made")]
    Make(#[from] rcgen::Error),
}

/// From when until when a certificate is valid, in Unix seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    /// First second.
    pub not_before: i64,
    /// Last second.
    pub not_after: i64,
}

/// Whom a node certificate is for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The node's id in the consortium.
    pub node: NodeId,
    /// The institution's name.
    pub institution: String,
    /// The node's key on the ledger.
    pub consensus_key: PublicKey,
    /// The node's TLS key.
    pub tls_key: PublicKey,
    /// DNS names and IP addresses that the node is reached at.
    pub hosts: Vec<String>,
}

/// A node's TLS private key in the forms that TLS libraries read.
pub struct TlsKey(SigningKey);

impl TlsKey {
    /// Takes an Ed25519 key for TLS.
    #[must_use]
    pub const fn new(key: SigningKey) -> Self {
        Self(key)
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    /// The key as PKCS #8 (RFC 8410, section 7): a fixed head and the seed.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Vec<u8> {
        const HEAD: [u8; 16] =
            [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        [HEAD.as_slice(), self.0.seed()].concat()
    }

    fn to_rcgen(&self) -> Result<KeyPair, rcgen::Error> {
        KeyPair::from_pkcs8_der_and_sign_algo(&self.to_pkcs8_der().into(), &PKCS_ED25519)
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsKey({})", self.public_key())
    }
}

/// The authority that signs the consortium's certificates.
#[derive(Debug)]
pub struct Authority {
    key: TlsKey,
    certificate_pem: String,
}

impl Authority {
    /// Makes a self-signed authority.
    ///
    /// # Errors
    /// [`CertificateError::Make`] if `name` cannot stand in a certificate.
    pub fn new(key: SigningKey, name: &str, validity: Validity) -> Result<Self, CertificateError> {
        let key = TlsKey::new(key);
        let mut params = params(name, key.public_key(), validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate_pem = params.self_signed(&key.to_rcgen()?)?.pem();
        Ok(Self { key, certificate_pem })
    }

    /// An authority that exists, from its key and its certificate.
    #[must_use]
    pub const fn from_parts(key: SigningKey, certificate_pem: String) -> Self {
        Self { key: TlsKey::new(key), certificate_pem }
    }

    /// The authority's own certificate as PEM: what every node trusts.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Signs a node's certificate and returns it as PEM.
    ///
    /// # Errors
    /// [`CertificateError::Make`] if a name cannot stand in a certificate.
    pub fn issue(&self, subject: &Subject, validity: Validity) -> Result<String, CertificateError> {
        let mut params = params(&subject.institution, subject.tls_key, validity);
        params.subject_alt_names = CertificateParams::new(subject.hosts.clone())?.subject_alt_names;
        let uri = format!("{URI_PREFIX}{}:{}", subject.node, subject.consensus_key);
        params.subject_alt_names.push(SanType::URI(uri.try_into()?));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_ca_cert_pem(&self.certificate_pem, self.key.to_rcgen()?)?;
        let key = rcgen::SubjectPublicKeyInfo::from_der(&subject_public_key(subject.tls_key))?;
        Ok(params.signed_by(&key, &issuer)?.pem())
    }

    /// Signs a certificate again, for the same node, keys and hosts, with another validity: the old
    /// one may have expired.
    ///
    /// # Errors
    /// As [`IssuedCertificate::read`] and [`issue`](Self::issue).
    pub fn renew(&self, pem: &str, validity: Validity) -> Result<String, CertificateError> {
        self.issue(&IssuedCertificate::read(pem, &self.certificate_pem)?.subject, validity)
    }
}

/// A certificate that an authority signed, whether or not it is valid now.
#[derive(Clone, Debug)]
pub struct IssuedCertificate {
    /// Whom it is for.
    pub subject: Subject,
    /// From when until when it is valid.
    pub validity: Validity,
    /// Its serial number in hexadecimal.
    pub serial: String,
}

impl IssuedCertificate {
    /// Reads a certificate in PEM and checks that the authority signed it.
    ///
    /// # Errors
    /// What is wrong with it, but for its time: see [`CertificateError`].
    pub fn read(pem: &str, authority_pem: &str) -> Result<Self, CertificateError> {
        signed(pem, authority_pem, |certificate| {
            let NodeCertificate { node, consensus_key, tls_key } =
                NodeCertificate::of(certificate)?;
            let name = certificate.subject().iter_common_name().next();
            let institution = name.and_then(|name| name.as_str().ok()).unwrap_or_default().into();
            let hosts = alternative_names(certificate).filter_map(host).collect();
            Ok(Self {
                subject: Subject { node, institution, consensus_key, tls_key, hosts },
                validity: validity(certificate),
                serial: hex::encode(certificate.raw_serial()),
            })
        })
    }
}

/// A certificate for web browsers, which do not take Ed25519: self-signed, ECDSA on P-256.
///
/// An institution replaces it by one that its browsers trust.
#[derive(Debug)]
pub struct WebCertificate {
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// The private key as PKCS #8 in PEM, to be kept where only the owner can read it.
    pub key_pem: zeroize::Zeroizing<String>,
}

impl WebCertificate {
    /// Makes a certificate with a fresh key from the system's random source.
    ///
    /// # Errors
    /// [`CertificateError::Make`] if a host cannot stand in a certificate.
    pub fn generate(hosts: Vec<String>, validity: Validity) -> Result<Self, CertificateError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(hosts)?;
        params.not_before = moment(validity.not_before);
        params.not_after = moment(validity.not_after);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate_pem = params.self_signed(&key)?.pem();
        Ok(Self { certificate_pem, key_pem: zeroize::Zeroizing::new(key.serialize_pem()) })
    }
}

/// A node's certificate whose signature and time were checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeCertificate {
    /// The node's id.
    pub node: NodeId,
    /// The node's key on the ledger.
    pub consensus_key: PublicKey,
    /// The node's TLS key.
    pub tls_key: PublicKey,
}

impl NodeCertificate {
    /// Reads a certificate in PEM and checks that the authority signed it and that it is valid.
    ///
    /// # Errors
    /// What is wrong with it: see [`CertificateError`].
    pub fn verify_pem(pem: &str, authority_pem: &str, now: i64) -> Result<Self, CertificateError> {
        signed(pem, authority_pem, |certificate| {
            let Validity { not_before, not_after } = validity(certificate);
            if now < not_before || now > not_after {
                return Err(CertificateError::Expired { not_before, not_after, now });
            }
            Self::of(certificate)
        })
    }

    /// Reads a certificate in PEM and checks that the authority signed it, whenever it is valid.
    ///
    /// # Errors
    /// What is wrong with it, but for its time: see [`CertificateError`].
    pub fn read_pem(pem: &str, authority_pem: &str) -> Result<Self, CertificateError> {
        signed(pem, authority_pem, Self::of)
    }

    /// Reads a certificate in DER that the TLS library has verified already.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`], [`CertificateError::NoNode`] or
    /// [`CertificateError::KeyType`].
    pub fn from_verified_der(der: &[u8]) -> Result<Self, CertificateError> {
        Self::of(&parse(der)?)
    }

    fn of(certificate: &X509Certificate<'_>) -> Result<Self, CertificateError> {
        let (node, consensus_key) = alternative_names(certificate)
            .find_map(|name| match name {
                GeneralName::URI(uri) => parse_uri(uri),
                _ => None,
            })
            .ok_or(CertificateError::NoNode)?;
        let key = certificate.public_key();
        if key.algorithm.algorithm != OID_SIG_ED25519 {
            return Err(CertificateError::KeyType);
        }
        let bytes = key.subject_public_key.data.as_ref().try_into();
        let tls_key = PublicKey(bytes.map_err(|_| CertificateError::KeyType)?);
        Ok(Self { node, consensus_key, tls_key })
    }
}

/// Reads a certificate in PEM that the authority signed.
fn signed<T>(
    pem: &str,
    authority_pem: &str,
    read: impl FnOnce(&X509Certificate<'_>) -> Result<T, CertificateError>,
) -> Result<T, CertificateError> {
    let block = |pem: &str| parse_x509_pem(pem.as_bytes()).map(|(_, block)| block);
    let malformed = |_| CertificateError::Malformed;
    let (pem, authority) =
        (block(pem).map_err(malformed)?, block(authority_pem).map_err(malformed)?);
    let (certificate, authority) = (parse(&pem.contents)?, parse(&authority.contents)?);
    let verified = certificate.verify_signature(Some(authority.public_key()));
    verified.map_err(|_| CertificateError::Signature)?;
    read(&certificate)
}

fn validity(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    Validity {
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
    }
}

fn alternative_names<'a>(
    certificate: &'a X509Certificate<'_>,
) -> impl Iterator<Item = &'a GeneralName<'a>> {
    certificate
        .extensions()
        .iter()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        })
        .flatten()
}

/// A DNS name or an IP address.
fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let sixteen = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            Some(four.or(sixteen).ok()?.to_string())
        }
        _ => None,
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(CertificateError::Malformed),
    }
}

fn parse_uri(uri: &str) -> Option<(NodeId, PublicKey)> {
    let (node, key) = uri.strip_prefix(URI_PREFIX)?.split_once(':')?;
    Some((node.parse().ok()?, key.parse().ok()?))
}

/// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, section 4): a fixed head and the key.
fn subject_public_key(key: PublicKey) -> Vec<u8> {
    const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    [HEAD.as_slice(), &key.0].concat()
}

/// The serial number is taken from the key and the time, so that no randomness is needed.
fn params(name: &str, key: PublicKey, validity: Validity) -> CertificateParams {
    use sha2::Digest as _;
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, name);
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.not_before = moment(validity.not_before);
    params.not_after = moment(validity.not_after);
    let serial = sha2::Sha256::new()
        .chain_update(key.0)
        .chain_update(validity.not_before.to_be_bytes())
        .chain_update(validity.not_after.to_be_bytes())
        .finalize();
    params.serial_number = Some(SerialNumber::from_slice(&serial[..16]));
    params
}

fn moment(unix_seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
