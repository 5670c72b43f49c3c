//! The subscription `assay_subscribeAssignments`: what becomes of a worker's seats from one best block to the next.
//!
//! **A message** is `{block: {number, hash}, seats, gone}`: `seats` has each seat that is new, or of which anything is
//! not as it was told last, in the form of `assay_seats`; `gone` has `{job, seat}` of each that was told and is none
//! any more. Applied to what the messages before it have told, it gives `assay_seats` at that block. The first message
//! comes at once and has all seats, be it none; from then on a block that changes nothing gives no message.
//!
//! **A reorganisation** is nothing special. Each message tells what the best block of the moment has made different,
//! whether or not it descends from the block told before: a seat that another branch never gave is gone.
//!
//! **One message at a time** is on its way. Blocks that come before the client has taken it are skipped, and the next
//! message tells in one what all of them have changed: a slow client gets fewer messages, and misses nothing that
//! lasts. While the node catches up with the network there are none either.
//!
//! **It ends** when the client unsubscribes or goes, and when the node stops. Where the runtime can't be asked any
//! more, it ends with an error notification, so that no client takes silence for "nothing new".

use super::{params::Worker, seat::Assignment};
use crate::{
    rpc::{answers::failed, network::BlockId},
    service::{FullClient, Hash},
};
use assay_runtime::{
    market::{self, JobId, MarketApi},
    AccountId,
};
use futures::{
    future::{self, Either},
    stream::BoxStream,
    StreamExt,
};
use jsonrpsee::{
    core::{async_trait, SubscriptionResult},
    proc_macros::rpc,
    types::{error::TOO_MANY_SUBSCRIPTIONS_CODE, ErrorObjectOwned},
    BoundedSubscriptions, PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink,
};
use sc_client_api::{BlockchainEvents, HeaderBackend};
use serde::Serialize;
use sp_api::{ApiError, ProvideRuntimeApi};
use std::{collections::BTreeMap, pin::pin, sync::Arc};

/// The most subscriptions of all clients together: each one asks the runtime at every block.
const MAX_SUBSCRIPTIONS: u32 = 256;

/// The subscription of the module `assay` to a worker's seats. It is safe to expose.
#[rpc(server)]
pub trait AssignmentsRpc {
    /// Tells which seats a provider has, given by its own address or its worker's, and then what becomes of them. See
    /// the module for what a message is.
    #[subscription(
        name = "assay_subscribeAssignments" => "assay_assignments",
        unsubscribe = "assay_unsubscribeAssignments",
        item = Message
    )]
    async fn subscribe_assignments(&self, worker: Worker) -> SubscriptionResult;
}

/// What a block has made different.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The best block.
    block: BlockId,
    /// Seats that are new, or not as they were told last.
    seats: Vec<Assignment>,
    /// Seats that were told and are none any more.
    gone: Vec<Place>,
}

/// Which seat of which job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    job: JobId,
    seat: u8,
}

/// What the subscription needs of the chain.
pub trait Chain: Send + Sync + 'static {
    /// The best block.
    fn best(&self) -> BlockId;

    /// Something for each block that is imported from now on.
    fn imports(&self) -> BoxStream<'static, ()>;

    /// The seats that a provider or its worker has at a block.
    fn seats(&self, at: Hash, worker: &AccountId) -> Result<Vec<market::Assignment>, ApiError>;
}

impl Chain for FullClient {
    fn best(&self) -> BlockId {
        let info = self.info();
        BlockId { number: info.best_number, hash: info.best_hash }
    }

    fn imports(&self) -> BoxStream<'static, ()> {
        self.import_notification_stream().map(|_| ()).boxed()
    }

    fn seats(&self, at: Hash, worker: &AccountId) -> Result<Vec<market::Assignment>, ApiError> {
        self.runtime_api().seats(at, worker.clone())
    }
}

/// Serves subscriptions from the chain.
pub struct Assignments<C> {
    chain: Arc<C>,
    places: BoundedSubscriptions,
}

impl<C: Chain> Assignments<C> {
    /// Serves subscriptions from this chain.
    pub fn new(chain: Arc<C>) -> Self {
        Self { chain, places: BoundedSubscriptions::new(MAX_SUBSCRIPTIONS) }
    }
}

