//! Blobs that are not those of the manifest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assay_graph::canonical::{self, Digest, MAX_BYTES};
use assay_graph::error::{Invalid, Problem};
use assay_graph::job::{Input, JobManifest, Kind};
use assay_graph::manifest::{BlobRef, Manifest};
use assay_graph::package::{references, tensors, Package, MAX_BLOB};
use assay_graph::program::Program;
use assay_graph::root::{entries, manifest_entry, root, Domain};
use assay_graph::safetensors;
use assay_graph::tensor::{Data, Dtype, Tensor, Tensors};

use crate::base::{refused, Base, FILE};

const BLOB: &str = "program blob 0";

/// What the checks of the base's manifest say of other blobs.
fn load(base: &Base, blobs: &[Vec<u8>]) -> Result<Tensors, Invalid> {
    tensors(FILE, &base.manifest.blobs, &base.manifest.tensors, blobs)
}

/// What they say of another blob, whose size and hash the manifest gives.
fn load_listed(base: &mut Base, blob: Vec<u8>) -> Result<Tensors, Invalid> {
    base.manifest.blobs = vec![references(&Tensors::new(), &blob).0];
    load(base, &[blob])
}

fn mismatch<T>(result: Result<T, Invalid>, file: &str, field: &str) {
    let problem = refused(result, file, field);
    assert!(matches!(problem, Problem::Mismatch { .. }), "{problem}");
}

#[test]
fn another_number_of_blobs_is_refused() {
    let base = Base::new();
    let blob = base.package().blobs.remove(0);
    mismatch(load(&base, &[]), FILE, "number of blobs");
    mismatch(load(&base, &[blob.clone(), blob]), FILE, "number of blobs");
}

#[test]
fn another_blob_is_refused() {
    let base = Base::new();
    let blob = base.package().blobs.remove(0);
    mismatch(load(&base, &[blob[..blob.len() - 1].to_vec()]), BLOB, "size in bytes");
    mismatch(load(&base, &[[&blob[..], &[0]].concat()]), BLOB, "size in bytes");
    for at in [0, 8, blob.len() / 2, blob.len() - 1] {
        let mut changed = blob.clone();
        changed[at] ^= 1;
        mismatch(load(&base, &[changed]), BLOB, "blake3");
    }
    for (blake3, size, field) in [
        (Digest([0; 32]), blob.len() as u64, "blake3"),
        (base.manifest.blobs[0].blake3, blob.len() as u64 + 1, "size in bytes"),
    ] {
        let mut base = Base::new();
        base.manifest.blobs = vec![BlobRef { blake3, size }];
        mismatch(load(&base, std::slice::from_ref(&blob)), BLOB, field);
        mismatch(base.load(), BLOB, field);
    }
}

#[test]
fn a_tampered_tensor_is_refused() {
    let mut base = Base::new();
    let mut blob = base.package().blobs.remove(0);
    *blob.last_mut().unwrap() ^= 0x40;
    mismatch(load_listed(&mut base, blob), BLOB, "tensor \"wq.scale\", blake3");
    mismatch(base.load(), BLOB, "blake3");
}

#[test]
fn a_tensor_of_another_type_or_shape_is_refused() {
    let mut base = Base::new();
    let bits: Vec<u32> = base.tensors["gamma"].as_f32().unwrap().iter().map(|x| x.to_bits()).collect();
    let mut others = base.tensors.clone();
    others.insert("gamma".into(), Tensor::u32(&[4], bits));
    mismatch(load_listed(&mut base, safetensors::write(&others)), BLOB, "tensor \"gamma\", dtype");
    let mut others = base.tensors.clone();
    others.get_mut("wk").unwrap().shape = vec![2, 8];
    mismatch(load_listed(&mut base, safetensors::write(&others)), BLOB, "tensor \"wk\", shape");
    // And the other way round: the manifest lies.
    let blob = base.package().blobs.remove(0);
    base.manifest.tensors.get_mut("bias").unwrap().dtype = Dtype::U32;
    mismatch(load_listed(&mut base, blob), BLOB, "tensor \"bias\", dtype");
}

