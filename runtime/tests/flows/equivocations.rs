//! Crafted proofs that a validator authored two blocks in one slot, or voted twice in one round.

use crate::{
    chain::{self, Chain},
    staking::{report_bob, slashing, staking, BOND, WINDOW},
};
use assay_primitives::Role;
use assay_runtime::{
    configs::MAX_REPORT_SESSIONS, genesis, Babe, Balance, Block, Grandpa, Hash, Header, Historical, Runtime,
    RuntimeCall, Session, System, UncheckedExtrinsic,
};
use codec::Encode;
use frame_support::traits::KeyOwnerProofSystem;
use pallet_assay_slashing::Pending;
use pallet_assay_staking::Ledgers;
use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest};
use sp_consensus_grandpa::{localized_payload, Equivocation, EquivocationProof};
use sp_core::Pair;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::{
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    ApplyExtrinsicResult, Digest, DigestItem,
};
use sp_session::MembershipProof;

/// Two prevotes of Bob in one round.
fn double_vote(set: u64) -> EquivocationProof<Hash, u32> {
    let vote = |target: u8| {
        let prevote = finality_grandpa::Prevote { target_hash: Hash::repeat_byte(target), target_number: 1 };
        let payload = localized_payload(1, set, &finality_grandpa::Message::Prevote(prevote.clone()));
        (prevote, Ed25519Keyring::Bob.sign(&payload).into())
    };
    EquivocationProof::new(
        set,
        Equivocation::Prevote(finality_grandpa::Equivocation {
            round_number: 1,
            identity: Ed25519Keyring::Bob.public().into(),
            first: vote(1),
            second: vote(2),
        }),
    )
}

/// Two blocks of Bob in one slot.
pub fn double_block(slot: u64) -> sp_consensus_babe::EquivocationProof<Header> {
    double_block_of(Sr25519Keyring::Bob, slot)
}

fn double_block_of(author: Sr25519Keyring, slot: u64) -> sp_consensus_babe::EquivocationProof<Header> {
    let index = Babe::authorities().iter().position(|(key, _)| *key == author.public().into()).unwrap();
    let block = |state: u8| {
        let claim = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
            authority_index: index as u32,
            slot: slot.into(),
        });
        let digest = Digest { logs: vec![<DigestItem as CompatibleDigestItem>::babe_pre_digest(claim)] };
        let mut header =
            Header::new(1, Default::default(), Hash::repeat_byte(state), Default::default(), digest);
        let seal = author.pair().sign(header.hash().as_ref());
        header.digest_mut().push(<DigestItem as CompatibleDigestItem>::babe_seal(seal.into()));
        header
    };
    sp_consensus_babe::EquivocationProof {
        offender: author.public().into(),
        slot: slot.into(),
        first_header: block(1),
        second_header: block(2),
    }
}

fn grandpa_owner() -> MembershipProof {
    let bob: sp_consensus_grandpa::AuthorityId = Ed25519Keyring::Bob.public().into();
    Historical::prove((sp_consensus_grandpa::KEY_TYPE, bob)).unwrap()
}

pub fn babe_owner() -> MembershipProof {
    babe_owner_of(Sr25519Keyring::Bob)
}

fn babe_owner_of(author: Sr25519Keyring) -> MembershipProof {
    let key: sp_consensus_babe::AuthorityId = author.public().into();
    Historical::prove((sp_consensus_babe::KEY_TYPE, key)).unwrap()
}

fn report_vote(
    chain: &mut Chain,
    proof: EquivocationProof<Hash, u32>,
    owner: MembershipProof,
) -> ApplyExtrinsicResult {
    chain.apply(UncheckedExtrinsic::new_bare(RuntimeCall::Grandpa(
        pallet_grandpa::Call::report_equivocation_unsigned {
            equivocation_proof: Box::new(proof),
            key_owner_proof: owner,
        },
    )))
}

pub fn report_block(
    chain: &mut Chain,
    proof: sp_consensus_babe::EquivocationProof<Header>,
    owner: MembershipProof,
) -> ApplyExtrinsicResult {
    chain.apply(UncheckedExtrinsic::new_bare(RuntimeCall::Babe(
        pallet_babe::Call::report_equivocation_unsigned {
            equivocation_proof: Box::new(proof),
            key_owner_proof: owner,
        },
    )))
}

/// A double vote of Bob in a session to come, and the proof of that session that the key is Bob's.
fn vote_of(chain: &mut Chain, session: u32) -> (EquivocationProof<Hash, u32>, MembershipProof) {
    chain.pass_to_session(session);
    (double_vote(Grandpa::current_set_id()), grandpa_owner())
}

/// What an owner has bonded as a validator.
fn bonded(owner: Sr25519Keyring) -> Balance {
    Ledgers::<Runtime>::get(owner.to_account_id()).map_or(0, |ledger| ledger.validator.active)
}

