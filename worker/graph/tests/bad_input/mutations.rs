//! Thousands of changes to what loads, always the same ones: the properties hold for each.

use assay_graph::canonical::{self, Float};
use assay_graph::job::{Generate, Input, Kind, Sampling};
use assay_graph::manifest::Manifest;
use assay_graph::package::{references, Package};
use assay_graph::safetensors::read;

use crate::base::{Base, FILE};
use crate::properties;

const MUTANTS: usize = 4_000;

/// Written for a number, and at random.
const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "2",
    "131071",
    "131072",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1e3",
];
const TOKENS: [&str; 12] = [" ", "\"", "\\n", "{}", "[]", "null", ",", ":", "{", "]", "0", "\"a\":1,"];

/// Xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn mutant(&mut self, of: &[u8]) -> Vec<u8> {
        let mut bytes = of.to_vec();
        for _ in 0..=self.below(3) {
            self.mutate(&mut bytes);
        }
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let rest = bytes.len() - at;
        match self.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, TOKENS[self.below(TOKENS.len())].bytes())),
            2 => bytes.insert(at, self.below(256) as u8),
            3 => drop(bytes.drain(at..at + self.below(rest.min(9) + 1))),
            4 | 5 => {
                let start = at + bytes[at..].iter().position(u8::is_ascii_digit).unwrap_or(rest);
                let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                drop(bytes.splice(start..start + length, NUMBERS[self.below(NUMBERS.len())].bytes()));
            }
            _ if rest > 0 => bytes[at] ^= 1 << self.below(8),
            _ => bytes.push(self.below(256) as u8),
        }
    }
}

/// How many of the mutants load.
fn survivors(seed: u64, of: &[u8], mut loads: impl FnMut(&[u8]) -> bool) -> usize {
    let mut random = Random(seed);
    (0..MUTANTS).filter(|_| loads(&random.mutant(of))).count()
}

#[test]
fn mutated_manifests() {
    let original = Base::new().package().manifest;
    assert!(properties::manifest(&original));
    let survivors = survivors(1, &original, properties::manifest);
    assert!((1..MUTANTS).contains(&survivors), "{survivors}");
}

#[test]
fn mutated_manifests_of_jobs() {
    let (top_k, top_p) = (Some(40), Some(Float::new(0.9)));
    let sampling = Sampling::Sample { inverse_temperature: Float::new(1.0), top_k, top_p };
    let job = Kind::Generate(Generate { sampling, stop: vec![2, 3], tokens: 4 });
    let original = Input::pack(job, &Input::sequences(&[vec![1, 2], vec![3]])).unwrap().manifest;
    assert!(properties::job(&original));
    let survivors = survivors(7, &original, properties::job);
    assert!((1..MUTANTS).contains(&survivors), "{survivors}");
}

#[test]
fn mutated_safetensors_files() {
    let original = Base::new().package().blobs.remove(0);
    assert!(properties::safetensors(&original));
    let survivors = survivors(2, &original, |bytes| {
        let loads = properties::safetensors(bytes);
        if loads {
            let (ours, theirs) =
                (read(FILE, bytes).unwrap(), safetensors::SafeTensors::deserialize(bytes).unwrap());
            assert_eq!(ours.len(), theirs.len());
            assert!(theirs.iter().all(|(name, view)| ours[name].bytes() == view.data()));
        }
        loads
    });
    assert!((1..MUTANTS).contains(&survivors), "{survivors}");
}

#[test]
fn mutated_headers_of_safetensors_files() {
    let original = Base::new().package().blobs.remove(0);
    let (length, rest) = original.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    // The length is right, so that more than it is looked at.
    let whole = |header: &[u8]| [&(header.len() as u64).to_le_bytes()[..], header, data].concat();
    assert_eq!(whole(header), original);
    let survivors = survivors(3, header, |header| properties::safetensors(&whole(header)));
    assert!((1..MUTANTS).contains(&survivors), "{survivors}");
}

#[test]
fn mutated_packages() {
    let original = Base::new().package();
    assert!(properties::program(&original));
    survivors(4, &original.manifest, |manifest| {
        properties::program(&Package { manifest: manifest.to_vec(), ..original.clone() })
    });
    let survivors = survivors(5, &original.blobs[0], |blob| {
        let package = Package { blobs: vec![blob.to_vec()], ..original.clone() };
        properties::program(&package) && package != original
    });
    assert_eq!(survivors, 0);
}

/// The manifest lists the mutated tensors, so that what follows the hashes is reached.
#[test]
fn mutated_tensors_that_the_manifest_lists() {
    let base = Base::new();
    let blob = base.package().blobs.remove(0);
    let survivors = survivors(6, &blob, |blob| {
        let Ok(tensors) = read(FILE, blob) else { return false };
        let (reference, listed) = references(&tensors, blob);
        let manifest = Manifest { blobs: vec![reference], tensors: listed, ..base.manifest.clone() };
        let manifest = canonical::write(FILE, &manifest).unwrap();
        properties::program(&Package { manifest, blobs: vec![blob.to_vec()] })
    });
    assert!((1..MUTANTS).contains(&survivors), "{survivors}");
}
