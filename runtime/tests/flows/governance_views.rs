//! What the runtime API tells about governance is what was done in it.

use crate::{
    chain,
    governance::ballots::{ballot, done, freeze, place_deposit, propose, vote, LONG, MILLION},
};
use assay_runtime::{
    genesis,
    governance::{
        self, runtime_decl_for_governance_api::GovernanceApi, Body, Conviction, Doing, Ongoing, Outcome,
        Referendum, Track,
    },
    token, Balance, Block, Rewards, Runtime, RuntimeCall,
};
use codec::Encode;
use pallet_assay_dao::{BIG_SPENDER, CURATOR, FELLOWS, ROOT, SMALL_SPENDER, UPGRADE};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// What each voter votes with, of the 125 million that it begins with.
const VOTE: Balance = 110 * MILLION;

fn referendum(index: u32) -> Option<Referendum> {
    <Runtime as GovernanceApi<Block>>::referendum(Body::Holders, index)
}

fn ongoing(index: u32) -> Ongoing {
    match referendum(index) {
        Some(Referendum::Ongoing(ongoing)) => *ongoing,
        other => panic!("{other:?} is not going on"),
    }
}

fn track(id: u16) -> Track {
    let tracks = <Runtime as GovernanceApi<Block>>::tracks();
    tracks.into_iter().find(|track| track.id == id).expect("the track")
}

fn rehearse(track: u16, call: &RuntimeCall) -> Result<(), String> {
    let rehearsed = <Runtime as GovernanceApi<Block>>::rehearse(track, call.encode());
    rehearsed.map_err(|refusal| refusal.error)
}

fn spend(amount: Balance) -> RuntimeCall {
    RuntimeCall::Treasury(pallet_treasury::Call::spend {
        asset_kind: Box::new(()),
        amount,
        beneficiary: Box::new(Alice.to_account_id()),
        valid_from: None,
    })
}

#[test]
fn every_track_is_told_with_its_origin() {
    chain::on(genesis::TEST, |_| {
        let tracks = <Runtime as GovernanceApi<Block>>::tracks();
        assert_eq!(tracks.len(), 11);
        for track in &tracks {
            assert!(governance::origin(track.id).is_some(), "{track:?}");
            assert_eq!(Body::of(track.id) == Body::Fellowship, track.id == FELLOWS);
            assert!(!track.name.contains('\0') && !track.name.is_empty(), "{track:?}");
        }
        assert_eq!(track(ROOT).name, "root");
        assert_eq!(track(ROOT).deposit, 100_000 * token::ASY);
    });
}

#[test]
fn a_referendum_is_told_from_its_submission_to_its_enactment() {
    chain::on(genesis::TEST, |chain| {
        assert_eq!(referendum(0), None);
        chain.open();
        let root = governance::origin(ROOT).expect("root has a track");
        assert_eq!(propose(chain, Alice, root, &freeze()), 0);
        chain.close();
        let told = ongoing(0);
        assert_eq!((told.track, told.deciding, told.decision_deposit), (ROOT, None, None));
        assert_eq!(told.proposal.call, Some(freeze().encode()));
        assert_eq!(told.submission_deposit.who, Alice.to_account_id());

        chain.open();
        place_deposit(chain, Alice, 0);
        for voter in [Alice, Bob, Charlie, Dave, Eve] {
            assert_eq!(vote(chain, voter, 0, ballot(true, Conviction::Locked1x, VOTE)), Ok(()), "{voter:?}");
        }
        chain.close();
        let told = ongoing(0);
        assert_eq!((told.tally.ayes, told.tally.nays, told.tally.backing), (5 * VOTE, 0, 5 * VOTE));
        assert!(told.tally.approval.is_one());
        assert_eq!(told.decision_deposit.expect("placed").amount, track(ROOT).deposit);

        chain.pass(LONG);
        let Some(Referendum::Ended(ended)) = referendum(0) else { panic!("it goes on") };
        assert_eq!((ended.outcome, ended.enactment), (Outcome::Approved, None));
        let listed = <Runtime as GovernanceApi<Block>>::referenda(Body::Holders, None, 5);
        assert_eq!(listed, [(0, Referendum::Ended(ended.clone()))]);
        assert!(<Runtime as GovernanceApi<Block>>::referenda(Body::Holders, Some(0), 5).is_empty());

        let votes = <Runtime as GovernanceApi<Block>>::votes(Bob.to_account_id());
        let [voting] = votes.as_slice() else { panic!("{votes:?}") };
        assert_eq!((voting.track, voting.locked), (ROOT, VOTE));
        let Doing::Voting(ballots) = &voting.doing else { panic!("{voting:?}") };
        let lock = <Runtime as GovernanceApi<Block>>::terms().lock;
        assert_eq!((ballots[0].ended, ballots[0].until), (true, Some(ended.at + lock)));
    });
}

