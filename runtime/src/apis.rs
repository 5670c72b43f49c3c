//! The runtime APIs: what a node may ask the runtime.

use crate::{
    bonds::{self, Candidate, Ledger, LockId, Locks, Slash, SlashId, Validator},
    genesis, governance,
    market::{
        self, Assignment, Estimate, JobClass, JobId, JobSpec, ListingId, MachineState, Policy, Provider,
        Receipt, Refusal, Status,
    },
    network::Network,
    opaque, AccountId, Babe, Balance, Block, BlockNumber, Clock, Executive, Grandpa, Hash, Historical,
    InherentDataExt, Jobs, Nonce, Providers, Runtime, RuntimeCall, RuntimeGenesisConfig, Session, Staking,
    System, TransactionPayment, Verification, BABE_GENESIS_EPOCH_CONFIG, VERSION,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    genesis_builder_helper::get_preset,
    traits::{Get, KeyOwnerProofSystem},
    weights::Weight,
};
use sp_api::impl_runtime_apis;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_core::OpaqueMetadata;
use sp_genesis_builder::PresetId;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    traits::{Block as BlockT, BlockNumberProvider, NumberFor},
    transaction_validity::{TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            VERSION
        }

        fn execute_block(block: <Block as BlockT>::LazyBlock) {
            Executive::execute_block(block);
        }

        fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
        fn execute_view_function(
            id: frame_support::view_functions::ViewFunctionId,
            input: Vec<u8>,
        ) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
            Runtime::execute_view_function(id, input)
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> <Block as BlockT>::Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(data: InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(block: <Block as BlockT>::LazyBlock, data: InherentData) -> CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            transaction: <Block as BlockT>::Extrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, transaction, block_hash)
        }
    }

    impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
        fn offchain_worker(header: &<Block as BlockT>::Header) {
            Executive::offchain_worker(header)
        }
    }

    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(owner: Vec<u8>, seed: Option<Vec<u8>>) -> OpaqueGeneratedSessionKeys {
            opaque::SessionKeys::generate(&owner, seed).into()
        }

        fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, sp_core::crypto::KeyTypeId)>> {
            opaque::SessionKeys::decode_into_raw_public_keys(&encoded)
        }
    }

    impl sp_consensus_babe::BabeApi<Block> for Runtime {
        fn configuration() -> sp_consensus_babe::BabeConfiguration {
            let epoch = Babe::epoch_config().unwrap_or(BABE_GENESIS_EPOCH_CONFIG);
            sp_consensus_babe::BabeConfiguration {
                slot_duration: Babe::slot_duration(),
                epoch_length: pallet_clock::EpochDuration::<Runtime>::get(),
                c: epoch.c,
                authorities: Babe::authorities().to_vec(),
                randomness: Babe::randomness(),
                allowed_slots: epoch.allowed_slots,
            }
        }

        fn current_epoch_start() -> sp_consensus_babe::Slot {
            Babe::current_epoch_start()
        }

        fn current_epoch() -> sp_consensus_babe::Epoch {
            Babe::current_epoch()
        }

        fn next_epoch() -> sp_consensus_babe::Epoch {
            Babe::next_epoch()
        }

        fn generate_key_ownership_proof(
            _slot: sp_consensus_babe::Slot,
            authority: sp_consensus_babe::AuthorityId,
        ) -> Option<sp_consensus_babe::OpaqueKeyOwnershipProof> {
            Historical::prove((sp_consensus_babe::KEY_TYPE, authority))
                .map(|proof| sp_consensus_babe::OpaqueKeyOwnershipProof::new(proof.encode()))
        }

        fn submit_report_equivocation_unsigned_extrinsic(
            proof: sp_consensus_babe::EquivocationProof<<Block as BlockT>::Header>,
            owner: sp_consensus_babe::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            // The SDK's block import also comes with headers that have lost their seal: a report of these would only
            // fail in a block.
            if !sp_consensus_babe::check_equivocation_proof(proof.clone()) {
                return None;
            }
            Babe::submit_unsigned_equivocation_report(proof, owner.decode()?)
        }
    }

    impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
        fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
            Grandpa::grandpa_authorities()
        }

        fn current_set_id() -> sp_consensus_grandpa::SetId {
            pallet_grandpa::CurrentSetId::<Runtime>::get()
        }

        fn submit_report_equivocation_unsigned_extrinsic(
            proof: sp_consensus_grandpa::EquivocationProof<<Block as BlockT>::Hash, NumberFor<Block>>,
            owner: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            Grandpa::submit_unsigned_equivocation_report(proof, owner.decode()?)
        }

        fn generate_key_ownership_proof(
            _set: sp_consensus_grandpa::SetId,
            authority: GrandpaId,
        ) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
            Historical::prove((sp_consensus_grandpa::KEY_TYPE, authority))
                .map(|proof| sp_consensus_grandpa::OpaqueKeyOwnershipProof::new(proof.encode()))
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
        fn query_info(
            extrinsic: <Block as BlockT>::Extrinsic,
            length: u32,
        ) -> pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(extrinsic, length)
        }

        fn query_fee_details(
            extrinsic: <Block as BlockT>::Extrinsic,
            length: u32,
        ) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_fee_details(extrinsic, length)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall> for Runtime {
        fn query_call_info(
            call: RuntimeCall,
            length: u32,
        ) -> pallet_transaction_payment::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_call_info(call, length)
        }

        fn query_call_fee_details(
            call: RuntimeCall,
            length: u32,
        ) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_call_fee_details(call, length)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl crate::network::NetworkApi<Block> for Runtime {
        fn network() -> Network {
            Network {
                slot_millis: pallet_clock::SlotDuration::<Runtime>::get(),
                epoch_slots: pallet_clock::EpochDuration::<Runtime>::get(),
                epoch: pallet_babe::EpochIndex::<Runtime>::get(),
                market_block: pallet_clock::MarketClock::<Runtime>::current_block_number(),
                market_halted: Clock::market_halted(),
                validators: Session::validators(),
            }
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    impl frame_benchmarking::Benchmark<Block> for Runtime {
        fn benchmark_metadata(
            extra: bool,
        ) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
            crate::benchmarks::metadata(extra)
        }

        fn dispatch_benchmark(
            config: frame_benchmarking::BenchmarkConfig,
        ) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
            crate::benchmarks::dispatch(&config)
        }
    }

    impl crate::bonds::BondsApi<Block> for Runtime {
        fn ledger(owner: AccountId) -> Option<Ledger> {
            Ledger::of(owner)
        }

        fn locks(owner: AccountId, from: LockId, limit: u32) -> Locks {
            Locks::of(owner, from, limit)
        }

        fn candidates() -> Vec<Candidate> {
            Staking::candidates(0, u32::MAX)
        }

        fn validators() -> Vec<Validator> {
            Validator::all()
        }

        fn pending_slashes(
            owner: Option<AccountId>,
            after: Option<(BlockNumber, SlashId)>,
            limit: u32,
        ) -> Vec<(SlashId, Slash)> {
            bonds::pending_slashes(owner, after, limit)
        }
    }

    impl crate::market::MarketApi<Block> for Runtime {
        fn estimate(spec: JobSpec) -> Result<Estimate, Refusal> {
            Estimate::of(spec)
        }

        fn job(id: JobId) -> Option<market::Job> {
            market::Job::of(id)
        }

        fn jobs_of(requester: AccountId, after: Option<JobId>, limit: u32) -> Vec<(JobId, Status)> {
            Jobs::jobs_of(requester, after, limit)
        }

        fn seats(signer: AccountId) -> Vec<Assignment> {
            Assignment::all(signer)
        }

        fn sources(id: JobId) -> Vec<Vec<u8>> {
            market::sources(id)
        }

        fn receipt(id: JobId) -> Option<Receipt> {
            Jobs::receipt(id)
        }

        fn machines() -> Vec<MachineState> {
            MachineState::all()
        }

        fn provider(owner: AccountId) -> Option<Provider> {
            Providers::provider(owner)
        }

        fn listing(id: ListingId) -> Option<market::Listing> {
            market::Listing::of(id)
        }

        fn policy(class: JobClass) -> Option<(u32, Policy)> {
            Verification::policy(class)
        }
    }

    impl crate::governance::GovernanceApi<Block> for Runtime {
        fn tracks() -> Vec<governance::Track> {
            governance::Track::all()
        }

        fn terms() -> governance::Terms {
            governance::Terms::now()
        }

        fn standing() -> governance::Standing {
            governance::Standing::now()
        }

        fn referenda(
            body: governance::Body,
            before: Option<u32>,
            limit: u32,
        ) -> Vec<(u32, governance::Referendum)> {
            governance::Referendum::before(body, before, limit)
        }

        fn referendum(body: governance::Body, index: u32) -> Option<governance::Referendum> {
            governance::Referendum::of(body, index)
        }

        fn votes(who: AccountId) -> Vec<governance::Voting> {
            governance::Voting::all(&who)
        }

        fn preimage(hash: Hash) -> Option<governance::Noted> {
            governance::Noted::of(hash)
        }

        fn rehearse(track: u16, call: Vec<u8>) -> Result<(), Refusal> {
            governance::rehearse(track, &call)
        }

        fn treasury() -> governance::Treasury {
            governance::Treasury::now()
        }

        fn spends(after: Option<u32>, limit: u32) -> Vec<(u32, governance::Spend)> {
            governance::Spend::after(after, limit)
        }

        fn bounty_terms() -> governance::BountyTerms {
            governance::BountyTerms::now()
        }

        fn bounties(after: Option<u32>, limit: u32) -> Vec<(u32, governance::Bounty)> {
            governance::Bounty::after(after, limit)
        }

        fn rewards(validator: AccountId) -> governance::Rewards {
            governance::Rewards::of(validator)
        }

        fn appeals(after: Option<SlashId>, limit: u32) -> Vec<(SlashId, governance::Appeal)> {
            governance::appeals(after, limit)
        }

        fn appeal(slash: SlashId) -> governance::AppealView {
            governance::AppealView::of(slash)
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            genesis::build(config)
        }

        fn get_preset(id: &Option<PresetId>) -> Option<Vec<u8>> {
            get_preset::<RuntimeGenesisConfig>(id, genesis::encoded_preset)
        }

        fn preset_names() -> Vec<PresetId> {
            genesis::preset_names()
        }
    }

    #[cfg(feature = "try-runtime")]
    impl frame_try_runtime::TryRuntime<Block> for Runtime {
        fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
            let weight = Executive::try_runtime_upgrade(checks)
                .expect("a failed check must end the dry run; this API exists in development builds only");
            (weight, crate::configs::BlockWeights::get().max_block)
        }

        fn execute_block(
            block: <Block as BlockT>::LazyBlock,
            state_root_check: bool,
            signature_check: bool,
            select: frame_try_runtime::TryStateSelect,
        ) -> Weight {
            Executive::try_execute_block(block, state_root_check, signature_check, select)
                .expect("a failed check must end the dry run; this API exists in development builds only")
        }
    }
}
