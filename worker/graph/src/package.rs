//! A manifest with its blobs: in memory, in a directory, and checked against one another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::canonical::{self, Digest, MAX_BYTES};
use crate::error::{Invalid, Problem};
use crate::manifest::{BlobRef, TensorRef, MAX_TENSORS};
use crate::root::{manifest_entry, root, Domain, Entry, Hash};
use crate::safetensors;
use crate::tensor::{Tensor, Tensors};

/// Most bytes of a blob.
pub const MAX_BLOB: u64 = 1 << 40;

/// The manifest's file in a directory.
const MANIFEST: &str = "manifest.json";
/// The field of what is wrong with a whole file.
pub(crate) const CONTENTS: &str = "contents";
const SIZE: &str = "size in bytes";
const HASH: &str = "blake3";

/// A manifest and its blobs in memory: a program or a job's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Canonical JSON.
    pub manifest: Vec<u8>,
    /// In the order in which the manifest lists them.
    pub blobs: Vec<Vec<u8>>,
}

impl Package {
    /// Writes `manifest.json`, and each blob as `{BLAKE3 in hex}.safetensors`, into a directory that is made if need be.
    /// The manifest comes last: where there is one, its blobs are there.
    pub fn write(&self, directory: &Path) -> Result<(), Invalid> {
        fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
        for blob in &self.blobs {
            let path = blob_path(directory, blake3::hash(blob).as_bytes());
            fs::write(&path, blob).map_err(|error| failed(&path, error))?;
        }
        let path = directory.join(MANIFEST);
        fs::write(&path, &self.manifest).map_err(|error| failed(&path, error))
    }

    /// Reads what [`Package::write`] wrote; `blobs_of` gives the blobs that a manifest lists. Their list is checked before
    /// they are read, a file's size before it is, a blob's header before its elements are; hashes are checked by
    /// [`tensors`].
    pub fn read(
        directory: &Path,
        blobs_of: impl Fn(&[u8]) -> Result<Vec<BlobRef>, Invalid>,
    ) -> Result<Self, Invalid> {
        let manifest = read_manifest(directory)?;
        let listed = blobs_of(&manifest)?;
        check_list(&directory.join(MANIFEST).display().to_string(), &listed)?;
        let mut blobs = Vec::new();
        for reference in listed {
            let path = blob_path(directory, &reference.blake3.0);
            blobs.push(safetensors::read_file(&path, |size| check_size(&reference, size))?);
        }
        Ok(Self { manifest, blobs })
    }
}

/// What the manifest of a package with one blob says of it and of its tensors.
pub fn references(tensors: &Tensors, blob: &[u8]) -> (BlobRef, BTreeMap<String, TensorRef>) {
    let listed = |(name, tensor): (&String, &Tensor)| {
        let (blake3, dtype, shape) = (Digest(tensor.hash()), tensor.dtype(), tensor.shape.clone());
        (name.clone(), TensorRef { blake3, blob: 0, dtype, shape })
    };
    let blake3 = Digest(*blake3::hash(blob).as_bytes());
    (BlobRef { blake3, size: blob.len() as u64 }, tensors.iter().map(listed).collect())
}

/// Makes a package with one blob of a manifest, which is told what the blob holds, and tensors; `file` is for errors.
pub(crate) fn pack<M: Serialize>(
    file: &str,
    tensors: &Tensors,
    manifest: impl FnOnce(BlobRef, BTreeMap<String, TensorRef>) -> M,
) -> Result<Package, Invalid> {
    let blob = safetensors::write(tensors);
    let (reference, listed) = references(tensors, &blob);
    Ok(Package { manifest: canonical::write(file, &manifest(reference, listed))?, blobs: vec![blob] })
}

/// The root of a package whose tensors are those that its manifest lists.
pub(crate) fn package_root(domain: Domain, manifest: &[u8], listed: &BTreeMap<String, TensorRef>) -> Hash {
    let entry = |(name, tensor): (&String, &TensorRef)| Entry {
        name: name.clone(),
        dtype: tensor.dtype as u8,
        shape: tensor.shape.clone(),
        blake3: tensor.blake3.0,
    };
    root(domain, std::iter::once(manifest_entry(manifest)).chain(listed.iter().map(entry)).collect())
}

