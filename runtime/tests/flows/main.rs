//! Whole flows through the real runtime: blocks with real inherents, VRFs and signatures.

mod backlog;
mod bonds;
mod ceiling;
mod chain;
mod clock;
mod equivocations;
mod fees;
mod genesis;
mod governance;
mod governance_views;
mod growth;
mod market;
mod market_views;
mod random;
mod rewards;
mod safety;
mod staking;
mod upgrade;
mod wallet;
mod weights;
