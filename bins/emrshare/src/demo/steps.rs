//! The steps of the demo.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use emrshare_client::{Client, ClientError};
use emrshare_codec::{Digest, RecordIndex};
use emrshare_contracts::{
    Grant, Grantee, Parts, PermissionCall, Purpose, Purposes, Role, Scope, Span,
};
use emrshare_identity::PublicKey;
use emrshare_ledger::{Receipt, Status};
use emrshare_node::desensitized_blobs;
use emrshare_record::SourceFile;
use emrshare_sample::{Generator, SampleRecord, Tongue};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{consortium::Consortium, screen::Screen, stores};
use crate::{
    cli::DemoArguments,
    commands::{now_us, random_key},
    files,
};

/// A record that was pushed.
#[derive(Clone)]
struct Pushed {
    index: RecordIndex,
    receipt: Vec<u8>,
    bytes: u64,
}

/// Records to push at one node, each with its name.
type Pile = Vec<(String, Vec<SourceFile>)>;

/// The consortium and what happened to it so far.
pub(crate) struct Demo {
    consortium: Consortium,
    screen: Screen,
    seed: u64,
    count: usize,
    records: Option<Vec<PathBuf>>,
    /// Records that are on the ledger and not deleted.
    active: Vec<Pushed>,
    deleted: Vec<RecordIndex>,
    operations: usize,
    refusals: usize,
    latencies: Vec<Duration>,
    blocks: u64,
    /// Of the largest node, in bytes.
    memory: u64,
}

impl Demo {
    /// Starts all nodes.
    pub(crate) async fn start(
        mut consortium: Consortium,
        screen: Screen,
        arguments: &DemoArguments,
    ) -> anyhow::Result<Self> {
        screen.step("Starting the nodes: consensus among all, TLS with client certificates");
        for number in 0..consortium.members.len() {
            consortium.start(number)?;
        }
        for number in 0..consortium.members.len() {
            consortium.wait_until_up(number).await?;
            let member = &consortium.members[number];
            let text = format!("node {number} {} at {}", member.name, member.operator.base());
            screen.ok(&text, json!({"node": number, "address": member.operator.base()}));
        }
        let records = arguments.records.as_deref().map(files::records_in).transpose()?;
        Ok(Self {
            consortium,
            screen,
            seed: 20_261_121,
            count: arguments.count,
            records,
            active: Vec::new(),
            deleted: Vec::new(),
            operations: 0,
            refusals: 0,
            latencies: Vec::new(),
            blocks: 0,
            memory: 0,
        })
    }

    /// Pushes records into every node at once.
    pub(crate) async fn push_records(&mut self) -> anyhow::Result<()> {
        self.screen.step("Pushing records: judge, desensitize, store, commit");
        let piles = self.piles()?;
        let mut pushing = JoinSet::new();
        for (number, pile) in piles.into_iter().enumerate() {
            let member = &self.consortium.members[number];
            let bar = self.screen.bar(&member.name, pile.len());
            let client = member.operator.clone();
            pushing.spawn(async move {
                let mut results = Vec::new();
                for (name, files) in pile {
                    let sent = Instant::now();
                    let answer = client.submit(files, None).await;
                    results.push((name, answer, sent.elapsed()));
                    bar.inc(1);
                }
                bar.finish();
                (number, results)
            });
        }
        while let Some(pushed) = pushing.join_next().await {
            let (number, results) = pushed?;
            for (name, answer, latency) in results {
                self.take_answer(number, &name, answer, latency)?;
            }
        }
        let text = format!("{} records are on the ledger", self.active.len());
        self.screen.ok(&text, json!({"records": self.active.len()}));
        ensure!(!self.active.is_empty(), "no record was accepted");
        Ok(())
    }

    /// Waits until every node has every file and finds every record.
    pub(crate) async fn wait_for_replicas(&mut self) -> anyhow::Result<()> {
        self.screen
            .step("Replicating: every node fetches, checks and stores every desensitized file");
        let start = Instant::now();
        for number in 0..self.consortium.members.len() {
            self.wait_for_replica(number, Duration::from_secs(120)).await?;
        }
        let text = format!(
            "all nodes have all {} records after {:.1?}",
            self.active.len(),
            start.elapsed()
        );
        self.screen.ok(&text, json!({"milliseconds": start.elapsed().as_millis() as u64}));
        Ok(())
    }

