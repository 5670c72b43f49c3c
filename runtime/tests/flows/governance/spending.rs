//! What spenders' tracks may spend at once.

use super::ballots::{by, done, root};
use crate::chain::{self, Chain};
use assay_runtime::{genesis, token::ASY, Balance, Runtime, RuntimeCall};
use pallet_assay_dao::DaoOrigin::{BigSpender, SmallSpender};
use pallet_bounties::{BountyCount, Call as Bounties};
use pallet_treasury::{Call as Treasury, Error};
use sp_keyring::Sr25519Keyring::{Alice, Two};
use sp_runtime::{traits::BadOrigin, DispatchResult};

/// The most that small spenders spend at once.
const SMALL: Balance = 100_000 * ASY;

fn both(one: RuntimeCall, other: RuntimeCall) -> RuntimeCall {
    RuntimeCall::Utility(pallet_utility::Call::batch_all { calls: vec![one, other] })
}

fn spend(amount: Balance) -> RuntimeCall {
    let (asset_kind, beneficiary) = (Box::new(()), Box::new(Two.to_account_id()));
    RuntimeCall::Treasury(Treasury::spend { asset_kind, amount, beneficiary, valid_from: None })
}

/// The approval of a bounty that is proposed.
fn bounty(chain: &mut Chain, value: Balance) -> RuntimeCall {
    let bounty_id = BountyCount::<Runtime>::get();
    done(chain, Alice, Bounties::<Runtime>::propose_bounty { value, description: vec![1] });
    RuntimeCall::Bounties(Bounties::approve_bounty { bounty_id })
}

#[test]
fn spender_spends_as_much_as_its_track_may_and_no_more() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let too_much: DispatchResult = Err(Error::<Runtime>::InsufficientPermission.into());
        assert_eq!(by(SmallSpender, spend(SMALL)), Ok(()));
        assert_eq!(by(SmallSpender, spend(SMALL + 1)), too_much);
        assert_eq!(by(BigSpender, spend(100 * SMALL)), Ok(()));
        assert_eq!(by(BigSpender, spend(100 * SMALL + 1)), too_much);
        let bounty = bounty(chain, SMALL + 1);
        assert_eq!(by(SmallSpender, bounty.clone()), too_much);
        assert_eq!(by(BigSpender, bounty), Ok(()));
        chain.close();
    });
}

#[test]
fn batch_is_no_way_past_what_a_track_spends_at_once() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let bounties = both(bounty(chain, SMALL), bounty(chain, SMALL));
        let mixed = both(spend(SMALL), bounty(chain, SMALL));
        for (origin, call) in [
            (SmallSpender, bounties.clone()),
            (SmallSpender, mixed),
            (SmallSpender, both(spend(SMALL), spend(SMALL))),
            (BigSpender, bounties.clone()),
        ] {
            assert_eq!(by(origin, call.clone()), Err(BadOrigin.into()), "{origin:?}: {call:?}");
        }
        assert_eq!(by(root(), bounties), Ok(()), "root has no limit");
        chain.close();
    });
}
