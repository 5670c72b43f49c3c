//! A chain for tests: blocks are made, forked and made final when the test says so, and know what it fills in.

mod answers;
mod governance;
mod world;

pub use governance::Governance;
pub use world::World;

use crate::{
    client::{BlockId, Tip, Version},
    pool::Pooled,
    transaction::Signed,
    ChainError,
};
use assay_runtime::{AccountId, BlockNumber, Hash, RuntimeCall, RuntimeEvent, VERSION};
use sp_runtime::DispatchError;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

/// What a call does to the state of a block: its events, or why it fails.
type Apply =
    dyn FnMut(&mut World, &AccountId, &RuntimeCall) -> Result<Vec<RuntimeEvent>, DispatchError> + Send;

/// A chain that does what a test says. Clones are the same chain.
#[derive(Clone)]
pub struct FakeChain(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    tips: watch::Sender<Tip>,
}

struct State {
    blocks: BTreeMap<Hash, Block>,
    tip: Tip,
    version: Version,
    pool: Vec<Transaction>,
    signed: Vec<Signed>,
    submissions: usize,
    answers: VecDeque<Result<Pooled, ChainError>>,
    lost_answers: u32,
    apply: Box<Apply>,
    holding: bool,
    cut: bool,
    left: u32,
}

struct Block {
    id: BlockId,
    parent: Hash,
    world: World,
    transactions: Vec<Done>,
}

#[derive(Clone)]
struct Transaction {
    signed: Signed,
    call: RuntimeCall,
}

struct Done {
    transaction: Transaction,
    events: Vec<RuntimeEvent>,
}

impl Default for FakeChain {
    fn default() -> Self {
        let id = BlockId { number: 0, hash: Hash::repeat_byte(0xaa) };
        let genesis = Block { id, parent: id.hash, world: World::default(), transactions: Vec::new() };
        let tip = Tip { best: id, finalized: id };
        let state = State {
            blocks: BTreeMap::from([(id.hash, genesis)]),
            tip,
            version: Version {
                spec_name: VERSION.spec_name.to_string(),
                spec_version: VERSION.spec_version,
                transaction_version: VERSION.transaction_version,
            },
            pool: Vec::new(),
            signed: Vec::new(),
            submissions: 0,
            answers: VecDeque::new(),
            lost_answers: 0,
            apply: Box::new(|_, _, _| Ok(Vec::new())),
            holding: false,
            cut: false,
            left: 0,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), tips: watch::Sender::new(tip) }))
    }
}

impl FakeChain {
    /// A chain of one block, which is final. Calls do nothing and go through.
    pub fn new() -> Self {
        Self::default()
    }

    /// What calls do from now on. Where one fails, what it did to the state is undone.
    pub fn on_call(
        &self,
        apply: impl FnMut(&mut World, &AccountId, &RuntimeCall) -> Result<Vec<RuntimeEvent>, DispatchError>
            + Send
            + 'static,
    ) {
        self.state().apply = Box::new(apply);
    }

    /// Makes a block on the best one. Its state is that of the block before, changed; then it takes from the pool what
    /// fits.
    pub fn block(&self, change: impl FnOnce(&mut World)) -> BlockId {
        self.fork(0, change)
    }

    /// Makes that many blocks.
    pub fn advance(&self, count: u32) -> BlockId {
        (0..count).for_each(|_| {
            self.block(|_| {});
        });
        self.state().tip.best
    }

    /// Abandons the best blocks, that many, and makes one in their place, which is the best from now on. Abandoned
    /// transactions are in the pool again.
    ///
    /// # Panics
    ///
    /// One of them is final.
    pub fn fork(&self, abandoned: u32, change: impl FnOnce(&mut World)) -> BlockId {
        let mut state = self.state();
        for _ in 0..abandoned {
            state.retract();
        }
        let id = state.build(change);
        drop(state);
        self.publish();
        id
    }

    /// Makes the best chain's block of a number final.
    ///
    /// # Panics
    ///
    /// The best chain has none, or a later one is final.
    pub fn finalize(&self, number: BlockNumber) {
        let mut state = self.state();
        let hash = state.ancestor(state.tip.best.hash, number).expect("the best chain has the block");
        assert!(number >= state.tip.finalized.number, "what is final stays final");
        state.tip.finalized = BlockId { number, hash };
        drop(state);
        self.publish();
    }

    /// Whether blocks leave what is in the pool there.
    pub fn hold(&self, holding: bool) {
        self.state().holding = holding;
    }

    /// Empties the pool; returns how much was in it.
    pub fn lose_pool(&self) -> usize {
        self.state().pool.drain(..).count()
    }

    /// What the pool says to the next transaction, which it does not take. The answers queue up.
    pub fn answer(&self, answer: Result<Pooled, ChainError>) {
        self.state().answers.push_back(answer);
    }

    /// Loses the answers to so many transactions that come to the pool.
    pub fn lose_answers(&self, count: u32) {
        self.state().lost_answers = count;
    }

