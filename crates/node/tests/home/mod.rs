//! The folder of a node of its own, and what members do together.
#![allow(dead_code)]

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use emrshare_client::Client;
use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_contracts::{AllianceCall, Application, Genesis, Motion, Voice};
use emrshare_identity::{Authority, SigningKey, Subject, Validity};
use emrshare_node::{Config, Node, Settings, StoreEngine, setup};
use emrshare_sample::{Generator, Tongue};
use serde_json::{Value, json};

pub(crate) struct Home {
    _folder: Arc<tempfile::TempDir>,
    pub(crate) path: PathBuf,
    pub(crate) authority: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founder = institution("Test hospital");
        let homes = setup::found(folder.path(), "test", &[founder]).unwrap();
        let path = homes[0].clone();
        let toml = path.join("node.toml");
        let text = std::fs::read_to_string(&toml).unwrap();
        std::fs::write(
            &toml,
            text.replace("record_len_max = 67108864", "record_len_max = 2000000"),
        )
        .unwrap();
        Self { authority: folder.path().join("authority"), path, _folder: folder.into() }
    }

    /// Folders of several founders.
    pub(crate) fn founders(count: usize) -> Vec<Self> {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let founders: Vec<_> =
            (0..count).map(|number| institution(&format!("Hospital {number}"))).collect();
        let homes = setup::found(folder.path(), "test", &founders).unwrap();
        let home = |path| Self {
            authority: folder.path().join("authority"),
            path,
            _folder: folder.clone(),
        };
        homes.into_iter().map(home).collect()
    }

    /// The folder of a node that wants to join, and its application.
    pub(crate) fn joining(&self, node: u32) -> (Self, Application) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node");
        let shared = std::fs::read_to_string(self.path.join("keys/consortium.key")).unwrap();
        let subject = setup::prepare(
            &path,
            NodeId::new(node).unwrap(),
            &institution(&format!("Hospital {node}")),
            &self.genesis(),
            &shared.trim().parse().unwrap(),
        );
        let certificate = self.certify(&subject.unwrap());
        let application = setup::apply(&path, &certificate).unwrap();
        let home = Self { authority: self.authority.clone(), path, _folder: folder.into() };
        (home, application)
    }

    /// What the consortium's authority issues.
    pub(crate) fn certify(&self, subject: &Subject) -> String {
        let certificate = std::fs::read_to_string(self.authority.join("authority.pem")).unwrap();
        let authority =
            Authority::from_parts(read_key(&self.authority.join("authority.key")), certificate);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let validity = Validity { not_before: now - 60, not_after: now + 3600 };
        authority.issue(subject, validity).unwrap()
    }

    /// Writes free ports into `node.toml`.
    pub(crate) fn move_ports(&self) {
        let free = institution("any");
        self.change(|settings| {
            (settings.api_listen, settings.consensus_listen) = (free.api, free.consensus);
        });
    }

    /// Changes `node.toml`.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings();
        change(&mut settings);
        let text = toml::to_string(&settings).unwrap();
        std::fs::write(self.path.join("node.toml"), text).unwrap();
    }

    pub(crate) async fn start(&self) -> Node {
        Node::start(self.config()).await.unwrap()
    }

    pub(crate) fn config(&self) -> Config {
        Config::load(&self.path.join("node.toml")).unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        toml::from_str(&std::fs::read_to_string(self.path.join("node.toml")).unwrap()).unwrap()
    }

    pub(crate) fn genesis(&self) -> Genesis {
        Genesis::from_bytes(&std::fs::read(self.path.join("genesis.json")).unwrap()).unwrap()
    }

    /// A client of the operator.
    pub(crate) fn client(&self, node: &Node) -> Client {
        self.client_of(node, read_key(&self.path.join("keys/operator.key")))
    }

    pub(crate) fn client_of(&self, node: &Node, key: SigningKey) -> Client {
        let base = format!("https://{}", node.address());
        Client::new(&base, self.genesis().authority(), key).unwrap()
    }
}

pub(crate) fn transaction(answer: &Value) -> Digest {
    answer["transaction"].as_str().unwrap().parse().unwrap()
}

pub(crate) async fn submit(client: &Client, seed: u64) -> RecordIndex {
    let sample = Generator::new(seed, Tongue::English).next().unwrap();
    let answer = client.submit(sample.into_source(), None).await.unwrap();
    answer["index"].as_str().unwrap().parse().unwrap()
}

/// A member: its folder, its running node, and a client of its operator.
pub(crate) struct Running {
    pub(crate) home: Home,
    pub(crate) node: Node,
    pub(crate) client: Client,
}

/// A founder, and a second member that has joined.
pub(crate) async fn two_members() -> [Running; 2] {
    let home = Home::new();
    let node = home.start().await;
    let client = home.client(&node);
    let (joining, application) = home.joining(1);
    let second = joining.start().await;
    let its_client = joining.client(&second);
    admit(&[&client], application).await;
    wait_for_validators(&its_client, &[0, 1]).await;
    [Running { home, node, client }, Running { home: joining, node: second, client: its_client }]
}

/// Waits for something that is asked for again and again.
pub(crate) async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    while !condition().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Proposed at the first of these members' nodes; all say yes.
pub(crate) async fn pass(members: &[&Client], motion: Motion) {
    let propose = AllianceCall::Propose { motion };
    let proposal = transaction(&members[0].call_as_node(propose).await.unwrap());
    for member in &members[1..] {
        // The node may not have the block with the proposal yet.
        let name = json!(proposal.to_string());
        let knows = async || {
            let known = member.proposals().await.unwrap();
            known.as_array().unwrap().iter().any(|known| known["proposal"] == name)
        };
        until(knows).await;
        let vote = AllianceCall::Vote { proposal, voice: Voice::Yes };
        member.call_as_node(vote).await.unwrap();
    }
}

pub(crate) async fn admit(members: &[&Client], application: Application) {
    let apply = AllianceCall::Apply { application };
    let id = transaction(&members[0].call_as_node(apply).await.unwrap());
    pass(members, Motion::Admit(id)).await;
}

/// Waits until a node sees these validators, and nobody else.
pub(crate) async fn wait_for_validators(client: &Client, nodes: &[u32]) {
    loop {
        let members = client.members().await.unwrap();
        let members = members.as_array().unwrap().iter();
        let validators = members.filter(|member| member["validator"] == json!(true));
        let validators: Vec<_> = validators.map(|member| member["node"].clone()).collect();
        if validators == nodes {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn institution(name: &str) -> setup::Institution {
    let [api, consensus] = [(); 2].map(|()| free_address());
    setup::Institution {
        institution: name.into(),
        api,
        consensus,
        hosts: vec!["localhost".into()],
        store: StoreEngine::default(),
    }
}

/// An address that nobody listens at. Its port is below those that the system gives to connections that go
/// out: while a node is down, none of them takes it.
fn free_address() -> SocketAddr {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(97);
    loop {
        let number = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, (FIRST + number) as u16));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

pub(crate) fn read_key(path: &Path) -> SigningKey {
    std::fs::read_to_string(path).unwrap().trim().parse().unwrap()
}
