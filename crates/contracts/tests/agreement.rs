//! Agreements: what opens a record to another institution, and what closes it.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod chain;

use chain::{Chain, identity, key};
use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex};
use emrshare_contracts::{
    AgreedRights, AgreementCall, AgreementStanding, AuditCall, CallError, Decision, Happening,
    ItemError, Parts, Purpose, Span, Subject, agreements_of, inclusions, log_entries, request,
};
use emrshare_ledger::{StateRead, SubmissionDraft, rules::RuleError};

const TEXT: Digest = Digest([8; 32]);

fn node(node: u32) -> NodeId {
    NodeId::new(node).unwrap()
}

fn offer(rights: AgreedRights) -> AgreementCall {
    let valid = Span { from_ms: 0, until_ms: 2_000_000 };
    AgreementCall::Offer { partner: node(1), text: TEXT, rights, valid }
}

fn is_refused(called: Result<Digest, ItemError>) -> bool {
    matches!(
        called,
        Err(ItemError::Call(
            CallError::NotAllowed { .. }
                | CallError::Missing { .. }
                | CallError::Present { .. }
                | CallError::Value { .. }
        ))
    )
}

/// An agreement of nodes 0 and 1 that both signed, with a record whose patient agrees.
fn made(rights: AgreedRights) -> (Chain, RecordIndex, Digest) {
    let (mut chain, [index, _]) = Chain::with_people();
    let agreement = chain.call(0, &key(10), offer(rights)).unwrap();
    chain.call(1, &key(11), AgreementCall::Accept { agreement }).unwrap();
    chain.call(0, &key(10), AgreementCall::Include { agreement, index }).unwrap();
    chain.call(0, &key(30), AgreementCall::Consent { agreement, index }).unwrap();
    (chain, index, agreement)
}

fn update(chain: &mut Chain, by: u32, index: RecordIndex, original: u8) -> Result<(), ItemError> {
    let operation = Operation::new(Marker::RECORD, Kind::Update, node(by));
    let entry = Entry::new(operation, index, Digest([original; 32]), Digest([0xcc; 32]));
    let sequence = chain.state.node(node(by)).unwrap().sequence + 1;
    let draft = SubmissionDraft { entries: vec![entry], sequence };
    let bytes = draft.sign(chain.genesis.chain(), &key(10 + by as u8)).unwrap();
    chain.apply(&bytes)
}

#[test]
fn a_record_is_open_once_both_parties_and_the_patient_have_signed() {
    let (mut chain, [index, _]) = Chain::with_people();
    let agreement = chain.call(0, &key(10), offer(AgreedRights::Query)).unwrap();
    chain.call(0, &key(10), AgreementCall::Include { agreement, index }).unwrap();
    chain.call(0, &key(30), AgreementCall::Consent { agreement, index }).unwrap();
    assert!(!chain.may_read(index, 32));
    chain.call(1, &key(11), AgreementCall::Accept { agreement }).unwrap();
    assert_eq!(chain.decide(index, 32, Purpose::Treatment), Decision::Agreement);
    assert!(!chain.decide(index, 32, Purpose::Research).is_allowed());
    // The origin's other doctors, researchers and strangers gain nothing.
    for seed in [31, 33, 34, 99] {
        assert!(!chain.may_read(index, seed), "{seed}");
    }
    let trail = chain.trail(Subject::Record(index));
    assert_eq!(trail, [Happening::Included { agreement }, Happening::Consented { agreement }]);
    assert!(chain.trail(Subject::Consortium).contains(&Happening::AgreementMade { agreement }));
    for party in [0, 1] {
        let found = agreements_of(&chain.state, node(party), 9).unwrap();
        assert_eq!(found[0].1.standing, AgreementStanding::Made);
    }
    assert_eq!(inclusions(&chain.state, agreement, 9).unwrap(), [(index, true)]);
}

#[test]
fn origin_patient_party_and_time_each_close_it_alone() {
    type Closing = fn(Digest, RecordIndex) -> AgreementCall;
    let closing: [(u32, u8, Closing); 4] = [
        (0, 10, |agreement, index| AgreementCall::Exclude { agreement, index }),
        (0, 30, |agreement, index| AgreementCall::Withdraw { agreement, index }),
        (0, 10, |agreement, _| AgreementCall::End { agreement }),
        (1, 11, |agreement, _| AgreementCall::End { agreement }),
    ];
    for (through, signer, call) in closing {
        let (mut chain, index, agreement) = made(AgreedRights::QueryAndUpdate);
        update(&mut chain, 1, index, 50).unwrap();
        chain.call(through, &key(signer), call(agreement, index)).unwrap();
        assert!(!chain.may_read(index, 32));
        assert!(update(&mut chain, 1, index, 51).is_err());
    }
    let (mut chain, index, _) = made(AgreedRights::QueryAndUpdate);
    chain.now_ms = 2_000_000;
    assert!(!chain.may_read(index, 32));
    assert!(update(&mut chain, 1, index, 51).is_err());
}

