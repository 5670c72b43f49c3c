//! Slashes to be appealed against, things to be curated, calls to be paused.

use super::{
    market::{funded, MACHINE},
    Validators,
};
use crate::*;
use assay_primitives::{Fault, FaultKind, ReportFault, SlashId, Subject};
use frame_support::assert_ok;
use pallet_assay_slashing::BenchmarkHelper as SlashingHelper;
use pallet_tx_pause::RuntimeCallNameOf;
use sp_runtime::Perbill;

/// As many calls as can be paused at once.
const CALLS: [(&str, &str); 16] = [
    ("Balances", "transfer_allow_death"),
    ("Balances", "force_transfer"),
    ("Balances", "transfer_keep_alive"),
    ("Balances", "transfer_all"),
    ("Balances", "force_unreserve"),
    ("Balances", "upgrade_accounts"),
    ("Balances", "force_set_balance"),
    ("Balances", "burn"),
    ("Utility", "dispatch_as"),
    ("Utility", "with_weight"),
    ("System", "remark"),
    ("System", "remark_with_event"),
    ("System", "set_heap_pages"),
    ("System", "set_code"),
    ("System", "set_storage"),
    ("System", "kill_storage"),
];

/// What governance reaches on a chain with validators and machines.
pub struct Governance;

/// What wakes a referendum.
type Alarm = <Runtime as pallet_assay_dao::Config>::Alarm;

impl pallet_assay_dao::BenchmarkHelper<AccountId, RuntimeCallNameOf<Runtime>, Alarm> for Governance {
    fn appellant() -> AccountId {
        funded("appellant", 0)
    }

    fn slash() -> SlashId {
        let (validator, session) = <Validators as SlashingHelper<AccountId>>::validator(0);
        let fault = Fault::Validator {
            validator,
            session,
            kind: FaultKind::Equivocation,
            fraction: Perbill::from_percent(50),
            reporter: None,
        };
        Slashing::report(fault).expect("the validator has a stake").expect("there is something to take")
    }

    fn end_slash(id: SlashId) {
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), id));
    }

    fn subject() -> Subject {
        Subject::Machine(MACHINE)
    }

    fn call(index: u32) -> RuntimeCallNameOf<Runtime> {
        let (pallet, call) = CALLS[usize::try_from(index).expect("it is small")];
        let bounded = |name: &str| name.as_bytes().to_vec().try_into().expect("names are short");
        (bounded(pallet), bounded(call))
    }

    fn alarm() -> Alarm {
        Alarm::longest()
    }
}
