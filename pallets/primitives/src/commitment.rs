//! The bytes by which a seat commits to its claim.

use crate::{Claim, Digest, JobId};
use codec::Encode;

/// What a seat puts on the chain before anybody reveals: blake2b-256 of the tag `assay/commit/v1` and the encoded
/// arguments.
///
/// It names the chain by its `genesis` hash, the job and the hash of its `spec`, the seat by its index (`attempt`), and
/// the `provider` that owns the seat: so it counts for no other chain, job, seat or provider. The `salt`, 32 bytes that
/// nobody else knows, keeps even a claim of few possible values from being guessed.
pub fn commitment<AccountId: Encode>(
    genesis: &Digest,
    job: JobId,
    spec: &Digest,
    attempt: u32,
    provider: &AccountId,
    claim: &Claim,
    salt: &Digest,
) -> Digest {
    let sealed = (b"assay/commit/v1", genesis, job, spec, attempt, provider, claim, salt);
    sp_io::hashing::blake2_256(&sealed.encode())
}