    /// Whether nothing can be asked, and nobody hears of new blocks.
    pub fn cut(&self, cut: bool) {
        self.state().cut = cut;
        self.publish();
    }

    /// How often its node was left for the next one.
    pub fn left(&self) -> u32 {
        self.state().left
    }

    /// Sets the version of the rules.
    pub fn upgrade(&self, spec_version: u32) {
        self.state().version.spec_version = spec_version;
    }

    /// The calls in the best chain, in order, with their signers. Those that failed are there too.
    pub fn calls(&self) -> Vec<(AccountId, RuntimeCall)> {
        let state = self.state();
        let mut calls = Vec::new();
        let mut block = &state.blocks[&state.tip.best.hash];
        while block.id.number > 0 {
            let done = block.transactions.iter().rev().map(|done| &done.transaction);
            calls.extend(done.map(|made| (made.signed.signer().clone(), made.call.clone())));
            block = &state.blocks[&block.parent];
        }
        calls.reverse();
        calls
    }

    /// Every transaction that came to the pool, once, in order.
    pub fn signed(&self) -> Vec<Signed> {
        self.state().signed.clone()
    }

    /// How often a transaction came to the pool.
    pub fn submissions(&self) -> usize {
        self.state().submissions
    }

    /// The state of a block.
    ///
    /// # Panics
    ///
    /// There is no such block.
    pub fn world(&self, at: Hash) -> World {
        self.state().blocks[&at].world.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no test goes on after a panic in the chain")
    }

    fn publish(&self) {
        let state = self.state();
        if !state.cut {
            self.0.tips.send_if_modified(|known| std::mem::replace(known, state.tip) != state.tip);
        }
    }
}

impl State {
    /// The block of a number on the chain that ends with a block.
    fn ancestor(&self, end: Hash, number: BlockNumber) -> Option<Hash> {
        let mut block = self.blocks.get(&end)?;
        while block.id.number > number {
            block = self.blocks.get(&block.parent)?;
        }
        (block.id.number == number).then_some(block.id.hash)
    }

    /// Takes the best block away.
    fn retract(&mut self) {
        let best = self.tip.best;
        assert!(best.number > self.tip.finalized.number, "what is final stays");
        let block = &self.blocks[&best.hash];
        let back = block.transactions.iter().map(|done| done.transaction.clone());
        self.pool.extend(back);
        self.tip.best = self.blocks[&block.parent].id;
    }

    /// Makes a block on the best one.
    fn build(&mut self, change: impl FnOnce(&mut World)) -> BlockId {
        let parent = self.tip.best;
        let number = parent.number + 1;
        let id = BlockId { number, hash: Hash::from_low_u64_be(self.blocks.len() as u64) };
        let mut world = self.blocks[&parent.hash].world.clone();
        world.market_block += u32::from(!world.market_halted);
        change(&mut world);
        self.pool.retain(|transaction| number < transaction.signed.death());
        let mut transactions = Vec::new();
        while let Some(transaction) = self.take(parent, &world) {
            let events = self.execute(&mut world, &transaction);
            transactions.push(Done { transaction, events });
        }
        self.blocks.insert(id.hash, Block { id, parent: parent.hash, world, transactions });
        self.tip.best = id;
        id
    }

    /// A transaction of the pool that fits into the block after this one.
    fn take(&mut self, parent: BlockId, world: &World) -> Option<Transaction> {
        let fits = |Transaction { signed, .. }: &Transaction| {
            let account = world.accounts.get(signed.signer()).copied().unwrap_or_default();
            let born = self.ancestor(parent.hash, signed.birth().number) == Some(signed.birth().hash);
            born && account.nonce == signed.nonce() && parent.number + 1 < signed.death()
        };
        let index = self.pool.iter().position(fits).filter(|_| !self.holding)?;
        Some(self.pool.remove(index))
    }

    fn execute(&mut self, world: &mut World, transaction: &Transaction) -> Vec<RuntimeEvent> {
        let (signer, fee) = (transaction.signed.signer(), world.fee);
        let account = world.accounts.entry(signer.clone()).or_default();
        account.nonce += 1;
        account.free = account.free.saturating_sub(fee);
        let mut changed = world.clone();
        let result = (self.apply)(&mut changed, signer, &transaction.call);
        let dispatch_info = frame_system::DispatchEventInfo::default();
        let (mut events, end) = match result {
            Ok(events) => {
                *world = changed;
                (events, frame_system::Event::ExtrinsicSuccess { dispatch_info })
            }
            Err(dispatch_error) => {
                (Vec::new(), frame_system::Event::ExtrinsicFailed { dispatch_error, dispatch_info })
            }
        };
        let (who, actual_fee) = (signer.clone(), fee);
        let paid = pallet_transaction_payment::Event::TransactionFeePaid { who, actual_fee, tip: 0 };
        events.extend([RuntimeEvent::TransactionPayment(paid), RuntimeEvent::System(end)]);
        events
    }
}
