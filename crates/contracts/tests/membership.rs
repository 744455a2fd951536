//! Members come and go, and the validators follow at the end of an epoch.
#![allow(missing_docs, clippy::unwrap_used)]

mod chain;

use chain::{Chain, TIME, key, member, member_with};
use emrshare_codec::{Digest, NodeId};
use emrshare_contracts::{
    AllianceCall, Application, CallError, EPOCH_LEN, Happening, ItemError, Motion, Subject, Voice,
    active, card, close_block, epoch_of, execute, is_active, validator_sets,
};
use emrshare_ledger::{BlockBuilder, Header, Overlay};

const FIFTH: u32 = 4;

fn node(number: u32) -> NodeId {
    NodeId::new(number).unwrap()
}

/// A chain at a time when certificates are valid.
fn founded() -> Chain {
    let mut chain = Chain::new();
    chain.now_ms = TIME as u64 * 1000;
    chain
}

fn application(chain: &Chain, number: u32) -> Application {
    Application::sign(chain.genesis.chain(), member(number), &key(10 + number as u8))
}

fn pass_on(chain: &mut Chain, application: Application) -> Result<Digest, ItemError> {
    chain.call(0, &key(10), AllianceCall::Apply { application })
}

/// Proposed by node 0; nodes 1 and 2 say yes.
fn pass(chain: &mut Chain, motion: Motion) -> Result<Digest, ItemError> {
    let proposal = chain.call(0, &key(10), AllianceCall::Propose { motion })?;
    for number in [1_u8, 2] {
        let vote = AllianceCall::Vote { proposal, voice: Voice::Yes };
        chain.call(number.into(), &key(10 + number), vote)?;
    }
    Ok(proposal)
}

fn admit(chain: &mut Chain, number: u32) {
    let application = application(chain, number);
    let id = pass_on(chain, application).unwrap();
    pass(chain, Motion::Admit(id)).unwrap();
}

fn nodes(chain: &Chain) -> Vec<u32> {
    let set = active(&chain.state).unwrap();
    let mut nodes: Vec<_> = set.members().iter().map(|member| member.node.get()).collect();
    nodes.sort_unstable();
    nodes
}

