//! Bounties, from their proposal to their claim, and what is told of them.

use super::ballots::{done, submit};
use crate::chain::{self, free, Chain};
use assay_runtime::{
    genesis,
    governance::{self, runtime_decl_for_governance_api::GovernanceApi, Bounty, BountyStatus, BountyTerms},
    token::{ASY, MILLI_ASY},
    Balance, Balances, Block, BlockNumber, Runtime, RuntimeCall, RuntimeOrigin, System,
};
use pallet_assay_dao::{BIG_SPENDER, SMALL_SPENDER};
use pallet_bounties::{Call as Bounties, Error};
use sp_keyring::Sr25519Keyring::{self, Alice, Charlie, Eve, Ferdie, Two};
use sp_runtime::{traits::Dispatchable, DispatchResult};

/// What the bounty is worth, the fee included.
const WORTH: Balance = 500 * ASY;
/// What its curator gets of that.
const FEE: Balance = 100 * ASY;
/// Its number.
const BOUNTY: u32 = 0;

fn told() -> Option<Bounty> {
    let all = <Runtime as GovernanceApi<Block>>::bounties(None, 10);
    assert!(<Runtime as GovernanceApi<Block>>::bounties(Some(BOUNTY), 10).is_empty());
    all.into_iter().next().map(|(index, bounty)| {
        assert_eq!(index, BOUNTY);
        bounty
    })
}

fn terms() -> BountyTerms {
    <Runtime as GovernanceApi<Block>>::bounty_terms()
}

/// What comes of a call that a track makes.
fn by(track: u16, call: Bounties<Runtime>) -> DispatchResult {
    let origin = governance::origin(track).expect("the track has one");
    let outcome = RuntimeCall::Bounties(call).dispatch(RuntimeOrigin::from(origin));
    outcome.map(drop).map_err(|refused| refused.error)
}

fn reserved(who: Sr25519Keyring) -> Balance {
    Balances::reserved_balance(who.to_account_id())
}

/// Passes blocks until one is closed.
fn pass_to(chain: &mut Chain, block: BlockNumber) {
    chain.pass(block.saturating_sub(System::block_number()));
}

/// Alice gives the treasury money, and proposes the bounty.
fn propose(chain: &mut Chain) {
    let dest = <Runtime as GovernanceApi<Block>>::treasury().account.into();
    let gift = pallet_balances::Call::<Runtime>::transfer_keep_alive { dest, value: 2 * WORTH };
    done(chain, Alice, gift);
    let description = b"A faster softmax".to_vec();
    done(chain, Alice, Bounties::<Runtime>::propose_bounty { value: WORTH, description });
}

#[test]
fn a_bounty_is_told_from_its_proposal_to_its_claim() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        propose(chain);
        let bounty = told().expect("it is proposed");
        assert_eq!((bounty.proposer, bounty.value, bounty.fee), (Alice.to_account_id(), WORTH, 0));
        assert_eq!(bounty.description, b"A faster softmax");
        assert_eq!(bounty.status, BountyStatus::Proposed);
        let (bounty_id, curator) = (BOUNTY, Eve.to_account_id());
        let approve = Bounties::<Runtime>::approve_bounty_with_curator {
            bounty_id,
            curator: curator.clone().into(),
            fee: FEE,
        };
        assert_eq!(by(SMALL_SPENDER, approve), Ok(()));
        chain.close();
        let approved = BountyStatus::ApprovedWithCurator { curator: curator.clone() };
        assert_eq!(told().expect("it is approved").status, approved);

        let funding = terms().funding;
        pass_to(chain, funding - 1);
        assert_eq!(told().expect("it waits").status, approved);
        chain.pass(1);
        let bounty = told().expect("it is funded");
        assert_eq!(bounty.status, BountyStatus::CuratorProposed { curator });
        assert_eq!((bounty.fee, bounty.curator_deposit), (FEE, FEE / 2));
        assert!(terms().funding > funding);

        chain.open();
        done(chain, Eve, Bounties::<Runtime>::accept_curator { bounty_id });
        let bounty = told().expect("it is active");
        assert!(matches!(bounty.status, BountyStatus::Active { .. }), "{bounty:?}");
        assert_eq!((bounty.curator_deposit, reserved(Eve)), (FEE / 2, FEE / 2));
        let beneficiary = Ferdie.to_account_id().into();
        done(chain, Eve, Bounties::<Runtime>::award_bounty { bounty_id, beneficiary });
        chain.close();
        let BountyStatus::PendingPayout { unlock_at, .. } = told().expect("it is awarded").status else {
            panic!("{:?}", told())
        };
        pass_to(chain, unlock_at - 1);
        let had = free(Ferdie);
        chain.open();
        done(chain, Charlie, Bounties::<Runtime>::claim_bounty { bounty_id });
        chain.close();
        assert_eq!((free(Ferdie) - had, told()), (WORTH - FEE, None));
    });
}

#[test]
fn a_bounty_takes_what_its_terms_say() {
    chain::on(genesis::TEST, |chain| {
        let BountyTerms { least, deposit, byte_deposit, longest, .. } = terms();
        assert_eq!((least, deposit, byte_deposit, longest), (100 * ASY, 10 * ASY, MILLI_ASY, 1_024));
        let propose = |chain: &mut Chain, value, len| {
            let description = vec![b'x'; len];
            submit(chain, Two, Bounties::<Runtime>::propose_bounty { value, description })
        };
        chain.open();
        assert_eq!(propose(chain, least - 1, 10), Err(Error::<Runtime>::InvalidValue.into()));
        let longest = longest as usize;
        assert_eq!(propose(chain, least, longest + 1), Err(Error::<Runtime>::ReasonTooBig.into()));
        assert_eq!(propose(chain, least, longest), Ok(()));
        assert_eq!(reserved(Two), deposit + byte_deposit * longest as Balance);
        chain.close();
    });
}

#[test]
fn votes_take_a_curator_away_and_close_a_bounty_in_safe_mode_too() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        propose(chain);
        let bounty_id = BOUNTY;
        assert_eq!(by(SMALL_SPENDER, Bounties::approve_bounty { bounty_id }), Ok(()));
        chain.close();
        pass_to(chain, terms().funding);
        assert_eq!(told().expect("it is funded").status, BountyStatus::Funded);
        chain.open();
        let curator = Eve.to_account_id().into();
        assert_eq!(by(SMALL_SPENDER, Bounties::propose_curator { bounty_id, curator, fee: FEE }), Ok(()));
        done(chain, Eve, Bounties::<Runtime>::accept_curator { bounty_id });
        chain.root(RuntimeCall::SafeMode(pallet_safe_mode::Call::force_enter {}));
        done(chain, Eve, Bounties::<Runtime>::extend_bounty_expiry { bounty_id, remark: vec![] });
        let had = free(Eve);
        assert_eq!(by(BIG_SPENDER, Bounties::unassign_curator { bounty_id }), Ok(()));
        assert_eq!((reserved(Eve), free(Eve)), (0, had), "the deposit is lost");
        assert_eq!(told().expect("it is without a curator").status, BountyStatus::Funded);
        let pot = || <Runtime as GovernanceApi<Block>>::treasury().pot;
        let before = pot();
        assert_eq!(by(BIG_SPENDER, Bounties::close_bounty { bounty_id }), Ok(()));
        assert_eq!((told(), pot() - before), (None, WORTH), "the treasury has it back");
        chain.close();
    });
}
