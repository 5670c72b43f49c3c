//! Signs transactions.

use crate::{client::BlockId, client::Version, Pair};
use assay_runtime::{
    AccountId, BlockNumber, Hash, Nonce, RuntimeCall, Signature, SignedPayload, TxExtension,
    UncheckedExtrinsic,
};
use codec::Encode;
use sp_core::{sr25519, Pair as _};
use sp_runtime::generic::Era;

/// For how many blocks after its birth a transaction can come into the chain. A power of two.
pub const PERIOD: BlockNumber = 64;

/// A transaction that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    bytes: Vec<u8>,
    signer: AccountId,
    nonce: Nonce,
    birth: BlockId,
}

impl Signed {
    /// What goes to the pool.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Who signed it.
    pub fn signer(&self) -> &AccountId {
        &self.signer
    }

    /// Which of the signer's transactions it is.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The block that the chain must have for it.
    pub fn birth(&self) -> BlockId {
        self.birth
    }

    /// The first block that is too late for it.
    pub fn death(&self) -> BlockNumber {
        self.birth.number.saturating_add(PERIOD)
    }
}

/// What a transaction is bound to.
pub(crate) struct Terms {
    pub(crate) nonce: Nonce,
    pub(crate) birth: BlockId,
    pub(crate) genesis: Hash,
    pub(crate) version: Version,
}

/// Signs a call.
pub(crate) fn sign(pair: &Pair, call: RuntimeCall, terms: &Terms) -> Signed {
    let extension = extension(terms.nonce, terms.birth.number);
    let (spec, format) = (terms.version.spec_version, terms.version.transaction_version);
    let implicit = ((), (), spec, format, terms.genesis, terms.birth.hash, (), (), (), None, ());
    let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
    let signature = payload.using_encoded(|payload| pair.sign(payload));
    let signer = AccountId::from(pair.public());
    Signed {
        bytes: transaction(call, signer.clone(), signature, extension),
        signer,
        nonce: terms.nonce,
        birth: terms.birth,
    }
}

/// A transaction that is as long as a signed one, to learn what it would cost. It has no valid signature.
pub(crate) fn draft(call: RuntimeCall, signer: AccountId) -> Vec<u8> {
    transaction(call, signer, sr25519::Signature::from_raw([0; 64]), extension(0, 0))
}

fn transaction(
    call: RuntimeCall,
    signer: AccountId,
    signature: sr25519::Signature,
    extension: TxExtension,
) -> Vec<u8> {
    UncheckedExtrinsic::new_signed(call, signer.into(), Signature::from(signature), extension).encode()
}

fn extension(nonce: Nonce, birth: BlockNumber) -> TxExtension {
    (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckEra::from(Era::mortal(PERIOD.into(), birth.into())),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    )
}
