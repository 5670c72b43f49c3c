//! The tensors of a model, in one file or in several.

use std::collections::BTreeMap;
use std::path::Path;

use super::settings::Settings;
use crate::error::{Invalid, Problem};
use crate::safetensors::Source;

const FILE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The tensors of a model, by the names that they have in it alone.
pub(super) struct Checkpoint {
    /// The file that says which tensors there are.
    file: String,
    shards: BTreeMap<String, Source>,
    /// The shard of each tensor.
    places: BTreeMap<String, String>,
    /// What all names begin with in the files.
    prefix: &'static str,
}

impl Checkpoint {
    /// Opens the files of a model whose names may begin with `prefix`, as they do where it was saved as part of a larger
    /// one.
    pub(super) fn open(directory: &Path, prefix: &'static str) -> Result<Self, Invalid> {
        let index = directory.join(INDEX);
        let is_sharded = index.exists();
        let path = if is_sharded { index } else { directory.join(FILE) };
        let file = path.display().to_string();
        let (shards, places) = match is_sharded {
            true => open_shards(directory, &Settings::read(&path)?)?,
            false => {
                let source = Source::open(&path)?;
                let places = source.names().map(|name| (name.into(), FILE.into())).collect();
                (BTreeMap::from([(FILE.into(), source)]), places)
            }
        };
        let is_prefixed = places.keys().any(|name| name.starts_with(prefix));
        Ok(Self { file, shards, places, prefix: if is_prefixed { prefix } else { "" } })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(&self.stored(name))
    }

    /// The names that the files have, in the order of their bytes.
    pub(super) fn stored_names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// A fault of a tensor.
    pub(super) fn invalid(&self, name: &str, problem: Problem) -> Invalid {
        problem.at(&self.file, format!("tensor {:?}", self.stored(name)))
    }

    /// The elements of a tensor, which must have this shape and be finite.
    pub(super) fn float(&self, name: &str, shape: &[u64]) -> Result<Vec<f32>, Invalid> {
        let stored = self.stored(name);
        let shard = self.places.get(&stored).and_then(|shard| self.shards.get(shard));
        shard.ok_or_else(|| self.invalid(name, Problem::Missing))?.float(&stored, shape)
    }

    /// The name in the files.
    fn stored(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

type Shards = (BTreeMap<String, Source>, BTreeMap<String, String>);

/// The files that an index names, and the file of each tensor.
fn open_shards(directory: &Path, index: &Settings) -> Result<Shards, Invalid> {
    const FIELD: &str = "weight_map";
    let (mut shards, mut places): Shards = (BTreeMap::new(), BTreeMap::new());
    let map = index.get(FIELD).ok_or_else(|| index.invalid(FIELD, Problem::Missing))?;
    let map = map.as_object().ok_or_else(|| index.invalid(FIELD, Problem::Format("is no object".into())))?;
    for (name, shard) in map {
        // A file of this directory, not of another one.
        let is_name = |shard: &&str| Path::new(shard).file_name().is_some_and(|file| file == *shard);
        let Some(shard) = shard.as_str().filter(is_name) else {
            let problem = Problem::mismatch("the name of a file", shard);
            return Err(index.invalid(&format!("{FIELD}, {name:?}"), problem));
        };
        if !shards.contains_key(shard) {
            shards.insert(shard.into(), Source::open(&directory.join(shard))?);
        }
        places.insert(name.clone(), shard.into());
    }
    Ok((shards, places))
}
