//! In place of GPUs in a program that is built without them.

use assay_exec::{Backend, Cpu};

use super::backend::{DeviceChoice, GemmChoice};

/// Why there is no GPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this program was built without CUDA: build it with the feature cuda")]
pub struct Fault;

/// There is none.
pub enum Opened {}

impl Opened {
    /// Nothing computes.
    pub fn backend(&self) -> &dyn Backend {
        match *self {}
    }

    /// Nothing went wrong.
    pub fn fault(&self) -> Option<Fault> {
        match *self {}
    }
}

/// A GPU that was found: never.
#[derive(Clone, Debug)]
pub enum Found {}

impl Found {
    /// It has no number.
    pub fn index(&self) -> usize {
        match *self {}
    }

    /// It has no memory.
    pub fn memory(&self) -> u64 {
        match *self {}
    }

    /// It is nothing.
    pub fn describe(&self, _: GemmChoice) -> String {
        match *self {}
    }

    /// It makes no products.
    pub fn taken(&self, _: GemmChoice) -> GemmChoice {
        match *self {}
    }

    /// It has no way to make any.
    pub fn ways(&self) -> Vec<GemmChoice> {
        match *self {}
    }
}

/// Refuses.
pub fn open(_: &DeviceChoice, _: Cpu) -> Result<Opened, Fault> {
    Err(Fault)
}

/// Refuses.
pub fn driver() -> Result<String, Fault> {
    Err(Fault)
}

/// Refuses.
pub fn chosen(_: &DeviceChoice) -> Result<Found, Fault> {
    Err(Fault)
}

/// Refuses.
pub fn find() -> Result<Vec<Found>, Fault> {
    Err(Fault)
}
