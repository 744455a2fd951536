//! Who may do what, and what an attacker may not.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod chain;

use chain::{Chain, genesis, identity, key};
use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_contracts::{
    AgreedTerms, AllianceCall, AppendStatement, Appointment, AuditCall, BlockContext, Call,
    CallError, Decision, EMERGENCY_MS, Genesis, GenesisError, Grant, Grantee, Happening, ItemError,
    Motion, Outcome, Parts, Party, PermissionCall, Protocol, Purpose, Purposes, Reason,
    RegistryCall, RelationshipCall, Rights, Role, Scope, Span, Standing, Subject, Summary,
    TermsInForce, Threshold, Thresholds, apply_item, close_block, contribution, execute,
    is_suspended, key_of, owner, person, proposals, quota, relationship, request, terms_in_force,
    wallet_of,
};
use emrshare_identity::EthereumAddress;
use emrshare_ledger::{BlockBuilder, Item, Overlay, TransactionDraft};
use emrshare_record::import;
use emrshare_sample::{Generator, Tongue};

/// For treatment, for a minute.
fn grant(scope: Scope, grantee: Grantee) -> PermissionCall {
    let valid = Span { from_ms: 0, until_ms: 1_060_000 };
    let purposes = Purposes::of(&[Purpose::Treatment]);
    let grant = Grant { purposes, parts: Parts::Everything, valid, linked: Span::ALWAYS };
    PermissionCall::Grant { scope, grantee, grant }
}

fn to_person(seed: u8) -> Grantee {
    Grantee::Person(identity(seed))
}

