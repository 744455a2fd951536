//! The contracts as a state machine: random calls, honest and hostile, by everyone.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod chain;

use std::collections::{HashMap, HashSet};

use chain::{Chain, identity, key};
use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_contracts::{
    AgreedRights, AgreementCall, AllianceCall, AuditCall, Call, Decision, EMERGENCY_MS, Grant,
    Grantee, ItemError, Motion, Outcome, Parts, Party, PermissionCall, Purpose, Purposes, Reason,
    RegistryCall, RelationshipCall, Rights, Role, Scope, Span, Subject, Voice, events, is_agreed,
    is_suspended, key_of, owner, party, person, proposals,
};
use proptest::{prelude::*, sample::select};

/// Keys of nodes (10 to 13), of people, of patients who are registered nowhere (80, 81), of a
/// stranger (99), and spare ones to rotate to.
const SIGNERS: [u8; 18] = [10, 11, 12, 13, 30, 31, 32, 33, 34, 35, 36, 60, 61, 62, 63, 80, 81, 99];

#[derive(Clone, Debug)]
struct Step {
    node: u32,
    signer: u8,
    later_ms: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Call(Call),
    /// Votes on the newest proposal.
    Vote(Voice),
    /// About the newest agreement, whose name replaces the one in the call.
    Agreement(AgreementCall),
}

fn signer() -> impl Strategy<Value = u8> {
    select(&SIGNERS[..])
}

fn seed_identity() -> impl Strategy<Value = Digest> {
    select(vec![30_u8, 31, 32, 33, 50]).prop_map(identity)
}

fn node_id() -> impl Strategy<Value = NodeId> {
    (0..5_u32).prop_map(|node| NodeId::new(node).unwrap())
}

fn index() -> impl Strategy<Value = RecordIndex> {
    let origin = NodeId::new(0).unwrap();
    (0..2_u64).prop_map(move |serial| RecordIndex::new(origin, serial.into()))
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::All), index().prop_map(Scope::Record)]
}

fn grantee() -> impl Strategy<Value = Grantee> {
    prop_oneof![
        seed_identity().prop_map(Grantee::Person),
        (node_id(), select(Role::ALL)).prop_map(|(node, role)| Grantee::Role(node, role)),
        node_id().prop_map(Grantee::Institution),
    ]
}

fn public() -> impl Strategy<Value = emrshare_identity::PublicKey> {
    signer().prop_map(|seed| key(seed).public_key())
}

fn registry() -> impl Strategy<Value = RegistryCall> {
    prop_oneof![
        (select(Role::ALL), public(), seed_identity())
            .prop_map(|(role, key, identity)| RegistryCall::Register { role, key, identity }),
        public().prop_map(|key| RegistryCall::Rotate { key }),
        (seed_identity(), public())
            .prop_map(|(identity, key)| RegistryCall::Recover { identity, key }),
        (seed_identity(), public())
            .prop_map(|(identity, key)| RegistryCall::ConfirmRecovery { identity, key }),
        seed_identity().prop_map(|identity| RegistryCall::Retire { identity }),
    ]
}

fn relationship() -> impl Strategy<Value = RelationshipCall> {
    let party = prop_oneof![public().prop_map(Party::Key), seed_identity().prop_map(Party::Person)];
    prop_oneof![
        (index(), public()).prop_map(|(index, patient)| RelationshipCall::Link { index, patient }),
        (public(), select(Rights::ALL))
            .prop_map(|(patient, rights)| RelationshipCall::Open { patient, rights }),
        (seed_identity(), select(Rights::ALL))
            .prop_map(|(doctor, rights)| RelationshipCall::Answer { doctor, rights }),
        (party, seed_identity())
            .prop_map(|(patient, doctor)| RelationshipCall::End { patient, doctor }),
    ]
}

fn permission() -> impl Strategy<Value = PermissionCall> {
    let grant = (scope(), grantee(), select(Purpose::ALL), select(Parts::ALL), 0..9_u64);
    prop_oneof![
        grant.prop_map(|(scope, grantee, purpose, parts, hours)| {
            let valid = Span { from_ms: 0, until_ms: 1_000_000 + hours * 3_600_000 };
            let purposes = Purposes::of(&[purpose, Purpose::Treatment]);
            let grant = Grant { purposes, parts, valid, linked: Span::ALWAYS };
            PermissionCall::Grant { scope, grantee, grant }
        }),
        (scope(), grantee()).prop_map(|(scope, grantee)| PermissionCall::Revoke { scope, grantee }),
        index().prop_map(|index| PermissionCall::BreakGlass { index, reason: Reason::Incapable }),
    ]
}

