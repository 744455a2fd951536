//! The folder of a node of its own.
#![allow(dead_code)]

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use emrshare_client::Client;
use emrshare_contracts::Genesis;
use emrshare_identity::SigningKey;
use emrshare_node::{Config, Node, Settings, StoreEngine, setup};

pub(crate) struct Home {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) authority: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [api, consensus] = listeners.each_ref().map(|listener| listener.local_addr().unwrap());
        drop(listeners);
        let founder = setup::Founder {
            institution: "Test hospital".into(),
            api,
            consensus,
            hosts: vec!["localhost".into()],
            store: StoreEngine::default(),
        };
        let homes = setup::found(folder.path(), "test", &[founder]).unwrap();
        let path = homes[0].clone();
        let toml = path.join("node.toml");
        let text = std::fs::read_to_string(&toml).unwrap();
        std::fs::write(
            &toml,
            text.replace("record_len_max = 67108864", "record_len_max = 2000000"),
        )
        .unwrap();
        Self { authority: folder.path().join("authority"), path, _folder: folder }
    }

    pub(crate) async fn start(&self) -> Node {
        Node::start(Config::load(&self.path.join("node.toml")).unwrap()).await.unwrap()
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

pub(crate) fn read_key(path: &Path) -> SigningKey {
    std::fs::read_to_string(path).unwrap().trim().parse().unwrap()
}
