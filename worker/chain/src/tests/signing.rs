//! What is signed passes the runtime's own check of signatures, and only where it should.

use super::{account, pair, remark};
use crate::{
    client::Version,
    transaction::{draft, sign, Terms, PERIOD},
    AccountId, BlockId, Hash, RuntimeCall,
};
use assay_runtime::{Runtime, UncheckedExtrinsic, VERSION};
use codec::DecodeAll;
use sp_runtime::{
    generic::ExtrinsicFormat,
    traits::Checkable,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};

const GENESIS: Hash = Hash::repeat_byte(1);
const BIRTH: BlockId = BlockId { number: 70, hash: Hash::repeat_byte(2) };

fn terms() -> Terms {
    let version = Version {
        spec_name: VERSION.spec_name.to_string(),
        spec_version: VERSION.spec_version,
        transaction_version: VERSION.transaction_version,
    };
    Terms { nonce: 5, birth: BIRTH, genesis: GENESIS, version }
}

/// Who the runtime takes for the signer in a block, on a chain of that genesis.
fn signer(bytes: &[u8], genesis: Hash, block: u32) -> Result<AccountId, TransactionValidityError> {
    sp_io::TestExternalities::default().execute_with(|| {
        frame_system::BlockHash::<Runtime>::insert(0, genesis);
        frame_system::BlockHash::<Runtime>::insert(BIRTH.number, BIRTH.hash);
        frame_system::Pallet::<Runtime>::set_block_number(block);
        let transaction = UncheckedExtrinsic::decode_all(&mut &bytes[..]).expect("it is a transaction");
        let checked = transaction.check(&frame_system::ChainContext::<Runtime>::default())?;
        match checked.format {
            ExtrinsicFormat::Signed(signer, _) => Ok(signer),
            _ => panic!("the transaction is not signed"),
        }
    })
}

#[test]
fn the_runtime_accepts_the_signature_until_the_transaction_is_too_old() {
    let signed = sign(&pair(), remark(1), &terms());
    assert_eq!((signed.nonce(), signed.birth(), signed.death()), (5, BIRTH, BIRTH.number + PERIOD));
    assert_eq!(signer(signed.bytes(), GENESIS, BIRTH.number + 1), Ok(account()));
    assert_eq!(signer(signed.bytes(), GENESIS, signed.death() - 1), Ok(account()));
    let late = signer(signed.bytes(), GENESIS, signed.death());
    assert_eq!(late, Err(InvalidTransaction::AncientBirthBlock.into()));
}

#[test]
fn a_long_call_is_signed_by_its_hash() {
    let long = RuntimeCall::System(frame_system::Call::remark { remark: vec![7; 1_000] });
    let signed = sign(&pair(), long, &terms());
    assert_eq!(signer(signed.bytes(), GENESIS, BIRTH.number + 1), Ok(account()));
}

#[test]
fn a_signature_is_of_no_use_on_another_chain_or_version() {
    let refused = Err(InvalidTransaction::BadProof.into());
    let signed = sign(&pair(), remark(1), &terms());
    assert_eq!(signer(signed.bytes(), Hash::repeat_byte(9), BIRTH.number + 1), refused);
    let mut newer = terms();
    newer.version.spec_version += 1;
    let signed = sign(&pair(), remark(1), &newer);
    assert_eq!(signer(signed.bytes(), GENESIS, BIRTH.number + 1), refused);
}

#[test]
fn a_draft_is_as_long_as_the_transaction_but_has_no_signature() {
    let draft = draft(remark(1), account());
    assert_eq!(draft.len(), sign(&pair(), remark(1), &terms()).bytes().len());
    assert!(signer(&draft, GENESIS, 1).is_err());
}