#[test]
fn nobody_signs_for_another() {
    let (mut chain, [index, other]) = Chain::with_people();
    assert!(is_refused(chain.call(0, &key(31), offer(AgreedRights::Query))));
    let to_itself = match offer(AgreedRights::Query) {
        AgreementCall::Offer { text, rights, valid, .. } => {
            AgreementCall::Offer { partner: node(0), text, rights, valid }
        }
        call => call,
    };
    assert!(is_refused(chain.call(0, &key(10), to_itself)));
    let agreement = chain.call(0, &key(10), offer(AgreedRights::Query)).unwrap();
    let include = AgreementCall::Include { agreement, index };
    let consent = AgreementCall::Consent { agreement, index };
    for (through, signer) in [(0, 10), (2, 12), (1, 32)] {
        let accept = AgreementCall::Accept { agreement };
        assert!(is_refused(chain.call(through, &key(signer), accept)), "{signer} accepts");
    }
    for (through, signer) in [(1, 11), (2, 12), (0, 30), (0, 31)] {
        assert!(is_refused(chain.call(through, &key(signer), include)), "{signer} includes");
    }
    assert!(is_refused(chain.call(0, &key(30), consent)), "nothing is included");
    chain.call(0, &key(10), include).unwrap();
    for (through, signer) in [(0, 10), (1, 11), (0, 31), (1, 32), (0, 99)] {
        assert!(is_refused(chain.call(through, &key(signer), consent)), "{signer} consents");
    }
    // A record that is linked to nobody is opened to nobody.
    chain.call(0, &key(10), AgreementCall::Include { agreement, index: other }).unwrap();
    let consent = AgreementCall::Consent { agreement, index: other };
    assert!(is_refused(chain.call(0, &key(30), consent)));
    for (through, signer) in [(2, 12), (0, 30), (1, 32)] {
        let end = AgreementCall::End { agreement };
        assert!(is_refused(chain.call(through, &key(signer), end)), "{signer} ends");
    }
}

#[test]
fn a_record_is_in_one_agreement_of_two_institutions_at_a_time() {
    let (mut chain, index, first) = made(AgreedRights::Query);
    let second = chain.call(0, &key(10), offer(AgreedRights::Update)).unwrap();
    let include = AgreementCall::Include { agreement: second, index };
    assert!(is_refused(chain.call(0, &key(10), include)));
    chain.call(1, &key(11), AgreementCall::End { agreement: first }).unwrap();
    chain.call(0, &key(10), include).unwrap();
    // The consent was to the first.
    chain.call(1, &key(11), AgreementCall::Accept { agreement: second }).unwrap();
    assert!(update(&mut chain, 1, index, 50).is_err());
    assert_eq!(inclusions(&chain.state, first, 9).unwrap(), []);
    let withdraw = AgreementCall::Withdraw { agreement: first, index };
    assert!(is_refused(chain.call(0, &key(30), withdraw)));
}

#[test]
fn the_other_node_updates_what_it_may_and_holds_what_it_made() {
    let (mut chain, index, _) = made(AgreedRights::Update);
    assert!(!chain.may_read(index, 32), "to update is not to query");
    let stranger = update(&mut chain, 2, index, 50);
    assert!(matches!(stranger, Err(ItemError::Rule(RuleError::NotOrigin { .. }))));
    update(&mut chain, 1, index, 51).unwrap();
    assert_eq!(chain.state.record(index).unwrap().unwrap().acting, node(1));
    let (purpose, parts) = (Purpose::Personal, Parts::Everything);
    let recipient = Digest([7; 32]);
    let asked =
        chain.call(0, &key(30), AuditCall::Ask { index, purpose, parts, recipient }).unwrap();
    assert_eq!(request(&chain.state, asked).unwrap().unwrap().holder, node(1));
    let delivered = AuditCall::Delivered { request: asked };
    assert!(is_refused(chain.call(0, &key(10), delivered)));
    chain.call(1, &key(11), delivered).unwrap();
    // The origin goes on where the other stopped.
    update(&mut chain, 0, index, 52).unwrap();
}

#[test]
fn doctors_of_the_parties_add_to_the_log() {
    let (mut chain, _, agreement) = made(AgreedRights::Query);
    let note = |byte| AgreementCall::Log { agreement, note: Digest([byte; 32]) };
    chain.call(0, &key(31), note(1)).unwrap();
    chain.call(1, &key(32), note(2)).unwrap();
    for (through, signer) in [(0, 10), (0, 30), (1, 31), (0, 33), (2, 12)] {
        assert!(is_refused(chain.call(through, &key(signer), note(3))), "{signer}");
    }
    let log = log_entries(&chain.state, agreement, 9).unwrap();
    let found: Vec<_> = log.iter().map(|entry| (entry.note, entry.doctor)).collect();
    assert_eq!(found, [(Digest([1; 32]), identity(31)), (Digest([2; 32]), identity(32))]);
    chain.call(0, &key(10), AgreementCall::End { agreement }).unwrap();
    assert!(is_refused(chain.call(0, &key(31), note(4))));
}
