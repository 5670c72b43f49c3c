//! What Prometheus reads.

use assay_blobs::Progress as Transfer;
use assay_core::Progress;
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use super::status::Status;

/// Counters and gauges of one worker. Clones are the same ones.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    seats: IntGaugeVec,
    best: IntGauge,
    last_final: IntGauge,
    ready: IntGauge,
    draining: IntGauge,
    transactions: IntCounterVec,
    runs: IntCounterVec,
    run_seconds: Histogram,
    fetched: IntCounter,
    published: IntCounter,
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    ///
    /// Two of them have one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| IntGauge::new(name, help);
        let seconds = HistogramOpts::new("assay_worker_run_seconds", "Seconds that a job's process took")
            .buckets(prometheus::exponential_buckets(0.25, 2.0, 16)?);
        let metrics = Self {
            registry: Registry::new(),
            seats: IntGaugeVec::new(Opts::new("assay_worker_seats", "Seats by progress"), &["progress"])?,
            best: gauge("assay_worker_best_block", "Number of the best block")?,
            last_final: gauge("assay_worker_final_block", "Number of the last final block")?,
            ready: gauge("assay_worker_ready", "1 while the worker follows the chain")?,
            draining: gauge("assay_worker_draining", "1 while the worker takes no new seats")?,
            transactions: IntCounterVec::new(
                Opts::new("assay_worker_transactions_total", "Transactions by call and result"),
                &["call", "result"],
            )?,
            runs: IntCounterVec::new(
                Opts::new("assay_worker_runs_total", "Runs of jobs by how they ended"),
                &["result"],
            )?,
            run_seconds: Histogram::with_opts(seconds)?,
            fetched: IntCounter::new("assay_worker_fetched_bytes_total", "Bytes fetched for jobs")?,
            published: IntCounter::new("assay_worker_published_total", "Results published")?,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let registry = &self.registry;
        registry.register(Box::new(self.seats.clone()))?;
        registry.register(Box::new(self.best.clone()))?;
        registry.register(Box::new(self.last_final.clone()))?;
        registry.register(Box::new(self.ready.clone()))?;
        registry.register(Box::new(self.draining.clone()))?;
        registry.register(Box::new(self.transactions.clone()))?;
        registry.register(Box::new(self.runs.clone()))?;
        registry.register(Box::new(self.run_seconds.clone()))?;
        registry.register(Box::new(self.fetched.clone()))?;
        registry.register(Box::new(self.published.clone()))
    }

    /// Shows where the worker is.
    pub fn show(&self, status: &Status) {
        for progress in Progress::ALL {
            let seats = status.seats.iter().filter(|seat| seat.progress == progress.name()).count();
            self.seats.with_label_values(&[progress.name()]).set(seats as i64);
        }
        self.best.set(status.best.into());
        self.last_final.set(status.last_final.into());
        self.ready.set(status.ready.into());
        self.draining.set(status.draining.into());
    }

    /// Counts a transaction.
    pub fn sent(&self, call: &str, included: bool) {
        let result = if included { "included" } else { "failed" };
        self.transactions.with_label_values(&[call, result]).inc();
    }

    /// Counts a run.
    pub fn ran(&self, result: &str, seconds: f64) {
        self.runs.with_label_values(&[result]).inc();
        self.run_seconds.observe(seconds);
    }

    /// Counts a result that was published.
    pub fn published(&self) {
        self.published.inc();
    }

    /// All of them as text.
    ///
    /// # Errors
    ///
    /// One of them can't be written.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

impl Transfer for Metrics {
    fn start(&self, _: u64) {}

    fn add(&self, bytes: u64) {
        self.fetched.inc_by(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DASHBOARD: &str = include_str!("../../../deploy/grafana.json");
    const PREFIX: &str = "assay_worker_";

    /// The names in a text that begin as the worker's do.
    fn names(text: &str) -> BTreeSet<String> {
        let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let name = |rest: &str| PREFIX.to_string() + rest.split(is_other).next().unwrap_or_default();
        text.split(PREFIX).skip(1).map(name).collect()
    }

    #[test]
    fn the_dashboard_asks_for_figures_that_there_are() {
        let metrics = Metrics::new().expect("metrics");
        metrics.show(&Status::default());
        metrics.sent("commit", true);
        metrics.ran("computed", 1.0);
        let (there, asked) = (names(&metrics.text().expect("text")), names(DASHBOARD));
        assert!(asked.len() > 8, "{asked:?}");
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
