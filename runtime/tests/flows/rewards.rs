//! What validators earn, and what vests.

use crate::{
    chain::{self, free, transfer, Chain},
    staking::staking,
};
use assay_runtime::{
    configs::Treasury, genesis, token, AccountId, Babe, Balances, Rewards, Runtime, RuntimeCall, Session,
    System,
};
use pallet_assay_rewards::{Author, Call, Event};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Eve, Two};
use sp_runtime::{traits::BadOrigin, TokenError};

/// Whose key the author of the open block has, by BABE.
fn owner_of_slot(chain: &Chain) -> AccountId {
    let authorities = Babe::authorities();
    let place = usize::try_from(chain.slot()).expect("slots fit") % authorities.len();
    let key = sp_core::crypto::ByteArray::to_raw_vec(&authorities[place].0);
    Session::key_owner(sp_consensus_babe::KEY_TYPE, &key).expect("a validator's")
}

#[test]
fn every_author_is_credited_with_its_own_blocks() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let chill = staking(pallet_assay_staking::Call::chill {});
        chain.submit(Alice, chill).expect("valid").expect("she stands");
        chain.close();
        // Alice was the first of the set, and leaves it with session 2: all places change.
        let sets = [4, 4, 3, 3];
        while Session::current_index() < 4 {
            chain.open();
            assert_eq!(Author::<Runtime>::get(), Some(owner_of_slot(chain)));
            let session = usize::try_from(Session::current_index()).expect("it is small");
            let set = sets.get(session).copied().unwrap_or(3);
            assert_eq!(Session::validators().len(), set);
            chain.close();
        }
    });
}

#[test]
fn era_pays_the_treasury_at_once_and_validators_when_anyone_claims() {
    chain::on(genesis::TEST, |chain| {
        let treasury = || Balances::free_balance(Treasury::get());
        let (issued, had) = (Balances::total_issuance(), treasury());
        chain.pass_to_session(1);
        let pot = Rewards::pot(0).expect("the era of session 0 is over");
        let treasury = treasury() - had;
        assert_eq!(Balances::total_issuance(), issued + treasury);
        // A fifth, rounded down.
        assert!(pot.amount / 4 - treasury <= 1, "{treasury} beside {}", pot.amount);
        // Three hundredths of a year of slots of a second.
        let year = issued / 100 * 3;
        assert_eq!(pot.amount + treasury, year * u128::from(pot.blocks) / 31_557_600);

        let due = Rewards::page(0, 0);
        assert_eq!(due.len(), 4, "all four have authored something");
        chain.open();
        let claim = RuntimeCall::Rewards(Call::claim { era: 0, page: 0 });
        chain.submit(Eve, claim).expect("valid").expect("nobody has claimed it");
        let told: Vec<_> = System::read_events_for_pallet::<Event<Runtime>>()
            .into_iter()
            .filter_map(|event| match event {
                Event::Rewarded { validator, amount, missing: 0, .. } => Some((validator, amount)),
                _ => None,
            })
            .collect();
        assert_eq!(told, due);
        chain.close();
        assert!(Rewards::page(0, 0).is_empty());
    });
}

#[test]
fn governance_alone_sets_what_is_issued() {
    chain::on(genesis::TEST, |chain| {
        let params = pallet_assay_rewards::Parameters { expiry: 3, ..Rewards::params() };
        let set = RuntimeCall::Rewards(Call::set_params { params });
        chain.open();
        assert_eq!(chain.submit(Bob, set.clone()).expect("valid"), Err(BadOrigin.into()));
        chain.root(set);
        chain.close();
        assert_eq!(Rewards::params(), params);
    });
}

#[test]
fn allocation_of_genesis_vests_block_by_block() {
    chain::on(genesis::TEST, |chain| {
        let (all, liquid) = (free(Two), free(Two) / 5 * 4);
        let frozen = || System::account(Two.to_account_id()).data.frozen;
        assert_eq!(frozen(), all - liquid);
        chain.open();
        let refused = chain.submit(Two, transfer(Bob, liquid + token::ASY)).expect("valid");
        assert_eq!(refused, Err(TokenError::Frozen.into()));
        chain.close();

        chain.pass(9);
        let now = chain.open();
        let vest = RuntimeCall::Vesting(pallet_vesting::Call::vest {});
        chain.submit(Two, vest).expect("valid").expect("it vests");
        chain.close();
        assert_eq!(frozen(), (all - liquid) / 1_000 * (1_000 - u128::from(now)));
    });
}