    /// Pushes what must not be accepted.
    pub(crate) async fn refuse_bad_records(&mut self) -> anyhow::Result<()> {
        self.screen.step("Refusing what must not be shared");
        let operator = self.operator(0);
        let sample = self.sample(900);
        let before = self.ledger_entries().await?;

        let incomplete = edit(&sample, |bundle| {
            if let Some(sections) = sections_of(bundle) {
                sections.pop();
            }
            retain_resources(bundle, |kind| kind != "Encounter");
        })?;
        let answer = operator.submit(incomplete, None).await;
        self.expect_refusal("an incomplete record", answer, "completeness")?;

        let malformed = edit(&sample, |bundle| {
            if let Some(resource) = resource_of(bundle, "Condition") {
                resource["code"]["coding"][0]["code"] = json!("not-a-code");
            }
        })?;
        let answer = operator.submit(malformed, None).await;
        self.expect_refusal("a record that breaks the encoding protocol", answer, "protocol")?;

        let original = self.sample(901);
        let committed = operator.submit(original.clone().into_source(), None).await?;
        self.take_accepted(&committed)?;
        let elsewhere = self.consortium.members.len() - 1;
        let answer = self.operator(elsewhere).submit(original.into_source(), None).await;
        let title = format!("the same record pushed at node {elsewhere}");
        self.expect_refusal(&title, answer, "duplicate")?;
        let added = self.ledger_entries().await? - before;
        ensure!(added == 1, "{added} entries were added where one was valid");
        Ok(())
    }

    /// Changes one record and ends another.
    pub(crate) async fn update_and_delete(&mut self) -> anyhow::Result<()> {
        self.screen.step("Updating and deleting");
        let operator = self.operator(0);
        let first = operator.submit(self.sample(910).into_source(), None).await?;
        let first = self.take_accepted(&first)?;
        let answer = operator.update(first, self.sample(911).into_source()).await?;
        self.operations += 1;
        let shown = operator.show(first).await?;
        ensure!(shown["version"] == json!(2), "the update did not make version 2");
        let text = format!("record {first} has version 2 at height {}", answer["height"]);
        self.screen.ok(&text, json!({"index": first.to_string()}));

        let second = operator.submit(self.sample(912).into_source(), None).await?;
        let second = self.take_accepted(&second)?;
        self.wait_for_replicas_quietly().await?;
        operator.delete(second).await?;
        self.operations += 1;
        self.active.retain(|record| record.index != second);
        self.deleted.push(second);
        for number in 0..self.consortium.members.len() {
            self.wait_until_gone(number, second).await?;
        }
        let text = format!("record {second} is deleted and its files are gone at every node");
        self.screen.ok(&text, json!({"index": second.to_string()}));
        Ok(())
    }

    /// Finds a record away from its origin and downloads its desensitized file there.
    pub(crate) async fn search_and_download(&mut self) -> anyhow::Result<()> {
        let away = self.consortium.members.len() - 1;
        let title = format!("Searching and downloading at node {away}, not the origin");
        self.screen.step(&title);
        self.wait_for_replicas_quietly().await?;
        let client = self.operator(away);
        for query in ["肺炎", "fracture", ""] {
            let found = client.search(query, 5).await?;
            let shown = if query.is_empty() { "everything" } else { query };
            let text = format!("“{shown}”: {} records", found["total"]);
            self.screen.ok(&text, json!({"query": query, "total": found["total"]}));
        }
        let record = self.active.iter().find(|record| record.index.origin().get() as usize != away);
        let index = record.or(self.active.first()).context("no record is left")?.index;
        let file = client.desensitized(index).await?;
        let text = format!("{} bytes of {index}, digest as on the ledger", file.size());
        self.screen.ok(&text, json!({"digest": file.manifest().digest().to_string()}));
        Ok(())
    }

