//! What a block can hold and what a transaction costs.

use crate::{
    ceiling,
    chain::{self, free, signed, transfer},
};
use assay_runtime::{
    configs::{dynamic_params, BlockWeights, RuntimeParameters, Treasury, MAX_BYTE_PRICE},
    genesis, token, Balances, RuntimeCall, System,
};
use frame_support::dispatch::{DispatchClass, GetDispatchInfo};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::{
    generic::Era,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};

#[test]
fn a_transfer_declares_what_the_ceiling_counts() {
    chain::on(genesis::DEVELOPMENT, |_| {
        let transfer = chain::signed_with(Alice, 0, Era::mortal(64, 0), transfer(Bob, token::ASY));
        assert_eq!(transfer.get_dispatch_info().total_weight(), ceiling::declared());
    });
}

#[test]
fn prices_of_the_database_raise_the_ceiling_of_a_block() {
    let (ours, stock) = (ceiling::ours(), ceiling::stock());
    println!("transfer_keep_alive per block: {ours} at ParityDB prices, {stock} at stock prices");
    assert!(ours > stock, "{ours} at ParityDB prices, {stock} at stock prices");
}

#[test]
fn a_block_takes_as_many_transfers_as_its_ceiling_says() {
    const LAST: u64 = 40;
    chain::on(genesis::DEVELOPMENT, |chain| {
        chain.open();
        let before = System::block_weight().get(DispatchClass::Normal).ref_time();
        assert_eq!(before, 0, "nothing but transactions counts against their share");
        let base = BlockWeights::get().get(DispatchClass::Normal).base_extrinsic;
        let others = ceiling::declared().saturating_add(base).saturating_mul(ceiling::ours() - LAST);
        System::register_extra_weight_unchecked(others, DispatchClass::Normal);
        let refusal = (0..)
            .map(|nonce| chain.apply(signed(Alice, nonce, transfer(Bob, token::MILLI_ASY))))
            .take(LAST as usize * 2)
            .enumerate()
            .find_map(|(taken, outcome)| outcome.err().map(|refusal| (taken as u64, refusal)));
        chain.close();
        let full = TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources);
        assert_eq!(refusal, Some((LAST, full)));
    });
}

#[test]
fn half_of_a_fee_is_burnt_and_treasury_and_author_get_the_rest() {
    chain::on(genesis::DEVELOPMENT, |chain| {
        let treasury = || Balances::free_balance(Treasury::get());
        let (issued, had) = (Balances::total_issuance(), [free(Alice), free(Bob), treasury()]);
        chain.open();
        chain.submit(Bob, transfer(Charlie, token::ASY)).expect("valid").expect("Bob can pay");
        chain.close();
        let fee = had[1] - free(Bob) - token::ASY;
        assert!(fee > 0);
        let (author, treasury) = (free(Alice) - had[0], treasury() - had[2]);
        assert_eq!((author, treasury), (fee * 3 / 10, fee / 5), "Alice authors every block");
        assert_eq!(Balances::total_issuance(), issued - (fee - author - treasury));
    });
}

#[test]
fn governance_changes_the_price_of_a_byte() {
    let fee = |price: Option<u128>| {
        let mut paid = 0;
        chain::on(genesis::DEVELOPMENT, |chain| {
            chain.open();
            if let Some(price) = price {
                let byte_price =
                    dynamic_params::fees::Parameters::BytePrice(dynamic_params::fees::BytePrice, Some(price));
                chain.root(RuntimeCall::Parameters(pallet_parameters::Call::set_parameter {
                    key_value: RuntimeParameters::Fees(byte_price),
                }));
            }
            let had = free(Bob);
            chain.submit(Bob, transfer(Alice, token::ASY)).expect("valid").expect("Bob can pay");
            paid = had - free(Bob) - token::ASY;
            chain.close();
        });
        paid
    };
    let length = 149;
    let usual = fee(None);
    let dearer = fee(Some(MAX_BYTE_PRICE));
    assert!(dearer > usual + (length - 20) * MAX_BYTE_PRICE, "{usual} then {dearer}");
    // Nobody could pay more for a vote on another price.
    assert_eq!(fee(Some(u128::MAX)), dearer);
}
