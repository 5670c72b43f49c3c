//! The networks that have a name.

use crate::{built_in_code, ChainSpec};
use assay_runtime::{genesis, token};
use sc_service::{ChainType, Properties};
use sc_telemetry::TelemetryEndpoints;

/// Where public nodes report to unless they are told not to; the page that most Substrate chains share.
const PUBLIC_TELEMETRY: &str = "wss://telemetry.polkadot.io/submit/";

/// A named network: a preset of the runtime, on development networks with another number of validators if wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    preset: &'static str,
    validators: Option<usize>,
}

impl Network {
    /// The networks that are presets as they are.
    pub fn presets() -> impl Iterator<Item = Self> {
        genesis::PRESETS.into_iter().map(|preset| Self { preset, validators: None })
    }

    /// The network of a name, `None` if the name is not one of a network.
    ///
    /// # Errors
    ///
    /// The name is that of a network with a number of validators that there are no accounts for.
    pub fn parse(id: &str) -> Result<Option<Self>, String> {
        let id = if matches!(id, "" | "dev") { genesis::DEVELOPMENT } else { id };
        if let Some(network) = Self::presets().find(|network| network.preset == id) {
            return Ok(Some(network));
        }
        let Some((name, validators)) = id.split_once('-') else { return Ok(None) };
        let Some(preset) = [genesis::LOCAL, genesis::TEST].into_iter().find(|preset| *preset == name) else {
            return Ok(None);
        };
        let most = genesis::MAX_DEVELOPMENT_VALIDATORS;
        match validators.parse() {
            Ok(validators) if (1..=most).contains(&validators) => {
                Ok(Some(Self { preset, validators: Some(validators) }))
            }
            _ => Err(format!("{id} is not a network: {preset}-N has 1 to {most} validators")),
        }
    }

    /// Name of the preset.
    pub fn preset(&self) -> &'static str {
        self.preset
    }

    /// The specification with the built-in code.
    pub(crate) fn chain_spec(&self) -> Result<ChainSpec, String> {
        let mut builder = ChainSpec::builder(built_in_code()?, None)
            .with_name(&self.name())
            .with_id(&self.id())
            .with_chain_type(self.chain_type())
            .with_protocol_id("assay")
            .with_properties(properties())
            .with_genesis_config_patch(self.genesis());
        if self.preset == genesis::PRODUCTION {
            let telemetry = TelemetryEndpoints::new(vec![(PUBLIC_TELEMETRY.into(), 0)])
                .map_err(|error| format!("telemetry endpoint {PUBLIC_TELEMETRY}: {error}"))?;
            builder = builder.with_telemetry_endpoints(telemetry);
        }
        Ok(builder.build())
    }

    /// The preset as the runtime has it, which native code gives without running the WASM.
    fn genesis(&self) -> serde_json::Value {
        let mut genesis = genesis::preset(self.preset).unwrap_or_default();
        if let Some(validators) = self.validators {
            genesis::validators(&mut genesis, validators);
        }
        genesis
    }

    fn name(&self) -> String {
        match (self.preset, self.validators) {
            (genesis::PRODUCTION, _) => "Assay".into(),
            (genesis::DEVELOPMENT, _) => "Assay Development".into(),
            (genesis::LOCAL, None) => "Assay Local".into(),
            (genesis::LOCAL, Some(validators)) => format!("Assay Local of {validators}"),
            (_, None) => "Assay Test".into(),
            (_, Some(validators)) => format!("Assay Test of {validators}"),
        }
    }

    fn id(&self) -> String {
        match self.validators {
            None => format!("assay_{}", self.preset),
            Some(validators) => format!("assay_{}_{validators}", self.preset),
        }
    }

    fn chain_type(&self) -> ChainType {
        match self.preset {
            genesis::PRODUCTION => ChainType::Live,
            genesis::DEVELOPMENT => ChainType::Development,
            _ => ChainType::Local,
        }
    }
}

fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), token::SYMBOL.into());
    properties.insert("tokenDecimals".into(), token::DECIMALS.into());
    properties.insert("ss58Format".into(), token::SS58_PREFIX.into());
    properties
}