/// Reads the tensors of blobs, which must be those of the manifest: each blob of the size and hash it gives, in it
/// exactly the tensors it lists there, of the same type, shape and hash; none listed twice. `file` is for errors.
pub fn tensors(
    file: &str,
    blobs: &[BlobRef],
    listed: &BTreeMap<String, TensorRef>,
    bytes: &[Vec<u8>],
) -> Result<Tensors, Invalid> {
    check_list(file, blobs)?;
    if bytes.len() != blobs.len() {
        return Err(Problem::mismatch(blobs.len(), bytes.len()).at(file, "number of blobs"));
    }
    let mut bytes = bytes.iter();
    gather(file, blobs, listed, |place, reference| {
        let bytes = bytes.next().map(Vec::as_slice).unwrap_or_default();
        check_size(reference, bytes.len() as u64).map_err(|problem| problem.at(place, SIZE))?;
        check_hash(&reference.blake3, blake3::hash(bytes).as_bytes())
            .map_err(|problem| problem.at(place, HASH))?;
        safetensors::read(place, bytes)
    })
}

/// As [`tensors`], from the files that [`Package::write`] wrote. They are read tensor by tensor, so that a blob is in
/// memory once. A file's size is checked before it is read, and its header before its elements are.
pub(crate) fn read_tensors(
    file: &str,
    directory: &Path,
    blobs: &[BlobRef],
    listed: &BTreeMap<String, TensorRef>,
) -> Result<Tensors, Invalid> {
    check_list(file, blobs)?;
    gather(file, blobs, listed, |place, reference| {
        let path = blob_path(directory, &reference.blake3.0);
        let reader = Reader::open(&path, |size| check_size(reference, size))?;
        let mut source = Hashed { source: reader.file, hasher: blake3::Hasher::new() };
        let tensors = safetensors::read_from(&path.display().to_string(), reader.size, &mut source)?;
        check_hash(&reference.blake3, source.hasher.finalize().as_bytes())
            .map_err(|problem| problem.at(place, HASH))?;
        Ok(tensors)
    })
}

/// The tensors of all blobs, as `read` gives them of one, whose place in errors and whose reference it is told.
fn gather(
    file: &str,
    blobs: &[BlobRef],
    listed: &BTreeMap<String, TensorRef>,
    mut read: impl FnMut(&str, &BlobRef) -> Result<Tensors, Invalid>,
) -> Result<Tensors, Invalid> {
    let place = |index: u64| format!("{file} blob {index}");
    let mut tensors = Tensors::new();
    for (index, reference) in (0..).zip(blobs) {
        let place = place(index);
        for (name, tensor) in read(&place, reference)? {
            check_tensor(listed.get(&name), index, &tensor)
                .map_err(|(field, problem)| problem.at(&place, format!("tensor {name:?}{field}")))?;
            tensors.insert(name, tensor);
        }
    }
    match listed.iter().find(|(name, _)| !tensors.contains_key(*name)) {
        Some((name, tensor)) => Err(Problem::Missing.at(&place(tensor.blob), format!("tensor {name:?}"))),
        None => Ok(tensors),
    }
}

/// What is read through it is hashed.
struct Hashed<R> {
    source: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }
}

/// Refuses more blobs than there may be, and one that is listed twice: it would be read, and held in memory, as often.
fn check_list(file: &str, blobs: &[BlobRef]) -> Result<(), Invalid> {
    Problem::limit(MAX_TENSORS, blobs.len() as u64).map_err(|problem| problem.at(file, "blobs"))?;
    let mut seen = BTreeSet::new();
    match blobs.iter().position(|blob| !seen.insert(blob.blake3)) {
        Some(at) => Err(Problem::Duplicate.at(file, format!("blobs, {at}"))),
        None => Ok(()),
    }
}