/// The recorded offenders, whatever their offence.
fn offenders() -> Vec<assay_runtime::AccountId> {
    pallet_offences::Reports::<Runtime>::iter_values().map(|details| details.offender.0).collect()
}

fn emitted(kind: &[u8; 16]) -> bool {
    System::events().iter().any(|record| {
        matches!(&record.event, assay_runtime::RuntimeEvent::Offences(pallet_offences::Event::Offence { kind: of, .. })
            if of == kind)
    })
}

#[test]
fn a_double_vote_is_an_offence() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        chain.open();
        report_vote(chain, double_vote(Grandpa::current_set_id()), grandpa_owner())
            .expect("valid")
            .expect("counts");
        assert!(emitted(b"grandpa:equivoca"));
        chain.close();
        assert_eq!(offenders(), vec![Sr25519Keyring::Bob.to_account_id()]);
        let waiting: Vec<_> = Pending::<Runtime>::iter_values().map(|slash| slash.amount).collect();
        assert_eq!(waiting, [BOND / 2], "as two blocks in a slot cost: (3k/n)² of one in four, capped");
    });
}

#[test]
fn a_double_vote_of_an_ended_session_is_an_offence() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let (proof, owner) = (double_vote(Grandpa::current_set_id()), grandpa_owner());
        chain.pass_to_session(2);
        assert!(Grandpa::current_set_id() > proof.set_id());
        chain.open();
        report_vote(chain, proof, owner).expect("valid").expect("counts");
        chain.close();
        assert_eq!(offenders(), vec![Sr25519Keyring::Bob.to_account_id()]);
    });
}

#[test]
fn a_double_block_is_an_offence() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let proof = double_block(chain.slot());
        let owner = babe_owner();
        chain.open();
        report_block(chain, proof, owner).expect("valid").expect("counts");
        assert!(emitted(b"babe:equivocatio"));
        chain.close();
        assert_eq!(offenders(), vec![Sr25519Keyring::Bob.to_account_id()]);
    });
}

#[test]
fn a_double_block_of_a_later_session_is_an_offence() {
    chain::on(genesis::TEST, |chain| {
        chain.pass_to_session(2);
        let (proof, owner) = (double_block(chain.slot()), babe_owner());
        chain.open();
        report_block(chain, proof, owner).expect("valid").expect("counts");
        chain.close();
        assert_eq!(offenders(), vec![Sr25519Keyring::Bob.to_account_id()]);
    });
}

#[test]
fn one_offence_is_reported_once() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let (proof, owner) = (double_block(chain.slot()), babe_owner());
        chain.open();
        report_block(chain, proof.clone(), owner.clone()).expect("valid").expect("counts");
        let again = report_block(chain, proof, owner).expect_err("known");
        assert_eq!(again, TransactionValidityError::Invalid(InvalidTransaction::Stale));
        chain.close();
        assert_eq!(offenders().len(), 1);
    });
}

#[test]
fn an_offence_reported_again_with_more_bonded_or_a_session_later_is_refused_and_costs_nothing_more() {
    chain::on(genesis::TEST, |chain| {
        let stale: ApplyExtrinsicResult = Err(InvalidTransaction::Stale.into());
        chain.pass(3);
        let (proof, owner) = (double_block(chain.slot()), babe_owner());
        report_bob(chain);
        chain.open();
        let more = pallet_assay_staking::Call::bond_extra { role: Role::Validator, amount: BOND };
        chain.submit(Sr25519Keyring::Bob, staking(more)).expect("valid").expect("Bob has as much");
        assert_eq!(report_block(chain, proof.clone(), babe_owner()), stale);
        chain.close();

        chain.pass_to_session(1);
        chain.open();
        for owner in [owner, babe_owner()] {
            assert_eq!(report_block(chain, proof.clone(), owner), stale);
        }
        chain.close();
        assert_eq!(Pending::<Runtime>::iter().count(), 1);
        chain.pass(2 * WINDOW);
        assert_eq!(bonded(Sr25519Keyring::Bob), 2 * BOND - BOND / 2);
    });
}

#[test]
fn a_forgiven_offence_costs_nothing_when_another_offender_of_its_slot_is_reported() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let of_alice = double_block_of(Sr25519Keyring::Alice, chain.slot());
        let id = report_bob(chain);
        chain.open();
        chain.root(slashing(pallet_assay_slashing::Call::cancel { id }));
        let owner = babe_owner_of(Sr25519Keyring::Alice);
        report_block(chain, of_alice, owner).expect("valid").expect("counts");
        chain.close();

        let waiting: Vec<_> = Pending::<Runtime>::iter_values().map(|slash| slash.owner).collect();
        assert_eq!(waiting, [Sr25519Keyring::Alice.to_account_id()]);
        chain.pass(WINDOW + 1);
        assert_eq!((bonded(Sr25519Keyring::Bob), bonded(Sr25519Keyring::Alice)), (BOND, BOND / 2));
    });
}

