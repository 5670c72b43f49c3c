//! What a job costs, from the text of the rules: nothing in here asks the chain's own arithmetic.

use assay_primitives::{Balance, FaultKind, JobSpec, Policy};
use sp_runtime::Perbill;

/// Parts of a whole.
const PARTS: Balance = 1_000_000_000;
/// Seats of the first round, of which fee and bond are a share.
const FIRST_SEATS: Balance = 2;
/// The most seats that can be paid: those of the first round, and three that decide.
const PAID_SEATS: Balance = 5;

/// On what terms a job was posted.
#[derive(Clone, Copy)]
pub struct Terms {
    units: Balance,
    cap: Balance,
    price: Balance,
    policy: Policy,
    royalty: Perbill,
}

impl Terms {
    /// Those of a specification, at a price of the machine, by a policy, with a royalty.
    pub fn new(spec: &JobSpec, index: Balance, policy: Policy, royalty: Perbill) -> Self {
        let (units, cap) = (spec.units.into(), spec.price_cap);
        Self { units, cap, price: index.min(cap), policy, royalty }
    }

    /// P: what one seat is paid.
    pub fn payment(&self) -> Balance {
        self.units * self.price
    }

    /// The fee, rounded up.
    pub fn fee(&self) -> Balance {
        up(self.first_round(), self.policy.fee)
    }

    /// The requester's bond, rounded up.
    pub fn bond(&self) -> Balance {
        up(self.first_round(), self.policy.requester_bond)
    }

    /// What the owner of the listing gets, rounded down.
    pub fn royalty(&self) -> Balance {
        down(self.payment(), self.royalty)
    }

    /// What is on hold.
    pub fn hold(&self) -> Balance {
        let most = self.units * self.cap;
        PAID_SEATS * most + down(most, self.royalty) + self.fee() + self.bond()
    }

    /// What is locked for a seat.
    pub fn lock(&self) -> Balance {
        Balance::from(self.policy.collateral) * self.payment()
    }

    /// What a fault costs, rounded down.
    pub fn cost(&self, kind: FaultKind) -> Balance {
        let share = match kind {
            FaultKind::NoShow => self.policy.no_show,
            FaultKind::WrongResult => self.policy.wrong,
            FaultKind::WithheldReveal => self.policy.withheld,
            FaultKind::Equivocation => unreachable!("no seat's fault"),
        };
        down(self.lock(), share)
    }

    fn first_round(&self) -> Balance {
        FIRST_SEATS * self.units * self.cap
    }
}

fn down(amount: Balance, share: Perbill) -> Balance {
    amount * Balance::from(share.deconstruct()) / PARTS
}

fn up(amount: Balance, share: Perbill) -> Balance {
    (amount * Balance::from(share.deconstruct())).div_ceil(PARTS)
}
