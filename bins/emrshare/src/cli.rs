//! Flags and commands.

mod agreement;
mod consultation;
mod originals;
mod people;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use emrshare_codec::{Digest, NodeId};
use emrshare_contracts::{Parts, Purpose, Role};
use emrshare_identity::PublicKey;

pub(crate) use agreement::{AgreementCommand, Which, WhichRecord};
pub(crate) use consultation::{ConsultationCommand, Question};
pub(crate) use originals::{OriginalsCommand, Reader};
pub(crate) use people::{
    AllianceCommand, AuditArguments, BreakGlassArguments, GrantArguments, IdentityText,
    PersonCommand, ProtocolCommand, RelationshipCommand, RevokeArguments, WalletCommand,
    WalletFile,
};

/// Electronic medical records, shared without a centre.
///
/// Exit codes: 0 ok, 1 trouble, 2 usage, 3 refused with a report, 4 not found, 5 not allowed,
/// 6 node unreachable.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the main job: a consortium of real nodes on this machine, end to end.
    Demo(DemoArguments),
    /// Make the folder of a node, or of several that found a consortium.
    Init(InitArguments),
    /// Run a node from its folder (as `emrshare-node` does).
    Node {
        /// The node's `node.toml`.
        #[arg(long)]
        config: PathBuf,
        /// The folder's data are from a backup: follow the other nodes before voting. For the first
        /// start with them; see docs/operations.md.
        #[arg(long)]
        restored: bool,
    },
    /// Certificates of the consortium.
    #[command(subcommand)]
    Ca(CaCommand),
    /// Join a consortium that exists.
    #[command(subcommand)]
    Join(JoinCommand),
    /// Give a node another consensus key while it runs: `prepare`, a certificate, `apply`.
    #[command(subcommand)]
    Rekey(RekeyCommand),
    /// Keys of persons.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Push records: each file, or each folder as one record of several files.
    Submit {
        #[command(flatten)]
        at: At,
        /// New version of this record instead of a new record.
        #[arg(long)]
        update: Option<String>,
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Judge records without pushing them; needs no node.
    Check(CheckArguments),
    /// The database that texts are compared with.
    #[command(subcommand)]
    Standards(StandardsCommand),
    /// Desensitize files without pushing them; needs no node.
    ///
    /// FHIR in JSON, HL7 v2, CDA, DICOM and text are told by their content; each copy has the form
    /// of its original. With --spans, texts come and places in them go as lines of JSON.
    Desensitize(DesensitizeArguments),
    /// Say how alike records are, and what it takes to make them so (k-anonymity); needs no node.
    ///
    /// Looks at year of birth, gender, place, principal disease and date together.
    Risk(RiskArguments),
    /// Download a record's desensitized file, or its original.
    Get {
        #[command(flatten)]
        at: At,
        /// The record.
        index: String,
        /// The original, from its origin: for the patient or an authorised doctor. The request is
        /// on the ledger, whatever the answer.
        #[arg(long)]
        original: bool,
        /// What the original is asked for: personal, treatment, consultation, research, emergency or
        /// inspection. A patient needs to say nothing.
        #[arg(long = "for", default_value = "treatment", value_parser = people::purpose)]
        purpose: Purpose,
        /// Only these parts of the original: texts or images.
        #[arg(long = "only", requires = "original", default_value = "everything",
            value_parser = people::parts)]
        parts: Parts,
        /// Keep the original in its age envelope, in this file, instead of opening it.
        #[arg(long, requires = "original")]
        sealed: Option<PathBuf>,
        /// Where the parts go.
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// Originals as files: a backup, an envelope.
    #[command(subcommand)]
    Originals(OriginalsCommand),
    /// Find desensitized records of all nodes.
    Search {
        #[command(flatten)]
        at: At,
        /// Words that all must be found.
        query: String,
        /// Most records to show.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// State and history of a record on the ledger.
    Show {
        #[command(flatten)]
        at: At,
        /// The record.
        index: String,
    },
    /// End a record: its files go away everywhere.
    Delete {
        #[command(flatten)]
        at: At,
        /// The record.
        index: String,
    },
    /// Where the node stands.
    Status {
        #[command(flatten)]
        at: At,
    },
    /// Read all that a node has stored and check it: what has rotted on the disk is found. Damaged
    /// copies are made or fetched again by the node. Damaged originals are stored anew when the same
    /// records are pushed again, which are answered as duplicates.
    Scrub {
        #[command(flatten)]
        at: At,
    },
    /// Save a record's receipt, to be verified offline.
    Receipt {
        #[command(flatten)]
        at: At,
        /// The record.
        index: String,
        /// Where to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Verify a receipt, and the manifest that it is for, with no network and no node.
    Verify {
        /// The receipt.
        receipt: PathBuf,
        /// `manifest.json` of the original or desensitized file.
        manifest: Option<PathBuf>,
        #[command(flatten)]
        trust: Trust,
    },
    /// What the ledger holds now, provable offline: that no block holds an original, which version of
    /// a record is the last one.
    #[command(subcommand)]
    Prove(ProveCommand),
    /// Get all changes of the validators since genesis, to verify later receipts with.
    Successions {
        #[command(flatten)]
        at: At,
        /// Where they go.
        #[arg(long, default_value = "successions")]
        out: PathBuf,
    },
    /// Follow the chain as a light client: check that the newest header is final and continues what
    /// was trusted before.
    Follow {
        #[command(flatten)]
        at: At,
        /// Where the trusted header is kept.
        #[arg(long, default_value = "trusted.header")]
        trusted: PathBuf,
        /// Where a proof goes if the node shows another final header than before.
        #[arg(long, default_value = "split-view.proof")]
        proof: PathBuf,
    },
    /// Two final headers at one height: find them in receipts, verify a proof.
    #[command(subcommand)]
    SplitView(SplitViewCommand),
    /// Make a person known to the consortium.
    Register {
        #[command(flatten)]
        at: At,
        /// The person's public key.
        #[arg(id = "public_key")]
        key: PublicKey,
        /// What the person is: patient, doctor, researcher or operator; for regulators and inspectors
        /// see `alliance appoint`.
        #[arg(long, value_parser = people::role)]
        role: Role,
        #[command(flatten)]
        identity: IdentityText,
    },
    /// Say which patient a record of this node is about.
    Link {
        #[command(flatten)]
        at: At,
        /// The record.
        index: String,
        /// The patient's public key.
        patient: PublicKey,
    },
    /// Seal the keys of a node's folder under a passphrase, and remove them in the clear.
    ///
    /// The node must be stopped; from then on it reads the passphrase from that file when it starts: best
    /// one that exists only while the machine runs, such as a credential of systemd.
    SealKeys {
        /// The node's folder.
        #[arg(long)]
        home: PathBuf,
        /// A file whose first line is the passphrase.
        #[arg(long)]
        passphrase_file: PathBuf,
    },
    /// People: who holds a key, keys that are replaced, recovered or ended.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Patients and doctors: visits, and records that doctors add.
    #[command(subcommand)]
    Relationship(RelationshipCommand),
    /// As a patient: let someone read originals.
    Grant(GrantArguments),
    /// As a patient: end a grant.
    Revoke(RevokeArguments),
    /// As a doctor: open a record in an emergency, for four hours, for all to see.
    BreakGlass(BreakGlassArguments),
    /// The trail: who asked for what, and what was decided.
    Audit(AuditArguments),
    /// Agreements: institutions open records to each other, with their patients' consent.
    #[command(subcommand)]
    Agreement(AgreementCommand),
    /// Questions to doctors.
    #[command(subcommand)]
    Consultation(ConsultationCommand),
    /// The members: votes, and what each gave and took.
    #[command(subcommand)]
    Alliance(AllianceCommand),
    /// The documents that records are judged and desensitized by: they change by vote.
    #[command(subcommand)]
    Protocol(ProtocolCommand),
    /// A person's keys, all from one list of recovery words.
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Generate synthetic records with images.
    Sample {
        /// How many.
        #[arg(long, default_value_t = 10)]
        count: usize,
        /// Their language.
        #[arg(long, default_value = "mixed")]
        lang: Lang,
        /// The same seed gives the same records.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where to: a folder for each record.
        #[arg(long)]
        out: PathBuf,
    },
    /// The 96 bytes of the ledger.
    #[command(subcommand)]
    Codec(CodecCommand),
    /// Measure a running node under load.
    Bench {
        #[command(flatten)]
        at: At,
        /// Records to push.
        #[arg(long, default_value_t = 2000)]
        records: usize,
        /// Records under way at a time.
        #[arg(long, default_value_t = 64)]
        in_flight: usize,
        /// Seed of the records: each run needs another one, or all are duplicates.
        #[arg(long)]
        seed: u64,
    },
}

/// Which node, and as whom.
#[derive(Args, Clone)]
pub(crate) struct At {
    /// The node's folder: address, authority and the operator's key are taken from it.
    #[arg(long, default_value = ".")]
    pub(crate) home: PathBuf,
    /// Another address than the folder's, such as `https://10.0.0.5:8443`.
    #[arg(long)]
    pub(crate) node: Option<String>,
    /// Sign in with this key file instead of the operator's.
    #[arg(long)]
    pub(crate) key: Option<PathBuf>,
    /// Sign in with the registered key of this wallet.
    #[arg(long, conflicts_with = "key")]
    pub(crate) wallet: Option<PathBuf>,
    /// With --wallet: sign in with the key of this visit instead.
    #[arg(long, requires = "wallet")]
    pub(crate) visit: Option<u32>,
    /// With --wallet, or a key under a passphrase: a file whose first line is that; asked for at the
    /// terminal without it.
    #[arg(long)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl At {
    /// The wallet that --wallet names.
    pub(crate) fn wallet_file(&self) -> anyhow::Result<WalletFile> {
        let wallet = self.wallet.clone().context("name the wallet with --wallet")?;
        Ok(WalletFile { wallet, passphrase_file: self.passphrase_file.clone() })
    }
}

#[derive(Args)]
pub(crate) struct DemoArguments {
    /// How many nodes (1, or from 4 on so that one may stop).
    #[arg(long, default_value_t = 4)]
    pub(crate) nodes: usize,
    /// Records to push at each node.
    #[arg(long, default_value_t = 6)]
    pub(crate) count: usize,
    /// A folder of your own records instead of generated ones.
    #[arg(long)]
    pub(crate) records: Option<PathBuf>,
    /// Stay up at the end and print the nodes' addresses.
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DesensitizeArguments {
    /// Where the copies go, under the names of their originals.
    #[arg(long, required_unless_present_any = ["spans", "explain", "reveal"])]
    pub(crate) out: Option<PathBuf>,
    /// A shipped policy (hipaa-safe-harbor, cn-gbt-37964, research-linkable, strict) or a file of
    /// one, in TOML or JSON.
    #[arg(long)]
    pub(crate) policy: Option<String>,
    /// The consortium's key: surrogates and shifted dates are the same as those of its nodes. Else
    /// they are stable within one run only.
    #[arg(long)]
    pub(crate) key: Option<PathBuf>,
    /// The key that encrypted values can be revealed with: keys/reveal.key of a node.
    #[arg(long)]
    pub(crate) reveal_key: Option<PathBuf>,
    /// A file for the report: a line of JSON for each file, with the place of every value, without
    /// values.
    #[arg(long)]
    pub(crate) report: Option<PathBuf>,
    /// Say of every value where it stands, what it tells, how sure that is and what is done to it.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Take each folder as one record, and write record files.
    #[arg(long)]
    pub(crate) record: bool,
    /// Read lines {"id","text"} from standard input and write lines {"id","spans"}, with offsets in
    /// Unicode scalar values.
    #[arg(long, conflicts_with_all = ["out", "policy", "report", "record", "explain", "paths"])]
    pub(crate) spans: bool,
    /// Read encrypted values of a class from standard input, a line each, and write what they were.
    #[arg(long, value_name = "CLASS", requires = "reveal_key",
        conflicts_with_all = ["out", "policy", "report", "record", "explain", "spans", "paths"])]
    pub(crate) reveal: Option<String>,
    /// Find what a token classifier finds, too: a folder with `model.onnx`, `tokenizer.json` and
    /// `config.json`, as Hugging Face's tools export them. Nodes use none.
    #[arg(long, value_name = "DIR", conflicts_with = "reveal")]
    pub(crate) recognizer: Option<PathBuf>,
    /// Files and folders.
    #[arg(required_unless_present_any = ["spans", "reveal"])]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct RiskArguments {
    /// How many records every record shall be like, itself counted.
    #[arg(long, default_value_t = 5)]
    pub(crate) k: usize,
    /// The share of records that may be left out, from 0 to 1.
    #[arg(long, default_value_t = 0.05)]
    pub(crate) left_out: f64,
    /// A file for the table with every record's coarser values, in JSON lines.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Folders of records.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct InitArguments {
    /// The folder to make.
    pub(crate) folder: PathBuf,
    /// The consortium's name.
    #[arg(long, default_value = "emrshare")]
    pub(crate) name: String,
    /// How many nodes found the consortium.
    #[arg(long, default_value_t = 1)]
    pub(crate) nodes: u16,
    /// IP address of the nodes.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) ip: std::net::IpAddr,
    /// First port: node N gets the API at port + 2 N and consensus at the one after.
    #[arg(long, default_value_t = 8440)]
    pub(crate) port: u16,
    /// What share of the members must be exceeded by those who say yes: MOTION=SHARE, where the motion is
    /// admit, appoint, quota, suspend or terms. Two thirds, if not given.
    #[arg(long = "threshold", value_name = "MOTION=SHARE")]
    pub(crate) thresholds: Vec<String>,
    /// What keeps the nodes' tables: redb or sled.
    #[arg(long, default_value = "redb")]
    pub(crate) store: emrshare_node::StoreEngine,
    /// Put all keys under the passphrase in the first line of this file: the nodes', which read it when
    /// they start, the operators' and the authority's.
    #[arg(long)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Whom to trust where no node is asked.
#[derive(Args)]
pub(crate) struct Trust {
    /// The consortium's founding document: whom to trust.
    #[arg(long, default_value = "genesis.json")]
    pub(crate) genesis: PathBuf,
    /// Changes of the validators since then, as `successions` gets them.
    #[arg(long)]
    pub(crate) successions: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum ProveCommand {
    /// Get a proof about an original: which record has or had it, or that no block holds it.
    Original {
        #[command(flatten)]
        at: At,
        /// The original's digest in hexadecimal: the SHA-256 of its manifest.
        digest: Digest,
        /// Where the proof goes.
        #[arg(long, default_value = "state.proof")]
        out: PathBuf,
    },
    /// Get a proof about a record: its last version, and whether it is deleted.
    Record {
        #[command(flatten)]
        at: At,
        /// The record.
        index: String,
        /// Where the proof goes.
        #[arg(long, default_value = "state.proof")]
        out: PathBuf,
    },
    /// Verify a proof, with no network and no node, and say what it proves.
    Verify {
        /// The proof.
        proof: PathBuf,
        #[command(flatten)]
        trust: Trust,
    },
}

#[derive(Subcommand)]
pub(crate) enum SplitViewCommand {
    /// Compare two receipts, such as those that two nodes gave out for the same height.
    Find {
        /// One receipt.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
        #[command(flatten)]
        trust: Trust,
        /// Where the proof goes if they contradict each other.
        #[arg(long, default_value = "split-view.proof")]
        out: PathBuf,
    },
    /// Verify a proof, with no network and no node.
    Verify {
        /// The proof.
        proof: PathBuf,
        #[command(flatten)]
        trust: Trust,
    },
}

#[derive(Subcommand)]
pub(crate) enum JoinCommand {
    /// Make a node's folder, and say what the consortium's authority is to certify.
    ///
    /// If others reach the node elsewhere than where it listens, set `api_public` and
    /// `consensus_public` in its `node.toml` before `apply`.
    Prepare(PrepareArguments),
    /// Put the authority's certificate into the folder, and sign the application there.
    ///
    /// It is in `application.json`, which a member passes on with `alliance admit`.
    Apply {
        /// The prepared folder.
        folder: PathBuf,
        /// The certificate, as `ca issue` printed it.
        #[arg(long)]
        certificate: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum RekeyCommand {
    /// Make a new key in the node's folder, and say what the consortium's authority is to certify.
    ///
    /// A key that was made so before, and is in use, takes the old one's place: wait with another one
    /// until `alliance members` shows the node as a validator.
    Prepare {
        /// The node's folder.
        #[arg(long)]
        home: PathBuf,
    },
    /// Put the new key on the ledger and its certificate into the folder. From then on the node signs
    /// with it, and votes with it from the next epoch on.
    Apply {
        /// The certificate, as `ca issue` printed it.
        certificate: PathBuf,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Args)]
pub(crate) struct PrepareArguments {
    /// The folder to make.
    pub(crate) folder: PathBuf,
    /// The consortium's founding document.
    #[arg(long)]
    pub(crate) genesis: PathBuf,
    /// The key that the members share.
    #[arg(long)]
    pub(crate) consortium_key: PathBuf,
    /// The node's id: one that no member has or had.
    #[arg(long)]
    pub(crate) node: u32,
    /// The institution's name.
    #[arg(long)]
    pub(crate) institution: String,
    /// Address and port of the HTTPS API.
    #[arg(long)]
    pub(crate) api: std::net::SocketAddr,
    /// Address and port of the consensus engine.
    #[arg(long)]
    pub(crate) consensus: std::net::SocketAddr,
    /// Host names that the API is reached at beside its address.
    #[arg(long)]
    pub(crate) host: Vec<String>,
    /// What keeps the node's tables: redb or sled.
    #[arg(long, default_value = "redb")]
    pub(crate) store: emrshare_node::StoreEngine,
}

#[derive(Subcommand)]
pub(crate) enum CaCommand {
    /// Make an authority.
    Init {
        /// Where to.
        folder: PathBuf,
        /// Its name.
        #[arg(long)]
        name: String,
    },
    /// Issue a node's certificate.
    Issue {
        #[command(flatten)]
        authority: AuthorityFolder,
        /// The node's id.
        #[arg(long)]
        node: u32,
        /// The institution's name.
        #[arg(long)]
        institution: String,
        /// The node's public consensus key.
        #[arg(long)]
        consensus_key: String,
        /// The node's public TLS key.
        #[arg(long)]
        tls_key: String,
        /// Host names and IP addresses.
        #[arg(long, required = true)]
        host: Vec<String>,
        /// Days until it expires.
        #[arg(long, default_value_t = 730)]
        days: u32,
    },
    /// Issue a node's certificate again, for the same keys and hosts; the old one may have expired.
    ///
    /// A node takes the new one while it runs: put it in the place of its node.pem.
    Renew {
        #[command(flatten)]
        authority: AuthorityFolder,
        /// The old certificate in PEM.
        certificate: PathBuf,
        /// Days until the new one expires.
        #[arg(long, default_value_t = 730)]
        days: u32,
    },
    /// As an operator: propose that a member's certificate counts no more. There are no revocation lists:
    /// the members vote, as on `alliance suspend`, and the ledger tells every node at once.
    Revoke {
        /// Whose.
        #[arg(value_parser = people::node)]
        member: NodeId,
        #[command(flatten)]
        at: At,
    },
    /// List what an authority has issued, the soonest to expire first.
    List {
        /// The authority's folder.
        #[arg(long)]
        authority: PathBuf,
    },
    /// Check a node's certificate against an authority.
    Show {
        /// The certificate in PEM.
        certificate: PathBuf,
        /// The authority's certificate in PEM.
        #[arg(long)]
        authority: PathBuf,
    },
}

/// An authority's folder, and where the passphrase of its key comes from.
#[derive(Args)]
pub(crate) struct AuthorityFolder {
    /// The authority's folder.
    #[arg(long = "authority")]
    pub(crate) folder: PathBuf,
    /// With a key under a passphrase: a file whose first line is that; asked for at the terminal without
    /// it.
    #[arg(long)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct CheckArguments {
    /// Files and folders: each file, or each folder as one record of several files.
    #[arg(required_unless_present = "jsonl")]
    pub(crate) paths: Vec<PathBuf>,
    /// Judge the sections of lines of JSON, {"id", "lang", "sections": {"basic", "diagnosis",
    /// "hospitalisation"}}, from files or standard input; a line of JSON answers each.
    #[arg(long)]
    pub(crate) jsonl: bool,
    /// Look at pictures instead, DICOM, PNG or JPEG: a line of JSON a file says what is where on it,
    /// in pixels.
    #[arg(long, conflicts_with = "jsonl")]
    pub(crate) images: bool,
    /// With --images and one file: draw what was found into this PNG file.
    #[arg(long, requires = "images")]
    pub(crate) draw: Option<PathBuf>,
    /// With --images: find panels with this ONNX model in YOLO's form instead of the embedded one.
    #[arg(long, requires = "panel_labels")]
    pub(crate) panels: Option<PathBuf>,
    /// The names of that model's classes, in its order.
    #[arg(long, value_delimiter = ',', requires = "panels")]
    pub(crate) panel_labels: Vec<String>,
    /// The side of that model's square input, in pixels.
    #[arg(long, default_value_t = 320, requires = "panels")]
    pub(crate) panel_size: usize,
    /// Compare with this database instead of the embedded one.
    #[arg(long)]
    pub(crate) standards: Option<PathBuf>,
    /// The folder of the sentence encoder that this database was made with, if it was: `model.onnx`
    /// and `tokenizer.json`.
    #[arg(long, value_name = "DIR", requires = "standards")]
    pub(crate) encoder: Option<PathBuf>,
    /// Read JSON that is no FHIR by this mapping, in TOML or JSON.
    #[arg(long)]
    pub(crate) mapping: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum StandardsCommand {
    /// Make a database of complete records: lines of JSON as `check --jsonl` takes them.
    Build {
        /// Files of lines.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Files of lines {"lang","text"}: whole texts that are no sections, to learn how phrases
        /// and words end.
        #[arg(long, value_name = "FILE")]
        prose: Vec<PathBuf>,
        /// Lists of words, one a line: a text that ends inside one was cut. They can be read in the
        /// database, unlike the texts that it is made of.
        #[arg(long, value_name = "FILE")]
        words: Vec<PathBuf>,
        /// Make vectors with a sentence encoder instead: a folder with `model.onnx` and
        /// `tokenizer.json`. Judging by the database then needs the same folder.
        #[arg(long, value_name = "DIR")]
        encoder: Option<PathBuf>,
        /// Where the database goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Print the sections of records as lines of JSON, to build or calibrate a database with.
    Lines {
        /// Files and folders: each file, or each folder as one record of several files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Show a database: languages, sections, texts, bounds.
    Show {
        /// The database; the embedded one if none is named.
        standards: Option<PathBuf>,
        /// The folder of the sentence encoder that the database was made with, if it was.
        #[arg(long, requires = "standards", value_name = "DIR")]
        encoder: Option<PathBuf>,
    },
    /// Write the embedded database to a file, to calibrate it with own records.
    Export {
        /// Where to.
        out: PathBuf,
    },
    /// Ask for another section beside the three, learnt from records that have it.
    ///
    /// A section is told by its name, by words of its title or by a code. In lines of JSON its key is
    /// its name or title. From then on a record must have it, in each language of which at least ten
    /// of these records do.
    Add {
        /// The database.
        standards: PathBuf,
        /// Files of lines.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// What it is called: small Latin letters, digits, hyphens.
        #[arg(long, value_name = "NAME")]
        section: String,
        /// Words of which its title has one.
        #[arg(long = "title", value_name = "WORDS")]
        titles: Vec<String>,
        /// A code that it may have, such as LOINC's 48765-2.
        #[arg(long = "code", value_name = "CODE")]
        codes: Vec<String>,
        /// The folder of the sentence encoder that the database was made with, if it was.
        #[arg(long, value_name = "DIR")]
        encoder: Option<PathBuf>,
        /// Where the database goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Set the bounds anew by complete records that are not in the database.
    Calibrate {
        /// The database.
        standards: PathBuf,
        /// Files of lines.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// How many in a thousand of these records may be refused.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
        refuse: u16,
        /// The folder of the sentence encoder that the database was made with, if it was.
        #[arg(long, value_name = "DIR")]
        encoder: Option<PathBuf>,
        /// Where the database goes.
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key.
    New {
        /// Where to: readable by its owner only, never overwritten.
        file: PathBuf,
    },
    /// Put a key file under a passphrase, in its place: a person's, an operator's, an authority's.
    ///
    /// It is in the age format then; whoever uses the key is asked for the passphrase.
    Seal {
        /// The key's file.
        file: PathBuf,
        /// A file whose first line is the passphrase; asked for at the terminal without it.
        #[arg(long)]
        passphrase_file: Option<PathBuf>,
    },
    /// Print the public half of a key.
    Show {
        /// The key's file.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum CodecCommand {
    /// Print an entry's 96 bytes in hexadecimal.
    Encode {
        /// The marker, 0 to 16383.
        #[arg(long)]
        marker: u16,
        /// What is done.
        #[arg(long)]
        kind: KindName,
        /// The acting node, 0 to 1048575.
        #[arg(long)]
        acting: u32,
        /// The origin node, 0 to 1048575.
        #[arg(long)]
        origin: u32,
        /// The serial, 0 to 2^200 - 1.
        #[arg(long)]
        serial: String,
        /// SHA-256 of the original.
        #[arg(long)]
        original: String,
        /// SHA-256 of the desensitized file.
        #[arg(long)]
        desensitized: String,
    },
    /// Print an entry's fields.
    Decode {
        /// The 96 bytes in hexadecimal.
        hex: String,
    },
    /// Print the text form of an index, or the fields of a text form.
    Index {
        /// `ORIGIN/SERIAL` or a text form.
        index: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KindName {
    Add,
    Update,
    Delete,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Lang {
    Zh,
    En,
    Mixed,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn no_command_names_a_flag_twice() {
        Arguments::command().debug_assert();
    }
}
