//! Authors of blocks.

use crate::{configs::MAX_VALIDATORS, *};
use alloc::vec::Vec;
use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest};
use sp_runtime::DigestItem;

/// The largest set there can be, and a digest that names one of it.
pub struct Authors;

impl pallet_assay_rewards::BenchmarkHelper<AccountId> for Authors {
    fn set_author() -> (u32, AccountId) {
        let validator = |index| frame_benchmarking::account("author", index, 0);
        let validators: Vec<AccountId> = (0..MAX_VALIDATORS).map(validator).collect();
        let author = validators.last().cloned().expect("there are some");
        pallet_session::Validators::<Runtime>::put(validators);

        let authority_index = MAX_VALIDATORS.saturating_sub(1);
        let digest =
            PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index, slot: 0_u64.into() });
        System::deposit_log(<DigestItem as CompatibleDigestItem>::babe_pre_digest(digest));
        (authority_index, author)
    }
}
