//! A chain in memory: real genesis, real blocks, and every pallet's invariants after every test.

use crate::market;
pub use crate::wallet::{pair, signed, signed_with};
use assay_primitives::Role;
use assay_runtime::{
    genesis, AccountId, AllPalletsWithSystem, Babe, Balances, Executive, Header, Runtime, RuntimeCall,
    Session, System, UncheckedExtrinsic,
};
use frame_support::traits::{TryState, TryStateSelect};
use frame_system::RawOrigin;
use serde_json::json;
use sp_consensus_babe::{
    digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
    AuthorityId, Epoch,
};
use sp_core::{crypto::VrfSecret, sr25519::Pair, Pair as _};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    traits::{Dispatchable, Header as _},
    ApplyExtrinsicResult, BuildStorage, Digest, DigestItem, MultiAddress, Perbill,
};

/// The first slot of the chains of these tests.
const FIRST_SLOT: u64 = 600_000_000;

/// The chain that a test drives.
pub struct Chain {
    head: Header,
    slot: u64,
}

/// Runs `test` on a new chain of a preset, then checks the invariants of all pallets.
pub fn on(preset: &str, test: impl FnOnce(&mut Chain)) {
    let preset = genesis::preset(preset).expect("the preset exists");
    on_genesis(preset, test)
}

/// A preset on which nothing is issued and fees are burnt, for tests that keep books of something else.
pub fn without_issues(preset: &str) -> serde_json::Value {
    let mut preset = genesis::preset(preset).expect("the preset exists");
    let params = &mut preset["rewards"]["params"];
    params["inflation"] = json!(0);
    params["fees"] = json!({ "burn": Perbill::one().deconstruct(), "treasury": 0 });
    preset
}

/// Runs `test` on a new chain of a genesis configuration, then checks the invariants of all pallets.
pub fn on_genesis(patch: serde_json::Value, test: impl FnOnce(&mut Chain)) {
    let (mut state, mut chain) = found(patch);
    state.execute_with(|| {
        test(&mut chain);
        check();
    });
}

/// A new chain of a genesis configuration, and its state: for tests so long that what they change has to be committed
/// now and then, since each block's root is computed from all that is not.
pub fn found(patch: serde_json::Value) -> (TestExternalities, Chain) {
    let config: assay_runtime::RuntimeGenesisConfig =
        serde_json::from_value(full(patch)).expect("the preset is a genesis configuration");
    let state = TestExternalities::new(config.build_storage().expect("genesis builds"));
    let head = Header::new(0, Default::default(), Default::default(), Default::default(), Default::default());
    (state, Chain { head, slot: FIRST_SLOT })
}

/// The invariants of all pallets, and those that none of them can see alone.
pub fn check() {
    AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All)
        .expect("every invariant of every pallet holds");
    check_accusations();
    market::check();
}

/// Each ledger is accused as often as slashes wait for it, and no accused validator stands in elections: neither pallet
/// can see that alone.
fn check_accusations() {
    let mut waiting = std::collections::BTreeMap::<_, u32>::new();
    for slash in pallet_assay_slashing::Pending::<Runtime>::iter_values() {
        *waiting.entry((slash.owner.clone(), slash.role())).or_default() += 1;
    }
    let candidates = pallet_assay_staking::Candidates::<Runtime>::get();
    for (owner, ledger) in pallet_assay_staking::Ledgers::<Runtime>::iter() {
        for role in [Role::Validator, Role::Provider] {
            let expected = waiting.get(&(owner.clone(), role)).copied().unwrap_or_default();
            assert_eq!(ledger.stake(role).accused, expected, "{owner:?} as {role:?}");
        }
        let stands = candidates.iter().any(|candidate| candidate.owner == owner);
        assert!(ledger.validator.accused == 0 || !stands, "{owner:?} is accused and stands");
    }
}

/// A patch laid over the default configuration, as the genesis builder does it.
pub fn full(patch: serde_json::Value) -> serde_json::Value {
    let mut config = serde_json::to_value(assay_runtime::RuntimeGenesisConfig::default()).expect("is JSON");
    for (pallet, fields) in patch.as_object().expect("a patch is an object") {
        for (field, value) in fields.as_object().expect("a pallet's patch is an object") {
            config[pallet][field] = value.clone();
        }
    }
    config
}

impl Chain {
    /// Opens the block of the next slot whose author is not disabled: its VRF verified, its timestamp set.
    pub fn open(&mut self) -> u32 {
        self.slot += 1;
        while self.author_is_disabled() {
            self.slot += 1;
        }
        let number = self.head.number() + 1;
        let header = Header::new(
            number,
            Default::default(),
            Default::default(),
            self.head.hash(),
            self.vrf_pre_digest(),
        );
        self.open_with(header)
    }

