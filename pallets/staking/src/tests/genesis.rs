use crate::{mock::*, GenesisConfig, SessionsPerEra};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_ok, traits::Hooks};
use sp_runtime::BuildStorage;

fn refused(change: impl FnOnce(&mut GenesisConfig<Test>), because: &str) {
    reset();
    let mut genesis = staking_genesis();
    change(&mut genesis);
    let wrong = genesis.check(SESSION_BLOCKS, 20).expect_err("it is refused");
    assert!(wrong.contains(because), "{wrong}");
}

#[test]
fn genesis_bonds_elects_and_starts_the_first_sessions() {
    run(|| {
        for (owner, bond) in GENESIS_VALIDATORS {
            assert_eq!((active(owner, Validator), held(owner, Validator)), (bond, bond));
        }
        assert_eq!((candidates(), elected(0)), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]));
        assert_eq!(Session::validators(), [1, 2, 3, 4]);
        assert_eq!(SessionsPerEra::<Test>::get(), 2);
    });
}

#[test]
fn genesis_of_one_session_an_era_elects_two_eras() {
    reset();
    let genesis = GenesisConfig { sessions_per_era: 1, ..staking_genesis() };
    chain_of(genesis).execute_with(|| {
        assert_eq!((elected(0), elected(1)), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]));
        assert_ok!(Staking::do_try_state());
        System::set_block_number(1);
        assert_ok!(Staking::chill(signed(1)));
        advance_to_session(2);
        assert_eq!(Session::validators(), [2, 3, 4]);
        assert_ok!(Staking::do_try_state());
    });
}

#[test]
fn genesis_bonds_providers() {
    reset();
    let genesis = GenesisConfig { providers: vec![(1, 50), (7, 500)], ..staking_genesis() };
    chain_of(genesis).execute_with(|| {
        assert_eq!((active(1, Provider), active(1, Validator)), (50, 1_000));
        assert_eq!((active(7, Provider), available(7)), (500, 500));
        assert_ok!(Staking::do_try_state());
    });
}

#[test]
fn check_names_what_is_wrong() {
    assert_ok!(staking_genesis().check(SESSION_BLOCKS, 20));
    refused(|genesis| genesis.sessions_per_era = 0, "sessionsPerEra is zero");
    refused(|genesis| genesis.params.min_validators = 0, "minValidators");
    refused(|genesis| genesis.params.max_validators = 9, "maxValidators");
    refused(|genesis| genesis.params.min_provider_bond = 0, "existential deposit");
    refused(|genesis| genesis.params.report_sessions = 21, "reportSessions");
    refused(|genesis| genesis.params.unbonding_blocks = 79, "unbondingBlocks");
    refused(|genesis| genesis.sessions_per_era = 3, "unbondingBlocks");
    refused(|genesis| genesis.validators.push((1, 500)), "staking.validators names an account twice");
    refused(|genesis| genesis.validators.push((5, 99)), "minValidatorBond");
    refused(|genesis| genesis.validators.truncate(1), "minValidators");
    refused(|genesis| genesis.validators.extend((5..10).map(|owner| (owner, 100))), "MaxCandidates");
    refused(|genesis| genesis.providers = vec![(5, 50), (5, 60)], "staking.providers names an account twice");
    refused(|genesis| genesis.providers = vec![(5, 49)], "minProviderBond");
}

#[test]
#[should_panic(expected = "minValidatorBond")]
fn genesis_with_a_bond_below_the_minimum_is_not_built() {
    reset();
    let _ = chain_of(GenesisConfig { validators: vec![(1, 99), (2, 100)], ..staking_genesis() });
}

#[test]
#[should_panic(expected = "does not cover its bond")]
fn genesis_with_a_bond_that_nobody_has_is_not_built() {
    reset();
    let _ = chain_of(GenesisConfig { validators: vec![(1, ENDOWMENT), (2, 100)], ..staking_genesis() });
}

#[test]
fn default_genesis_is_sound() {
    reset();
    assert!(RuntimeGenesisConfig::default().build_storage().is_ok());
}

#[test]
#[should_panic(expected = "room for a validator")]
fn runtime_without_room_for_a_validator_is_refused() {
    reset();
    MaxValidators::set(0);
    sp_io::TestExternalities::default().execute_with(<Staking as Hooks<u64>>::integrity_test);
}

#[test]
#[should_panic(expected = "each validator is a candidate")]
fn runtime_with_room_for_more_validators_than_candidates_is_refused() {
    reset();
    MaxCandidates::set(7);
    sp_io::TestExternalities::default().execute_with(<Staking as Hooks<u64>>::integrity_test);
}
