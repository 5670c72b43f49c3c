//! What only token holders can have done: by a referendum, as on any network.

use super::{until, Client};
use assay_runtime::{token, Balance, BlockNumber, Hash, OriginCaller, RuntimeCall, RuntimeEvent};
use codec::Encode;
use frame_support::traits::{schedule::DispatchTime, Bounded};
use frame_system::{EventRecord, RawOrigin};
use pallet_conviction_voting::{AccountVote, Call as Voting, Conviction, Vote};
use pallet_referenda::{Call as Referenda, Event as ReferendaEvent};
use pallet_scheduler::Event as SchedulerEvent;
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::DispatchResult;

/// Those who vote aye: together more than half of all tokens, so that every track passes at once.
const VOTERS: [Sr25519Keyring; 5] = [Alice, Bob, Charlie, Dave, Eve];
/// What each of them votes with, of the 125 million that they begin with.
const VOTE: Balance = 110_000_000 * token::ASY;

impl Client {
    /// Has a call of root done by a referendum; gives the block in which it was.
    pub async fn enact_as_root(&self, call: RuntimeCall) -> Hash {
        self.enact(RawOrigin::Root.into(), call).await
    }

    /// Has a call done by a referendum on the track of an origin; gives the block in which it was.
    ///
    /// # Panics
    ///
    /// The call fails, or is too long to stand in the proposal itself.
    pub async fn enact(&self, origin: OriginCaller, call: RuntimeCall) -> Hash {
        let start = self.finalized().await;
        let index = self.propose(origin, call).await;
        self.submit(Alice, RuntimeCall::Referenda(Referenda::place_decision_deposit { index })).await;
        for voter in VOTERS {
            self.submit(voter, aye(index)).await;
        }
        self.enacted(index, start).await
    }

    /// Submits a referendum; gives its number.
    async fn propose(&self, origin: OriginCaller, call: RuntimeCall) -> u32 {
        let proposal = Bounded::Inline(call.encode().try_into().expect("a short call"));
        let (proposal_origin, enactment_moment) = (Box::new(origin), DispatchTime::After(0));
        let submit = Referenda::submit { proposal_origin, proposal, enactment_moment };
        let receipt = self.execute(Alice, RuntimeCall::Referenda(submit)).await;
        assert_eq!(receipt.result(), Ok(()));
        let submitted = receipt.told(|event| match event {
            RuntimeEvent::Referenda(ReferendaEvent::Submitted { index, .. }) => Some(*index),
            _ => None,
        });
        submitted.expect("a referendum has a number")
    }

    /// Waits for the final block after a height in which the call of a referendum is dispatched.
    async fn enacted(&self, index: u32, mut height: BlockNumber) -> Hash {
        // What the stock pallet has the scheduler call the task.
        let name = blake2_256(&(*b"assembly", "enactment", index).encode());
        until("a referendum to be enacted", async || {
            let finalized = self.finalized().await;
            while height < finalized {
                height += 1;
                let block = self.hash(height).await;
                if let Some(result) = dispatched(self.events(block).await, name) {
                    assert_eq!(result, Ok(()), "the call of referendum {index}");
                    return Some(block);
                }
            }
            None
        })
        .await
    }
}

/// What came of a task, if these events tell of it.
fn dispatched(events: Vec<EventRecord<RuntimeEvent, Hash>>, name: [u8; 32]) -> Option<DispatchResult> {
    events.into_iter().find_map(|record| match record.event {
        RuntimeEvent::Scheduler(SchedulerEvent::Dispatched { id: Some(id), result, .. }) if id == name => {
            Some(result)
        }
        _ => None,
    })
}

fn aye(poll_index: u32) -> RuntimeCall {
    let vote = Vote { aye: true, conviction: Conviction::None };
    let vote = AccountVote::Standard { vote, balance: VOTE };
    RuntimeCall::ConvictionVoting(Voting::vote { poll_index, vote })
}