/// Holds `MaxSetIdSessionEntries` and `MAX_REPORT_SESSIONS` together: GRANDPA asks for the set of the session and for
/// the one before it.
#[test]
fn a_double_vote_counts_until_the_longest_report_age_and_no_longer() {
    let mut preset = genesis::preset(genesis::TEST).unwrap();
    preset["clock"]["epochSlots"] = serde_json::json!(2);
    preset["staking"]["params"]["reportSessions"] = serde_json::json!(MAX_REPORT_SESSIONS);
    preset["staking"]["params"]["unbondingBlocks"] = serde_json::json!(2_000);
    chain::on_genesis(preset, |chain| {
        let (too_old, owner_then) = vote_of(chain, 4);
        let (oldest, owner) = vote_of(chain, 5);
        chain.pass_to_session(5 + MAX_REPORT_SESSIONS + 1);
        let kept = |back| Grandpa::session_for_set(oldest.set_id() - back).is_some();
        assert_eq!([kept(0), kept(1), kept(2)], [true, true, false], "as many sets as are needed");

        chain.open();
        let refusal = report_vote(chain, too_old, owner_then).expect_err("the session is forgotten");
        assert_eq!(refusal, TransactionValidityError::Invalid(InvalidTransaction::BadProof));
        report_vote(chain, oldest, owner).expect("valid").expect("counts");
        chain.close();
        assert_eq!(Pending::<Runtime>::iter().count(), 1);
    });
}

#[test]
fn an_equivocation_must_be_one() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let mut same = double_block(chain.slot());
        same.second_header = same.first_header.clone();
        chain.open();
        report_block(chain, same, babe_owner()).expect("valid").expect_err("twice the same block");
        chain.close();
        assert!(offenders().is_empty());
    });
}

#[test]
fn a_key_is_its_owners_only() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let alice: sp_consensus_babe::AuthorityId = Sr25519Keyring::Alice.public().into();
        let owner = Historical::prove((sp_consensus_babe::KEY_TYPE, alice)).unwrap();
        let proof = double_block(chain.slot());
        chain.open();
        let refusal = report_block(chain, proof, owner).expect_err("Alice does not own Bob's key");
        assert!(matches!(refusal, TransactionValidityError::Invalid(_)), "{refusal:?}");
        chain.close();
        assert!(offenders().is_empty());
    });
}

#[test]
fn proofs_are_kept_for_as_long_as_reports_are_accepted() {
    let mut preset = genesis::preset(genesis::DEVELOPMENT).unwrap();
    preset["clock"]["epochSlots"] = serde_json::json!(1);
    chain::on_genesis(preset, |chain| {
        let accepted = pallet_assay_staking::Params::<Runtime>::get().report_sessions;
        let now = accepted + 20;
        chain.pass_to_session(now);
        let kept: Vec<_> = (0..=now + 2).filter(|of| Historical::historical_root(*of).is_some()).collect();
        // The session that has just ended counts as the newest; the next one is queued already.
        let oldest = now - 1 - accepted;
        assert_eq!(kept, (oldest..=now + 1).collect::<Vec<_>>());
    });
}

#[test]
fn validators_of_genesis_keep_their_keys() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        for validator in Sr25519Keyring::iter().take(4) {
            let purge = RuntimeCall::Session(pallet_session::Call::purge_keys {});
            let refused = chain.submit(validator, purge).expect("valid").unwrap_err();
            assert_eq!(refused, frame_system::Error::<Runtime>::CallFiltered.into());
        }
        chain.close();
        chain.pass_to_session(3);
        assert_eq!(Babe::authorities().len(), 4);
        assert_eq!(Session::validators().len(), 4);
    });
}

#[test]
fn nodes_get_proofs_through_the_runtime_api() {
    use sp_consensus_babe::runtime_decl_for_babe_api::BabeApi;
    use sp_consensus_grandpa::runtime_decl_for_grandpa_api::GrandpaApi;
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let babe = <Runtime as BabeApi<Block>>::generate_key_ownership_proof(
            chain.slot().into(),
            Sr25519Keyring::Bob.public().into(),
        );
        assert_eq!(babe.unwrap().encode(), babe_owner().encode().encode());
        let grandpa = <Runtime as GrandpaApi<Block>>::generate_key_ownership_proof(
            Grandpa::current_set_id(),
            Ed25519Keyring::Bob.public().into(),
        );
        assert_eq!(grandpa.unwrap().encode(), grandpa_owner().encode().encode());
        let ferdie: sp_consensus_babe::AuthorityId = Sr25519Keyring::Ferdie.public().into();
        let owned = Historical::check_proof((sp_consensus_babe::KEY_TYPE, ferdie), babe_owner());
        assert!(owned.is_none(), "a proof says nothing about a key that is no validator's");
    });
}
