//! The part of the `wasm-opt` crate's interface that `substrate-wasm-builder` calls.
//!
//! The real crate compiles all of Binaryen, about ten minutes on two cores. The builder asks it for two passes only:
//! `SignextLowering`, which the `wasm32v1-none` target makes void, and `StripDwarf`, for which the `wasm-opt` program
//! of Debian's package `binaryen` is called. Not for any other use.

use std::{fs, io, path::Path, process::Command};

/// The passes the builder asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pass {
    /// Replaces sign extension operators; the target emits none.
    SignextLowering,
    /// Removes DWARF debug sections.
    StripDwarf,
}

/// What to do with a module; built up like the real crate's type of this name.
#[derive(Default, Debug)]
pub struct OptimizationOptions {
    passes: Vec<Pass>,
}

impl OptimizationOptions {
    /// Options that run no pass.
    pub fn new_opt_level_0() -> Self {
        Self::default()
    }

    /// The target already emits minimum features only.
    pub fn mvp_features_only(&mut self) -> &mut Self {
        self
    }

    /// Names are kept in either case.
    pub fn debug_info(&mut self, _keep: bool) -> &mut Self {
        self
    }

    /// Adds a pass.
    pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
        self.passes.push(pass);
        self
    }

    /// Reads the module at `input` and writes it to `output`, which may be the same file.
    pub fn run(&self, input: impl AsRef<Path>, output: impl AsRef<Path>) -> io::Result<()> {
        let (input, output) = (input.as_ref(), output.as_ref());
        if self.passes.contains(&Pass::StripDwarf) {
            return strip_dwarf(input, output);
        }
        if input != output {
            fs::copy(input, output)?;
        }
        Ok(())
    }
}

fn strip_dwarf(input: &Path, output: &Path) -> io::Result<()> {
    let status = Command::new("wasm-opt")
        .args(["--strip-dwarf", "--mvp-features", "--enable-mutable-globals", "-g", "-o"])
        .args([output, input])
        .status()
        .map_err(|error| {
            io::Error::new(error.kind(), format!("wasm-opt not started ({error}): run scripts/setup"))
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("wasm-opt ended with {status}")))
    }
}
