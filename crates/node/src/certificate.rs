//! The node's certificate, taken anew from its file while the node runs.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use emrshare_identity::{CertificateError, IssuedCertificate, NodeCertificate, TlsKey};
use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use tokio::sync::watch;

use crate::{clock, measures, node_keys::NodeKeys, server::TlsError};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the log is told of a certificate that ends soon.
const TELL_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Soon: within so many days.
const SOON_DAYS: i64 = 30;

/// A new certificate is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenewError {
    #[error("the file cannot be read")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("it is of another node, or of other keys")]
    OfAnother,
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The certificate that is shown at the moment.
pub(crate) struct Certificate {
    path: PathBuf,
    authority: String,
    keys: Arc<NodeKeys>,
    shown: RwLock<Shown>,
}

struct Shown {
    pem: String,
    key: Arc<CertifiedKey>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Certificate {
    /// The certificate in `pem`, which was read from `path` and checked.
    pub(crate) fn new(
        path: PathBuf,
        pem: String,
        authority: String,
        keys: Arc<NodeKeys>,
        tls_key: &TlsKey,
        provider: &CryptoProvider,
    ) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(tls_key.to_pkcs8_der()));
        let key = CertifiedKey::from_der(vec![certificate(&pem)?], key, provider);
        let key = key.map_err(|error| TlsError::Setup(error.to_string()))?.into();
        Ok(Self { path, authority, keys, shown: RwLock::new(Shown { pem, key }) })
    }

    /// What is shown to others.
    pub(crate) fn shown(&self) -> Arc<CertifiedKey> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).key.clone()
    }

    /// When what is shown ends, in seconds since 1970.
    fn until(&self) -> Result<i64, CertificateError> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Ok(IssuedCertificate::read(&shown.pem, &self.authority)?.validity.not_after)
    }

    /// Tells the log, once a day, that the certificate ends soon, and the metrics when.
    fn tell_of_end(&self, told: &mut Option<Instant>) {
        let Ok(until) = self.until() else { return };
        metrics::gauge!(measures::CERTIFICATE_UNTIL).set(until as f64);
        if let Some(days) = days_left(until, now_seconds())
            && told.is_none_or(|told| told.elapsed() > TELL_EVERY)
        {
            tracing::warn!(
                days,
                "this node's certificate ends soon, and no other node talks to it then: ask the \
                 authority for `emrshare ca renew`"
            );
            *told = Some(Instant::now());
        }
    }

    /// Looks at the file until `stopping` says so. What is not valid, or is of another node, is not
    /// taken: the old certificate stays.
    pub(crate) async fn follow_file(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let (mut refused, mut told): (Option<String>, _) = (None, None);
        loop {
            self.tell_of_end(&mut told);
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopping.changed() => return,
            }
            let read = fs::read_to_string(&self.path);
            // What is wrong is said once; a file that cannot be read is as good as empty.
            if refused.as_deref() == Some(read.as_deref().unwrap_or_default()) {
                continue;
            }
            match self.take(read) {
                Ok(false) => refused = None,
                Ok(true) => tracing::info!("a renewed certificate is shown from now on"),
                Err((error, pem)) => {
                    tracing::warn!(path = %self.path.display(), %error, "a new certificate is not taken");
                    refused = Some(pem);
                }
            }
        }
    }

    /// Shows another certificate from now on; `false` if it is the same.
    fn take(&self, read: io::Result<String>) -> Result<bool, (RenewError, String)> {
        let pem = read.map_err(|error| (error.into(), String::new()))?;
        let old = self.shown.read().unwrap_or_else(PoisonError::into_inner).pem.clone();
        if pem == old {
            return Ok(false);
        }
        match self.check(&pem, &old) {
            Ok(key) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Shown { pem, key };
                Ok(true)
            }
            Err(error) => Err((error, pem)),
        }
    }

    fn check(&self, pem: &str, old: &str) -> Result<Arc<CertifiedKey>, RenewError> {
        let new = NodeCertificate::verify_pem(pem, &self.authority, now_seconds())?;
        let old = NodeCertificate::from_verified_der(&certificate(old)?)?;
        let is_ours = self.keys.holder(new.consensus_key).is_some();
        if (old.node, old.tls_key) != (new.node, new.tls_key) || !is_ours {
            return Err(RenewError::OfAnother);
        }
        // It is of the same TLS key.
        let key = self.shown().key.clone();
        Ok(CertifiedKey::new(vec![certificate(pem)?], key).into())
    }
}

impl ResolvesClientCert for Certificate {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        schemes.contains(&SignatureScheme::ED25519).then(|| self.shown())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A certificate in PEM, as TLS wants it.
pub(crate) fn certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| TlsError::Pem)
}

fn now_seconds() -> i64 {
    i64::try_from(clock::now_ms() / 1000).unwrap_or(i64::MAX)
}

/// Days that are left of a certificate, if it ends soon; below 0 once it has ended.
fn days_left(until: i64, now: i64) -> Option<i64> {
    let days = until.saturating_sub(now).div_euclid(24 * 3600);
    (days < SOON_DAYS).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_days_of_a_certificate_are_told() {
        const DAY: i64 = 24 * 3600;
        let cases = [(31 * DAY, None), (30 * DAY - 1, Some(29)), (1, Some(0)), (-1, Some(-1))];
        for (left, days) in cases {
            assert_eq!(days_left(1_800_000_000 + left, 1_800_000_000), days);
        }
    }
}
