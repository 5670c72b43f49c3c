//! Emergency brakes, and what they leave alone.

use crate::{
    chain::{self, transfer},
    equivocations,
};
use assay_runtime::{genesis, token, Clock, Runtime, RuntimeCall, SafeMode};
use frame_support::{assert_noop, assert_ok, traits::GetCallMetadata};
use frame_system::RawOrigin;
use pallet_assay_dao::{Call as DaoCall, DaoOrigin};
use pallet_safe_mode::Call as SafeModeCall;
use pallet_tx_pause::Call as TxPauseCall;
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::traits::{BadOrigin, Dispatchable};

fn name(pallet: &str, call: &str) -> pallet_tx_pause::RuntimeCallNameOf<Runtime> {
    (pallet.as_bytes().to_vec().try_into().unwrap(), call.as_bytes().to_vec().try_into().unwrap())
}

fn filtered() -> sp_runtime::DispatchError {
    frame_system::Error::<Runtime>::CallFiltered.into()
}

#[test]
fn safe_mode_stops_transfers_but_not_the_chain_and_is_left_again() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        chain.root(RuntimeCall::SafeMode(SafeModeCall::force_enter {}));
        assert!(SafeMode::is_entered());
        let refused = chain.submit(Bob, transfer(Alice, token::ASY)).expect("valid").unwrap_err();
        assert_eq!(refused, filtered());
        let (proof, owner) = (equivocations::double_block(chain.slot()), equivocations::babe_owner());
        // Bob, whose block this is, could not finish it with a report that disables Bob.
        chain.close();
        chain.open();
        equivocations::report_block(chain, proof, owner).expect("valid").expect("reports go on");
        chain.close();

        chain.pass_to_session(1);
        assert!(Clock::market_halted());

        chain.open();
        chain.root(RuntimeCall::SafeMode(SafeModeCall::force_exit {}));
        chain.submit(Bob, transfer(Alice, token::ASY)).expect("valid").expect("transfers go on");
        chain.close();
        assert!(!Clock::market_halted());
    });
}

#[test]
fn a_failed_migration_leaves_the_chain_to_governance() {
    use frame_support::migrations::{FailedMigrationHandler, FailedMigrationHandling};
    type Handler = <Runtime as pallet_migrations::Config>::FailedMigrationHandler;
    chain::on(genesis::TEST, |chain| {
        chain.open();
        assert!(matches!(Handler::failed(Some(0)), FailedMigrationHandling::ForceUnstuck));
        chain.close();
        chain.open();
        let refused = chain.submit(Bob, transfer(Alice, token::ASY)).expect("valid").unwrap_err();
        assert_eq!(refused, filtered());
        chain.root(RuntimeCall::SafeMode(SafeModeCall::force_exit {}));
        chain.close();
        assert!(!SafeMode::is_entered());
    });
}

#[test]
fn no_account_enters_safe_mode() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        for call in [SafeModeCall::enter {}, SafeModeCall::force_enter {}] {
            chain.submit(Bob, RuntimeCall::SafeMode(call)).expect("valid").expect_err("only votes do");
        }
        chain.close();
        assert!(!SafeMode::is_entered());
    });
}

#[test]
fn one_vote_stops_the_market_for_no_longer_than_at_once() {
    chain::on(genesis::TEST, |chain| {
        let stop = |calls: &[SafeModeCall<Runtime>]| {
            let calls = calls.iter().cloned().map(RuntimeCall::SafeMode).collect();
            let batch = RuntimeCall::Utility(pallet_utility::Call::batch_all { calls });
            let outcome = batch.dispatch(DaoOrigin::EmergencyStop.into());
            outcome.map(drop).map_err(|refused| refused.error)
        };
        let (enter, extend) = (SafeModeCall::force_enter {}, SafeModeCall::force_extend {});
        chain.open();
        assert_eq!(stop(&[enter.clone(), extend.clone()]), Err(BadOrigin.into()));
        assert!(!SafeMode::is_entered());
        assert_eq!(stop(&[enter]), Ok(()));
        assert_eq!(stop(&[extend.clone(), extend.clone()]), Err(BadOrigin.into()));
        assert_eq!(stop(&[extend]), Ok(()), "another vote can");
        chain.close();
    });
}

