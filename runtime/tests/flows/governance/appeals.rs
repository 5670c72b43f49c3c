//! Appeals and policies that would harm others.

use super::ballots::{by, done, root, submit};
use crate::{
    chain,
    staking::{report_bob, BOND},
};
use assay_primitives::{JobClass, Policy};
use assay_runtime::{genesis, Dao, Runtime, System};
use pallet_assay_dao::{Call, DaoOrigin, Error, Event, Parameters};
use pallet_assay_slashing::{
    Call as Slashing, Error as SlashingError, Parameters as SlashingParameters, Pending,
};
use pallet_assay_staking::Ledgers;
use pallet_assay_verification::{Call as Verification, Policies};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Ferdie};
use sp_runtime::{DispatchResult, Perbill};

/// What an equivocation takes.
const SLASH: u128 = BOND / 2;

#[test]
fn appeal_for_delay_costs_a_tenth_of_the_slash_and_delays_it_once() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let slash = report_bob(chain);
        let appeal = || Call::<Runtime>::appeal { slash, evidence: [1; 32] };
        let deposit = Dao::appeal_deposit(slash).expect("the slash waits");
        assert_eq!(deposit, SLASH / 10);
        chain.open();
        done(chain, Bob, appeal());
        assert_eq!(submit(chain, Ferdie, appeal()), Err(Error::<Runtime>::AlreadyAppealed.into()));
        let close = || Call::<Runtime>::close { slash };
        assert_eq!(submit(chain, Alice, close()), Err(Error::<Runtime>::SlashWaits.into()));
        chain.close();
        let asked = System::block_number();
        while Pending::<Runtime>::contains_key(slash) {
            chain.pass(1);
            assert!(System::block_number() < asked + 200, "no appeal holds a slash up for ever");
        }
        println!("applied {} blocks after the appeal", System::block_number() - asked);
        let ledger = Ledgers::<Runtime>::get(Bob.to_account_id()).expect("half of the bond is left");
        assert_eq!(ledger.validator.active, BOND - SLASH, "all of it was taken in the end");

        chain.open();
        done(chain, Alice, close());
        let told = System::read_events_for_pallet::<Event<Runtime>>();
        assert!(told.contains(&Event::Closed { slash, lost: deposit }), "{told:?}");
        chain.close();
    });
}

#[test]
fn no_vote_on_parameters_makes_appeals_free_or_dear_or_leaves_them_no_time() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let dao = |params| by(DaoOrigin::Parameters, Call::<Runtime>::set_params { params });
        let refused = |error: Error<Runtime>| -> DispatchResult { Err(error.into()) };
        let params = Dao::params();
        assert_eq!(dao(Parameters { appeal_deposit: 1, ..params }), refused(Error::AppealTooCheap));
        assert_eq!(dao(Parameters { appeal_deposit: u128::MAX, ..params }), refused(Error::AppealTooDear));
        let free = Perbill::zero();
        assert_eq!(dao(Parameters { appeal_share: free, ..params }), refused(Error::AppealTooCheap));
        assert_eq!(dao(Parameters { policy_delay: 1, ..params }), refused(Error::PolicyDelayTooShort));
        assert_eq!(dao(params), Ok(()));

        let slashing = |params| by(DaoOrigin::Parameters, Slashing::<Runtime>::set_params { params });
        let refused = |error: SlashingError<Runtime>| -> DispatchResult { Err(error.into()) };
        let params = pallet_assay_slashing::Params::<Runtime>::get();
        let hasty = slashing(SlashingParameters { window: 1, ..params });
        assert_eq!(hasty, refused(SlashingError::WindowTooShort));
        let undecided = slashing(SlashingParameters { longest_suspension: 20, ..params });
        assert_eq!(undecided, refused(SlashingError::SuspensionsTooShort));
        assert_eq!(slashing(params), Ok(()));
        chain.close();
    });
}

#[test]
fn policy_by_which_cheating_pays_is_refused_whoever_votes_for_it() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let class = JobClass::ExactV1;
        let (version, sound) = Policies::<Runtime>::get(class).expect("there is a policy");
        // A seat that is seldom audited stands for no more than it is paid.
        let cheap = Policy { audit: Perbill::from_percent(1), collateral: 1, ..sound };
        let delay = Dao::params().policy_delay;
        let change = |policy| Call::<Runtime>::change_policy { class, policy, delay };
        let refused = by(DaoOrigin::Policy, change(cheap)).expect_err("cheating would pay");
        assert_eq!(by(root(), change(cheap)), Err(refused));
        let at_once = |policy| Verification::<Runtime>::set_policy { class, policy };
        assert_eq!(by(root(), at_once(cheap)), Err(refused), "nor at once");
        assert_eq!(Dao::change(class), None);

        // The same ways are open to a sound one.
        let stricter = Policy { collateral: sound.collateral + 1, ..sound };
        assert_eq!(by(DaoOrigin::Policy, change(stricter)), Ok(()));
        assert_eq!(by(root(), at_once(stricter)), Ok(()));
        assert_eq!(Policies::<Runtime>::get(class), Some((version + 1, stricter)));
        assert_eq!(Dao::policy(class, version), Some(sound), "jobs name it still");
        chain.close();
    });
}
