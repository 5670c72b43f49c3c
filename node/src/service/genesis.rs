//! The state a chain starts from.
//!
//! Every start needs it, if only to see whether the database belongs to the chain specification, and building it means
//! compiling the runtime. So it is kept on disk, under the hash of the specification it was built from.

use super::{Block, Executor, FullBackend, Hash};
use crate::error::{first_line, Error};
use codec::{Decode, Encode};
use sc_service::{BuildGenesisBlock, ChainSpec, GenesisBlockBuilder};
use sp_core::storage::{Storage, StorageMap};
use sp_runtime::traits::{BlakeTwo256, Block as _, Hash as _};
use std::{fs, path::Path, sync::Arc};

/// The genesis state of a chain specification, from the cache if it is there.
pub(super) fn storage(spec: &dyn ChainSpec, cache: &Path) -> Result<Storage, Error> {
    let refused = |reason: String| Error::Genesis {
        chain: spec.name().into(),
        reason: first_line(&reason).trim_end_matches(" for blob:").into(),
    };
    let json = spec.as_json(false).map_err(refused)?;
    let file = cache.join(hex::encode(BlakeTwo256::hash(json.as_bytes())));
    if let Some(top) = read(&file) {
        return Ok(Storage { top, children_default: Default::default() });
    }
    let storage = spec.as_storage_builder().build_storage().map_err(refused)?;
    if storage.children_default.is_empty() {
        // Without the cache the next start is only slower.
        if let Err(error) = write(&file, &storage.top) {
            log::warn!("genesis cache {}: {error}", file.display());
        }
    }
    Ok(storage)
}

/// The genesis block that a state makes, for the client to write where there is none.
pub(super) fn builder(
    storage: Storage,
    commit: bool,
    backend: Arc<FullBackend>,
    executor: Executor,
) -> Result<GenesisBlockBuilder<Block, FullBackend, Executor>, Error> {
    Ok(GenesisBlockBuilder::new_with_storage(storage, commit, backend, executor)?)
}

/// The hash of the genesis block that a state makes; writes nothing.
pub(super) fn hash(storage: Storage, backend: Arc<FullBackend>, executor: Executor) -> Result<Hash, Error> {
    let (block, _uncommitted) = builder(storage, false, backend, executor)?.build_genesis_block()?;
    Ok(block.hash())
}

/// A cached state, `None` where there is none or its checksum is wrong.
fn read(file: &Path) -> Option<StorageMap> {
    let bytes = fs::read(file).ok()?;
    let (checksum, encoded) = <(Hash, Vec<u8>)>::decode(&mut bytes.as_slice()).ok()?;
    if BlakeTwo256::hash(&encoded) != checksum {
        return None;
    }
    StorageMap::decode(&mut encoded.as_slice()).ok()
}

/// Puts a state into the cache at once, so that no other node reads half of it.
fn write(file: &Path, top: &StorageMap) -> std::io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let encoded = top.encode();
    let half_written = file.with_extension(std::process::id().to_string());
    fs::write(&half_written, (BlakeTwo256::hash(&encoded), encoded).encode())?;
    fs::rename(half_written, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_state_comes_back_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("genesis/state");
        let top = StorageMap::from([(b"key".to_vec(), b"value".to_vec())]);
        write(&file, &top).unwrap();
        assert_eq!(read(&file), Some(top));
    }

    #[test]
    fn a_damaged_or_missing_cache_file_is_as_none() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state");
        assert_eq!(read(&file), None);
        write(&file, &StorageMap::from([(b"key".to_vec(), b"value".to_vec())])).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, bytes).unwrap();
        assert_eq!(read(&file), None);
    }
}
