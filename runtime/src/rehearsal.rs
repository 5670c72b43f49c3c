//! The multi-block migration of the runtime that the upgrade tests upgrade to; no other runtime holds it.

use crate::{BlockNumber, Runtime};
use frame_support::{
    migrations::{SteppedMigration, SteppedMigrationError},
    weights::WeightMeter,
};
use pallet_clock::BlockVrfs;

/// How many blocks the migration takes, and entries it rewrites.
const STEPS: BlockNumber = 5;

/// Rewrites the VRFs of the first blocks of the history in place, one a block.
pub struct RewriteVrfs;

impl SteppedMigration for RewriteVrfs {
    type Cursor = BlockNumber;
    type Identifier = [u8; 16];

    fn id() -> Self::Identifier {
        *b"assay/rehearsal0"
    }

    fn step(
        cursor: Option<Self::Cursor>,
        meter: &mut WeightMeter,
    ) -> Result<Option<Self::Cursor>, SteppedMigrationError> {
        // The next step must not fit into the same block.
        meter.consume(meter.remaining());
        let step = cursor.unwrap_or_default();
        BlockVrfs::<Runtime>::mutate_extant(step, |vrf| *vrf = core::mem::take(vrf));
        let next = step.saturating_add(1);
        Ok((next < STEPS).then_some(next))
    }
}
