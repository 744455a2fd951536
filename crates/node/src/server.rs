//! HTTPS: TLS 1.3, client certificates of members where they are shown.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use emrshare_identity::{NodeCertificate, TlsKey};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

/// Connections at the same time; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 1024;
/// How long a client may take for the handshake or for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keys and certificates do not make a TLS configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate is no PEM.
    #[error("a certificate is not PEM")]
    Pem,
    /// rustls refuses the parts.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The certificate that a client showed and that the authority signed.
#[derive(Clone, Debug)]
pub(crate) struct ShownCertificate(pub(crate) Option<NodeCertificate>);

/// TLS as a server and as a client of other members.
pub(crate) fn tls(
    authority_pem: &str,
    certificate_pem: &str,
    key: &TlsKey,
) -> Result<(ServerConfig, ClientConfig), TlsError> {
    let setup = |error: &dyn std::fmt::Display| TlsError::Setup(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate =
        |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| TlsError::Pem);
    let mut roots = RootCertStore::empty();
    roots.add(certificate(authority_pem)?).map_err(|error| setup(&error))?;
    let roots = Arc::new(roots);
    let chain = vec![certificate(certificate_pem)?];
    let private = || PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_pkcs8_der()));
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(|error| setup(&error))?;
    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| setup(&error))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain.clone(), private())
        .map_err(|error| setup(&error))?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| setup(&error))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, private())
        .map_err(|error| setup(&error))?;
    Ok((server, client))
}

/// Serves until `stopping` says so. Garbage on the port costs a place for `PATIENCE` at most.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: ServerConfig,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        let mut stopping = stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                served = connection(acceptor, router, stream) => {
                    if let Err(error) = served {
                        tracing::debug!(%address, %error, "a connection ended");
                    }
                }
                _ = stopping.changed() => {}
            }
            drop(place);
        });
    }
}

/// Binds the API's port.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

async fn connection(
    acceptor: TlsAcceptor,
    router: Router,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await??;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let shown = shown.and_then(|der| NodeCertificate::from_verified_der(der).ok());
    let service = router.layer(Extension(ShownCertificate(shown)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
    builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await
}