    /// Fetches an original as an authorised doctor, and is refused as another.
    pub(crate) async fn read_original(&mut self) -> anyhow::Result<()> {
        self.screen.step("Reading an original: only with the patient's authorisation");
        let operator = self.operator(0);
        let [patient, doctor, stranger] = [random_key()?, random_key()?, random_key()?];
        let people =
            [(&patient, Role::Patient), (&doctor, Role::Doctor), (&stranger, Role::Doctor)];
        for (number, (key, role)) in people.into_iter().enumerate() {
            let identity = format!("demo person {number}");
            operator.register(key.public_key(), role, &identity).await?;
        }
        let of_first = |record: &&Pushed| record.index.origin().get() == 0;
        let index = self.active.iter().find(of_first).context("node 0 has no record")?.index;
        operator.link(index, patient.public_key()).await?;
        let scope = Scope::Record(index);
        let grantee = Grantee::Person(operator.person(doctor.public_key()).await?.identity);
        let away = self.consortium.members.len() - 1;
        let patient = self.consortium.client(0, patient)?;
        self.wait_until_known(away, doctor.public_key()).await?;
        let doctor = self.consortium.client(away, doctor)?;
        let stranger = self.consortium.client(0, stranger)?;
        let purpose = Purpose::Treatment;
        let refused = doctor.original(index, purpose).await.err();
        self.expect_not_allowed("the doctor before the grant", refused)?;
        let valid = Span { from_ms: 0, until_ms: now_us() / 1000 + 3_600_000 };
        let (purposes, parts) = (Purposes::of(&[purpose]), Parts::Everything);
        let grant = Grant { purposes, parts, valid, linked: Span::ALWAYS };
        patient.sign_and_send(PermissionCall::Grant { scope, grantee, grant }).await?;
        let file = doctor.original(index, purpose).await?;
        let on_ledger = operator.show(index).await?["history"]
            .as_array()
            .and_then(|history| history.last()?["original"].as_str().map(str::to_owned));
        ensure!(
            on_ledger == Some(file.manifest().digest().to_string()),
            "the original is not the one on the ledger"
        );
        let text = format!(
            "the authorised doctor reads {} bytes through node {away}, which sees only ciphertext",
            file.size()
        );
        self.screen.ok(&text, json!({"index": index.to_string()}));
        let refused = stranger.original(index, purpose).await.err();
        self.expect_not_allowed("another doctor", refused)?;
        let refused = operator.original(index, purpose).await.err();
        self.expect_not_allowed("the operator", refused)?;
        patient.sign_and_send(PermissionCall::Revoke { scope, grantee }).await?;
        let refused = doctor.original(index, purpose).await.err();
        self.expect_not_allowed("the doctor after revocation", refused)?;
        let trail = wait_for_requests(&patient, index, 4).await?;
        self.screen.ok("the patient sees all 4 requests on the ledger", trail);
        Ok(())
    }

    /// Stops a node, goes on, restarts it, and waits until it has caught up.
    pub(crate) async fn stop_and_catch_up(&mut self) -> anyhow::Result<()> {
        let count = self.consortium.members.len();
        if count < 4 {
            self.screen.note("fewer than four nodes: none may stop, so none is stopped");
            return Ok(());
        }
        let last = count - 1;
        self.screen.step(&format!("Stopping node {last}, going on, restarting it"));
        self.consortium.stop(last).await?;
        self.screen.ok(&format!("node {last} is down"), Value::Null);
        for number in 0..3 {
            let answer =
                self.operator(number).submit(self.sample(920 + number).into_source(), None).await?;
            self.take_accepted(&answer)?;
        }
        self.screen.ok("3 records committed by the others", Value::Null);
        self.consortium.start(last)?;
        self.consortium.wait_until_up(last).await?;
        let start = Instant::now();
        self.wait_for_replica(last, Duration::from_secs(120)).await?;
        let text = format!("node {last} is back and has caught up after {:.1?}", start.elapsed());
        self.screen.ok(&text, json!({"milliseconds": start.elapsed().as_millis() as u64}));
        Ok(())
    }

    /// Verifies a receipt against the founding document alone.
    pub(crate) async fn verify_receipt(&mut self) -> anyhow::Result<()> {
        self.screen.step("Verifying receipts offline");
        let genesis = &self.consortium.genesis;
        let mut checked = 0;
        for record in self.active.iter().filter(|record| !record.receipt.is_empty()) {
            let receipt = Receipt::from_bytes(&record.receipt)?;
            let proven = receipt.verify(genesis.chain(), &genesis.validators())?;
            ensure!(proven.entry.index() == record.index, "a receipt is for another record");
            checked += 1;
        }
        let len = self.active.first().map_or(0, |record| record.receipt.len());
        let text = format!("{checked} receipts of about {len} bytes verify with the genesis alone");
        self.screen.ok(&text, json!({ "receipts": checked }));
        ensure!(checked == self.active.len(), "a record has no receipt");
        Ok(())
    }