fn call_error<T: std::fmt::Debug>(result: Result<T, ItemError>) -> CallError {
    match result.unwrap_err() {
        ItemError::Call(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn an_institution_is_admitted_by_its_own_wish_and_the_members_votes() {
    let mut chain = founded();
    let leave = AllianceCall::Leave {};
    let stranger = chain.call(FIFTH, &key(14), leave.clone());
    assert!(matches!(stranger, Err(ItemError::NotMember(_))));
    admit(&mut chain, FIFTH);
    assert_eq!(nodes(&chain), [0, 1, 2, 3, 4]);
    assert!(is_active(&chain.state, node(FIFTH)).unwrap());
    assert_eq!(card(&chain.state, node(FIFTH)).unwrap().unwrap(), member(FIFTH));
    let trail = chain.trail(Subject::Consortium);
    assert_eq!(trail.last(), Some(&Happening::Admitted { member: node(FIFTH) }));
    // It votes, and its voice counts: three of five are no longer enough.
    let motion = Motion::Suspend(node(3));
    pass(&mut chain, motion).unwrap();
    assert!(is_active(&chain.state, node(3)).unwrap());
    let motion = Motion::Suspend(node(2));
    let proposal = chain.call(FIFTH, &key(14), AllianceCall::Propose { motion }).unwrap();
    for number in [0_u8, 1, 3] {
        let vote = AllianceCall::Vote { proposal, voice: Voice::Yes };
        chain.call(number.into(), &key(10 + number), vote).unwrap();
    }
    assert_eq!(nodes(&chain), [0, 1, 3, 4]);
    chain.call(FIFTH, &key(14), leave).unwrap();
    assert_eq!(nodes(&chain), [0, 1, 3]);
}

#[test]
fn a_member_that_left_is_none_any_more_and_its_id_is_not_given_again() {
    let mut chain = founded();
    admit(&mut chain, FIFTH);
    chain.call(FIFTH, &key(14), AllianceCall::Leave {}).unwrap();
    assert!(!is_active(&chain.state, node(FIFTH)).unwrap());
    let again = chain.call(FIFTH, &key(14), AllianceCall::Leave {});
    assert!(matches!(again, Err(ItemError::NotMember(_))));
    let trail = chain.trail(Subject::Consortium);
    assert_eq!(trail.last(), Some(&Happening::Left { member: node(FIFTH) }));
    let application = application(&chain, FIFTH);
    let error = call_error(pass_on(&mut chain, application));
    assert!(matches!(error, CallError::Registered { what: "node" }), "{error}");
}

#[test]
fn applications_are_looked_at_before_anyone_votes() {
    let mut chain = founded();
    let good = application(&chain, FIFTH);
    let mut others = Vec::new();
    // Somebody else's wish.
    others.push(Application::sign(chain.genesis.chain(), member(FIFTH), &key(15)));
    // A wish to be in another consortium.
    others.push(Application::sign(Digest([7; 32]), member(FIFTH), &key(14)));
    // Another address than the one that was signed.
    let mut moved = good.clone();
    moved.member.consensus = "127.0.0.1:666".into();
    others.push(moved);
    let change = |change: &dyn Fn(&mut emrshare_contracts::Member)| {
        let mut changed = member(FIFTH);
        change(&mut changed);
        Application::sign(chain.genesis.chain(), changed, &key(14))
    };
    others.push(change(&|member| member.api = "http://127.0.0.1".into()));
    others.push(change(&|member| member.consensus = "somewhere".into()));
    others.push(change(&|member| member.institution = "x".repeat(256)));
    others.push(change(&|it| it.certificate = member(5).certificate));
    others.push(change(&|member| member.certificate = member.certificate.replace('A', "B")));
    // A certificate among so much else that no store would take its row.
    let padded = change(&|it| it.certificate = " ".repeat(2048) + &it.certificate);
    for application in others {
        let error = call_error(pass_on(&mut chain, application));
        assert!(matches!(error, CallError::Value { .. }), "{error}");
    }
    let error = call_error(pass_on(&mut chain, padded));
    assert!(matches!(error, CallError::Decode(_)), "{error}");
    // An expired certificate.
    chain.now_ms += 2_000_000;
    let error = call_error(pass_on(&mut chain, good));
    assert!(matches!(error, CallError::Value { .. }), "{error}");
    assert_eq!(nodes(&chain), [0, 1, 2, 3]);
}

#[test]
fn two_applications_with_one_id_admit_one() {
    let mut chain = founded();
    let ids = [0, 1].map(|_| {
        let application = application(&chain, FIFTH);
        pass_on(&mut chain, application).unwrap()
    });
    let second = AllianceCall::Propose { motion: Motion::Admit(ids[1]) };
    let second = chain.call(3, &key(13), second).unwrap();
    pass(&mut chain, Motion::Admit(ids[0])).unwrap();
    let vote = |voice| AllianceCall::Vote { proposal: second, voice };
    for number in [0_u8, 1] {
        chain.call(number.into(), &key(10 + number), vote(Voice::Yes)).unwrap();
    }
    let last = chain.call(2, &key(12), vote(Voice::Yes));
    assert!(matches!(call_error(last), CallError::Registered { what: "node" }));
    assert_eq!(nodes(&chain), [0, 1, 2, 3, 4]);
}

#[test]
fn a_member_changes_its_own_card_and_nobody_elses() {
    let mut chain = founded();
    let moved = |number: u32| {
        let mut card = member(number);
        card.api = "https://emr.example:8443".into();
        card.consensus = "192.0.2.1:8444".into();
        card
    };
    chain.call(1, &key(11), AllianceCall::Renew { card: moved(1) }).unwrap();
    assert_eq!(card(&chain.state, node(1)).unwrap().unwrap(), moved(1));
    assert_eq!(chain.trail(Subject::Consortium), [Happening::Renewed { member: node(1) }]);
    let error = call_error(chain.call(1, &key(11), AllianceCall::Renew { card: moved(2) }));
    assert!(matches!(error, CallError::Value { .. }), "{error}");
    // Through node 1, but not by its key.
    let error = call_error(chain.call(1, &key(12), AllianceCall::Renew { card: moved(1) }));
    assert!(matches!(error, CallError::NotAllowed { .. }), "{error}");
    let mut wrong = moved(1);
    wrong.api = "http://emr.example".into();
    let error = call_error(chain.call(1, &key(11), AllianceCall::Renew { card: wrong }));
    assert!(matches!(error, CallError::Value { .. }), "{error}");
    assert_eq!(card(&chain.state, node(1)).unwrap().unwrap(), moved(1));
}

#[test]
fn a_member_changes_its_key_and_the_old_one_is_worth_nothing() {
    let mut chain = founded();
    let name = chain.genesis.chain();
    let signed = |node, seed, by| Application::sign(name, member_with(node, seed), &key(by));
    let rekey = |application| AllianceCall::Rekey { application };
    let wrong = [
        // The new key does not want it, another node's certificate, a key that somebody has.
        (signed(1, 31, 11), "Value"),
        (signed(2, 31, 31), "Value"),
        (signed(1, 12, 12), "Registered"),
        (signed(1, 11, 11), "Registered"),
        (Application::sign(Digest([7; 32]), member_with(1, 31), &key(31)), "Value"),
    ];
    for (application, expected) in wrong {
        let error = call_error(chain.call(1, &key(11), rekey(application)));
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
    }
    let stranger = chain.call(1, &key(31), rekey(signed(1, 31, 31)));
    assert!(matches!(call_error(stranger), CallError::NotAllowed { .. }));

    chain.call(1, &key(11), rekey(signed(1, 31, 31))).unwrap();
    assert_eq!(nodes(&chain), [0, 1, 2, 3]);
    let seats = active(&chain.state).unwrap();
    let seat = seats.members().iter().find(|seat| seat.node == node(1)).unwrap();
    assert_eq!(seat.key, key(31).public_key());
    assert_eq!(chain.trail(Subject::Consortium), [Happening::Rekeyed { member: node(1) }]);
    let propose = || AllianceCall::Propose { motion: Motion::Suspend(node(3)) };
    let old = chain.call(1, &key(11), propose());
    assert!(matches!(call_error(old), CallError::NotAllowed { .. }));
    chain.call(1, &key(31), propose()).unwrap();
    // The old key is not given again, to nobody.
    let again = chain.call(1, &key(31), rekey(signed(1, 11, 11)));
    assert!(matches!(call_error(again), CallError::Registered { .. }));
}

#[test]
fn a_suspended_member_changes_no_key() {
    let mut chain = founded();
    pass(&mut chain, Motion::Suspend(node(3))).unwrap();
    let application = Application::sign(chain.genesis.chain(), member_with(3, 31), &key(31));
    let refused = chain.call(3, &key(13), AllianceCall::Rekey { application });
    assert!(matches!(refused, Err(ItemError::Suspended(_))));
}

#[test]
fn the_last_member_stays() {
    let mut chain = founded();
    for number in 1..4_u8 {
        chain.call(number.into(), &key(10 + number), AllianceCall::Leave {}).unwrap();
    }
    let error = call_error(chain.call(0, &key(10), AllianceCall::Leave {}));
    assert!(matches!(error, CallError::Value { .. }));
    assert_eq!(nodes(&chain), [0]);
}

/// The empty block behind a header, as a proposer makes it.
fn empty_block(chain: &mut Chain, parent: &Header) -> Header {
    let mut overlay = Overlay::new(&chain.state);
    let closing = close_block(&mut overlay, parent).unwrap();
    let mut builder = BlockBuilder::new(1024);
    builder.name_validators(closing.next_validators_root);
    let (_, state_root) = overlay.seal().unwrap();
    let block = builder.build(parent, 1, closing.history_root, state_root);
    let changes = execute(&chain.state, parent, &block, |_| false).unwrap();
    chain.state.apply(changes);
    *block.header()
}

#[test]
fn validators_change_at_the_end_of_an_epoch_only() {
    let mut chain = founded();
    let founders = chain.genesis.validators();
    let mut header = *chain.genesis.block().header();
    header = empty_block(&mut chain, &header);
    admit(&mut chain, FIFTH);
    while header.height + 1 < EPOCH_LEN - 1 {
        header = empty_block(&mut chain, &header);
        assert_eq!(header.next_validators_root, founders.root());
    }
    header = empty_block(&mut chain, &header);
    assert_eq!((header.height, epoch_of(header.height + 1)), (EPOCH_LEN - 1, 1));
    let new = active(&chain.state).unwrap();
    assert_eq!(header.validators_root, founders.root());
    assert_eq!(header.next_validators_root, new.root());
    assert_eq!(validator_sets(&chain.state).unwrap(), [(0, founders), (1, new.clone())]);
    header = empty_block(&mut chain, &header);
    assert_eq!(header.validators_root, new.root());
    // A header that names others than the state does is refused, whoever made it.
    let mut overlay = Overlay::new(&chain.state);
    let closing = close_block(&mut overlay, &header).unwrap();
    let mut builder = BlockBuilder::new(1024);
    builder.name_validators(Digest([5; 32]));
    let (_, state_root) = overlay.seal().unwrap();
    let block = builder.build(&header, 1, closing.history_root, state_root);
    let error = execute(&chain.state, &header, &block, |_| false).unwrap_err();
    assert!(error.to_string().contains("next validator set"), "{error}");
}
