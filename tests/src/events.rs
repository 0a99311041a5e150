//! What `ovl-trace live --output json` wrote.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// A finished observation.
pub(crate) struct Recorded {
    /// All events.
    pub(crate) events: Vec<Value>,
    /// The report at the end.
    pub(crate) summary: Value,
    /// Standard error.
    pub(crate) log: String,
}

impl Recorded {
    pub(crate) fn new(mut events: Vec<Value>, log: String) -> Result<Self> {
        let summary = events.pop().context("ovl-trace wrote nothing")?;
        ensure!(summary["type"] == "summary", "the last line is {summary}");
        Ok(Self {
            events,
            summary,
            log,
        })
    }

    /// Fails if anything was lost.
    pub(crate) fn expect_no_loss(&self) -> Result<()> {
        let loss = &self.summary["loss"];
        for source in ["ring", "queue", "probe", "disarmed"] {
            ensure!(
                loss[source] == 0,
                "{source} lost something: {loss}; {}",
                self.log
            );
        }
        ensure!(
            self.of_type("loss").is_empty(),
            "loss events: {:?}",
            self.of_type("loss")
        );
        Ok(())
    }

    /// Events of one type.
    pub(crate) fn of_type(&self, name: &str) -> Vec<&Value> {
        self.events
            .iter()
            .filter(|event| event["type"] == name)
            .collect()
    }

    /// Successful copy-ups of a container, by name.
    pub(crate) fn copy_ups(&self, container: &str) -> Vec<&Value> {
        self.of_type("copy_up")
            .into_iter()
            .filter(|event| event["container"]["name"] == container && event["result"] == "ok")
            .collect()
    }

    /// Whiteouts of a container, by name.
    pub(crate) fn whiteouts(&self, container: &str) -> Vec<&Value> {
        self.of_type("whiteout")
            .into_iter()
            .filter(|event| event["container"]["name"] == container)
            .collect()
    }

    /// How many events the kernel side did not send because the filter does not admit
    /// them, as the log says.
    pub(crate) fn withheld(&self) -> Result<usize> {
        let (before, _) = self
            .log
            .split_once(" events that the filter does not admit were not sent")
            .context("the log does not say what was withheld")?;
        let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next();
        Ok(digits.unwrap_or_default().parse()?)
    }

    /// The report's row of a container. Fails if there is not exactly one.
    pub(crate) fn row(&self, container: &str) -> Result<&Value> {
        let rows = self.summary["containers"]
            .as_array()
            .context("no containers")?;
        let mut rows = rows
            .iter()
            .filter(|row| row["container"]["name"] == container);
        let row = rows
            .next()
            .with_context(|| format!("no row for {container}: {}", self.summary))?;
        ensure!(rows.next().is_none(), "two rows for {container}");
        Ok(row)
    }
}

/// Events of one kind.
pub(crate) fn of_kind<'a>(events: &[&'a Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .copied()
        .filter(|event| event["kind"] == kind)
        .collect()
}

/// The sum of a number over events. An unknown one is an error.
pub(crate) fn sum(events: &[&Value], field: &str) -> Result<u64> {
    events
        .iter()
        .map(|event| {
            event[field]
                .as_u64()
                .with_context(|| format!("'{field}' is not known in {event}"))
        })
        .sum()
}

/// The paths of events, sorted.
pub(crate) fn paths(events: &[&Value]) -> Vec<String> {
    let mut paths: Vec<String> = events
        .iter()
        .map(|event| event["path"].as_str().unwrap_or_default().to_owned())
        .collect();
    paths.sort();
    paths
}