fn refused<T: std::fmt::Debug>(result: Result<T, ItemError>) -> CallError {
    match result {
        Err(ItemError::Call(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn not_allowed<T: std::fmt::Debug>(result: Result<T, ItemError>) {
    let error = refused(result);
    assert!(matches!(error, CallError::NotAllowed { .. }), "{error:?}");
}

#[test]
fn grant_opens_the_original_until_it_expires() {
    let (mut chain, [index, other]) = Chain::with_people();
    assert!(!chain.may_read(index, 31));
    chain.call(1, &key(30), grant(Scope::Record(index), to_person(31))).unwrap();
    assert!(chain.may_read(index, 31));
    assert!(!chain.may_read(index, 32));
    assert!(!chain.may_read(other, 31));
    assert!(chain.may_read(index, 30));
    assert_eq!(chain.decide(index, 31, Purpose::Research), Decision::Conditions);
    chain.now_ms = 1_059_999;
    assert!(chain.may_read(index, 31));
    chain.now_ms = 1_060_000;
    assert_eq!(chain.decide(index, 31, Purpose::Treatment), Decision::Conditions);
}

#[test]
fn grants_reach_whom_they_name_and_nobody_else() {
    let [zero, one] = [0, 1].map(|node| NodeId::new(node).unwrap());
    let cases: [(Grantee, &[u8]); 5] = [
        (to_person(32), &[32]),
        (Grantee::Institution(zero), &[31]),
        (Grantee::Institution(one), &[32]),
        (Grantee::Role(zero, Role::Doctor), &[31]),
        (Grantee::Role(zero, Role::Researcher), &[33]),
    ];
    for (grantee, reached) in cases {
        let (mut chain, [index, _]) = Chain::with_people();
        chain.call(0, &key(30), grant(Scope::All, grantee)).unwrap();
        let readers: Vec<_> = (31..=40).filter(|seed| chain.may_read(index, *seed)).collect();
        assert_eq!(readers, reached, "{grantee:?}");
    }
}

#[test]
fn a_grant_of_some_parts_opens_no_others() {
    for opened in Parts::ALL {
        let (mut chain, [index, _]) = Chain::with_people();
        let (purposes, valid) = (Purposes::of(&[Purpose::Treatment]), Span::ALWAYS);
        let grant = Grant { purposes, parts: *opened, valid, linked: Span::ALWAYS };
        let (scope, grantee) = (Scope::Record(index), to_person(31));
        chain.call(0, &key(30), PermissionCall::Grant { scope, grantee, grant }).unwrap();
        for asked in Parts::ALL {
            let decision = chain.decide_parts(index, 31, Purpose::Treatment, *asked);
            let expected = match (opened, asked) {
                (Parts::Everything, _) => Decision::Grant,
                (opened, asked) if opened == asked => Decision::Grant,
                _ => Decision::Conditions,
            };
            assert_eq!(decision, expected, "{asked:?} where {opened:?} are granted");
            let own = chain.decide_parts(index, 30, Purpose::Personal, *asked);
            assert_eq!(own, Decision::Own);
        }
    }
}

#[test]
fn a_grant_of_all_records_can_be_bound_to_a_span() {
    let (mut chain, [first, second]) = Chain::with_people();
    chain.now_ms = 2_000_000;
    let link = RelationshipCall::Link { index: second, patient: key(30).public_key() };
    chain.call(0, &key(10), link).unwrap();
    let linked = Span { from_ms: 1_500_000, until_ms: u64::MAX };
    let purposes = Purposes::of(&[Purpose::Treatment]);
    let grant = Grant { purposes, parts: Parts::Everything, valid: Span::ALWAYS, linked };
    let call = PermissionCall::Grant { scope: Scope::All, grantee: to_person(31), grant };
    chain.call(0, &key(30), call).unwrap();
    assert_eq!(chain.decide(first, 31, Purpose::Treatment), Decision::Conditions);
    assert_eq!(chain.decide(second, 31, Purpose::Treatment), Decision::Grant);
}

#[test]
fn revocation_closes_it_at_once() {
    let (mut chain, [index, _]) = Chain::with_people();
    let (scope, grantee) = (Scope::Record(index), to_person(31));
    chain.call(0, &key(30), grant(scope, grantee)).unwrap();
    chain.call(0, &key(30), PermissionCall::Revoke { scope, grantee }).unwrap();
    assert!(!chain.may_read(index, 31));
    let again = chain.call(0, &key(30), PermissionCall::Revoke { scope, grantee });
    assert!(matches!(refused(again), CallError::Missing { what: "grant" }));
}

/// MedRec's node adds permissions for whoever reaches it.
#[test]
fn nobody_but_the_patient_grants_or_revokes() {
    let (mut chain, [index, _]) = Chain::with_people();
    let (scope, grantee) = (Scope::Record(index), to_person(31));
    for seed in [10, 31, 32, 34, 35, 36, 99] {
        not_allowed(chain.call(0, &key(seed), grant(scope, grantee)));
        // Of all records: those of the signer, who has none.
        chain.call(0, &key(seed), grant(Scope::All, grantee)).unwrap();
    }
    assert!(!chain.may_read(index, 31));
    chain.call(0, &key(30), grant(scope, grantee)).unwrap();
    for seed in [10, 31, 32, 99] {
        not_allowed(chain.call(0, &key(seed), PermissionCall::Revoke { scope, grantee }));
    }
    assert!(chain.may_read(index, 31));
}

#[test]
fn strangers_and_patients_register_nobody() {
    let mut chain = Chain::new();
    let call = RegistryCall::Register {
        role: Role::Doctor,
        key: key(50).public_key(),
        identity: identity(50),
    };
    for seed in [30, 99] {
        not_allowed(chain.call(0, &key(seed), call));
    }
    // A node's key speaks for its own node only.
    not_allowed(chain.call(1, &key(10), call));
}

#[test]
fn keys_and_identities_are_registered_once() {
    let (mut chain, _) = Chain::with_people();
    let again = |seed: u8, identity: u8| RegistryCall::Register {
        role: Role::Patient,
        key: key(seed).public_key(),
        identity: Digest([identity; 32]),
    };
    for call in [again(31, 99), again(99, 31)] {
        assert!(matches!(refused(chain.call(1, &key(11), call)), CallError::Registered { .. }));
    }
}

#[test]
fn a_rotated_key_keeps_everything_and_the_old_one_loses_everything() {
    let (mut chain, [index, _]) = Chain::with_people();
    chain.call(0, &key(30), grant(Scope::Record(index), to_person(31))).unwrap();
    for (old, new) in [(30, 60), (31, 61)] {
        let call = RegistryCall::Rotate { key: key(new).public_key() };
        chain.call(2, &key(old), call).unwrap();
        assert_eq!(person(&chain.state, key(old).public_key()).unwrap(), None);
        assert_eq!(
            chain.trail(Subject::Person(identity(old))).last(),
            Some(&Happening::Rotated {})
        );
    }
    assert!(!chain.may_read(index, 30) && !chain.may_read(index, 31));
    assert!(chain.may_read(index, 60) && chain.may_read(index, 61));
    not_allowed(chain.call(0, &key(30), grant(Scope::All, to_person(32))));
    not_allowed(chain.call(0, &key(30), RegistryCall::Rotate { key: key(62).public_key() }));
    let back = RegistryCall::Rotate { key: key(30).public_key() };
    assert!(matches!(refused(chain.call(0, &key(60), back)), CallError::Registered { .. }));
    let summary = Summary::of(&chain.state, key(60).public_key(), 10).unwrap();
    assert_eq!((summary.records.len(), summary.grants.len()), (1, 1));
    assert!(Summary::of(&chain.state, key(30).public_key(), 10).unwrap().is_empty());
}

#[test]
fn recovery_takes_two_institutions_and_is_on_the_trail() {
    let (mut chain, [index, _]) = Chain::with_people();
    let (identity, new) = (identity(30), key(70).public_key());
    let ask = RegistryCall::Recover { identity, key: new };
    let confirm =
        |seed: u8| RegistryCall::ConfirmRecovery { identity, key: key(seed).public_key() };
    // Not by another institution, not by one alone, not for another key.
    not_allowed(chain.call(1, &key(11), ask));
    assert!(matches!(refused(chain.call(1, &key(11), confirm(70))), CallError::Missing { .. }));
    chain.call(0, &key(10), ask).unwrap();
    not_allowed(chain.call(0, &key(10), confirm(70)));
    assert!(matches!(refused(chain.call(1, &key(11), confirm(71))), CallError::Missing { .. }));
    assert!(chain.may_read(index, 30));
    chain.call(1, &key(11), confirm(70)).unwrap();
    assert!(!chain.may_read(index, 30));
    assert!(chain.may_read(index, 70));
    let trail = chain.trail(Subject::Person(identity));
    assert_eq!(trail[1..], [Happening::RecoveryAsked {}, Happening::Recovered {}]);
}

#[test]
fn one_institution_cannot_take_a_person_over_by_registering_anew() {
    let (mut chain, [index, _]) = Chain::with_people();
    let retire = RegistryCall::Retire { identity: identity(30) };
    not_allowed(chain.call(1, &key(11), retire));
    chain.call(0, &key(10), retire).unwrap();
    assert!(!chain.may_read(index, 30));
    let (role, key, identity) = (Role::Patient, key(71).public_key(), identity(30));
    let again = RegistryCall::Register { role, key, identity };
    let error = refused(chain.call(0, &self::key(10), again));
    assert!(matches!(error, CallError::Registered { what: "identity" }));
    // Nor by an identity that looks like the key of a patient who is registered nowhere.
    let (role, identity) = (Role::Patient, Digest(self::key(80).public_key().0));
    chain.call(0, &self::key(10), RegistryCall::Register { role, key, identity }).unwrap();
    let call = grant(Scope::All, to_person(31));
    chain.call(0, &self::key(80), call).unwrap();
    assert!(Summary::of(&chain.state, key, 10).unwrap().is_empty());
}

#[test]
fn nobody_takes_a_key_over_that_has_rights_of_its_own() {
    let (mut chain, _) = Chain::with_people();
    chain.call(0, &key(80), grant(Scope::All, to_person(31))).unwrap();
    let key = key(80).public_key();
    let (role, identity) = (Role::Patient, Digest([80; 32]));
    let register = RegistryCall::Register { role, key, identity };
    let taken = [
        chain.call(1, &self::key(11), register),
        chain.call(0, &self::key(31), RegistryCall::Rotate { key }),
    ];
    for taken in taken {
        assert!(matches!(refused(taken), CallError::Value { .. }));
    }
    let revoke = PermissionCall::Revoke { scope: Scope::All, grantee: to_person(31) };
    chain.call(0, &self::key(80), revoke).unwrap();
}

#[test]
fn a_wallet_signs_in_one_person_who_alone_ends_that() {
    let (mut chain, _) = Chain::with_people();
    let address = EthereumAddress([7; 20]);
    let (bind, unbind) =
        (RegistryCall::BindWallet { address }, RegistryCall::UnbindWallet { address });
    not_allowed(chain.call(0, &key(99), bind));
    chain.call(0, &key(31), bind).unwrap();
    assert_eq!(wallet_of(&chain.state, address).unwrap(), Some(identity(31)));
    let taken = refused(chain.call(0, &key(30), bind));
    assert!(matches!(taken, CallError::Registered { what: "wallet" }));
    not_allowed(chain.call(0, &key(30), unbind));
    chain.call(0, &key(31), RegistryCall::Rotate { key: key(61).public_key() }).unwrap();
    not_allowed(chain.call(0, &key(31), unbind));
    chain.call(0, &key(61), unbind).unwrap();
    assert_eq!(wallet_of(&chain.state, address).unwrap(), None);
    let trail = chain.trail(Subject::Person(identity(31)));
    assert_eq!(trail.last(), Some(&Happening::WalletUnbound { address }));
}

#[test]
fn only_the_origin_links_a_record_and_only_once() {
    let (mut chain, [linked, free]) = Chain::with_people();
    let link = |index| RelationshipCall::Link { index, patient: key(30).public_key() };
    not_allowed(chain.call(1, &key(11), link(free)));
    assert!(matches!(refused(chain.call(0, &key(10), link(linked))), CallError::Linked));
    let stranger = RelationshipCall::Link { index: free, patient: key(80).public_key() };
    let error = refused(chain.call(0, &key(10), stranger));
    assert!(matches!(error, CallError::NotRegistered { .. }));
}

/// A patient's key that is registered nowhere (80) and the doctors 31 and 32.
fn open(rights: Rights) -> RelationshipCall {
    RelationshipCall::Open { patient: key(80).public_key(), rights }
}

fn answer(doctor: u8, rights: Rights) -> RelationshipCall {
    RelationshipCall::Answer { doctor: identity(doctor), rights }
}

fn end(doctor: u8) -> RelationshipCall {
    RelationshipCall::End { patient: Party::Key(key(80).public_key()), doctor: identity(doctor) }
}

/// The doctor's statement about the original of record 1, as the origin brings it in.
fn append(chain: &Chain, index: RecordIndex, doctor: u8, signer: u8) -> RelationshipCall {
    let (patient, time_ms) = (key(80).public_key(), chain.now_ms);
    let doctor = key(doctor).public_key();
    let statement = AppendStatement { original: Digest([1; 32]), patient, doctor, time_ms };
    let signature = statement.sign(chain.genesis.chain(), &key(signer));
    RelationshipCall::Append { index, patient, doctor, time_ms, signature }
}

#[test]
fn a_visit_opens_to_view_and_to_append_what_the_patient_allows() {
    let (mut chain, [_, index]) = Chain::with_people();
    chain.call(0, &key(31), open(Rights::ViewAndAppend)).unwrap();
    not_allowed(chain.call(0, &key(10), append(&chain, index, 31, 31)));
    chain.call(3, &key(80), answer(31, Rights::ViewAndAppend)).unwrap();
    not_allowed(chain.call(0, &key(10), append(&chain, index, 31, 32)));
    not_allowed(chain.call(1, &key(11), append(&chain, index, 31, 31)));
    chain.call(0, &key(10), append(&chain, index, 31, 31)).unwrap();
    assert_eq!(chain.decide(index, 31, Purpose::Treatment), Decision::Relationship);
    assert_eq!(chain.decide(index, 31, Purpose::Research), Decision::NoGrant);
    assert_eq!(chain.decide(index, 80, Purpose::Personal), Decision::Own);
    assert!(!chain.may_read(index, 32));
    let summary = Summary::of(&chain.state, key(80).public_key(), 10).unwrap();
    assert_eq!(summary.records[0].0, index);
    assert_eq!(summary.relationships[0].0, identity(31));
    chain.call(0, &key(80), end(31)).unwrap();
    assert!(!chain.may_read(index, 31));
    // Nothing on the ledger joins the two keys of one patient.
    assert_eq!(
        owner(&chain.state, index).unwrap().unwrap().patient,
        Party::Key(key(80).public_key())
    );
}

#[test]
fn a_view_alone_does_not_append_and_a_patient_allows_no_more_than_was_asked() {
    let (mut chain, [_, index]) = Chain::with_people();
    chain.call(0, &key(31), open(Rights::View)).unwrap();
    let error = refused(chain.call(0, &key(80), answer(31, Rights::ViewAndAppend)));
    assert!(matches!(error, CallError::Value { .. }));
    chain.call(0, &key(80), answer(31, Rights::View)).unwrap();
    not_allowed(chain.call(0, &key(10), append(&chain, index, 31, 31)));
}

#[test]
fn a_doctors_statement_is_for_its_time_and_its_original() {
    let (mut chain, [_, index]) = Chain::with_people();
    chain.now_ms = 10_000_000;
    chain.call(0, &key(31), open(Rights::Append)).unwrap();
    chain.call(0, &key(80), answer(31, Rights::Append)).unwrap();
    for time_ms in [9_000_000, 11_000_000] {
        let mut other = Chain::new();
        other.now_ms = time_ms;
        let error = refused(chain.call(0, &key(10), append(&other, index, 31, 31)));
        assert!(matches!(error, CallError::Value { .. }));
    }
    let third = chain.add_record(2);
    not_allowed(chain.call(0, &key(10), append(&chain, third, 31, 31)));
}

/// MedRec: a stranger sets a relationship's provider, takes the relationship over, or disables the
/// custodian; removing someone who is none deletes the last real one.
#[test]
fn strangers_open_answer_and_end_no_relationship() {
    let (mut chain, _) = Chain::with_people();
    for seed in [30, 33, 34, 36, 80, 99] {
        let error = refused(chain.call(0, &key(seed), open(Rights::View)));
        assert!(matches!(error, CallError::NotRegistered { .. }));
    }
    // A doctor of node 0 does not speak through node 1.
    not_allowed(chain.call(1, &key(31), open(Rights::View)));
    chain.call(0, &key(31), open(Rights::View)).unwrap();
    for seed in [10, 31, 32, 99] {
        let error = refused(chain.call(0, &key(seed), answer(31, Rights::View)));
        assert!(matches!(error, CallError::Missing { .. }));
    }
    chain.call(0, &key(80), answer(31, Rights::View)).unwrap();
    for seed in [10, 32, 99] {
        not_allowed(chain.call(0, &key(seed), end(31)));
        let error = refused(chain.call(0, &key(80), end(32)));
        assert!(matches!(error, CallError::Missing { .. }));
    }
    let patient = Party::Key(key(80).public_key());
    let standing = relationship(&chain.state, patient, identity(31)).unwrap().unwrap().standing;
    assert_eq!(standing, Standing::Accepted);
}

#[test]
fn a_refusal_stands_until_the_patient_takes_it_back() {
    let (mut chain, _) = Chain::with_people();
    chain.call(0, &key(31), open(Rights::View)).unwrap();
    chain.call(0, &key(80), answer(31, Rights::None)).unwrap();
    let again = refused(chain.call(0, &key(31), open(Rights::View)));
    assert!(matches!(again, CallError::Present { .. }));
    assert!(matches!(refused(chain.call(0, &key(31), end(31))), CallError::Missing { .. }));
    chain.call(0, &key(80), end(31)).unwrap();
    chain.call(0, &key(31), open(Rights::View)).unwrap();
}

fn ask(index: RecordIndex, purpose: Purpose) -> AuditCall {
    AuditCall::Ask { index, purpose, parts: Parts::Everything, recipient: Digest([7; 32]) }
}

#[test]
fn every_request_is_decided_on_the_ledger_and_stays_there() {
    let (mut chain, [index, _]) = Chain::with_people();
    let early = chain.call(2, &key(32), ask(index, Purpose::Treatment)).unwrap();
    chain.call(0, &key(30), grant(Scope::All, to_person(32))).unwrap();
    let late = chain.call(2, &key(32), ask(index, Purpose::Treatment)).unwrap();
    let delivered = |request| AuditCall::Delivered { request };
    let error = refused(chain.call(0, &key(10), delivered(early)));
    assert!(matches!(error, CallError::Missing { .. }));
    not_allowed(chain.call(1, &key(11), delivered(late)));
    chain.call(0, &key(10), delivered(late)).unwrap();
    let error = refused(chain.call(0, &key(10), delivered(late)));
    assert!(matches!(error, CallError::Present { .. }));
    let (purpose, parts) = (Purpose::Treatment, Parts::Everything);
    let asked = |decision| Happening::Asked { purpose, parts, decision };
    assert_eq!(
        chain.trail(Subject::Record(index)),
        [asked(Decision::NoGrant), asked(Decision::Grant), Happening::Delivered { request: late },]
    );
    assert_eq!(request(&chain.state, late).unwrap().unwrap().original, Digest([0; 32]));
    let [gave, took] = [0, 1].map(|node| contribution(&chain.state, NodeId::new(node).unwrap()));
    assert_eq!((gave.unwrap().given, took.unwrap().taken), (1, 1));
    // Strangers cannot fill the trail.
    not_allowed(chain.call(0, &key(99), ask(index, Purpose::Treatment)));
}

#[test]
fn who_has_taken_much_and_given_little_waits_with_research() {
    use emrshare_contracts::Voice::Yes;
    let (mut chain, [index, _]) = Chain::with_people();
    let purposes = Purposes::of(&[Purpose::Treatment, Purpose::Research]);
    let (parts, valid) = (Parts::Everything, Span::ALWAYS);
    let grant = Grant { purposes, parts, valid, linked: Span::ALWAYS };
    let (scope, grantee) = (Scope::Record(index), to_person(32));
    chain.call(0, &key(30), PermissionCall::Grant { scope, grantee, grant }).unwrap();
    let take = |chain: &mut Chain| {
        let request = chain.call(1, &key(32), ask(index, Purpose::Research)).unwrap();
        chain.call(0, &key(10), AuditCall::Delivered { request }).is_ok()
    };
    assert!(take(&mut chain));
    for (quota_now, expected) in
        [(Some(2), [true, false]), (Some(3), [true, false]), (None, [true; 2])]
    {
        let motion = Motion::Quota(quota_now);
        let id = chain.call(0, &key(10), AllianceCall::Propose { motion }).unwrap();
        chain.call(2, &key(12), vote(id, Yes)).unwrap();
        chain.call(3, &key(13), vote(id, Yes)).unwrap();
        assert_eq!(quota(&chain.state).unwrap(), quota_now);
        assert_eq!([take(&mut chain), take(&mut chain)], expected);
        assert!(chain.may_read(index, 32), "treatment never waits");
    }
    assert_eq!(chain.decide(index, 32, Purpose::Research), Decision::Grant);
}

#[test]
fn breaking_the_glass_opens_for_hours_and_is_loud() {
    let (mut chain, [index, _]) = Chain::with_people();
    let reason = Reason::Unconscious;
    for seed in [30, 33, 34, 35, 36, 99] {
        let error =
            refused(chain.call(0, &key(seed), PermissionCall::BreakGlass { index, reason }));
        assert!(matches!(error, CallError::NotRegistered { .. }));
    }
    chain.call(1, &key(32), PermissionCall::BreakGlass { index, reason }).unwrap();
    assert_eq!(chain.decide(index, 32, Purpose::Emergency), Decision::Emergency);
    assert!(!chain.may_read(index, 32));
    assert_eq!(chain.decide(index, 31, Purpose::Emergency), Decision::NoGrant);
    assert_eq!(chain.trail(Subject::Record(index)), [Happening::BrokenGlass { reason }]);
    chain.now_ms += EMERGENCY_MS;
    assert_eq!(chain.decide(index, 32, Purpose::Emergency), Decision::NoGrant);
}

/// Or one hospital would make itself an inspector of all originals.
#[test]
fn no_member_alone_makes_a_regulator_or_an_inspector() {
    use emrshare_contracts::Voice::Yes;
    let (mut chain, [index, _]) = Chain::with_people();
    for role in [Role::Regulator, Role::Inspector] {
        let (key, identity) = (key(60).public_key(), identity(60));
        let call = RegistryCall::Register { role, key, identity };
        not_allowed(chain.call(1, &self::key(11), call));
    }
    let motion = |role| {
        let (key, identity) = (key(60).public_key(), identity(60));
        AllianceCall::Propose { motion: Motion::Appoint(Appointment { role, key, identity }) }
    };
    let error = refused(chain.call(1, &key(11), motion(Role::Doctor)));
    assert!(matches!(error, CallError::Value { .. }));
    let id = chain.call(1, &key(11), motion(Role::Inspector)).unwrap();
    chain.call(2, &key(12), vote(id, Yes)).unwrap();
    assert_eq!(chain.decide(index, 60, Purpose::Inspection), Decision::NoGrant);
    chain.call(3, &key(13), vote(id, Yes)).unwrap();
    assert_eq!(chain.decide(index, 60, Purpose::Inspection), Decision::Inspection);
    let appointed = Happening::Appointed { role: Role::Inspector, identity: identity(60) };
    assert_eq!(chain.trail(Subject::Consortium).last(), Some(&appointed));
}

#[test]
fn regulators_read_no_originals_and_inspectors_only_to_inspect() {
    let (chain, [index, _]) = Chain::with_people();
    for purpose in Purpose::ALL {
        let allowed: Vec<_> =
            (31..=36).filter(|seed| chain.decide(index, *seed, *purpose).is_allowed()).collect();
        let expected: &[u8] = if *purpose == Purpose::Inspection { &[35] } else { &[] };
        assert_eq!(allowed, expected, "{purpose:?}");
    }
}

fn suspend(node: u32) -> AllianceCall {
    AllianceCall::Propose { motion: Motion::Suspend(NodeId::new(node).unwrap()) }
}

fn vote(proposal: Digest, voice: emrshare_contracts::Voice) -> AllianceCall {
    AllianceCall::Vote { proposal, voice }
}

/// MedRec: with two signers, one yes admits a third.
#[test]
fn a_member_votes_once_and_more_than_two_thirds_are_needed() {
    use emrshare_contracts::Voice::{No, Yes};
    let (mut chain, [index, _]) = Chain::with_people();
    let three = NodeId::new(3).unwrap();
    not_allowed(chain.call(0, &key(36), suspend(3)));
    let id = chain.call(0, &key(10), suspend(3)).unwrap();
    for voice in [Yes, No] {
        let error = refused(chain.call(0, &key(10), vote(id, voice)));
        assert!(matches!(error, CallError::Present { .. }));
    }
    not_allowed(chain.call(1, &key(10), vote(id, Yes)));
    chain.call(1, &key(11), vote(id, Yes)).unwrap();
    assert!(!is_suspended(&chain.state, three).unwrap());
    chain.call(2, &key(12), vote(id, Yes)).unwrap();
    assert!(is_suspended(&chain.state, three).unwrap());
    // Everything through it is refused, other people's calls too.
    let through = chain.call(3, &key(30), grant(Scope::Record(index), to_person(31)));
    assert!(matches!(through, Err(ItemError::Suspended(node)) if node == three));
    let own = chain.call(3, &key(13), vote(id, No));
    assert!(matches!(own, Err(ItemError::Suspended(_))));
    let trail = chain.trail(Subject::Consortium);
    assert_eq!(trail.last(), Some(&Happening::Suspended { member: three }));
    let motion = Motion::Reinstate(three);
    let id = chain.call(0, &key(10), AllianceCall::Propose { motion }).unwrap();
    chain.call(1, &key(11), vote(id, No)).unwrap();
    chain.call(2, &key(12), vote(id, No)).unwrap();
    let outcomes = proposals(&chain.state, 10).unwrap();
    assert!(outcomes.iter().any(|(found, p)| *found == id && p.outcome == Outcome::Failed));
    assert!(is_suspended(&chain.state, three).unwrap());
}

#[test]
fn people_of_a_suspended_member_read_nothing() {
    use emrshare_contracts::Voice::Yes;
    let (mut chain, [index, _]) = Chain::with_people();
    chain.call(0, &key(30), grant(Scope::Record(index), to_person(32))).unwrap();
    assert!(chain.may_read(index, 32));
    let id = chain.call(0, &key(10), suspend(1)).unwrap();
    chain.call(2, &key(12), vote(id, Yes)).unwrap();
    chain.call(3, &key(13), vote(id, Yes)).unwrap();
    assert_eq!(chain.decide(index, 32, Purpose::Treatment), Decision::Suspended);
}

#[test]
fn founders_say_how_many_must_agree_on_what() {
    let of = |numerator, denominator| Threshold::new(numerator, denominator).unwrap();
    let thresholds = Thresholds { terms: of(1, 2), suspend: of(3, 4), ..Thresholds::default() };
    let mut chain = Chain::with(thresholds);
    let read = Genesis::from_bytes(chain.genesis.as_bytes()).unwrap();
    assert_eq!(read.block().hash(), chain.genesis.block().hash());
    assert_ne!(read.block().hash(), genesis().block().hash());
    let text = String::from_utf8_lossy(chain.genesis.as_bytes());
    for share in ["1/3", "4/4", "03/4", "3/0", "76/101", "3"] {
        let wrong = text.replace("\"3/4\"", &format!("\"{share}\""));
        let error = Genesis::from_bytes(wrong.as_bytes()).unwrap_err();
        assert!(matches!(error, GenesisError::Malformed { .. }), "{share}: {error:?}");
    }
    let suspending = suspend(3);
    let other = AgreedTerms { policy: Digest([9; 32]), ..chain.genesis.terms() };
    let changing = AllianceCall::Propose { motion: Motion::Terms(other) };
    let yes = emrshare_contracts::Voice::Yes;
    // Of four members: three are more than a half, and no more than three quarters.
    let outcome = |chain: &Chain, id| {
        let found = proposals(&chain.state, 9).unwrap();
        found.into_iter().find(|(name, _)| *name == id).unwrap().1.outcome
    };
    for (call, after_three) in [(changing, Outcome::Passed), (suspending, Outcome::Open)] {
        let id = chain.call(0, &key(10), call).unwrap();
        chain.call(1, &key(11), vote(id, yes)).unwrap();
        assert_eq!(outcome(&chain, id), Outcome::Open);
        chain.call(2, &key(12), vote(id, yes)).unwrap();
        assert_eq!(outcome(&chain, id), after_three);
    }
    // One no is enough against all of four.
    let id = chain.call(0, &key(10), suspend(2)).unwrap();
    chain.call(2, &key(12), vote(id, emrshare_contracts::Voice::No)).unwrap();
    assert_eq!(outcome(&chain, id), Outcome::Failed);
}

#[test]
fn terms_change_by_vote_and_say_since_when_the_policy_holds() {
    use emrshare_contracts::Voice::Yes;
    let mut chain = Chain::new();
    let first = chain.genesis.terms();
    let in_force = |chain: &Chain| terms_in_force(&chain.state).unwrap();
    let other_protocol = AgreedTerms { protocol: Digest([4; 32]), ..first };
    let other_policy = AgreedTerms { policy: Digest([5; 32]), ..other_protocol };
    let steps = [(other_protocol, 7, 0), (other_policy, 8, 8), (other_policy, 9, 8)];
    assert_eq!(in_force(&chain), TermsInForce { terms: first, policy_since: 0 });
    for (terms, height, policy_since) in steps {
        let before = in_force(&chain);
        chain.height = height;
        let motion = Motion::Terms(terms);
        let id = chain.call(3, &key(13), AllianceCall::Propose { motion }).unwrap();
        chain.call(1, &key(11), vote(id, Yes)).unwrap();
        assert_eq!(in_force(&chain), before);
        chain.call(2, &key(12), vote(id, Yes)).unwrap();
        assert_eq!(in_force(&chain), TermsInForce { terms, policy_since });
    }
}

#[test]
fn a_transaction_cannot_come_twice_nor_be_changed() {
    let (mut chain, [index, _]) = Chain::with_people();
    let bytes = chain.signed(0, &key(30), grant(Scope::Record(index), to_person(31)), 1000);
    for position in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[position] ^= 1;
        if Item::from_bytes(&wrong).is_ok_and(|item| matches!(item, Item::Transaction(_))) {
            assert!(chain.apply(&wrong).is_err(), "byte {position}");
        }
    }
    chain.apply(&bytes).unwrap();
    assert!(matches!(chain.apply(&bytes), Err(ItemError::Nonce { .. })));
}

#[test]
fn a_transaction_of_another_consortium_is_refused() {
    let (mut chain, _) = Chain::with_people();
    let (node, nonce) = (NodeId::new(0).unwrap(), 1000);
    let call = Call::from(RegistryCall::Rotate { key: key(60).public_key() });
    let (contract, payload) = (call.contract(), call.to_payload());
    let draft = TransactionDraft { node, contract, nonce, payload };
    let elsewhere = draft.sign(Digest([9; 32]), &key(30));
    assert!(matches!(chain.apply(&elsewhere), Err(ItemError::Signature(_))));
    assert_eq!(key_of(&chain.state, identity(30)).unwrap(), Some(key(30).public_key()));
}

#[test]
fn replay_of_a_block_gives_the_same_state_root_and_another_order_is_another_block() {
    let (chain, [index, _]) = Chain::with_people();
    let parent = *chain.genesis.block().header();
    let items = [31u8, 32].map(|seed| {
        let call = grant(Scope::Record(index), to_person(seed));
        chain.signed(0, &key(30), call, 1000 + u64::from(seed))
    });
    let build = |items: &[Vec<u8>]| {
        let mut overlay = Overlay::new(&chain.state);
        let mut builder = BlockBuilder::new(1 << 20);
        let context = BlockContext { chain: parent.chain, height: 1, time_ms: 1 };
        for item in items {
            apply_item(&mut overlay, context, &Item::from_bytes(item).unwrap(), false)?;
            builder.push(item).unwrap();
        }
        let history = close_block(&mut overlay, &parent)?.history_root;
        let (_, root) = overlay.seal()?;
        Ok::<_, ItemError>(builder.build(&parent, 1, history, root))
    };
    let block = build(&items).unwrap();
    let first = execute(&chain.state, &parent, &block, |_| false).unwrap();
    assert_eq!(first, execute(&chain.state, &parent, &block, |_| false).unwrap());
    let [a, b] = items;
    assert!(matches!(build(&[b, a]), Err(ItemError::Nonce { .. })));
}

#[test]
fn genesis_round_trips_and_is_refused_when_changed() {
    let genesis = genesis();
    assert_eq!(Genesis::from_bytes(genesis.as_bytes()).unwrap().chain(), genesis.chain());
    let text = String::from_utf8(genesis.as_bytes().to_vec()).unwrap();
    assert!(Genesis::from_bytes(text.replace("\"node\":1", "\"node\":2").as_bytes()).is_err());
    assert!(Genesis::from_bytes(text.replace(',', ", ").as_bytes()).is_err());
    for (field, length) in [("institution", 256), ("certificate", 2048), ("authority", 2048)] {
        let name = format!("\"{field}\":\"");
        let long = text.replace(&name, &(name.clone() + &"x".repeat(length)));
        let error = Genesis::from_bytes(long.as_bytes()).unwrap_err();
        assert!(matches!(error, GenesisError::Length { .. }), "{error}");
    }
}

#[test]
fn generated_records_follow_the_protocol() {
    for sample in Generator::new(5, Tongue::Mixed).take(40) {
        let (record, _) = import(sample.into_source()).unwrap();
        assert_eq!(Protocol::embedded().violations(record.bundle()), []);
    }
}

#[test]
fn violations_say_where_and_not_what() {
    let bad = br#"{"resourceType":"Patient","gender":"SECRET","identifier":[{"value":"990101195001011231"}]}"#;
    let file = emrshare_record::SourceFile::new("p.json", bad.to_vec());
    let (record, _) = import(vec![file]).unwrap();
    let violations = Protocol::embedded().violations(record.bundle());
    assert!(violations.iter().any(|violation| violation.rule == "check-digit"));
    assert!(violations.iter().any(|violation| violation.place.contains("gender")));
    let shown = format!("{violations:?}");
    assert!(!shown.contains("SECRET") && !shown.contains("990101195001011231"));
}
