//! The demo's node processes.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use emrshare_client::Client;
use emrshare_contracts::Genesis;
use emrshare_identity::SigningKey;
use emrshare_node::{
    StoreEngine,
    setup::{Institution, found},
};
use tokio::process::{Child, Command};

use crate::{home, passphrase};

const NAMES: [&str; 6] = [
    "江城第一人民医院",
    "Riverside General",
    "东湖中心医院",
    "Northgate Medical Center",
    "南山医学院附属医院",
    "St. Columba Hospital",
];

/// A node of the demo: its folder, its process, and its operator as a client.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) home: PathBuf,
    pub(crate) operator: Client,
    process: Option<Child>,
}

/// All nodes.
pub(crate) struct Consortium {
    pub(crate) members: Vec<Member>,
    pub(crate) genesis: Genesis,
}

impl Consortium {
    /// Authority, certificates and genesis; nothing runs yet.
    pub(crate) fn found(folder: &Path, count: usize) -> anyhow::Result<Self> {
        let ports = free_ports(2 * count)?;
        let founders: Vec<_> = ports
            .chunks_exact(2)
            .enumerate()
            .map(|(number, ports)| Institution {
                institution: name(number),
                api: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), ports[0]),
                consensus: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), ports[1]),
                hosts: vec!["localhost".into()],
                store: StoreEngine::default(),
            })
            .collect();
        let homes = found(folder, "emrshare demo", &founders)?;
        let genesis = home::genesis(&homes[0].join("genesis.json"))?;
        let members = homes
            .into_iter()
            .zip(&founders)
            .map(|(home, founder)| {
                let key = passphrase::key(&home::operator_key(&home), None)?;
                let base = format!("https://{}", founder.api);
                let operator = Client::new(&base, genesis.authority(), key)?;
                let name = founder.institution.clone();
                Ok(Member { name, home, operator, process: None })
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { members, genesis })
    }

    /// Starts a node's process; its log goes to `node.log` in its folder.
    pub(crate) fn start(&mut self, number: usize) -> anyhow::Result<()> {
        let member = &mut self.members[number];
        let log = File::options().create(true).append(true).open(member.log())?;
        let program = std::env::current_exe().context("this program's own file is not known")?;
        let process = Command::new(program)
            .arg("node")
            .arg("--config")
            .arg(member.home.join("node.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("a node's process cannot be started")?;
        member.process = Some(process);
        Ok(())
    }

    /// Waits until a node serves its API.
    pub(crate) async fn wait_until_up(&mut self, number: usize) -> anyhow::Result<()> {
        let member = &mut self.members[number];
        let patience = Instant::now() + Duration::from_secs(60);
        while Instant::now() < patience {
            if member.operator.is_up().await {
                return Ok(());
            }
            if let Some(process) = &mut member.process
                && let Some(status) = process.try_wait()?
            {
                bail!("node {number} ended ({status}); its log: {}", tail(&member.log()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("node {number} does not come up; its log: {}", tail(&member.log()))
    }

    /// Asks a node's process to end and waits for it.
    pub(crate) async fn stop(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(mut process) = self.members[number].process.take() else { return Ok(()) };
        if let Some(id) = process.id() {
            let asked = Command::new("kill").arg("-TERM").arg(id.to_string()).status().await;
            if !asked.is_ok_and(|status| status.success()) {
                process.start_kill()?;
            }
        }
        match tokio::time::timeout(Duration::from_secs(20), process.wait()).await {
            Ok(ended) => drop(ended?),
            Err(_) => process.kill().await?,
        }
        Ok(())
    }

    /// A client of a node with another key.
    pub(crate) fn client(&self, number: usize, key: SigningKey) -> anyhow::Result<Client> {
        Ok(Client::new(self.members[number].operator.base(), self.genesis.authority(), key)?)
    }
}

impl Member {
    /// The last lines of the node's log.
    pub(crate) fn log_tail(&self) -> String {
        tail(&self.log())
    }

    /// Resident memory of the node's process in bytes.
    pub(crate) fn memory(&self) -> Option<u64> {
        let id = self.process.as_ref()?.id()?;
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }

    fn log(&self) -> PathBuf {
        self.home.join("node.log")
    }
}

fn name(number: usize) -> String {
    match NAMES.get(number) {
        Some(name) => (*name).to_owned(),
        None => format!("Hospital {number}"),
    }
}

/// Ports that nobody listens on, below those that systems take for outgoing connections: one of
/// these could be taken between this look and the node's start.
fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    const FIRST: u16 = 10_240;
    const LAST: u16 = 32_767;
    // Demos that run side by side begin at different places.
    let begin = FIRST + (std::process::id().wrapping_mul(97) % u32::from(LAST - FIRST)) as u16;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let ports: Vec<_> = (begin..=LAST).chain(FIRST..begin).filter(is_free).take(count).collect();
    anyhow::ensure!(ports.len() == count, "{count} free ports from {FIRST} to {LAST} are needed");
    Ok(ports)
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