#[async_trait]
impl<C: Chain> AssignmentsRpcServer for Assignments<C> {
    async fn subscribe_assignments(
        &self,
        pending: PendingSubscriptionSink,
        worker: Worker,
    ) -> SubscriptionResult {
        let Some(_place) = self.places.acquire() else {
            pending.reject(no_place(self.places.max())).await;
            return Ok(());
        };
        // From before the first look at the chain, so that no block goes by unseen.
        let mut imports = self.chain.imports();
        let mut watch = Watch::new(self.chain.clone(), worker.0);
        let mut news = match watch.look() {
            Ok(news) => news,
            Err(error) => {
                pending.reject(failed(error)).await;
                return Ok(());
            }
        };
        let sink = pending.accept().await?;
        loop {
            let goes_on = match news {
                Some(message) => deliver(&sink, &message, &mut imports).await,
                None => await_block(&sink, &mut imports).await,
            };
            if !goes_on {
                return Ok(());
            }
            news = watch.look().map_err(|error| {
                log::warn!("a subscription to assignments has ended: {error}");
                // What the error says may not be quoted: the server puts this into JSON as it is.
                "the runtime could not be asked; the node's log says why"
            })?;
        }
    }
}

/// Sends a message. Blocks that are imported meanwhile are let go by: afterwards the best one is looked at anyway.
/// `false` at the end of the subscription.
async fn deliver(sink: &SubscriptionSink, message: &Message, imports: &mut BoxStream<'static, ()>) -> bool {
    let Ok(message) = SubscriptionMessage::from_json(message) else { return false };
    let sending = pin!(sink.send(message));
    let passing = imports.by_ref().for_each(|()| future::ready(()));
    let first = future::select(sending, passing).await;
    matches!(first, Either::Left((Ok(()), _)))
}

/// Waits for a block. `false` at the end of the subscription.
async fn await_block(sink: &SubscriptionSink, imports: &mut BoxStream<'static, ()>) -> bool {
    let closed = pin!(sink.closed());
    let first = future::select(closed, imports.next()).await;
    matches!(first, Either::Right((Some(()), _)))
}

fn no_place(most: u32) -> ErrorObjectOwned {
    let message = format!("the node serves {most} subscriptions of this kind and no more: try another one");
    ErrorObjectOwned::owned(TOO_MANY_SUBSCRIPTIONS_CODE, message, None::<()>)
}

/// What a subscriber was told.
struct Watch<C> {
    chain: Arc<C>,
    worker: AccountId,
    /// The block that was looked at last.
    seen: Option<Hash>,
    told: BTreeMap<Place, market::Assignment>,
}

impl<C: Chain> Watch<C> {
    fn new(chain: Arc<C>, worker: AccountId) -> Self {
        Self { chain, worker, seen: None, told: BTreeMap::new() }
    }

    /// What is to tell of the best block; `None` if that is nothing.
    fn look(&mut self) -> Result<Option<Message>, ApiError> {
        let block = self.chain.best();
        if self.seen == Some(block.hash) {
            return Ok(None);
        }
        let seats = self.chain.seats(block.hash, &self.worker)?;
        let is_first = self.seen.replace(block.hash).is_none();
        let (seats, gone) = self.compare(seats);
        let has_news = is_first || !seats.is_empty() || !gone.is_empty();
        Ok(has_news.then_some(Message { block, seats, gone }))
    }

    /// The seats that are not as they were told, and those that are gone. From now on these are told.
    fn compare(&mut self, seats: Vec<market::Assignment>) -> (Vec<Assignment>, Vec<Place>) {
        let now: BTreeMap<_, _> = seats.into_iter().map(|seat| (place(&seat), seat)).collect();
        let changed = now.iter().filter(|(place, seat)| self.told.get(*place) != Some(*seat));
        let changed = changed.map(|(_, seat)| seat.clone().into()).collect();
        let gone = self.told.keys().filter(|place| !now.contains_key(*place)).copied().collect();
        self.told = now;
        (changed, gone)
    }
}

