//! What holds for any bytes: nothing panics, an error is a line that names the file, and what loads is written again in
//! the same bytes. The fuzz targets check these too.

use assay_graph::error::Invalid;
use assay_graph::graph::Graph;
use assay_graph::job::JobManifest;
use assay_graph::manifest::Manifest;
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::safetensors::{read, write, Source};
use assay_graph::{canonical, cost};

/// What loaders are told that the bytes come from.
pub const FILE: &str = "program";

/// A manifest, its graph and what that costs. Gives whether they load, as the others do.
pub fn manifest(bytes: &[u8]) -> bool {
    let manifest: Manifest = match canonical::read(FILE, bytes) {
        Ok(manifest) => manifest,
        Err(error) => return refused(&error),
    };
    assert_eq!(canonical::write(FILE, &manifest).unwrap(), bytes);
    match Graph::new(FILE, &manifest) {
        Ok(graph) => {
            let context = graph.context as u64;
            assert!(cost::pass(&graph, 1, 1) <= cost::pass(&graph, context, context));
            let of_one = cost::activations(&graph, 1, context);
            assert!(of_one <= cost::activations(&graph, context, context));
            graph.nodes.len() == manifest.graph.len()
        }
        Err(error) => refused(&error),
    }
}

/// A manifest of a job's input.
pub fn job(bytes: &[u8]) -> bool {
    match canonical::read::<JobManifest>(FILE, bytes) {
        Ok(manifest) => {
            assert_eq!(canonical::write(FILE, &manifest).unwrap(), bytes);
            true
        }
        Err(error) => refused(&error),
    }
}

/// A safetensors file, as ours and for import.
pub fn safetensors(bytes: &[u8]) -> bool {
    let source = Source::new(FILE.into(), bytes.to_vec());
    if let Ok(source) = &source {
        for name in source.names() {
            if let Ok(values) = source.float(name, &[2]) {
                assert!(values.len() == 2 && values.iter().all(|x| x.is_finite()));
            }
        }
    }
    match (read(FILE, bytes), source) {
        (Ok(tensors), Ok(source)) => {
            assert!(source.names().eq(tensors.keys()));
            assert_eq!(write(&tensors), bytes);
            true
        }
        (Ok(_), Err(error)) => panic!("is ours, and cannot be imported: {error}"),
        (Err(error), _) => refused(&error),
    }
}

/// A program in one blob.
pub fn program(package: &Package) -> bool {
    let program = match Program::load(FILE, package) {
        Ok(program) => program,
        Err(error) => return refused(&error),
    };
    assert_eq!(canonical::write(FILE, &program.manifest).unwrap(), package.manifest);
    assert_eq!(package.blobs, [write(&program.tensors)]);
    program.weights().unwrap();
    true
}

fn refused(error: &Invalid) -> bool {
    let line = error.to_string();
    assert!(line.starts_with(FILE) && !line.contains(char::is_control), "{line:?}");
    false
}