    /// Proves offline what the ledger holds now, and what it does not.
    pub(crate) async fn prove_state(&mut self) -> anyhow::Result<()> {
        self.screen.step("Proving what stands now");
        let (chain, validators) = {
            let genesis = &self.consortium.genesis;
            (genesis.chain(), genesis.validators())
        };
        let last = self.operator(self.consortium.members.len() - 1);
        let active = self.active.iter().map(|record| (record.index, Status::Active));
        let deleted = self.deleted.iter().map(|index| (*index, Status::Deleted));
        let mut largest = 0;
        for (index, status) in active.chain(deleted) {
            let proof = last.record_proof(index).await?;
            proof.verify(chain, &validators)?;
            let state = proof.record(index)?.context("a record is not on the ledger")?;
            ensure!(state.status == status, "record {index} does not stand as it should");
            let owner = last.original_proof(state.original).await?;
            owner.verify(chain, &validators)?;
            ensure!(owner.original(state.original)? == Some(index), "an original is another's");
            largest = proof.to_bytes().len().max(largest);
        }
        let never = Digest([0x5a; 32]);
        let absent = last.original_proof(never).await?;
        absent.verify(chain, &validators)?;
        ensure!(absent.original(never)?.is_none(), "an original is there that nobody pushed");
        let count = self.active.len() + self.deleted.len();
        let text = format!(
            "how {count} records stand now, and that one original is on no block: proofs of at most \
             {largest} bytes"
        );
        self.screen.ok(&text, json!({"records": count, "bytes": largest}));
        Ok(())
    }

    /// Stops all nodes and compares their desensitized stores byte by byte.
    pub(crate) async fn compare_stores(&mut self) -> anyhow::Result<()> {
        self.screen.step("Comparing the nodes' stores");
        self.wait_for_replicas_quietly().await?;
        self.blocks = self.operator(0).status().await?["height"].as_u64().unwrap_or_default();
        let memory = self.consortium.members.iter().filter_map(|member| member.memory()).max();
        self.memory = memory.unwrap_or_default();
        self.stop().await?;
        let data = |number: usize| self.consortium.members[number].home.join("data");
        let first = desensitized_blobs(&data(0)).await?;
        let mut same = stores::compare(&first, &first).await?;
        for number in 1..self.consortium.members.len() {
            same = stores::compare(&first, &desensitized_blobs(&data(number)).await?).await?;
        }
        let text =
            format!("desensitized stores are equal: {} blobs, {} bytes each", same.0, same.1);
        self.screen.ok(&text, json!({"blobs": same.0, "bytes": same.1}));
        Ok(())
    }

    /// The table at the end.
    pub(crate) fn summary(&mut self, elapsed: Duration) {
        self.latencies.sort();
        let middle = self.latencies.get(self.latencies.len() / 2).copied().unwrap_or_default();
        let bytes: u64 = self.active.iter().map(|record| record.bytes).sum();
        let memory = self.memory >> 20;
        let rows = [
            ("nodes", self.consortium.members.len().to_string()),
            ("records on the ledger", self.active.len().to_string()),
            ("entries", self.operations.to_string()),
            ("blocks", self.blocks.to_string()),
            ("refused, as it should be", self.refusals.to_string()),
            ("bytes of active originals", bytes.to_string()),
            ("push to receipt, median", format!("{:.0} ms", middle.as_secs_f64() * 1e3)),
            ("memory of the largest node", format!("{memory} MiB")),
            ("time", format!("{:.1} s", elapsed.as_secs_f64())),
        ];
        let details = json!({
            "nodes": self.consortium.members.len(),
            "records": self.active.len(),
            "entries": self.operations,
            "blocks": self.blocks,
            "refusals": self.refusals,
            "bytes": bytes,
            "median_ms": middle.as_secs_f64() * 1e3,
            "memory_mib": memory,
            "seconds": elapsed.as_secs_f64(),
        });
        self.screen.table("Everything held", &rows, details);
    }

