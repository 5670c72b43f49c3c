//! What tests of these verbs begin with.

pub use super::calls::{PARAMETERS, POLICY, ROOT};
use assay_chain::{
    fake::{FakeChain, World},
    governance::{
        pallet_assay_dao, pallet_assay_slashing, Curve, Deposit, Ongoing, Proposal, Settings, Tally, Terms,
        Track,
    },
    market::Policy,
    token::ASY,
    Account, AccountId, Balance, Hash,
};
use frame_support::traits::schedule::DispatchTime;
use sp_runtime::Perbill;

/// Whoever does something.
pub fn account() -> AccountId {
    AccountId::new([7; 32])
}

fn fall(from: u32, to: u32) -> Curve {
    Curve::LinearDecreasing {
        length: Perbill::one(),
        floor: Perbill::from_percent(to),
        ceil: Perbill::from_percent(from),
    }
}

/// A track that prepares for 10 blocks, decides for 100, confirms for 20 and waits for 5.
pub fn track(id: u16, name: &str) -> Track {
    Track {
        id,
        name: name.into(),
        places: 5,
        deciding: 1,
        queued: 0,
        deposit: 10_000 * ASY,
        prepare: 10,
        decision: 100,
        confirm: 20,
        enactment: 5,
        approval: fall(100, 50),
        support: fall(50, 5),
    }
}

/// Somebody's deposit, in ASY.
pub fn deposit(amount: Balance) -> Deposit {
    Deposit { who: account(), amount: amount * ASY }
}

/// A referendum of block 2 with its deposits and no votes.
pub fn ongoing(track: u16) -> Ongoing {
    Ongoing {
        track,
        proposal: Proposal { hash: Hash::repeat_byte(1), len: Some(2), call: None },
        enactment: DispatchTime::After(0),
        submitted: 2,
        submission_deposit: deposit(10),
        decision_deposit: Some(deposit(10_000)),
        queued: false,
        deciding: None,
        confirmed: None,
        timeout: 500,
        tally: Tally { ayes: 0, nays: 0, backing: 0, approval: Perbill::zero(), support: Perbill::zero() },
        approval_needed: Perbill::one(),
        support_needed: Perbill::from_percent(50),
    }
}

/// What votes cost.
pub fn terms() -> Terms {
    Terms {
        submission: 10 * ASY,
        fellows_submission: 10 * ASY,
        lock: 20,
        preimage: ASY,
        preimage_byte: ASY / 1_000,
        stop: 100,
        settings: Settings {
            dao: pallet_assay_dao::Parameters { policy_delay: 30, ..Default::default() },
            jobs: Default::default(),
            providers: Default::default(),
            slashing: pallet_assay_slashing::Parameters::default(),
            staking: assay_chain::governance::StakingParams {
                min_validator_bond: ASY,
                min_provider_bond: ASY,
                max_validators: 10,
                min_validators: 1,
                unbonding_blocks: 100,
                report_sessions: 2,
            },
            rewards: Default::default(),
        },
    }
}

/// A policy that is in force.
pub fn policy() -> Policy {
    Policy {
        audit: Perbill::from_percent(20),
        collateral: 10,
        draw_blocks: 2,
        commit_blocks: 60,
        units_per_block: 1_000,
        reveal_blocks: 60,
        no_show: Perbill::from_percent(10),
        wrong: Perbill::one(),
        withheld: Perbill::one(),
        requester_bond: Perbill::from_percent(5),
        fee: Perbill::from_percent(2),
        min_payment: 1_000,
    }
}

/// A chain with tracks, terms, a policy and an account that has 100,000 ASY.
pub fn chain(change: impl FnOnce(&mut World)) -> FakeChain {
    let chain = FakeChain::new();
    chain.block(|world| {
        world.accounts.insert(account(), Account { free: 100_000 * ASY, ..Account::default() });
        world.policy = Some((1, policy()));
        world.governance.terms = Some(terms());
        world.governance.tracks = [
            (ROOT, "root"),
            (1, "whitelisted_upgrade"),
            (PARAMETERS, "parameters"),
            (POLICY, "verification_policy"),
            (4, "slash_appeals"),
            (5, "curator"),
            (6, "small_spender"),
            (7, "big_spender"),
            (8, "emergency_stop"),
            (9, "referendum_admin"),
            (100, "fellows"),
        ]
        .map(|(id, name)| track(id, name))
        .to_vec();
        change(world);
    });
    chain
}