#[test]
fn other_tensors_than_listed_are_refused() {
    let mut base = Base::new();
    let mut more = base.tensors.clone();
    more.insert("more".into(), Tensor::u8(&[1], vec![7]));
    let problem = refused(load_listed(&mut base, safetensors::write(&more)), BLOB, "tensor \"more\"");
    assert!(matches!(problem, Problem::Unknown(_)), "{problem}");
    let mut fewer = base.tensors.clone();
    fewer.remove("beta");
    let problem = refused(load_listed(&mut base, safetensors::write(&fewer)), BLOB, "tensor \"beta\"");
    assert!(matches!(problem, Problem::Missing), "{problem}");
}

#[test]
fn a_tensor_in_another_blob_than_listed_is_refused() {
    let mut base = Base::new();
    let first = Tensors::from([("beta".into(), base.tensors["beta"].clone())]);
    let mut second = base.tensors.clone();
    second.remove("beta");
    let blobs = [first, second].map(|tensors| safetensors::write(&tensors));
    base.manifest.blobs = blobs.iter().map(|blob| references(&Tensors::new(), blob).0).collect();
    for (name, tensor) in &mut base.manifest.tensors {
        tensor.blob = u64::from(name != "beta");
    }
    assert_eq!(load(&base, &blobs).unwrap(), base.tensors);
    base.manifest.tensors.get_mut("beta").unwrap().blob = 1;
    mismatch(load(&base, &blobs), BLOB, "tensor \"beta\", blob");
    base.manifest.tensors.get_mut("beta").unwrap().blob = 0;
    base.manifest.tensors.get_mut("wk").unwrap().blob = 0;
    mismatch(load(&base, &blobs), "program blob 1", "tensor \"wk\", blob");
}

#[test]
fn a_blob_in_another_form_is_refused() {
    let mut base = Base::new();
    let problem = refused(load_listed(&mut base, vec![0; 7]), BLOB, "header");
    assert!(matches!(problem, Problem::Truncated { expected: 8, got: 7 }), "{problem}");
}

#[test]
fn a_changed_program_has_another_root() {
    let base = Base::new();
    let expected = base.load().unwrap().root;
    let mut all = entries(&base.tensors);
    all.push(manifest_entry(&base.package().manifest));
    assert_eq!(root(Domain::Program, all), expected);
    let mut other = Base::new();
    other.manifest.tokenizer = Some(Digest([1; 32]));
    assert_ne!(other.load().unwrap().root, expected);
    let mut other = Base::new();
    match &mut other.tensors.get_mut("wk").unwrap().data {
        Data::F32(values) => values[0] = -values[0],
        _ => unreachable!(),
    }
    other.list();
    assert_ne!(other.load().unwrap().root, expected);
}

fn blobs_of(manifest: &[u8]) -> Result<Vec<BlobRef>, Invalid> {
    Ok(canonical::read::<Manifest>(FILE, manifest)?.blobs)
}

fn read(directory: &Path) -> Result<Package, Invalid> {
    Package::read(directory, blobs_of)
}

/// The base in a directory, with the paths of the manifest and of the blob.
fn written() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let base = Base::new();
    let directory = tempfile::tempdir().unwrap();
    base.package().write(directory.path()).unwrap();
    let blob = format!("{}.safetensors", hex::encode(base.manifest.blobs[0].blake3.0));
    let (manifest, blob) = (directory.path().join("manifest.json"), directory.path().join(blob));
    (directory, manifest, blob)
}

#[test]
fn a_package_is_read_as_it_was_written() {
    let (directory, ..) = written();
    let package = read(directory.path()).unwrap();
    assert_eq!(package, Base::new().package());
    Program::load(FILE, &package).unwrap();
    let inside = directory.path().join("to/be/made");
    package.write(&inside).unwrap();
    assert_eq!(read(&inside).unwrap(), package);
}