    /// Opens a block with a given header.
    pub fn open_with(&mut self, header: Header) -> u32 {
        Executive::initialize_block(&header);
        let now = self.slot * Babe::slot_duration();
        let timestamp = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
        self.apply(UncheckedExtrinsic::new_bare(timestamp)).expect("valid").expect("succeeds");
        *header.number()
    }

    /// Closes the open block.
    pub fn close(&mut self) {
        self.head = Executive::finalize_block();
    }

    /// Makes `blocks` blocks without transactions.
    pub fn pass(&mut self, blocks: u32) {
        for _ in 0..blocks {
            self.open();
            self.close();
        }
    }

    /// Makes blocks until the session of this index has begun.
    pub fn pass_to_session(&mut self, session: u32) {
        while pallet_session::CurrentIndex::<Runtime>::get() < session {
            self.pass(1);
        }
    }

    /// Applies a transaction to the open block.
    pub fn apply(&mut self, transaction: UncheckedExtrinsic) -> ApplyExtrinsicResult {
        Executive::apply_extrinsic(transaction)
    }

    /// Signs a call and applies it to the open block.
    pub fn submit(&mut self, signer: impl Into<Pair>, call: RuntimeCall) -> ApplyExtrinsicResult {
        let signer: Pair = signer.into();
        let nonce = System::account_nonce(AccountId::from(signer.public()));
        self.apply(signed(signer, nonce, call))
    }

    /// A call by root in the open block, as if a referendum on its track had passed.
    pub fn root(&mut self, call: RuntimeCall) {
        call.dispatch(RawOrigin::Root.into()).expect("root may");
    }

    /// Slot of the newest block.
    pub fn slot(&self) -> u64 {
        self.slot
    }

    /// A digest of the current slot without a VRF, which BABE would refuse on import.
    pub fn plain_pre_digest(&mut self) -> Digest {
        let plain = sp_consensus_babe::digests::SecondaryPlainPreDigest {
            authority_index: 0,
            slot: self.slot.into(),
        };
        digest(PreDigest::SecondaryPlain(plain))
    }

    /// Header of the next slot with the given digest.
    pub fn next_header(&mut self, digest: impl FnOnce(&mut Self) -> Digest) -> Header {
        self.slot += 1;
        let digest = digest(self);
        Header::new(self.head.number() + 1, Default::default(), Default::default(), self.head.hash(), digest)
    }

    /// The epoch of the current slot, which may be the one that its block opens.
    fn epoch(&self) -> Epoch {
        let epoch = Babe::current_epoch();
        if self.slot >= *epoch.start_slot + epoch.duration && System::block_number() > 0 {
            Babe::next_epoch()
        } else {
            epoch
        }
    }

    /// Whose turn the current slot is: its index among the authorities, and its key.
    fn author(&self) -> (usize, AuthorityId) {
        let authorities = self.epoch().authorities;
        let index = self.slot as usize % authorities.len();
        (index, authorities[index].0.clone())
    }

    fn author_is_disabled(&self) -> bool {
        let authorities = Babe::authorities();
        let disabled = Session::disabled_validators();
        let (_, author) = self.author();
        disabled.iter().any(|index| authorities.get(*index as usize).is_some_and(|(key, _)| *key == author))
    }

    fn vrf_pre_digest(&self) -> Digest {
        let (index, key) = self.author();
        let author = Sr25519Keyring::iter()
            .find(|known| known.public() == key.clone().into())
            .expect("validators of development networks have well-known keys");
        let epoch = self.epoch();
        let data =
            sp_consensus_babe::make_vrf_sign_data(&epoch.randomness, self.slot.into(), epoch.epoch_index);
        digest(PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
            authority_index: index as u32,
            slot: self.slot.into(),
            vrf_signature: pair(&format!("//{}", <&'static str>::from(author))).vrf_sign(&data),
        }))
    }
}

fn digest(pre_digest: PreDigest) -> Digest {
    Digest { logs: vec![<DigestItem as CompatibleDigestItem>::babe_pre_digest(pre_digest)] }
}

/// A transfer that keeps the sender alive.
pub fn transfer(to: Sr25519Keyring, value: u128) -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: MultiAddress::Id(to.to_account_id()),
        value,
    })
}

/// What an account can spend.
pub fn free(account: Sr25519Keyring) -> u128 {
    Balances::free_balance(account.to_account_id())
}
