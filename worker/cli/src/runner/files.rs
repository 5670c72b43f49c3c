//! What a run leaves in its directory, and reading that again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use assay_graph::error::{Invalid, Trap};
use assay_graph::job::Outcome;
use assay_graph::root::{entries, root, trap_root, Domain};
use assay_graph::safetensors;
use assay_graph::tensor::Tensors;
use assay_primitives::{inline_root, Digest, InlineOutput, MAX_INLINE_OUTPUT};
use assay_rules::trace::Opening;
use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The outputs, as canonical safetensors.
pub const OUTPUTS: &str = "outputs.safetensors";
/// The trap that a job ended in, in place of outputs.
pub const TRAP: &str = "trap.json";
/// The outputs as the chain keeps them, if they are small enough.
pub const INLINE: &str = "inline";
/// The opening of leaves, in SCALE.
pub const OPENING: &str = "opening";

/// A trap as a file: what is shown of a job that ended in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrapFile {
    /// The forward pass of a generation, the step of a training, else 0.
    pub step: u64,
    /// The unit.
    pub unit: u64,
    /// The operator.
    pub operator: u32,
    /// The index in the operand.
    pub index: u64,
    /// NaN, infinity or bound: 0, 1, 2.
    pub kind: u8,
}

impl From<Trap> for TrapFile {
    fn from(trap: Trap) -> Self {
        let Trap { step, unit, operator, index, kind } = trap;
        Self { step, unit, operator, index, kind }
    }
}

impl From<TrapFile> for Trap {
    fn from(file: TrapFile) -> Self {
        let TrapFile { step, unit, operator, index, kind } = file;
        Self { step, unit, operator, index, kind }
    }
}

/// A result as it is published under its root.
#[derive(Clone, Debug, PartialEq)]
pub enum Published {
    /// Outputs.
    Outputs(Tensors),
    /// The trap that the job ended in.
    Trap(Trap),
}

impl Published {
    /// Reads the file of a result: safetensors, or the JSON of a trap; `file` is for errors.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Invalid> {
        match serde_json::from_slice::<TrapFile>(bytes) {
            Ok(trap) => Ok(Self::Trap(trap.into())),
            Err(_) => safetensors::read(file, bytes).map(Self::Outputs),
        }
    }

    /// The root that the chain knows it by.
    pub fn root(&self) -> Digest {
        match self {
            Self::Outputs(outputs) => root(Domain::Result, entries(outputs)),
            Self::Trap(trap) => trap_root(trap),
        }
    }
}

/// Writes what a run came to; gives the BLAKE3 of the file of the result.
pub fn write(directory: &Path, outcome: &Outcome) -> io::Result<Digest> {
    let (name, file) = match &outcome.result {
        Ok(outputs) => (OUTPUTS, safetensors::write(outputs)),
        Err(trap) => (TRAP, serde_json::to_vec(&TrapFile::from(*trap))?),
    };
    fs::write(directory.join(name), &file)?;
    let inlined = outcome.result.as_ref().ok().and_then(inline);
    if let Some(inlined) = inlined.filter(|file| inline_root(file) == Some(outcome.result_root())) {
        fs::write(directory.join(INLINE), inlined)?;
    }
    Ok(*blake3::hash(&file).as_bytes())
}

/// The file of the outputs that goes on the chain, if it is short enough.
fn inline(outputs: &Tensors) -> Option<Vec<u8>> {
    let most = MAX_INLINE_OUTPUT as usize;
    let elements: usize = outputs.values().map(|tensor| tensor.len()).sum();
    if elements > most {
        return None;
    }
    let listed = outputs
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.dtype() as u8, tensor.shape.clone(), tensor.bytes()));
    Some(listed.collect::<Vec<_>>().encode()).filter(|file| file.len() <= most)
}

/// Where the file of the result is: of the outputs or of the trap.
pub fn result(directory: &Path) -> PathBuf {
    let outputs = directory.join(OUTPUTS);
    if outputs.exists() {
        outputs
    } else {
        directory.join(TRAP)
    }
}

/// The outputs that go on the chain with a reveal of this result, if there are any.
pub fn read_inline(directory: &Path, result: &Digest) -> Option<InlineOutput> {
    let file = fs::read(directory.join(INLINE)).ok()?;
    (inline_root(&file) == Some(*result)).then(|| file.try_into().ok()).flatten()
}

/// The opening that a run left.
pub fn read_opening(directory: &Path) -> io::Result<Opening> {
    let bytes = fs::read(directory.join(OPENING))?;
    Opening::decode(&mut bytes.as_slice()).map_err(io::Error::other)
}
