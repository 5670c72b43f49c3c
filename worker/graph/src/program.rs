//! A program: its manifest, checked, and its tensors.

use std::path::Path;

use crate::canonical;
use crate::error::{Invalid, Problem};
use crate::graph::{Form, Graph};
use crate::manifest::Manifest;
use crate::package::{self, package_root, Package};
use crate::root::{Domain, Hash};
use crate::tensor::Tensors;
use crate::trace;
use crate::weights::Weights;

/// A program that has passed every check.
#[derive(Clone, Debug)]
pub struct Program {
    /// What its manifest says.
    pub manifest: Manifest,
    /// The operators.
    pub graph: Graph,
    /// What the chain knows it by: over the entries of its tensors and its manifest.
    pub root: Hash,
    /// The tensors that its manifest lists.
    pub tensors: Tensors,
}

impl Program {
    /// Makes a program of a manifest, whose `blobs` and `tensors` are filled in, and its tensors; checks what it made.
    pub fn pack(draft: Manifest, tensors: &Tensors) -> Result<Package, Invalid> {
        let package = package::pack("program", tensors, |blob, tensors| Manifest {
            blobs: vec![blob],
            tensors,
            ..draft
        })?;
        Self::load("program", &package)?;
        Ok(package)
    }

    /// Reads a program; `file` is for errors.
    pub fn load(file: &str, package: &Package) -> Result<Self, Invalid> {
        Self::checked(file, &package.manifest, |manifest| {
            package::tensors(file, &manifest.blobs, &manifest.tensors, &package.blobs)
        })
    }

    /// Reads a program from the directory that [`Package::write`] wrote it into, with the checks of [`Program::load`].
    /// Its tensors are in memory once: its blobs never are. `file` is for errors.
    pub fn open(file: &str, directory: &Path) -> Result<Self, Invalid> {
        Self::checked(file, &package::read_manifest(directory)?, |manifest| {
            package::read_tensors(file, directory, &manifest.blobs, &manifest.tensors)
        })
    }

    /// A program of a manifest and the tensors that `read` gives for it.
    fn checked(
        file: &str,
        bytes: &[u8],
        read: impl FnOnce(&Manifest) -> Result<Tensors, Invalid>,
    ) -> Result<Self, Invalid> {
        let manifest: Manifest = canonical::read(file, bytes)?;
        let graph = Graph::new(file, &manifest)?;
        let tensors = read(&manifest)?;
        match manifest.training {
            Some(_) => crate::train::check(file, &manifest, &graph, &tensors)?,
            None => {
                trace::segments(&graph).map_err(|problem| problem.at(file, "trace"))?;
                Weights::new(file, &graph, &tensors)?;
            }
        }
        check_used(&manifest, &graph)
            .map_err(|(name, problem)| problem.at(file, format!("tensor {name:?}")))?;
        let root = package_root(Domain::Program, bytes, &manifest.tensors);
        Ok(Self { manifest, graph, root, tensors })
    }

    /// The weights of a program that is run, in the memory of its tensors but for digits of matrices that are published
    /// in f32. Those of a program that is trained belong to its state.
    pub fn weights(&self) -> Result<Weights<'_>, Invalid> {
        if self.manifest.training.is_some() {
            return Err(Problem::Format("is a training, whose weights are those of a state".into())
                .at("program", "training"));
        }
        Weights::new("program", &self.graph, &self.tensors)
    }
}

/// Refuses tensors that nothing uses: they would be fetched for nothing, and nothing would have checked them.
fn check_used<'a>(manifest: &'a Manifest, graph: &Graph) -> Result<(), (&'a String, Problem)> {
    let scaled = |name: &str| name.strip_suffix(".scale").and_then(|name| graph.weights.get(name));
    let used = |name: &str| {
        graph.weights.contains_key(name)
            || scaled(name).is_some_and(|weight| weight.form != Form::Float)
            || manifest.training.as_ref().is_some_and(|training| training.rates == name)
    };
    match manifest.tensors.keys().find(|name| !used(name)) {
        Some(name) => Err((name, Problem::Format("is used by nothing".into()))),
        None => Ok(()),
    }
}
