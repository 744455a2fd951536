//! HTTPS: TLS 1.3, client certificates of members where they are shown.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router};
use emrshare_identity::NodeCertificate;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SignatureScheme,
    pki_types::{PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    callers::{Callers, network_of},
    certificate::{Certificate, certificate},
    config::Config,
};

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

/// Where a request comes from: of IPv6 the network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallerAddress(pub(crate) IpAddr);

/// TLS as a server and as a client of other members, and the certificate that both show.
pub(crate) struct Tls {
    pub(crate) server: ServerConfig,
    pub(crate) client: ClientConfig,
    pub(crate) certificate: Arc<Certificate>,
}

/// TLS as the configuration says.
pub(crate) fn tls(config: &Config) -> Result<Tls, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate(config.genesis.authority())?).map_err(setup)?;
    let roots = Arc::new(roots);
    let node = Arc::new(Certificate::new(
        config.certificate_path.clone(),
        config.certificate_pem.clone(),
        config.genesis.authority().to_owned(),
        config.keys.clone(),
        &config.tls_key,
        &provider,
    )?);
    let (web_certificate, web_key) = &config.web;
    let web_key = PrivateKeyDer::from_pem_slice(web_key.as_bytes()).map_err(|_| TlsError::Pem)?;
    let web_chain = vec![certificate(web_certificate)?];
    let certificates = ByClient {
        node: node.clone(),
        web: CertifiedKey::from_der(web_chain, web_key, &provider).map_err(setup)?.into(),
    };
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(setup)?;
    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(setup)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(certificates));
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(setup)?
        .with_root_certificates(roots)
        .with_client_cert_resolver(node.clone());
    Ok(Tls { server, client, certificate: node })
}

/// Shows nodes and other clients the consortium's certificate, and browsers, which do not take
/// Ed25519, the web certificate.
#[derive(Debug)]
struct ByClient {
    node: Arc<Certificate>,
    web: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByClient {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let takes_ed25519 = hello.signature_schemes().contains(&SignatureScheme::ED25519);
        Some(if takes_ed25519 { self.node.shown() } else { self.web.clone() })
    }
}

fn setup(error: impl std::fmt::Display) -> TlsError {
    TlsError::Setup(error.to_string())
}

/// Serves until `stopping` says so. Garbage on the port costs a place for `PATIENCE` at most, and one
/// address cannot hold all places.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: ServerConfig,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let callers = Callers::default();
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
        let from = network_of(address.ip());
        let Some(own_place) = callers.enter(from) else {
            tracing::debug!(%address, "an address holds too many connections");
            continue;
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        let mut stopping = stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                served = connection(acceptor, router, stream, CallerAddress(from)) => {
                    if let Err(error) = served {
                        tracing::debug!(%address, %error, "a connection ended");
                    }
                }
                _ = stopping.changed() => {}
            }
            drop((place, own_place));
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
    from: CallerAddress,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await??;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let shown = shown.and_then(|der| NodeCertificate::from_verified_der(der).ok());
    let service = router.layer(Extension(ShownCertificate(shown))).layer(Extension(from));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
    builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await
}
