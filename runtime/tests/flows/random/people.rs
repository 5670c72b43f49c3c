//! Who is there, and what the chain begins with.

use super::World;
use crate::chain;
use assay_primitives::{Balance, Machine, Role};
use assay_runtime::{genesis as presets, token::ASY, AccountId, Runtime};
use pallet_assay_providers::Call as ProvidersCall;
use serde_json::json;
use sp_core::{sr25519::Pair, Pair as _};
use sp_runtime::MultiAddress;
use std::collections::BTreeMap;

/// What most jobs are posted for.
pub const USUAL: Machine = Machine { hardware: 0, memory: 0 };
/// What few are there for.
pub const RARE: Machine = Machine { hardware: 0, memory: 1 };

/// Validators of the preset, each of them a provider too.
const VALIDATORS: [&str; 4] = ["//Alice", "//Bob", "//Charlie", "//Dave"];
/// Providers beside them.
const PROVIDERS: u32 = 24;
const REQUESTERS: u32 = 4;
/// What each account gets that has nothing at genesis.
const ENDOWMENT: Balance = 400_000 * ASY;

/// The accounts, and their keys.
pub struct People {
    /// Those with bonds.
    pub owners: Vec<AccountId>,
    /// The hot account of each of them.
    pub workers: Vec<AccountId>,
    /// Those who post jobs. Two of them are providers.
    pub requesters: Vec<AccountId>,
    keys: BTreeMap<AccountId, Pair>,
}

impl People {
    pub fn gather() -> Self {
        let mut keys = BTreeMap::new();
        let mut account = |path: &str| {
            let key = chain::pair(path);
            let account = AccountId::from(key.public());
            keys.insert(account.clone(), key);
            account
        };
        let paths = (0..PROVIDERS).map(|number| format!("//provider//{number}"));
        let owners: Vec<_> =
            VALIDATORS.map(str::to_string).into_iter().chain(paths).map(|path| account(&path)).collect();
        let workers = (0..owners.len()).map(|number| account(&format!("//worker//{number}"))).collect();
        let requesters = (0..REQUESTERS).map(|number| account(&format!("//requester//{number}")));
        let requesters = requesters.chain(owners.iter().skip(VALIDATORS.len()).take(2).cloned()).collect();
        Self { owners, workers, requesters, keys }
    }

    /// The key of an account.
    pub fn key(&self, account: &AccountId) -> Pair {
        self.keys.get(account).expect("an account of this chain").clone()
    }

    /// Alice, who has money.
    pub fn rich(&self) -> AccountId {
        self.owners[0].clone()
    }

    /// Those who have nothing at genesis.
    fn poor(&self) -> impl Iterator<Item = &AccountId> {
        let validators = &self.owners[..VALIDATORS.len()];
        self.keys.keys().filter(move |account| !validators.contains(account))
    }
}

/// The test preset with short times, and prices that matter beside bonds.
pub fn genesis() -> serde_json::Value {
    let mut genesis = presets::preset(presets::TEST).expect("the preset exists");
    genesis["jobs"]["params"]["retention"] = json!(60);
    let providers = &mut genesis["providers"];
    providers["params"]["changeDelay"] = json!(4);
    providers["params"]["jailBlocks"] = json!(40);
    providers["params"]["priceBlocks"] = json!(50);
    for machine in [0_usize, 1] {
        providers["machines"][machine]["price"]["floor"] = json!(ASY);
        providers["machines"][machine]["price"]["ceiling"] = json!(3 * ASY);
    }
    let policy = &mut genesis["verification"]["exactV1"];
    policy["audit"] = json!(300_000_000);
    policy["commitBlocks"] = json!(8);
    policy["revealBlocks"] = json!(8);
    genesis
}

impl World {
    /// Everybody gets something to begin with.
    pub fn endow(&mut self) {
        let (rich, poor) = (self.people.rich(), self.people.poor().cloned().collect::<Vec<_>>());
        self.chain.open();
        for account in poor {
            let (dest, value) = (MultiAddress::Id(account), ENDOWMENT);
            self.insist(&rich, pallet_balances::Call::<Runtime>::transfer_keep_alive { dest, value });
        }
        self.close();
    }

    /// All owners bond and become providers, three quarters of them for usual jobs.
    pub fn enlist(&mut self) {
        self.chain.open();
        for (number, owner) in self.people.owners.clone().into_iter().enumerate() {
            let amount = (30_000 + 1_000 * number as Balance) * ASY;
            let role = Role::Provider;
            self.insist(&owner, pallet_assay_staking::Call::<Runtime>::bond { role, amount });
            let machine = if number % 4 == 3 { RARE } else { USUAL };
            let capacity = 2 + number as u32 % 5;
            self.insist(&owner, ProvidersCall::<Runtime>::register { machine, reserve: 0, capacity });
        }
        self.close();
        let delay = pallet_assay_providers::Params::<Runtime>::get().change_delay;
        self.pass(delay + 3);
    }
}