fn agreement() -> impl Strategy<Value = AgreementCall> {
    let text = Digest([8; 32]);
    let agreement = Digest([0; 32]);
    let offer = (node_id(), select(AgreedRights::ALL), 0..9_u64);
    prop_oneof![
        1 => offer.prop_map(move |(partner, rights, hours)| {
            let valid = Span { from_ms: 0, until_ms: 1_000_000 + hours * 3_600_000 };
            AgreementCall::Offer { partner, text, rights, valid }
        }),
        2 => Just(AgreementCall::Accept { agreement }),
        1 => Just(AgreementCall::End { agreement }),
        2 => index().prop_map(move |index| AgreementCall::Include { agreement, index }),
        1 => index().prop_map(move |index| AgreementCall::Exclude { agreement, index }),
        2 => index().prop_map(move |index| AgreementCall::Consent { agreement, index }),
        1 => index().prop_map(move |index| AgreementCall::Withdraw { agreement, index }),
        1 => Just(AgreementCall::Log { agreement, note: text }),
    ]
}

/// The call, about another agreement.
fn about(call: AgreementCall, agreement: Digest) -> AgreementCall {
    match call {
        AgreementCall::Accept { .. } => AgreementCall::Accept { agreement },
        AgreementCall::End { .. } => AgreementCall::End { agreement },
        AgreementCall::Include { index, .. } => AgreementCall::Include { agreement, index },
        AgreementCall::Exclude { index, .. } => AgreementCall::Exclude { agreement, index },
        AgreementCall::Consent { index, .. } => AgreementCall::Consent { agreement, index },
        AgreementCall::Withdraw { index, .. } => AgreementCall::Withdraw { agreement, index },
        AgreementCall::Log { note, .. } => AgreementCall::Log { agreement, note },
        other => other,
    }
}

