//! The salts of commitments.

use assay_chain::{AccountId, Pair};
use assay_primitives::{Claim, Digest};
use assay_store::GuardKey;
use sp_core::Pair as _;
use sp_runtime::traits::{BlakeTwo256, Hash};

/// The scalar of a secret key, which alone decides whose key it is.
const SCALAR_BYTES: usize = 32;

/// Makes salts from the worker's key: nobody else can know them, and the same worker finds them again. So a worker that
/// has lost its database can still reveal, and two with one key commit alike.
pub struct Salts {
    secret: Digest,
    genesis: Digest,
}

impl Salts {
    /// Of a worker's key, on one chain.
    pub fn new(pair: &Pair, genesis: Digest) -> Self {
        let mut scalar = pair.to_raw_vec();
        // The rest only seeds signatures: a soft junction of a URI draws it anew each time the key is read.
        scalar.truncate(SCALAR_BYTES);
        Self { secret: BlakeTwo256::hash_of(&(b"assay/salt-secret/v1", scalar)).0, genesis }
    }

    /// Of a seat's claim. Another claim has another salt, since what is revealed for one must not tell of the other.
    pub fn salt(&self, key: &GuardKey, owner: &AccountId, claim: &Claim) -> Digest {
        BlakeTwo256::hash_of(&(b"assay/salt/v1", self.secret, self.genesis, key, owner, claim)).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::file::KeyFile;

    const KEY: GuardKey = GuardKey { job: 1, spec: [2; 32], seed: [3; 32], attempt: 4 };
    const CLAIM: Claim = Claim::Misdeclared { units: 5 };

    fn pair(uri: &str) -> Pair {
        Pair::from_string(uri, None).expect("a key")
    }

    fn salt(pair: &Pair) -> Digest {
        Salts::new(pair, [7; 32]).salt(&KEY, &AccountId::from([6; 32]), &CLAIM)
    }

    #[test]
    fn a_salt_is_found_again_by_the_same_key_and_by_no_other() {
        assert_eq!(salt(&pair("//Alice")), salt(&pair("//Alice")));
        assert_ne!(salt(&pair("//Alice")), salt(&pair("//Bob")));
    }

    #[test]
    fn a_key_that_is_read_again_from_a_uri_or_a_file_is_the_same() {
        let (first, second) = (pair("//Alice/soft"), pair("//Alice/soft"));
        assert_ne!(first.to_raw_vec(), second.to_raw_vec(), "what seeds signatures differs");
        assert_eq!(salt(&first), salt(&second));
        let file = KeyFile::encrypt(&first, "alice", "secret", [7; 32], [9; 24], 10);
        let read = file.decrypt("alice.json", "secret").expect("the password is right");
        assert_eq!(salt(&read), salt(&second));
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
