//! Signs transactions, submits them and sees what became of them.

use super::{until, Client};
use assay_runtime::{
    Balance, Hash, Nonce, Runtime, RuntimeCall, RuntimeEvent, SignedPayload, TxExtension, UncheckedExtrinsic,
};
use codec::Encode;
use frame_support::storage::storage_prefix;
use frame_system::{EventRecord, Phase};
use jsonrpsee::{
    core::{client::SubscriptionClientT, ClientError},
    rpc_params,
};
use sc_transaction_pool_api::TransactionStatus;
use serde::Deserialize;
use sp_core::Bytes;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    generic::Era,
    traits::{BlakeTwo256, Hash as _},
    DispatchResult,
};

/// What a node says of a transaction that its pool has already.
const KNOWN: i32 = 1013;

/// What a finalized transaction did.
pub struct Receipt {
    /// The block that holds it.
    pub block: Hash,
    events: Vec<RuntimeEvent>,
}

impl Receipt {
    /// Whether the call went through.
    pub fn result(&self) -> DispatchResult {
        let outcome = self.told(|event| match event {
            RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => Some(Ok(())),
            RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. }) => {
                Some(Err(*dispatch_error))
            }
            _ => None,
        });
        outcome.expect("every transaction succeeds or fails")
    }

    /// What the first event tells that tells of it.
    pub fn told<T>(&self, of: impl Fn(&RuntimeEvent) -> Option<T>) -> Option<T> {
        self.events.iter().find_map(of)
    }
}

/// A transfer that keeps the sender alive.
pub fn transfer(to: Sr25519Keyring, value: Balance) -> RuntimeCall {
    let dest = to.to_account_id().into();
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value })
}

#[derive(Deserialize)]
struct SignedBlock {
    block: Block,
}

#[derive(Deserialize)]
struct Block {
    extrinsics: Vec<Bytes>,
}

impl Client {
    /// Puts a signed call into the node's pool.
    pub async fn submit(&self, signer: Sr25519Keyring, call: RuntimeCall) -> Hash {
        let transaction = self.sign(signer, call).await;
        match self.try_call("author_submitExtrinsic", rpc_params![&transaction]).await {
            // A view of the pool that was made meanwhile, for a new block, had it from there already.
            Err(ClientError::Call(refused)) if refused.code() == KNOWN => BlakeTwo256::hash(&transaction),
            answer => answer.unwrap_or_else(|error| panic!("author_submitExtrinsic: {error}")),
        }
    }

    /// Submits a signed call and waits until a block with it is final.
    pub async fn execute(&self, signer: Sr25519Keyring, call: RuntimeCall) -> Receipt {
        let transaction = self.sign(signer, call).await;
        let block = self.finalize(&transaction).await;
        let signed: SignedBlock = self.call("chain_getBlock", rpc_params![block]).await;
        let place = signed.block.extrinsics.iter().position(|extrinsic| *extrinsic == transaction);
        let phase = Phase::ApplyExtrinsic(place.expect("the block holds the transaction") as u32);
        let events = self.events(block).await.into_iter().filter(|record| record.phase == phase);
        Receipt { block, events: events.map(|record| record.event).collect() }
    }

    /// What happened in a block.
    pub async fn events(&self, block: Hash) -> Vec<EventRecord<RuntimeEvent, Hash>> {
        let key = storage_prefix(b"System", b"Events");
        self.storage(&key, block).await.unwrap_or_default()
    }

    /// What an account can spend, as of a block.
    pub async fn free(&self, account: Sr25519Keyring, at: Hash) -> Balance {
        type Info = frame_system::AccountInfo<Nonce, pallet_balances::AccountData<Balance>>;
        let key = frame_system::Account::<Runtime>::hashed_key_for(account.to_account_id());
        self.storage::<Info>(&key, at).await.map_or(0, |info| info.data.free)
    }

    /// Submits a transaction and waits until a block with it is final.
    async fn finalize(&self, transaction: &Bytes) -> Hash {
        let mut updates = self
            .0
            .subscribe::<TransactionStatus<Hash, Hash>, _>(
                "author_submitAndWatchExtrinsic",
                rpc_params![transaction],
                "author_unwatchExtrinsic",
            )
            .await
            .expect("the pool takes the transaction");
        until("a transaction to be final", async || {
            match updates.next().await.expect("the pool tells to the end").expect("the pool tells a status") {
                TransactionStatus::Finalized((block, _)) => Some(block),
                status => {
                    assert!(!status.is_final(), "the transaction will never be final: {status:?}");
                    None
                }
            }
        })
        .await
    }

    /// A transaction that stays valid for ever, signed as a wallet would for the node's newest runtime.
    async fn sign(&self, signer: Sr25519Keyring, call: RuntimeCall) -> Bytes {
        let version = self.version(self.call("chain_getBlockHash", rpc_params![]).await).await;
        let genesis = self.hash(0).await;
        let nonce: Nonce = self.call("system_accountNextIndex", rpc_params![signer.to_account_id()]).await;
        let extension: TxExtension = (
            frame_system::AuthorizeCall::new(),
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckEra::from(Era::Immortal),
            frame_system::CheckNonce::from(nonce),
            frame_system::CheckWeight::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(0),
            frame_metadata_hash_extension::CheckMetadataHash::new(false),
            frame_system::WeightReclaim::new(),
        );
        let (spec, format) = (version.spec_version, version.transaction_version);
        let implicit = ((), (), spec, format, genesis, genesis, (), (), (), None, ());
        let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
        let signature = payload.using_encoded(|payload| signer.sign(payload));
        let signer = signer.to_account_id().into();
        UncheckedExtrinsic::new_signed(call, signer, signature.into(), extension).encode().into()
    }
}
