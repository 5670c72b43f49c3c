//! The checked-in golden vectors, computed by the reference compiled to WebAssembly.

use std::path::{Path, PathBuf};
use std::process::Command;
use wasmtime::{Engine, Instance, Memory, Module, Store, TypedFunc};

const TARGET: &str = "wasm32v1-none";

/// The toolchain that builds the runtime's WASM where one is named, else the one that runs this test.
fn cargo() -> Command {
    match std::env::var_os("WASM_BUILD_TOOLCHAIN") {
        Some(toolchain) => {
            let mut command = Command::new("rustup");
            command.arg("run").arg(toolchain).arg("cargo");
            command
        }
        None => Command::new(env!("CARGO")),
    }
}

/// Compiles `wasm-golden` into a directory of its own: the outer build may hold the lock of the usual one.
fn compile() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("wasm-golden");
    let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm-golden");
    let status = cargo()
        .args(["build", "--locked", "--release", "--target", TARGET, "--manifest-path"])
        .arg(crate_dir.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_dir)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo starts");
    assert!(status.success(), "wasm-golden does not build for {TARGET}");
    target_dir.join(TARGET).join("release").join("assay_wasm_golden.wasm")
}

struct Golden {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Golden {
    fn load() -> Self {
        let engine = Engine::default();
        let module = Module::from_file(&engine, compile()).expect("the module is valid");
        let mut store = Store::new(&engine, ());
        // No imports: nothing of the host can take part.
        let instance = Instance::new(&mut store, &module, &[]).expect("the module imports nothing");
        let memory = instance.get_memory(&mut store, "memory").expect("the module exports its memory");
        Self { store, instance, memory }
    }

    fn call(&mut self, name: &str, case: u32) -> u32 {
        let function: TypedFunc<u32, u32> =
            self.instance.get_typed_func(&mut self.store, name).expect("the export exists");
        function.call(&mut self.store, case).expect("the case does not trap")
    }

    fn bytes(&self, at: u32, len: u32) -> Vec<u8> {
        self.memory.data(&self.store)[at as usize..][..len as usize].to_vec()
    }

    fn line(&mut self, case: u32) -> String {
        let (name, len) = (self.call("name", case), self.call("name_len", case));
        let name = String::from_utf8(self.bytes(name, len)).expect("names are text");
        let hash = self.call("hash", case);
        assert_ne!(hash, 0, "{name} ended in an error");
        let hex: String = self.bytes(hash, 32).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}  {name}")
    }
}

#[test]
fn webassembly_has_the_checked_in_hashes() {
    let mut golden = Golden::load();
    let computed: Vec<String> = (0..golden.call("count", 0)).map(|case| golden.line(case)).collect();
    let expected: Vec<&str> = include_str!("../golden/exact-v1.txt").lines().collect();
    assert_eq!(computed, expected);
}
