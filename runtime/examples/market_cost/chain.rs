//! Blocks: made by the native runtime, then executed by its WASM on the same state, as a node imports them.

use crate::{
    cost::Cost,
    wallet::{pair, signed},
};
use assay_runtime::{
    AccountId, Babe, Block, Executive, Header, RuntimeCall, RuntimeGenesisConfig, System, UncheckedExtrinsic,
    WASM_BINARY,
};
use codec::Encode;
use frame_support::{dispatch::DispatchClass, storage::storage_prefix};
use sc_executor::WasmExecutor;
use sp_consensus_babe::{
    digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
    make_vrf_sign_data,
};
use sp_core::{
    crypto::VrfSecret,
    sr25519::Pair,
    traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
    Pair as _,
};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use sp_runtime::{traits::Header as _, BuildStorage, Digest, DigestItem};
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

/// The first slot of the chain.
const FIRST_SLOT: u64 = 200_000_000;
/// How often each block is executed. The fastest time counts: what else the machine does only makes it longer.
const RUNS: usize = 9;
/// Blocks of which the fastest one is what an idle block takes.
const IDLE: usize = 5;

/// A chain of one validator, Alice, whose sessions never change.
pub struct Chain {
    state: TestExternalities,
    head: Header,
    slot: u64,
    author: Pair,
    executor: WasmExecutor<SubstrateHostFunctions>,
}

impl Chain {
    pub fn new(genesis: RuntimeGenesisConfig) -> Self {
        let state = TestExternalities::new(genesis.build_storage().expect("genesis builds"));
        let head =
            Header::new(0, Default::default(), Default::default(), Default::default(), Default::default());
        let executor = WasmExecutor::builder().build();
        Self { state, head, slot: FIRST_SLOT, author: pair("//Alice"), executor }
    }

    /// Reads the state, or puts something into it. What is put there belongs to the state of the newest block.
    pub fn state<Value>(&mut self, access: impl FnOnce() -> Value) -> Value {
        self.state.execute_with(access)
    }

    /// What a block takes without transactions.
    pub fn idle(&mut self) -> Cost {
        // The first one also begins the epoch, and has the module compiled.
        self.block(&[]);
        let blocks = (0..IDLE).map(|_| self.block(&[])).collect::<Vec<_>>();
        let fastest = blocks.iter().min_by_key(|cost| cost.time).expect("there are some");
        *fastest
    }

    /// Makes a block of these calls, and measures it.
    pub fn block(&mut self, calls: &[(Pair, RuntimeCall)]) -> Cost {
        self.state.commit_all().expect("no transaction is open");
        self.slot += 1;
        let digest = self.pre_digest();
        let (number, parent, slot) = (self.head.number() + 1, self.head.hash(), self.slot);
        let header = Header::new(number, Default::default(), Default::default(), parent, digest);
        let recorder = Default::default();
        let making = || make(header, slot, calls);
        let (block, weight) = self.state.execute_with_recorder(Clone::clone(&recorder), making);
        self.head = block.header.clone();
        let reads: usize = recorder.recorded_keys().values().map(HashMap::len).sum();
        let (writes, trees) = self.count_writes();
        let time = (0..RUNS).map(|_| self.execute(&block)).min().expect("it runs more than once");
        Cost { time, weight, reads, writes, trees }
    }

    /// Executes a block on the state of its parent.
    fn execute(&mut self, block: &Block) -> Duration {
        self.state.reset_overlay();
        let wasm = WASM_BINARY.expect("built without SKIP_WASM_BUILD");
        let fetcher = WrappedRuntimeCode(wasm.into());
        let code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash: b"this runtime".to_vec() };
        let (block, context) = (block.encode(), CallContext::Onchain { import: true });
        let mut ext = self.state.ext();
        let began = Instant::now();
        let (outcome, _) = self.executor.call(&mut ext, &code, "Core_execute_block", &block, context);
        let time = began.elapsed();
        outcome.expect("WASM comes to the same block");
        time
    }

    /// Keys that the block has changed, apart and in the providers' trees. Its transactions' bodies, its author and the
    /// shares of its fees are put into the state and taken out again before it ends: no database ever writes them.
    fn count_writes(&self) -> (usize, usize) {
        let nodes = storage_prefix(b"Providers", b"Nodes");
        let passing = [
            storage_prefix(b"System", b"ExtrinsicData"),
            storage_prefix(b"Rewards", b"Author"),
            storage_prefix(b"Rewards", b"Fees"),
        ];
        let changes = self.state.overlayed_changes().changes();
        let written = changes.filter(|(key, _)| !passing.iter().any(|prefix| key.starts_with(prefix)));
        let (trees, others): (Vec<_>, Vec<_>) = written.partition(|(key, _)| key.starts_with(&nodes));
        (others.len(), trees.len())
    }

    /// Alice's claim of the slot.
    fn pre_digest(&mut self) -> Digest {
        let (slot, author) = (self.slot, &self.author);
        let claim = self.state.execute_with(|| {
            let epoch = Babe::current_epoch();
            let data = make_vrf_sign_data(&epoch.randomness, slot.into(), epoch.epoch_index);
            let vrf_signature = author.vrf_sign(&data);
            SecondaryVRFPreDigest { authority_index: 0, slot: slot.into(), vrf_signature }
        });
        let claim = PreDigest::SecondaryVRF(claim);
        Digest { logs: vec![<DigestItem as CompatibleDigestItem>::babe_pre_digest(claim)] }
    }
}

/// Makes a block, and says what it is charged. All calls have to succeed.
fn make(header: Header, slot: u64, calls: &[(Pair, RuntimeCall)]) -> (Block, u64) {
    Executive::initialize_block(&header);
    let now = slot * Babe::slot_duration();
    let timestamp = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
    let mut extrinsics = vec![UncheckedExtrinsic::new_bare(timestamp)];
    let mut nonces = BTreeMap::<AccountId, u32>::new();
    for (signer, call) in calls {
        let account = AccountId::from(signer.public());
        let nonce = nonces.entry(account.clone()).or_insert_with(|| System::account_nonce(&account));
        extrinsics.push(signed(signer.clone(), *nonce, call.clone()));
        *nonce += 1;
    }
    for extrinsic in &extrinsics {
        Executive::apply_extrinsic(extrinsic.clone()).expect("there is room for it").expect("it succeeds");
    }
    let header = Executive::finalize_block();
    let charged = System::block_weight();
    let classes = [DispatchClass::Normal, DispatchClass::Operational, DispatchClass::Mandatory];
    let weight = classes.into_iter().map(|class| charged.get(class).ref_time()).sum();
    (Block { header, extrinsics }, weight)
}