/// Checks a tensor of a blob against the manifest. Gives the field that is wrong.
fn check_tensor(
    listed: Option<&TensorRef>,
    blob: u64,
    tensor: &Tensor,
) -> Result<(), (&'static str, Problem)> {
    let listed = listed.ok_or_else(|| ("", Problem::Unknown("an entry of the manifest".into())))?;
    if listed.blob != blob {
        return Err((", blob", Problem::mismatch(listed.blob, blob)));
    }
    if listed.dtype != tensor.dtype() {
        return Err((", dtype", Problem::mismatch(listed.dtype.name(), tensor.dtype().name())));
    }
    if listed.shape != tensor.shape {
        let (expected, got) = (format!("{:?}", listed.shape), format!("{:?}", tensor.shape));
        return Err((", shape", Problem::mismatch(expected, got)));
    }
    check_hash(&listed.blake3, &tensor.hash()).map_err(|problem| (", blake3", problem))
}

fn check_hash(expected: &Digest, got: &Hash) -> Result<(), Problem> {
    if expected.0 != *got {
        return Err(Problem::mismatch(hex::encode(expected.0), hex::encode(got)));
    }
    Ok(())
}

fn check_size(expected: &BlobRef, got: u64) -> Result<(), Problem> {
    Problem::limit(MAX_BLOB, expected.size)?;
    if expected.size != got {
        return Err(Problem::mismatch(expected.size, got));
    }
    Ok(())
}

/// Reads the manifest that [`Package::write`] wrote.
pub(crate) fn read_manifest(directory: &Path) -> Result<Vec<u8>, Invalid> {
    read_file(&directory.join(MANIFEST), |size| Problem::limit(MAX_BYTES, size))
}

/// Reads a file whose size passes a check.
pub(crate) fn read_file(
    path: &Path,
    check: impl FnOnce(u64) -> Result<(), Problem>,
) -> Result<Vec<u8>, Invalid> {
    let mut reader = Reader::open(path, check)?;
    reader.read_to(reader.size)?;
    Ok(reader.bytes)
}

/// A file that is read in parts, each after a look at those before it.
pub(crate) struct Reader<'a> {
    path: &'a Path,
    file: File,
    /// What it had when it was opened. If it grows, no more than this is read.
    pub(crate) size: u64,
    /// What has been read.
    pub(crate) bytes: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// Opens a file whose size passes a check.
    pub(crate) fn open(
        path: &'a Path,
        check: impl FnOnce(u64) -> Result<(), Problem>,
    ) -> Result<Self, Invalid> {
        let metadata = fs::metadata(path).map_err(|error| failed(path, error))?;
        // The size of a device or a pipe says nothing.
        if !metadata.is_file() {
            return Err(Problem::Format("is not a file".into()).at(&path.display().to_string(), CONTENTS));
        }
        let size = metadata.len();
        check(size).map_err(|problem| problem.at(&path.display().to_string(), SIZE))?;
        let file = File::open(path).map_err(|error| failed(path, error))?;
        Ok(Self { path, file, size, bytes: Vec::new() })
    }

    /// Reads on until so many bytes of the file are read, or all.
    pub(crate) fn read_to(&mut self, end: u64) -> Result<(), Invalid> {
        let end = end.min(self.size);
        let more = end.saturating_sub(self.bytes.len() as u64);
        let room = self.bytes.try_reserve_exact(more as usize).map_err(io::Error::from);
        room.and_then(|()| (&self.file).take(more).read_to_end(&mut self.bytes))
            .map_err(|error| failed(self.path, error))?;
        match self.bytes.len() as u64 {
            got if got < end => {
                let problem = Problem::Truncated { expected: end, got };
                Err(problem.at(&self.path.display().to_string(), CONTENTS))
            }
            _ => Ok(()),
        }
    }
}

fn failed(path: &Path, error: io::Error) -> Invalid {
    Problem::from(error).at(&path.display().to_string(), CONTENTS)
}

fn blob_path(directory: &Path, blake3: &Hash) -> PathBuf {
    directory.join(format!("{}.safetensors", hex::encode(blake3)))
}
