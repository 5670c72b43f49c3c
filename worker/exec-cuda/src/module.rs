//! The kernels' PTX, as it is checked in, and what it asks of a device.

use crate::device::Capability;

/// A file of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Module {
    GemmDp4a,
    GemmMma,
    GemmWgmma,
    Dequantise,
    Quantise,
    Elementwise,
    Norm,
    Embedding,
    Loss,
    Sampling,
    Optimizer,
    Attention,
    AttentionBackward,
    Cache,
    Hash,
}

impl Module {
    /// All there are.
    pub(crate) const ALL: [Self; 15] = [
        Self::GemmDp4a,
        Self::GemmMma,
        Self::GemmWgmma,
        Self::Dequantise,
        Self::Quantise,
        Self::Elementwise,
        Self::Norm,
        Self::Embedding,
        Self::Loss,
        Self::Sampling,
        Self::Optimizer,
        Self::Attention,
        Self::AttentionBackward,
        Self::Cache,
        Self::Hash,
    ];

    /// Its PTX, which the driver makes code of when it is loaded.
    pub(crate) fn ptx(self) -> &'static str {
        match self {
            Self::GemmDp4a => include_str!("../ptx/gemm_dp4a.ptx"),
            Self::GemmMma => include_str!("../ptx/gemm_mma.ptx"),
            Self::GemmWgmma => include_str!("../ptx/gemm_wgmma.ptx"),
            Self::Dequantise => include_str!("../ptx/dequantise.ptx"),
            Self::Quantise => include_str!("../ptx/quantise.ptx"),
            Self::Elementwise => include_str!("../ptx/elementwise.ptx"),
            Self::Norm => include_str!("../ptx/norm.ptx"),
            Self::Embedding => include_str!("../ptx/embedding.ptx"),
            Self::Loss => include_str!("../ptx/loss.ptx"),
            Self::Sampling => include_str!("../ptx/sampling.ptx"),
            Self::Optimizer => include_str!("../ptx/optimizer.ptx"),
            Self::Attention => include_str!("../ptx/attention.ptx"),
            Self::AttentionBackward => include_str!("../ptx/attention_backward.ptx"),
            Self::Cache => include_str!("../ptx/cache.ptx"),
            Self::Hash => include_str!("../ptx/hash.ptx"),
        }
    }

    /// Whether only one path of products uses it, so that other devices never load it.
    pub(crate) fn is_of_a_path(self) -> bool {
        matches!(self, Self::GemmDp4a | Self::GemmMma | Self::GemmWgmma)
    }
}

/// The least capability that a module is built for.
pub(crate) fn target(module: Module) -> Capability {
    directive(module.ptx(), ".target").and_then(capability).unwrap_or(Capability::new(u32::MAX, 0))
}

/// The first word after a directive of the header.
fn directive<'p>(ptx: &'p str, name: &str) -> Option<&'p str> {
    let line = ptx.lines().find_map(|line| line.trim_start().strip_prefix(name))?;
    line.split(|c: char| c.is_whitespace() || c == ',').find(|word| !word.is_empty())
}

/// Of `sm_80` or `sm_90a`: the last digit is the minor number.
fn capability(target: &str) -> Option<Capability> {
    let digits = target.strip_prefix("sm_")?.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let number: u32 = digits.parse().ok()?;
    Some(Capability::new(number / 10, number % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_what_the_code_is_for() {
        let ptx = "//\n// Generated\n.version 8.7\n.target sm_90a\n.address_size 64\n";
        assert_eq!(directive(ptx, ".version"), Some("8.7"));
        assert_eq!(directive(ptx, ".target").and_then(capability), Some(Capability::new(9, 0)));
        assert_eq!(directive(".target sm_80, debug", ".target"), Some("sm_80"));
        assert_eq!(capability("sm_120"), Some(Capability::new(12, 0)));
        assert_eq!((capability("compute_80"), directive("", ".target")), (None, None));
    }

    #[test]
    fn every_module_is_ptx_that_the_least_driver_takes() {
        for module in Module::ALL {
            // 8.7 is the PTX of CUDA 12.8.
            let (major, minor) =
                directive(module.ptx(), ".version").and_then(|v| v.split_once('.')).expect("a version");
            let version: [u32; 2] = [major, minor].map(|number| number.parse().expect("a number"));
            assert!(version <= [8, 7], "{module:?} is PTX {version:?}");
        }
    }

    /// So many threads have 64 registers each; for fewer the driver may take more.
    #[test]
    fn kernels_that_get_blocks_of_1024_threads_say_so() {
        let norms = ["layer_norm", "rms_norm", "l2_norm"].into_iter();
        let norms = norms.flat_map(|name| [format!("{name}_forward"), format!("{name}_backward")]);
        let losses = ["cross_entropy_forward", "cross_entropy_probabilities"];
        let draws = ["sample_threshold", "sample_pick"];
        let all = norms.map(|name| (Module::Norm, name));
        let all = all.chain(losses.map(|name| (Module::Loss, name.to_string())));
        let all = all.chain(draws.map(|name| (Module::Sampling, name.to_string())));
        for (module, name) in all.chain([(Module::Quantise, "quant_row".to_string())]) {
            let mut kernels = module.ptx().split(".entry ").filter(|kernel| kernel.starts_with(&name));
            let (head, _) = kernels.next().and_then(|kernel| kernel.split_once('{')).expect("a kernel");
            assert!(head.contains(".maxntid 1024,"), "{name}");
        }
    }

    #[test]
    fn only_paths_of_products_have_a_target_of_their_own() {
        for module in Module::ALL {
            let target = target(module);
            if module.is_of_a_path() {
                assert!(target <= Capability::new(9, 0), "{module:?} is for {target}");
            } else {
                assert!(target <= Capability::new(8, 0), "{module:?} is for {target}");
            }
        }
        assert_eq!(target(Module::GemmWgmma), Capability::new(9, 0));
    }
}
