//! The salts of commitments.

use assay_chain::{AccountId, Pair};
use assay_primitives::{Claim, Digest};
use assay_store::GuardKey;
use sp_core::Pair as _;
use sp_runtime::traits::{BlakeTwo256, Hash};

/// Makes salts from the worker's key: nobody else can know them, and the same worker finds them again. So a worker that
/// has lost its database can still reveal, and two with one key commit alike.
pub struct Salts {
    secret: Digest,
    genesis: Digest,
}

impl Salts {
    /// Of a worker's key, on one chain.
    pub fn new(pair: &Pair, genesis: Digest) -> Self {
        Self { secret: BlakeTwo256::hash_of(&(b"assay/salt-secret/v1", pair.to_raw_vec())).0, genesis }
    }

    /// Of a seat's claim. Another claim has another salt, since what is revealed for one must not tell of the other.
    pub fn salt(&self, key: &GuardKey, owner: &AccountId, claim: &Claim) -> Digest {
        BlakeTwo256::hash_of(&(b"assay/salt/v1", self.secret, self.genesis, key, owner, claim)).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: GuardKey = GuardKey { job: 1, spec: [2; 32], seed: [3; 32], attempt: 4 };
    const CLAIM: Claim = Claim::Misdeclared { units: 5 };

    fn pair(uri: &str) -> Pair {
        Pair::from_string(uri, None).expect("a key")
    }

    #[test]
    fn a_salt_is_found_again_by_the_same_key_and_by_no_other() {
        let owner = AccountId::from([6; 32]);
        let salt = |uri: &str| Salts::new(&pair(uri), [7; 32]).salt(&KEY, &owner, &CLAIM);
        assert_eq!(salt("//Alice"), salt("//Alice"));
        assert_ne!(salt("//Alice"), salt("//Bob"));
    }

    #[test]
    fn everything_that_is_committed_to_changes_the_salt() {
        let (owner, salts) = (AccountId::from([6; 32]), Salts::new(&pair("//Alice"), [7; 32]));
        let found = [
            salts.salt(&KEY, &owner, &CLAIM),
            salts.salt(&KEY, &owner, &Claim::Misdeclared { units: 6 }),
            salts.salt(&KEY, &AccountId::from([7; 32]), &CLAIM),
            salts.salt(&GuardKey { job: 2, ..KEY }, &owner, &CLAIM),
            salts.salt(&GuardKey { spec: [0; 32], ..KEY }, &owner, &CLAIM),
            salts.salt(&GuardKey { seed: [0; 32], ..KEY }, &owner, &CLAIM),
            salts.salt(&GuardKey { attempt: 5, ..KEY }, &owner, &CLAIM),
            Salts::new(&pair("//Alice"), [8; 32]).salt(&KEY, &owner, &CLAIM),
        ];
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!(distinct.len(), found.len());
    }
}
