//! What comes over a network, and may come at the second time: an archive changes
//! between its index and its packages, or does not answer for a moment.

use std::{thread, time::Duration};

use anyhow::Result;

use crate::host::say;

/// How often something is tried.
const TRIES: u32 = 3;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(10);

/// Does it until it works, three times at most. Fails as the last time did.
pub(crate) fn patiently<T>(work: impl FnMut() -> Result<T>) -> Result<T> {
    with_pause(PAUSE, work)
}

fn with_pause<T>(pause: Duration, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 1..TRIES {
        match work() {
            Ok(done) => return Ok(done),
            Err(error) => say(format_args!("once more in {pause:?}: {error:#}")),
        }
        thread::sleep(pause);
    }
    work()
}

#[cfg(test)]
mod tests {
    use anyhow::ensure;

    use super::*;

    fn that_works_at(last: u32) -> (Result<u32>, u32) {
        let mut times = 0;
        let done = with_pause(Duration::ZERO, || {
            times += 1;
            ensure!(times >= last, "time {times}");
            Ok(times)
        });
        (done, times)
    }

    #[test]
    fn once_if_it_works() {
        let (done, times) = that_works_at(1);
        assert_eq!((done.ok(), times), (Some(1), 1));
    }

    #[test]
    fn the_third_time_is_the_last() {
        let (done, times) = that_works_at(3);
        assert_eq!((done.ok(), times), (Some(3), 3));
        let (done, times) = that_works_at(4);
        assert_eq!(
            done.map_err(|error| error.to_string()),
            Err("time 3".into())
        );
        assert_eq!(times, 3);
    }
}
