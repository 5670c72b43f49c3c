//! What is wrong with a genesis configuration. Pallets could answer only with a panic, and a node would show no more of
//! it than that there was one.

use crate::{
    configs::{ExistentialDeposit, MAX_VALIDATORS},
    AccountId, Balance, Dao, Jobs, Rewards, Runtime, RuntimeGenesisConfig,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
};
use assay_primitives::Policy;
use frame_support::ensure;
use sp_consensus_babe::AllowedSlots;
use sp_runtime::SaturatedConversion;

/// Says what is wrong with the configuration, if anything is, naming the field.
pub(super) fn check(config: &RuntimeGenesisConfig) -> Result<(), String> {
    pallet_clock::GenesisConfig::<Runtime>::check(config.clock.slot_millis, config.clock.epoch_slots)?;
    check_consensus(config)?;
    check_validators(config)?;
    check_balances(config)?;
    check_bonds(config)?;
    check_market(config)?;
    check_votes(config)?;
    check_money(config)
}

fn check_votes(config: &RuntimeGenesisConfig) -> Result<(), String> {
    ensure!(config.dao.shortening > 0, "dao.shortening is zero: 1 is what production has");
    Dao::check(&config.dao.params).map_err(|wrong| format!("dao.params: {}", <&'static str>::from(wrong)))
}

fn check_money(config: &RuntimeGenesisConfig) -> Result<(), String> {
    Rewards::check(&config.rewards.params)
        .map_err(|wrong| format!("rewards.params: {}", <&'static str>::from(wrong)))?;
    let balances: BTreeMap<_, _> =
        config.balances.balances.iter().map(|(account, amount)| (account, *amount)).collect();
    let mut accounts = BTreeSet::new();
    for (account, _, length, liquid) in &config.vesting.vesting {
        ensure!(accounts.insert(account), format!("vesting.vesting: {account:?} is named twice"));
        let balance = balances.get(account).copied().unwrap_or_default();
        let (vests, blocks) = (balance.saturating_sub(*liquid), Balance::from(*length));
        ensure!(
            blocks > 0 && vests >= blocks,
            format!(
                "vesting.vesting: {account:?} has {balance}, of which {vests} vests in {blocks} blocks; it takes a \
                 block and a planck a block at least"
            )
        );
    }
    Ok(())
}

fn check_market(config: &RuntimeGenesisConfig) -> Result<(), String> {
    let bonds: BTreeMap<_, _> =
        config.staking.providers.iter().map(|(account, bond)| (account, *bond)).collect();
    let bonded = |owner: &AccountId| bonds.get(owner).copied().unwrap_or_default();
    config.providers.check(bonded).map_err(|wrong| format!("providers: {wrong}"))?;
    Jobs::check(&config.jobs.params)
        .map_err(|wrong| format!("jobs.params: {}", <&'static str>::from(wrong)))?;
    match &config.verification.exact_v1 {
        Some(policy) => check_policy(policy, &config.providers.params),
        None => Ok(()),
    }
}

/// Whether jobs can be verified by a policy where providers change on such terms.
fn check_policy(policy: &Policy, providers: &pallet_assay_providers::Parameters) -> Result<(), String> {
    assay_rules::policy::check(policy).map_err(|wrong| format!("verification.exactV1: {wrong}"))?;
    let (delay, seed) = (providers.change_delay, policy.draw_blocks);
    ensure!(
        delay > seed,
        format!(
            "providers.params.changeDelay is {delay}, and has to be above verification.exactV1.drawBlocks, {seed}: \
             changes would come into force before the seeds of draws that they must not steer are complete"
        )
    );
    let (least, cap) = (assay_rules::policy::least_collateral(policy), providers.max_bond);
    ensure!(
        least <= cap,
        format!(
            "verification.exactV1: a seat that is paid minPayment takes {least} of collateral, and no more than \
             {cap}, providers.params.maxBond, counts of a bond: nobody could sit in it"
        )
    );
    Ok(())
}

fn check_bonds(config: &RuntimeGenesisConfig) -> Result<(), String> {
    let session_blocks = config.clock.epoch_slots.saturated_into();
    config.staking.check(session_blocks, config.slashing.params.window)?;
    let keys: BTreeSet<_> = config.session.keys.iter().map(|(account, ..)| account).collect();
    let bonds: BTreeSet<_> = config.staking.validators.iter().map(|(account, _)| account).collect();
    if let Some(account) = keys.symmetric_difference(&bonds).next() {
        return Err(format!(
            "{account:?} is in one of session.keys and staking.validators, and not in the other"
        ));
    }
    let balances: BTreeMap<_, _> =
        config.balances.balances.iter().map(|(account, amount)| (account, *amount)).collect();
    for (account, bond) in config.staking.validators.iter().chain(&config.staking.providers) {
        let balance = balances.get(account).copied().unwrap_or_default();
        ensure!(*bond < balance, format!("staking: {account:?} bonds {bond} and has {balance}"));
    }
    Ok(())
}

fn check_consensus(config: &RuntimeGenesisConfig) -> Result<(), String> {
    ensure!(
        config.babe.authorities.is_empty(),
        "babe.authorities is filled in: validators stand in session.keys"
    );
    ensure!(
        config.grandpa.authorities.is_empty(),
        "grandpa.authorities is filled in: validators stand in session.keys"
    );
    ensure!(
        config.babe.epoch_config.allowed_slots == AllowedSlots::PrimaryAndSecondaryVRFSlots,
        "babe.epochConfig.allowed_slots is not PrimaryAndSecondaryVRFSlots: every block has to carry a VRF"
    );
    Ok(())
}

fn check_validators(config: &RuntimeGenesisConfig) -> Result<(), String> {
    let keys = &config.session.keys;
    ensure!(
        !keys.is_empty(),
        "session.keys names no validator: add at least one as [account, account, keys]"
    );
    ensure!(
        keys.len() <= MAX_VALIDATORS.try_into().unwrap_or(usize::MAX),
        format!("session.keys names {} validators, and {MAX_VALIDATORS} are the most", keys.len())
    );
    ensure!(
        config.session.non_authority_keys.is_empty(),
        "session.nonAuthorityKeys is filled in: every account with keys is a validator"
    );
    let (mut accounts, mut babe, mut grandpa) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (account, validator, keys) in keys {
        ensure!(
            account == validator,
            format!("session.keys: {account:?} is not its own validator {validator:?}")
        );
        let new = accounts.insert(account) && babe.insert(&keys.babe) && grandpa.insert(&keys.grandpa);
        ensure!(new, format!("session.keys: {account:?} or one of its keys is named twice"));
    }
    Ok(())
}

fn check_balances(config: &RuntimeGenesisConfig) -> Result<(), String> {
    let least = ExistentialDeposit::get();
    let mut accounts = BTreeSet::new();
    let mut issuance = Some(0);
    for (account, amount) in &config.balances.balances {
        ensure!(accounts.insert(account), format!("balances.balances: {account:?} is named twice"));
        ensure!(
            *amount >= least,
            format!("balances.balances: {account:?} has {amount}, and {least} is the least")
        );
        issuance = issuance.and_then(|sum: Balance| sum.checked_add(*amount));
    }
    ensure!(issuance.is_some(), "balances.balances: the sum is more than a balance can hold");
    Ok(())
}
