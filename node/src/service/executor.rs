//! What runs the runtime: a WASM executor that keeps what it compiled on disk.

use sc_executor::{HeapAllocStrategy, WasmExecutor, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_service::config::ExecutorConfiguration;
use std::path::Path;

/// Executes the runtime with the host functions it imports.
pub type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// An executor whose compiled modules are kept in the directory, which has to be absolute.
pub(super) fn new(config: &ExecutorConfiguration, cache: &Path) -> Executor {
    let heap = config.default_heap_pages.map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| {
        HeapAllocStrategy::Static { extra_pages: u32::try_from(pages).unwrap_or(u32::MAX) }
    });
    Executor::builder()
        .with_execution_method(config.wasm_method)
        .with_onchain_heap_alloc_strategy(heap)
        .with_offchain_heap_alloc_strategy(heap)
        .with_max_runtime_instances(config.max_runtime_instances)
        .with_runtime_cache_size(config.runtime_cache_size)
        .with_cache_path(cache)
        .build()
}