fn what() -> impl Strategy<Value = What> {
    let motion =
        prop_oneof![node_id().prop_map(Motion::Suspend), node_id().prop_map(Motion::Reinstate)];
    let recipient = Digest([7; 32]);
    prop_oneof![
        3 => registry().prop_map(|call| What::Call(call.into())),
        3 => relationship().prop_map(|call| What::Call(call.into())),
        3 => permission().prop_map(|call| What::Call(call.into())),
        4 => agreement().prop_map(What::Agreement),
        1 => motion.prop_map(|motion| What::Call(AllianceCall::Propose { motion }.into())),
        2 => select(Voice::ALL).prop_map(What::Vote),
        1 => (index(), select(Purpose::ALL), select(Parts::ALL)).prop_map(move |asked| {
            let (index, purpose, parts) = asked;
            What::Call(AuditCall::Ask { index, purpose, parts, recipient }.into())
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (0..4_u32, signer(), 0..300_000_u64, what(), any::<bool>()).prop_map(
        |(node, signer, later_ms, what, honest)| {
            // Half of what nodes are to sign is signed by the right one, or little would succeed.
            let by_node = matches!(
                &what,
                What::Vote(_)
                    | What::Call(Call::Alliance(_) | Call::Registry(_))
                    | What::Call(Call::Relationship(RelationshipCall::Link { .. }))
            );
            let (node, signer) = match &what {
                What::Agreement(call) if honest => right_one(*call),
                _ if by_node && honest => (node, 10 + node as u8),
                _ => (node, signer),
            };
            Step { node, signer, later_ms, what }
        },
    )
}

/// Node and signer that a call about an agreement of nodes 0 and 1 needs.
const fn right_one(call: AgreementCall) -> (u32, u8) {
    match call {
        AgreementCall::Accept { .. } => (1, 11),
        AgreementCall::Consent { .. } | AgreementCall::Withdraw { .. } => (0, 30),
        AgreementCall::Log { .. } => (0, 31),
        _ => (0, 10),
    }
}

/// What succeeded, told by who signed it: enough to say whether an access has a reason.
#[derive(Default)]
struct Told {
    grants: HashMap<(Vec<u8>, String), (Purposes, Parts)>,
    accepted: HashSet<(String, Digest)>,
    broken: HashMap<(RecordIndex, Digest), u64>,
    newest: Option<Digest>,
    agreements: HashMap<Digest, Agreed>,
    offered: Option<Digest>,
    votes: HashSet<(Digest, u32)>,
    /// Parties that have something of their own.
    acted: HashMap<u8, Party>,
}

#[derive(Default)]
struct Agreed {
    parties: Vec<NodeId>,
    until_ms: u64,
    accepted: bool,
    ended: bool,
    included: HashSet<RecordIndex>,
    consented: HashSet<RecordIndex>,
}

fn play(steps: &[Step]) -> (Chain, Told) {
    let (mut chain, _) = Chain::with_people();
    let mut told = Told::default();
    for step in steps {
        chain.now_ms += step.later_ms;
        let call = match &step.what {
            What::Call(call) => call.clone(),
            What::Vote(voice) => {
                let Some(proposal) = told.newest else { continue };
                AllianceCall::Vote { proposal, voice: *voice }.into()
            }
            What::Agreement(call) => about(*call, told.offered.unwrap_or(Digest([0; 32]))).into(),
        };
        let before = chain.state.0.clone();
        let suspended = is_suspended(&chain.state, NodeId::new(step.node).unwrap()).unwrap();
        let signer = party(&chain.state, key(step.signer).public_key()).unwrap();
        match chain.call(step.node, &key(step.signer), call.clone()) {
            Ok(id) => {
                assert!(!suspended, "{step:?}");
                told.take(&chain, step, call, id, signer);
            }
            Err(ItemError::Suspended(_)) => assert!(suspended),
            Err(error) => {
                assert!(!error.is_local(), "{error:?}");
                assert!(chain.state.0 == before, "a refused call changed something");
            }
        }
    }
    (chain, told)
}

impl Told {
    fn take(&mut self, chain: &Chain, step: &Step, call: Call, id: Digest, by: Option<Party>) {
        let now_ms = chain.now_ms;
        if let (
            Call::Permission(PermissionCall::Grant { .. })
            | Call::Relationship(RelationshipCall::Answer { .. }),
            Some(party @ Party::Key(_)),
        ) = (&call, by)
        {
            self.acted.insert(step.signer, party);
        }
        match call {
            Call::Permission(PermissionCall::Grant { scope, grantee, grant }) => {
                self.grants.insert(slot(by, scope, grantee), (grant.purposes, grant.parts));
            }
            Call::Permission(PermissionCall::Revoke { scope, grantee }) => {
                assert!(self.grants.remove(&slot(by, scope, grantee)).is_some());
            }
            Call::Permission(PermissionCall::BreakGlass { index, .. }) => {
                let Some(Party::Person(doctor)) = by else { panic!("{step:?}") };
                self.broken.insert((index, doctor), now_ms + EMERGENCY_MS);
            }
            Call::Relationship(RelationshipCall::Answer { doctor, rights })
                if rights.contain(Rights::View) && rights != Rights::None =>
            {
                self.accepted.insert((format!("{by:?}"), doctor));
            }
            Call::Relationship(RelationshipCall::End { patient, doctor }) => {
                self.accepted.remove(&(format!("{:?}", Some(patient)), doctor));
            }
            Call::Alliance(AllianceCall::Propose { .. }) => {
                self.newest = Some(id);
                self.votes.insert((id, step.node));
            }
            Call::Alliance(AllianceCall::Vote { proposal, .. }) => {
                assert!(self.votes.insert((proposal, step.node)), "a member voted twice");
            }
            Call::Agreement(call) => self.take_agreement(step, call, id),
            _ => {}
        }
    }

    fn known(&mut self, agreement: Digest) -> &mut Agreed {
        self.agreements.get_mut(&agreement).unwrap()
    }

    fn take_agreement(&mut self, step: &Step, call: AgreementCall, id: Digest) {
        match call {
            AgreementCall::Offer { partner, valid: Span { until_ms, .. }, .. } => {
                let parties = vec![NodeId::new(step.node).unwrap(), partner];
                self.agreements.insert(id, Agreed { parties, until_ms, ..Agreed::default() });
                self.offered = Some(id);
            }
            AgreementCall::Accept { agreement } => {
                assert_eq!(self.known(agreement).parties[1].get(), step.node);
                self.known(agreement).accepted = true;
            }
            AgreementCall::End { agreement } => self.known(agreement).ended = true,
            AgreementCall::Include { agreement, index } => {
                self.known(agreement).consented.remove(&index);
                self.known(agreement).included.insert(index);
            }
            AgreementCall::Exclude { agreement, index } => {
                assert!(self.known(agreement).included.remove(&index));
            }
            AgreementCall::Consent { agreement, index } => {
                assert!(self.known(agreement).consented.insert(index));
            }
            AgreementCall::Withdraw { agreement, index } => {
                assert!(self.known(agreement).consented.remove(&index));
            }
            AgreementCall::Log { agreement, .. } => assert!(self.known(agreement).accepted),
            _ => panic!("no such call is made here"),
        }
    }

    /// Whether an institution was let in by all three: both parties and the patient.
    fn agreed(&self, chain: &Chain, index: RecordIndex, node: NodeId) -> bool {
        self.agreements.values().any(|agreed| {
            agreed.parties.contains(&node)
                && agreed.parties.contains(&index.origin())
                && node != index.origin()
                && agreed.accepted
                && !agreed.ended
                && chain.now_ms < agreed.until_ms
                && agreed.included.contains(&index)
                && agreed.consented.contains(&index)
        })
    }

    /// Whether an access that the contract allows has a reason among what the right people signed.
    fn explains(
        &self,
        chain: &Chain,
        index: RecordIndex,
        seed: u8,
        (purpose, parts): (Purpose, Parts),
        decision: Decision,
    ) -> bool {
        let holder = key(seed).public_key();
        let owner = owner(&chain.state, index).unwrap().map(|owner| owner.patient);
        let person = person(&chain.state, holder).unwrap();
        let by = |doctor: Digest| (format!("{owner:?}"), doctor);
        match (decision, person) {
            (Decision::Own, _) => owner.is_some() && owner == party(&chain.state, holder).unwrap(),
            (Decision::Relationship, Some(person)) => self.accepted.contains(&by(person.identity)),
            (Decision::Grant, Some(person)) => {
                let to = [
                    Grantee::Person(person.identity),
                    Grantee::Role(person.registrar, person.role),
                    Grantee::Institution(person.registrar),
                ];
                let scopes = [Scope::All, Scope::Record(index)];
                scopes.iter().any(|scope| {
                    let grants = to.iter().map(|to| self.grants.get(&slot(owner, *scope, *to)));
                    grants.flatten().any(|(purposes, opened)| {
                        purposes.contains(purpose) && opened.contain(parts)
                    })
                })
            }
            (Decision::Emergency, Some(person)) => {
                let until_ms = self.broken.get(&(index, person.identity));
                until_ms.is_some_and(|until_ms| chain.now_ms < *until_ms)
            }
            (Decision::Agreement, Some(person)) => {
                person.role == Role::Doctor && self.agreed(chain, index, person.registrar)
            }
            (Decision::Inspection, Some(person)) => person.role == Role::Inspector,
            _ => false,
        }
    }
}

fn slot(patient: Option<Party>, scope: Scope, grantee: Grantee) -> (Vec<u8>, String) {
    (format!("{patient:?}").into_bytes(), format!("{scope:?} {grantee:?}"))
}

fn check_access(chain: &Chain, told: &Told) {
    let origin = NodeId::new(0).unwrap();
    for index in [0_u64, 1].map(|serial| RecordIndex::new(origin, serial.into())) {
        for seed in SIGNERS {
            let asked = Purpose::ALL
                .iter()
                .flat_map(|purpose| Parts::ALL.iter().map(move |parts| (*purpose, *parts)));
            for (purpose, parts) in asked {
                let decision = chain.decide_parts(index, seed, purpose, parts);
                let explained = !decision.is_allowed()
                    || told.explains(chain, index, seed, (purpose, parts), decision);
                let what = format!("{parts:?} of {index} for {purpose:?}");
                assert!(explained, "{seed} reads {what} by {decision:?}");
            }
        }
    }
}

/// Who may update a record of another was let in, too.
fn check_updates(chain: &Chain, told: &Told) {
    let origin = NodeId::new(0).unwrap();
    for index in [0_u64, 1].map(|serial| RecordIndex::new(origin, serial.into())) {
        for node in (0..4).map(|node| NodeId::new(node).unwrap()) {
            let may = is_agreed(&chain.state, index, node, AgreedRights::Update, chain.now_ms);
            assert!(!may.unwrap() || told.agreed(chain, index, node), "{node} updates {index}");
        }
    }
}

fn check_registry(chain: &Chain, told: &Told) {
    for (seed, acted) in &told.acted {
        let now = party(&chain.state, key(*seed).public_key()).unwrap();
        assert_eq!(now, Some(*acted), "what {seed} has is out of reach");
    }
    for seed in SIGNERS {
        let holder = key(seed).public_key();
        if let Some(person) = person(&chain.state, holder).unwrap() {
            assert_eq!(key_of(&chain.state, person.identity).unwrap(), Some(holder));
        }
    }
    for seed in [30, 31, 32, 33, 50] {
        if let Some(holder) = key_of(&chain.state, identity(seed)).unwrap() {
            let person = person(&chain.state, holder).unwrap().unwrap();
            assert_eq!(person.identity, identity(seed));
        }
    }
}

fn check_votes(chain: &Chain, told: &Told) {
    for (id, proposal) in proposals(&chain.state, 100).unwrap() {
        let votes = told.votes.iter().filter(|(voted, _)| *voted == id).count() as u32;
        // Those of before the play are not told.
        assert!(votes == 0 || proposal.yes + proposal.no == votes);
        assert_eq!(proposal.outcome == Outcome::Passed, proposal.yes >= 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nobody_reads_without_a_reason_and_replay_gives_the_same_state(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let (chain, told) = play(&steps);
        check_access(&chain, &told);
        check_updates(&chain, &told);
        check_registry(&chain, &told);
        check_votes(&chain, &told);
        for seed in [30, 31, 32, 33] {
            let trail = events(&chain.state, Subject::Person(identity(seed)), 0, 1000).unwrap();
            prop_assert!(trail.is_sorted_by_key(|event| event.time_ms));
        }
        prop_assert!(play(&steps).0.state.0 == chain.state.0);
    }
}
