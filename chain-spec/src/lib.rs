//! Chain specifications: which genesis a node starts from, and whom it asks for peers.
//!
//! The presets themselves live in the runtime; this crate gives them a name, the token's properties, boot nodes and
//! telemetry. `chain-spec/*.json` are the same specifications as files to copy and edit. They leave the runtime's code
//! out, since it is megabytes of hex that change with every build: a specification without code starts from the code
//! built into the binary.

mod file;
mod network;

/// A chain specification of Assay.
pub type ChainSpec = sc_service::GenericChainSpec;

pub use file::without_code;
pub use network::Network;

/// The specification of a name, or of a JSON file.
///
/// Names are those of the runtime's presets; `dev` and the empty name mean `development`, and `local-N` and `test-N`
/// make the first N development accounts validators. Anything else is the path of a file.
///
/// # Errors
///
/// One line that says what is wrong with the name or the file.
pub fn load(id: &str) -> Result<ChainSpec, String> {
    match Network::parse(id)? {
        Some(network) => network.chain_spec(),
        None => file::load(id.as_ref()),
    }
}

/// The WASM that is built into this binary.
fn built_in_code() -> Result<&'static [u8], String> {
    assay_runtime::WASM_BINARY.ok_or_else(|| {
        "this binary was built with SKIP_WASM_BUILD and holds no runtime: build it without, or name a chain \
         specification that has the code"
            .into()
    })
}