#[test]
fn what_is_opened_is_what_is_loaded() {
    let (directory, ..) = written();
    let (opened, loaded) = (Program::open(FILE, directory.path()).unwrap(), Base::new().load().unwrap());
    assert_eq!(opened.root, loaded.root);
    assert_eq!(opened.manifest, loaded.manifest);
    assert_eq!(opened.tensors, loaded.tensors);
    let package = Input::pack(Kind::Embed, &Input::sequences(&[vec![1, 2]])).unwrap();
    package.write(directory.path()).unwrap();
    let (opened, loaded) =
        (Input::open(FILE, directory.path()).unwrap(), Input::load(FILE, &package).unwrap());
    assert_eq!((opened.root, opened.tensors), (loaded.root, loaded.tensors));
}

#[test]
fn a_blob_that_is_not_the_manifests_is_not_opened() {
    let (directory, _, blob) = written();
    let open = || Program::open(FILE, directory.path());
    let (whole, place) = (fs::read(&blob).unwrap(), blob.display().to_string());
    fs::write(&blob, &whole[1..]).unwrap();
    mismatch(open(), &place, "size in bytes");
    let changed = |at: usize, flip: u8| {
        let mut bytes = whole.clone();
        bytes[at] ^= flip;
        fs::write(&blob, bytes).unwrap();
    };
    // Its last element, then the first byte of its header, then the header's length.
    changed(whole.len() - 1, 0x40);
    mismatch(open(), BLOB, "blake3");
    changed(8, 1);
    assert!(matches!(refused(open(), &place, "header"), Problem::Format(_)));
    changed(0, 8);
    refused(open(), &place, "header");
    fs::remove_file(&blob).unwrap();
    assert!(matches!(refused(open(), &place, "contents"), Problem::Io(_)));
}

#[test]
fn tensors_other_than_listed_are_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    let open = |change: &dyn Fn(&mut Manifest)| {
        let mut base = Base::new();
        change(&mut base.manifest);
        base.package().write(directory.path()).unwrap();
        Program::open(FILE, directory.path())
    };
    open(&|_| {}).unwrap();
    let hash = open(&|manifest| manifest.tensors.get_mut("bias").unwrap().blake3 = Digest([0; 32]));
    mismatch(hash, BLOB, "tensor \"bias\", blake3");
    let twice = open(&|manifest| manifest.blobs.push(manifest.blobs[0]));
    assert!(matches!(refused(twice, FILE, "blobs, 1"), Problem::Duplicate));
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let (directory, manifest, blob) = written();
    for path in [blob, manifest] {
        fs::remove_file(&path).unwrap();
        let problem = refused(read(directory.path()), &path.display().to_string(), "contents");
        assert!(matches!(problem, Problem::Io(_)), "{problem}");
        fs::create_dir(&path).unwrap();
        let problem = refused(read(directory.path()), &path.display().to_string(), "contents");
        assert!(matches!(problem, Problem::Format(_)), "{problem}");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_refused() {
    let (_directory, manifest, _) = written();
    let problem =
        refused(Base::new().package().write(&manifest), &manifest.display().to_string(), "contents");
    assert!(matches!(problem, Problem::Io(_)), "{problem}");
}

#[test]
fn a_file_of_another_size_is_not_read() {
    let (directory, manifest, blob) = written();
    // Sparse, so they take no room on the disk.
    fs::File::options().write(true).open(&blob).unwrap().set_len(1 << 34).unwrap();
    mismatch(read(directory.path()), &blob.display().to_string(), "size in bytes");
    fs::File::options().write(true).open(&manifest).unwrap().set_len(1 << 34).unwrap();
    let problem = refused(read(directory.path()), &manifest.display().to_string(), "size in bytes");
    assert!(matches!(problem, Problem::Limit { limit: MAX_BYTES, got: 0x4_0000_0000 }), "{problem}");
}

#[test]
fn a_blob_is_refused_by_its_header_before_the_rest_is_read() {
    let (directory, _, blob) = written();
    let mut base = Base::new();
    base.manifest.blobs[0].size = MAX_BLOB;
    base.package().write(directory.path()).unwrap();
    // Sparse again, and of the size that is asked for. Its tensors now end before the file does.
    fs::File::options().write(true).open(&blob).unwrap().set_len(MAX_BLOB).unwrap();
    mismatch(Program::open(FILE, directory.path()), &blob.display().to_string(), "data");
    let reference = BlobRef { size: MAX_BLOB, ..Base::new().manifest.blobs[0] };
    let result = Package::read(directory.path(), |_| Ok(vec![reference]));
    mismatch(result, &blob.display().to_string(), "data");
}

/// One of /proc has no size and yet contents, as if it had grown in between.
#[cfg(target_os = "linux")]
#[test]
fn a_file_is_not_read_past_its_size() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/proc/version", directory.path().join("manifest.json")).unwrap();
    assert!(!fs::read("/proc/version").unwrap().is_empty());
    let package = Package::read(directory.path(), |_| Ok(vec![])).unwrap();
    assert!(package.manifest.is_empty());
}