#[test]
fn a_rehearsal_says_what_would_come_of_a_call_and_does_nothing() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        chain.close();
        assert_eq!(rehearse(CURATOR, &freeze()), Err("BadOrigin".into()));
        assert_eq!(rehearse(77, &freeze()), Err("BadOrigin".into()), "there is no such track");
        let much = spend(200_000 * token::ASY);
        assert_eq!(rehearse(SMALL_SPENDER, &much), Err("InsufficientPermission".into()));
        assert_eq!(rehearse(BIG_SPENDER, &much), Ok(()));
        assert!(<Runtime as GovernanceApi<Block>>::spends(None, 10).is_empty(), "nothing was spent");
        let garbage = <Runtime as GovernanceApi<Block>>::rehearse(ROOT, vec![255]);
        assert_eq!(garbage.map_err(|refusal| refusal.error), Err("Undecodable".into()));
        let heavy = RuntimeCall::Fellowship(pallet_ranked_collective::Call::remove_member {
            who: Alice.to_account_id().into(),
            min_rank: u16::MAX,
        });
        assert_eq!(rehearse(ROOT, &heavy), Err("Exhausted".into()));
    });
}

#[test]
fn a_rehearsal_tells_that_a_call_waits_for_the_fellowship() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let call = Box::new(freeze());
        let fast = pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage { call };
        let fast = RuntimeCall::Whitelist(fast);
        assert_eq!(rehearse(UPGRADE, &fast), Err("CallIsNotWhitelisted".into()));
        let call_hash = BlakeTwo256::hash_of(&freeze());
        chain.root(RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call { call_hash }));
        assert_eq!(rehearse(UPGRADE, &fast), Ok(()));
        assert_eq!(rehearse(CURATOR, &fast), Err("BadOrigin".into()));
        chain.close();
    });
}

#[test]
fn what_a_validator_has_earned_is_told_until_somebody_claims_it() {
    chain::on(genesis::TEST, |chain| {
        let told = || <Runtime as GovernanceApi<Block>>::rewards(Bob.to_account_id());
        chain.pass_to_session(1);
        let earned = Rewards::page(0, 0).into_iter().find(|(owner, _)| *owner == Bob.to_account_id());
        let (_, amount) = earned.expect("all four have authored something");
        let unclaimed = vec![governance::Reward { era: 0, page: 0, amount }];
        assert_eq!(told(), governance::Rewards { era: 1, expiry: 100, unclaimed });
        chain.open();
        done(chain, Eve, RuntimeCall::Rewards(pallet_assay_rewards::Call::claim { era: 0, page: 0 }));
        chain.close();
        assert!(told().unclaimed.is_empty());
    });
}

#[test]
fn an_unknown_slash_takes_no_appeal() {
    chain::on(genesis::TEST, |_| {
        let view = <Runtime as GovernanceApi<Block>>::appeal(7);
        assert_eq!((view.appeal, view.deposit), (None, None));
        assert!(<Runtime as GovernanceApi<Block>>::appeals(None, 10).is_empty());
    });
}
