//! Keys, and transactions signed with them as a wallet would.

use assay_runtime::{
    AccountId, Nonce, RuntimeCall, SignedPayload, System, TxExtension, UncheckedExtrinsic, VERSION,
};
use codec::Encode;
use sp_core::{
    crypto::{SecretUri, DEV_PHRASE},
    sr25519::Pair,
    Pair as _, H256,
};
use sp_runtime::generic::Era;
use std::sync::LazyLock;

/// The key that a path leads to, as `//Alice`. All begin with one phrase, which is stretched only once: in a
/// development build that takes longer than a block.
pub fn pair(path: &str) -> Pair {
    static ROOT: LazyLock<Pair> =
        LazyLock::new(|| Pair::from_phrase(DEV_PHRASE, None).expect("it is a phrase").0);
    let junctions = path.parse::<SecretUri>().expect("a path of junctions").junctions;
    ROOT.derive(junctions.into_iter(), None).expect("any junction will do").0
}

/// A transaction that stays valid for ever.
pub fn signed(signer: impl Into<Pair>, nonce: Nonce, call: RuntimeCall) -> UncheckedExtrinsic {
    signed_with(signer, nonce, Era::Immortal, call)
}

/// A transaction of an era that began at genesis.
pub fn signed_with(signer: impl Into<Pair>, nonce: Nonce, era: Era, call: RuntimeCall) -> UncheckedExtrinsic {
    let signer: Pair = signer.into();
    let genesis: H256 = System::block_hash(0);
    let extension: TxExtension = (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckEra::from(era),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    );
    let implicit =
        ((), (), VERSION.spec_version, VERSION.transaction_version, genesis, genesis, (), (), (), None, ());
    let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
    let signature = payload.using_encoded(|payload| signer.sign(payload));
    let address = AccountId::from(signer.public()).into();
    UncheckedExtrinsic::new_signed(call, address, signature.into(), extension)
}