fn place(assignment: &market::Assignment) -> Place {
    Place { job: assignment.seat.job, seat: assignment.seat.index }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::{market::seat::tests::assignment, params::tests::ALICE};
    use futures::channel::mpsc::{unbounded, UnboundedSender};
    use jsonrpsee::{
        core::JsonValue, types::error::INVALID_PARAMS_CODE, MethodsError, RpcModule, Subscription,
    };
    use serde_json::json;
    use std::{
        sync::{Mutex, MutexGuard},
        time::Duration,
    };

    /// Longer than anything takes that happens at all.
    const SOON: Duration = Duration::from_secs(10);

    /// A chain that a test drives.
    struct Script(Mutex<State>);

    struct State {
        best: BlockId,
        /// `None` where the runtime can't be asked.
        seats: Option<Vec<market::Assignment>>,
        subscribers: Vec<UnboundedSender<()>>,
    }

    impl Script {
        /// A chain whose best block is number 0.
        fn new(seats: Option<Vec<market::Assignment>>) -> Arc<Self> {
            Arc::new(Self(Mutex::new(State { best: block(0, 0), seats, subscribers: vec![] })))
        }

        fn state(&self) -> MutexGuard<'_, State> {
            self.0.lock().expect("no test panics with the lock")
        }

        /// Imports a block, which is the best.
        fn import(&self, best: BlockId, seats: Option<Vec<market::Assignment>>) {
            let mut state = self.state();
            state.best = best;
            state.seats = seats;
            state.subscribers.retain(|subscriber| subscriber.unbounded_send(()).is_ok());
        }
    }

    impl Chain for Script {
        fn best(&self) -> BlockId {
            self.state().best.clone()
        }

        fn imports(&self) -> BoxStream<'static, ()> {
            let (subscriber, imports) = unbounded();
            self.state().subscribers.push(subscriber);
            imports.boxed()
        }

        fn seats(&self, _: Hash, _: &AccountId) -> Result<Vec<market::Assignment>, ApiError> {
            self.state().seats.clone().ok_or(ApiError::UsingSameInstanceForDifferentBlocks)
        }
    }

    /// A block of a branch.
    fn block(number: u32, branch: u8) -> BlockId {
        let mut hash = Hash::repeat_byte(branch);
        hash.0[..4].copy_from_slice(&number.to_be_bytes());
        BlockId { number, hash }
    }

    fn module(chain: &Arc<Script>) -> RpcModule<Assignments<Script>> {
        Assignments::new(chain.clone()).into_rpc()
    }

    async fn subscribe_to(
        module: &RpcModule<Assignments<Script>>,
        worker: &str,
    ) -> Result<Subscription, MethodsError> {
        module.subscribe("assay_subscribeAssignments", [worker], 1).await
    }

    async fn subscribe(chain: &Arc<Script>) -> Subscription {
        subscribe_to(&module(chain), ALICE).await.expect("the chain can be asked")
    }

    /// The next message; `None` at the end of the subscription.
    async fn next(subscription: &mut Subscription) -> Option<JsonValue> {
        let next = tokio::time::timeout(SOON, subscription.next::<JsonValue>()).await;
        next.expect("something is told").map(|told| told.expect("it is a message").0)
    }

    async fn is_silent(subscription: &mut Subscription) -> bool {
        let a_while = Duration::from_millis(100);
        tokio::time::timeout(a_while, subscription.next::<JsonValue>()).await.is_err()
    }

    /// A message without its specifications: its block, of which jobs seats are new or changed, and which are gone.
    fn outline(message: &JsonValue) -> (JsonValue, Vec<u64>, JsonValue) {
        let seats = message["seats"].as_array().expect("it has seats");
        let jobs = seats.iter().map(|seat| seat["job"].as_u64().expect("it has a job")).collect();
        (message["block"]["number"].clone(), jobs, message["gone"].clone())
    }

    fn seats<const N: usize>(jobs: [JobId; N]) -> Option<Vec<market::Assignment>> {
        Some(jobs.map(assignment).to_vec())
    }

    #[tokio::test]
    async fn the_first_message_has_all_seats_be_it_none() {
        let chain = Script::new(seats([3, 7]));
        let message = next(&mut subscribe(&chain).await).await.unwrap();
        let told = seats([3, 7]).unwrap().into_iter().map(Assignment::from).collect::<Vec<_>>();
        let expected = json!({ "block": block(0, 0), "seats": told, "gone": [] });
        assert_eq!(message, expected);

        let idle = Script::new(seats([]));
        let message = next(&mut subscribe(&idle).await).await.unwrap();
        assert_eq!(outline(&message), (json!(0), vec![], json!([])));
    }

    #[tokio::test]
    async fn a_seat_is_told_when_it_is_new_when_it_changes_and_when_it_goes() {
        let chain = Script::new(seats([3]));
        let mut subscription = subscribe(&chain).await;
        next(&mut subscription).await.unwrap();

        chain.import(block(1, 0), seats([3, 7]));
        let message = next(&mut subscription).await.unwrap();
        assert_eq!(outline(&message), (json!(1), vec![7], json!([])));

        let mut sealed = seats([3, 7]).unwrap();
        sealed[0].seat.seat.stage = market::Stage::Committed([1; 32]);
        chain.import(block(2, 0), Some(sealed.clone()));
        let message = next(&mut subscription).await.unwrap();
        assert_eq!(outline(&message), (json!(2), vec![3], json!([])));
        assert_eq!(message["seats"][0]["stage"]["kind"], "committed");

        sealed[0].seat.phase = market::Phase::Revealing { until: 90 };
        chain.import(block(3, 0), Some(sealed[..1].to_vec()));
        let message = next(&mut subscription).await.unwrap();
        assert_eq!(outline(&message), (json!(3), vec![3], json!([{ "job": 7, "seat": 1 }])));
        assert_eq!(message["seats"][0]["phase"], json!({ "kind": "revealing", "until": 90 }));
    }

    #[tokio::test]
    async fn another_seat_of_the_same_job_is_another_one() {
        let chain = Script::new(seats([3]));
        let mut subscription = subscribe(&chain).await;
        next(&mut subscription).await.unwrap();
        let mut other = seats([3]).unwrap();
        other[0].seat.index = 2;
        chain.import(block(1, 0), Some(other));
        let message = next(&mut subscription).await.unwrap();
        assert_eq!(outline(&message), (json!(1), vec![3], json!([{ "job": 3, "seat": 1 }])));
        assert_eq!(message["seats"][0]["seat"], 2);
    }

    #[tokio::test]
    async fn a_block_that_changes_nothing_gives_no_message() {
        let chain = Script::new(seats([3]));
        let mut subscription = subscribe(&chain).await;
        next(&mut subscription).await.unwrap();
        chain.import(block(1, 0), seats([3]));
        assert!(is_silent(&mut subscription).await);
        // Nor does one that is not the best.
        chain.import(block(1, 0), seats([3]));
        assert!(is_silent(&mut subscription).await);
        chain.import(block(2, 0), seats([]));
        let message = next(&mut subscription).await.unwrap();
        assert_eq!(outline(&message), (json!(2), vec![], json!([{ "job": 3, "seat": 1 }])));
    }

    #[tokio::test]
    async fn a_reorganisation_takes_back_what_only_the_other_branch_gave() {
        let chain = Script::new(seats([]));
        let mut subscription = subscribe(&chain).await;
        next(&mut subscription).await.unwrap();
        chain.import(block(1, 1), seats([3, 5]));
        let message = next(&mut subscription).await.unwrap();
        assert_eq!(outline(&message), (json!(1), vec![3, 5], json!([])));
        chain.import(block(1, 2), seats([5, 8]));
        let message = next(&mut subscription).await.unwrap();
        assert_eq!(outline(&message), (json!(1), vec![8], json!([{ "job": 3, "seat": 1 }])));
        assert_eq!(message["block"]["hash"], json!(block(1, 2).hash));
    }

    #[tokio::test]
    async fn what_a_slow_client_did_not_see_is_told_in_one() {
        let chain = Script::new(seats([0]));
        let mut subscription = subscribe(&chain).await;
        for number in 1..=50 {
            chain.import(block(number, 0), seats([number.into()]));
            tokio::task::yield_now().await;
        }
        let mut told = vec![];
        while told.last().is_none_or(|(number, _, _)| *number != 50) {
            told.push(outline(&next(&mut subscription).await.unwrap()));
        }
        // One was taken, one was on its way, and one has the rest.
        assert!(told.len() <= 3, "{told:?}");
        for two in told.windows(2) {
            let before = two[0].1.iter().map(|job| json!({ "job": job, "seat": 1 })).collect();
            assert_eq!(two[1].2, JsonValue::Array(before), "nothing is gone that was not told");
        }
        assert_eq!(told.last().unwrap().1, [50]);
    }

    #[tokio::test]
    async fn a_runtime_that_cannot_be_asked_ends_it() {
        let chain = Script::new(seats([3]));
        let mut subscription = subscribe(&chain).await;
        next(&mut subscription).await.unwrap();
        chain.import(block(1, 0), None);
        assert_eq!(next(&mut subscription).await, None, "the client is told that it has ended");
        assert!(subscribe_to(&module(&chain), ALICE).await.is_err(), "and can't begin anew");
    }

    #[tokio::test]
    async fn a_node_has_places_for_so_many() {
        let chain = Script::new(seats([]));
        let module = Assignments { chain, places: BoundedSubscriptions::new(1) }.into_rpc();
        let first = subscribe_to(&module, ALICE).await.unwrap();
        let Err(MethodsError::JsonRpc(error)) = subscribe_to(&module, ALICE).await else {
            panic!("there was one place");
        };
        assert_eq!(error.code(), TOO_MANY_SUBSCRIPTIONS_CODE);
        assert!(error.message().starts_with("the node serves 1 subscriptions of this kind"));
        // A client that goes makes room.
        drop(first);
        let again = async {
            while subscribe_to(&module, ALICE).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, again).await.expect("the place is free again");
    }

    #[tokio::test]
    async fn a_worker_is_an_address() {
        let module = module(&Script::new(seats([])));
        let Err(MethodsError::JsonRpc(error)) = subscribe_to(&module, "Alice").await else {
            panic!("Alice is no address");
        };
        assert_eq!(error.code(), INVALID_PARAMS_CODE);
        let says = error.data().expect("the error says more").get();
        assert!(says.contains("worker is"), "{says}");
    }
}