#[test]
fn a_blob_over_2_to_the_40_bytes_is_refused() {
    let (directory, _, blob) = written();
    let size = MAX_BLOB + 1;
    let reference = BlobRef { size, ..Base::new().manifest.blobs[0] };
    let result = Package::read(directory.path(), |_| Ok(vec![reference]));
    let problem = refused(result, &blob.display().to_string(), "size in bytes");
    assert!(matches!(problem, Problem::Limit { limit: MAX_BLOB, got } if got == size), "{problem}");
}

#[test]
fn a_blob_that_is_listed_twice_is_refused_before_it_is_read() {
    let (directory, manifest, blob) = written();
    fs::remove_file(blob).unwrap();
    let place = manifest.display().to_string();
    let reference = Base::new().manifest.blobs[0];
    let problem = refused(Package::read(directory.path(), |_| Ok(vec![reference; 2])), &place, "blobs, 1");
    assert!(matches!(problem, Problem::Duplicate), "{problem}");
    let problem = refused(Package::read(directory.path(), |_| Ok(vec![reference; 65_537])), &place, "blobs");
    assert!(matches!(problem, Problem::Limit { limit: 65_536, got: 65_537 }), "{problem}");
    // One without a tensor, which nothing else would refuse.
    let empty = safetensors::write(&Tensors::new());
    let reference = references(&Tensors::new(), &empty).0;
    let load =
        |count: usize| tensors(FILE, &vec![reference; count], &BTreeMap::new(), &vec![empty.clone(); count]);
    load(1).unwrap();
    let problem = refused(load(2), FILE, "blobs, 1");
    assert!(matches!(problem, Problem::Duplicate), "{problem}");
}

#[test]
fn an_input_over_65_536_blobs_or_tensors_is_refused() {
    let package = Input::pack(Kind::Embed, &Input::sequences(&[vec![1]])).unwrap();
    let load = |change: &dyn Fn(&mut JobManifest)| {
        let mut manifest: JobManifest = canonical::read(FILE, &package.manifest).unwrap();
        change(&mut manifest);
        let manifest = canonical::write(FILE, &manifest).unwrap();
        Input::load(FILE, &Package { manifest, blobs: package.blobs.clone() })
    };
    load(&|_| {}).unwrap();
    let blobs = refused(load(&|manifest| manifest.blobs = vec![manifest.blobs[0]; 65_537]), FILE, "blobs");
    let tensors = load(&|manifest| {
        let tensor = manifest.tensors["ids"].clone();
        manifest.tensors = (0..65_537).map(|i| (i.to_string(), tensor.clone())).collect();
    });
    for problem in [blobs, refused(tensors, FILE, "tensors")] {
        assert!(matches!(problem, Problem::Limit { limit: 65_536, got: 65_537 }), "{problem}");
    }
}

#[test]
fn a_manifest_that_is_not_canonical_is_refused() {
    let (directory, manifest, _) = written();
    let mut bytes = fs::read(&manifest).unwrap();
    bytes.push(b'\n');
    fs::write(&manifest, &bytes).unwrap();
    let problem = refused(read(directory.path()), FILE, "manifest");
    assert!(matches!(problem, Problem::NotCanonical(at) if at == bytes.len() as u64 - 1), "{problem}");
}