#[test]
fn a_paused_call_is_refused_until_it_is_unpaused() {
    chain::on(genesis::TEST, |chain| {
        let call = name("Balances", "transfer_keep_alive");
        chain.open();
        chain.root(RuntimeCall::TxPause(TxPauseCall::pause { full_name: call.clone() }));
        let refused = chain.submit(Bob, transfer(Alice, token::ASY)).expect("valid").unwrap_err();
        assert_eq!(refused, filtered());
        chain.root(RuntimeCall::TxPause(TxPauseCall::unpause { ident: call }));
        chain.submit(Bob, transfer(Alice, token::ASY)).expect("valid").expect("transfers go on");
        chain.close();
    });
}

#[test]
fn what_the_chain_lives_on_cannot_be_paused() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        for (pallet, call) in [
            ("Timestamp", "set"),
            ("System", "apply_authorized_upgrade"),
            ("Babe", "report_equivocation"),
            ("Babe", "report_equivocation_unsigned"),
            ("Grandpa", "report_equivocation"),
            ("Grandpa", "report_equivocation_unsigned"),
            ("Dao", "pause"),
            ("Referenda", "submit"),
            ("Preimage", "note_preimage"),
            ("FellowshipReferenda", "submit"),
            ("Whitelist", "dispatch_whitelisted_call"),
            ("Multisig", "as_multi"),
            ("Proxy", "proxy"),
            ("Proxy", "proxy_announced"),
            ("Proxy", "announce"),
            ("Proxy", "remove_proxy"),
            ("Utility", "batch"),
            ("Utility", "batch_all"),
            ("Utility", "force_batch"),
            ("Utility", "as_derivative"),
            ("Bounties", "unassign_curator"),
            ("Bounties", "extend_bounty_expiry"),
        ] {
            assert!(RuntimeCall::get_call_names(pallet).contains(&call), "{pallet}.{call} is a call");
            let pause = RuntimeCall::TxPause(TxPauseCall::pause { full_name: name(pallet, call) });
            assert_noop!(
                pause.dispatch(RawOrigin::Root.into()),
                pallet_tx_pause::Error::<Runtime>::Unpausable
            );
        }
        chain.close();
    });
}

#[test]
fn what_is_no_call_cannot_be_paused() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let pause = |pallet, call| RuntimeCall::Dao(DaoCall::pause { call: name(pallet, call), blocks: 1 });
        for (pallet, call) in [
            ("Balances", "transfer_keep_alife"),
            ("Balance", "transfer_keep_alive"),
            ("balances", "burn"),
            ("", ""),
        ] {
            assert_noop!(
                pause(pallet, call).dispatch(DaoOrigin::EmergencyStop.into()),
                pallet_assay_dao::Error::<Runtime>::NoSuchCall
            );
        }
        assert_ok!(pause("Balances", "transfer_keep_alive").dispatch(DaoOrigin::EmergencyStop.into()));
        let refused = chain.submit(Bob, transfer(Alice, token::ASY)).expect("valid").unwrap_err();
        assert_eq!(refused, filtered());
        chain.close();
    });
}

#[test]
fn approved_upgrade_is_taken_in_safe_mode() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        chain.root(RuntimeCall::SafeMode(SafeModeCall::force_enter {}));
        let apply = frame_system::Call::apply_authorized_upgrade { code: vec![1] };
        let refused = chain.submit(Bob, RuntimeCall::System(apply)).expect("valid").unwrap_err();
        let unapproved = sp_runtime::DispatchError::from(frame_system::Error::<Runtime>::NothingAuthorized);
        assert_eq!(refused, unapproved, "only that no vote has approved it stands in its way");
        chain.close();
    });
}