    /// Starts all nodes again and tells where to go on looking.
    pub(crate) async fn stay_up(&mut self) -> anyhow::Result<()> {
        for number in 0..self.consortium.members.len() {
            self.consortium.start(number)?;
        }
        for number in 0..self.consortium.members.len() {
            self.consortium.wait_until_up(number).await?;
        }
        self.screen.step("The nodes stay up until Ctrl-C");
        for member in &self.consortium.members {
            let home = member.home.display();
            self.screen
                .note(&format!("{}  (emrshare status --home {home})", member.operator.base()));
        }
        Ok(())
    }

    /// What the nodes logged last, when something did not hold.
    pub(crate) fn show_logs(&self) {
        for member in &self.consortium.members {
            let log = member.log_tail();
            if !log.is_empty() {
                self.screen.note(&format!("last lines of {}:\n{log}", member.name));
            }
        }
    }

    /// Stops all nodes.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        for number in 0..self.consortium.members.len() {
            self.consortium.stop(number).await?;
        }
        Ok(())
    }

    fn operator(&self, number: usize) -> Client {
        self.consortium.members[number].operator.clone()
    }

    fn sample(&self, number: usize) -> SampleRecord {
        let mut series = Generator::new(self.seed + number as u64, Tongue::Mixed);
        series.next().expect("the series is endless")
    }

    /// The records of each node with their names.
    fn piles(&self) -> anyhow::Result<Vec<Pile>> {
        let nodes = self.consortium.members.len();
        let mut piles: Vec<Vec<_>> = (0..nodes).map(|_| Vec::new()).collect();
        match &self.records {
            Some(paths) => {
                for (number, path) in paths.iter().enumerate() {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    piles[number % nodes].push((name, files::read(path)?));
                }
            }
            None => {
                let samples = Generator::new(self.seed, Tongue::Mixed).take(nodes * self.count);
                for (number, sample) in samples.enumerate() {
                    piles[number % nodes].push((format!("sample {number}"), sample.into_source()));
                }
            }
        }
        Ok(piles)
    }

    fn take_answer(
        &mut self,
        number: usize,
        name: &str,
        answer: Result<Value, ClientError>,
        latency: Duration,
    ) -> anyhow::Result<()> {
        match answer {
            Ok(answer) => {
                self.take_accepted(&answer)?;
                self.latencies.push(latency);
                Ok(())
            }
            // Generated records are all complete; a user's own may not be.
            Err(ClientError::Refused(report)) if self.records.is_some() => {
                self.refusals += 1;
                let text = format!("{name} at node {number}: {}", first_fault(&report));
                self.screen.refused(&text, report);
                Ok(())
            }
            Err(ClientError::Refused(report)) => bail!("{name}: {}", first_fault(&report)),
            Err(error) => Err(error).with_context(|| format!("{name} at node {number}")),
        }
    }

    fn take_accepted(&mut self, answer: &Value) -> anyhow::Result<RecordIndex> {
        let text = |key: &str| answer[key].as_str().unwrap_or_default();
        let index: RecordIndex = text("index").parse()?;
        let receipt = hex::decode(text("receipt"))?;
        let bytes = answer["report"]["original_len"].as_u64().unwrap_or_default();
        self.active.push(Pushed { index, receipt, bytes });
        self.operations += 1;
        Ok(index)
    }

    fn expect_refusal(
        &mut self,
        what: &str,
        answer: Result<Value, ClientError>,
        stage: &str,
    ) -> anyhow::Result<()> {
        match answer {
            Err(ClientError::Refused(report)) if report["refusal"]["stage"] == json!(stage) => {
                self.refusals += 1;
                let text = format!("{what}: {}", first_fault(&report));
                self.screen.refused(&text, report["refusal"].clone());
                Ok(())
            }
            Err(error) => bail!("{what} was answered with: {error}"),
            Ok(_) => bail!("{what} was accepted"),
        }
    }

    fn expect_not_allowed(&mut self, who: &str, error: Option<ClientError>) -> anyhow::Result<()> {
        match error {
            Some(ClientError::NotAllowed(message)) => {
                self.refusals += 1;
                self.screen.refused(&format!("{who}: {message}"), Value::Null);
                Ok(())
            }
            Some(error) => bail!("{who} was answered with: {error}"),
            None => bail!("{who} read the original"),
        }
    }

    async fn wait_for_replicas_quietly(&self) -> anyhow::Result<()> {
        for number in 0..self.consortium.members.len() {
            self.wait_for_replica(number, Duration::from_secs(120)).await?;
        }
        Ok(())
    }

    /// Waits until a node has the file of every active record and finds exactly those.
    async fn wait_for_replica(&self, number: usize, patience: Duration) -> anyhow::Result<()> {
        let member = &self.consortium.members[number];
        let bar = self.screen.bar(&member.name, self.active.len());
        let until = Instant::now() + patience;
        let mut missing: Vec<_> = self.active.iter().map(|record| record.index).collect();
        while Instant::now() < until {
            let mut still = Vec::new();
            for index in missing {
                match member.operator.show(index).await {
                    Ok(shown) if shown["stored"] == json!(true) => bar.inc(1),
                    Ok(_) | Err(ClientError::NotFound(_)) => still.push(index),
                    Err(error) => return Err(error.into()),
                }
            }
            missing = still;
            let found = member.operator.search("", 1).await?;
            if missing.is_empty() && found["total"] == json!(self.active.len()) {
                bar.finish_and_clear();
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("node {number} misses {} of {} files", missing.len(), self.active.len())
    }

    /// Waits until a node knows a person whom another one registered.
    async fn wait_until_known(&self, number: usize, key: PublicKey) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if self.operator(number).person(key).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("node {number} does not know a registered person")
    }

    async fn wait_until_gone(&self, number: usize, index: RecordIndex) -> anyhow::Result<()> {
        let operator = self.operator(number);
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            let shown = operator.show(index).await?;
            if shown["status"] == json!("deleted") && shown["stored"] == json!(false) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("node {number} still has the deleted record")
    }

    async fn ledger_entries(&self) -> anyhow::Result<u64> {
        let blocks = self.operator(0).blocks(100).await?;
        let blocks = blocks.as_array().context("blocks are a list")?;
        Ok(blocks.iter().filter_map(|block| block["entries"].as_u64()).sum())
    }
}

