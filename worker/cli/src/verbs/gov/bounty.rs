//! What votes decide about bounties; `assay treasury bounty` is for everybody else.

use super::{
    calls::{self, BIG_SPENDER, ROOT, SMALL_SPENDER},
    plan::Draft,
};
use crate::{amount::Amount, keys};
use assay_chain::AccountId;
use clap::Subcommand;

/// Who decides about what a bounty is worth.
const SPENDERS: [u16; 3] = [SMALL_SPENDER, BIG_SPENDER, ROOT];

/// What to decide.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Fund one that is proposed
    #[command(after_help = "Examples:
  assay --key me.json gov propose bounty fund 3
  assay --key me.json gov propose bounty fund 3 --curator 5FHneW46… --fee 50")]
    Fund {
        /// Number of the bounty
        bounty: u32,
        /// Who looks after it, if that is decided with it
        #[arg(long, value_name = "ADDRESS", value_parser = keys::address, requires = "fee")]
        curator: Option<AccountId>,
        /// What the curator gets of it, in ASY
        #[arg(long, value_name = "AMOUNT", requires = "curator")]
        fee: Option<Amount>,
    },
    /// Name the curator of one that is funded
    #[command(after_help = "Example:\n  assay --key me.json gov propose bounty curator 3 5FHneW46… 50")]
    Curator {
        /// Number of the bounty
        bounty: u32,
        /// Who looks after it
        #[arg(value_name = "ADDRESS", value_parser = keys::address)]
        curator: AccountId,
        /// What the curator gets of it, in ASY
        fee: Amount,
    },
    /// Take one from its curator, who loses the deposit
    #[command(after_help = "Example:\n  assay --key me.json gov propose bounty dismiss 3")]
    Dismiss {
        /// Number of the bounty
        bounty: u32,
    },
    /// End one: what it has goes back to the treasury, and so does the deposit of one that was not funded
    #[command(after_help = "Example:\n  assay --key me.json gov propose bounty close 3")]
    Close {
        /// Number of the bounty
        bounty: u32,
    },
}

impl What {
    /// The call that does it, and who may make it.
    pub fn draft(&self) -> Draft {
        match self {
            Self::Fund { bounty, curator: Some(curator), fee: Some(fee) } => {
                let call = calls::approve_bounty_with_curator(*bounty, curator.clone(), fee.0);
                Draft::new(&SPENDERS, call)
            }
            Self::Fund { bounty, .. } => Draft::new(&SPENDERS, calls::approve_bounty(*bounty)),
            Self::Curator { bounty, curator, fee } => {
                Draft::new(&SPENDERS, calls::propose_curator(*bounty, curator.clone(), fee.0))
            }
            Self::Dismiss { bounty } => Draft::new(&[BIG_SPENDER], calls::unassign_curator(*bounty)),
            Self::Close { bounty } => Draft::new(&[BIG_SPENDER], calls::close_bounty(*bounty)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::account;
    use super::*;
    use assay_chain::{governance::pallet_bounties::Call as Bounties, token::ASY, RuntimeCall};

    #[test]
    fn each_decision_goes_to_the_track_that_can_make_it() {
        let fee = Amount(5 * ASY);
        let funded = |curator, fee| What::Fund { bounty: 3, curator, fee };
        for (what, tracks, name) in [
            (funded(None, None), &SPENDERS[..], "Bounties.approve_bounty"),
            (funded(Some(account()), Some(fee)), &SPENDERS[..], "Bounties.approve_bounty_with_curator"),
            (What::Curator { bounty: 3, curator: account(), fee }, &SPENDERS[..], "Bounties.propose_curator"),
            (What::Dismiss { bounty: 3 }, &[BIG_SPENDER][..], "Bounties.unassign_curator"),
            (What::Close { bounty: 3 }, &[BIG_SPENDER][..], "Bounties.close_bounty"),
        ] {
            let draft = what.draft();
            assert_eq!((&draft.tracks[..], crate::calls::name(&draft.call).as_str()), (tracks, name));
        }
    }

    #[test]
    fn a_curator_is_named_with_the_fee() {
        let what = What::Curator { bounty: 3, curator: account(), fee: Amount(5 * ASY) };
        let RuntimeCall::Bounties(Bounties::propose_curator { bounty_id, curator, fee }) = what.draft().call
        else {
            panic!("{what:?}")
        };
        assert_eq!((bounty_id, curator, fee), (3, account().into(), 5 * ASY));
    }
}
