mod calls;
mod link;
mod outcomes;
mod signing;
mod submitter;

use crate::{AccountId, Pair, RuntimeCall};
use sp_core::Pair as _;

/// The key of a test.
fn pair() -> Pair {
    Pair::from_string("//Alice", None).expect("the path derives a key")
}

fn account() -> AccountId {
    pair().public().into()
}

/// A call that does nothing, told from others by a number.
fn remark(number: u8) -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark { remark: vec![number] })
}