/// The trail of a record, once the patient's node has so many requests on it.
async fn wait_for_requests(
    patient: &Client,
    index: RecordIndex,
    expected: usize,
) -> anyhow::Result<Value> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let trail = patient.trail(index).await?;
        let events = trail.as_array().into_iter().flatten();
        let happenings = events.filter_map(|event| event["happening"].as_str());
        let requests = happenings.filter(|text| text.starts_with("asked")).count();
        if requests == expected {
            return Ok(trail);
        }
        ensure!(Instant::now() < until, "the patient sees {requests} requests of {expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn first_fault(report: &Value) -> String {
    let refusal = &report["refusal"];
    let faults = refusal["faults"].as_array();
    let message = faults.and_then(|faults| faults.first()?["message"].as_str());
    match message.or_else(|| report["message"].as_str()) {
        Some(message) => message.to_owned(),
        None => report.to_string(),
    }
}

/// The sample with its Bundle changed.
fn edit(sample: &SampleRecord, change: impl FnOnce(&mut Value)) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = sample.clone().into_source();
    let mut bundle = serde_json::from_slice(&files[0].bytes)?;
    change(&mut bundle);
    files[0].bytes = serde_json::to_vec(&bundle)?;
    Ok(files)
}

fn resource_of<'a>(bundle: &'a mut Value, kind: &str) -> Option<&'a mut Value> {
    let entries = bundle["entry"].as_array_mut()?;
    let resources = entries.iter_mut().map(|entry| &mut entry["resource"]);
    resources.into_iter().find(|resource| resource["resourceType"] == json!(kind))
}

fn sections_of(bundle: &mut Value) -> Option<&mut Vec<Value>> {
    resource_of(bundle, "Composition")?["section"].as_array_mut()
}

fn retain_resources(bundle: &mut Value, keep: impl Fn(&str) -> bool) {
    if let Some(entries) = bundle["entry"].as_array_mut() {
        entries
            .retain(|entry| keep(entry["resource"]["resourceType"].as_str().unwrap_or_default()));
    }
}
