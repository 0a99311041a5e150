//! Percentiles of a log2 histogram.

use ovl_trace_common::aggregate::BUCKETS;

use crate::model::Histogram;

/// The latency that `percent` (0 to 100) of the copy-ups did not exceed.
///
/// The histogram only knows the power of two, so the position inside the
/// bucket is interpolated, as if its copy-ups were evenly spread; the known
/// shortest and longest latencies narrow the outer buckets. The result is
/// thus at most a factor of two off, and never outside `[min, max]`.
/// `None` for an empty histogram.
pub(crate) fn percentile(
    histogram: &Histogram,
    percent: u32,
    min_ns: Option<u64>,
    max_ns: Option<u64>,
) -> Option<u64> {
    // In hundredths of a copy-up, so that the bucket is found without rounding:
    // 0.28 times 50 is a little more than 14.
    let buckets = histogram.buckets();
    let total: u128 = buckets.iter().map(|count| u128::from(*count)).sum();
    let rank = u128::from(percent.min(100)) * total;
    let mut below = 0;
    for (index, &count) in buckets.iter().enumerate() {
        if count == 0 {
            continue;
        }
        let count = u128::from(count) * 100;
        if below + count >= rank {
            let (low, high) = narrowed(index, min_ns, max_ns);
            let inside = (rank - below) as f64 / count as f64;
            let value = low as f64 + (high - low) as f64 * inside;
            // In f64, u64::MAX rounds up; the cast saturates.
            #[expect(
                clippy::cast_sign_loss,
                reason = "low, high and inside are not negative"
            )]
            return Some((value.round() as u64).clamp(low, high));
        }
        below += count;
    }
    None
}

/// The range of latencies in a bucket that has some.
fn narrowed(index: usize, min_ns: Option<u64>, max_ns: Option<u64>) -> (u64, u64) {
    let (first, last) = range(index);
    let last = last.unwrap_or_else(|| max_ns.unwrap_or(first));
    let low = first.max(min_ns.unwrap_or(0)).min(last);
    let high = last.min(max_ns.unwrap_or(u64::MAX)).max(low);
    (low, high)
}

/// First and last latency of a bucket; the last bucket has no end.
pub(crate) fn range(index: usize) -> (u64, Option<u64>) {
    let first = if index == 0 { 0 } else { 1_u64 << index };
    let last = (index + 1 < BUCKETS).then(|| (1_u64 << (index + 1)) - 1);
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ovl_trace_common::aggregate::bucket;
    use proptest::prelude::*;

    fn of(latencies: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for &latency in latencies {
            histogram.count_one(latency);
        }
        histogram
    }

    fn check(latencies: &[u64], percent: u32) -> Option<u64> {
        let (min, max) = (latencies.iter().min(), latencies.iter().max());
        percentile(&of(latencies), percent, min.copied(), max.copied())
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(check(&[], 50), None);
    }

    #[test]
    fn a_single_value_is_exact() {
        for percent in [0, 50, 99, 100] {
            assert_eq!(check(&[183_000_000], percent), Some(183_000_000));
        }
    }

    #[test]
    fn outliers_show_in_the_tail_only() {
        let mut latencies = vec![1000; 99];
        latencies.push(1_000_000_000);
        assert_eq!(check(&latencies, 50).unwrap().ilog2(), 1000_u64.ilog2());
        assert_eq!(check(&latencies, 100), Some(1_000_000_000));
    }

    #[test]
    fn without_bounds_the_bucket_is_the_bound() {
        assert_eq!(percentile(&of(&[1000]), 100, None, None), Some(1023));
        assert_eq!(percentile(&of(&[u64::MAX]), 100, None, None), Some(1 << 39));
        assert_eq!(
            percentile(&of(&[u64::MAX]), 100, None, Some(u64::MAX)),
            Some(u64::MAX)
        );
    }

    proptest! {
        #[test]
        fn within_the_bounds_of_the_true_value(
            latencies in proptest::collection::vec(0_u64..1 << 39, 1..200),
            percent in 0_u32..=100,
        ) {
            let mut sorted = latencies.clone();
            sorted.sort_unstable();
            let rank = (percent as usize * sorted.len()).div_ceil(100);
            let truth = sorted[rank.clamp(1, sorted.len()) - 1];
            let value = check(&latencies, percent).unwrap();
            prop_assert_eq!(bucket(value), bucket(truth), "{} for {}", value, truth);
            prop_assert!((sorted[0]..=sorted[sorted.len() - 1]).contains(&value));
        }

        #[test]
        fn monotone(latencies in proptest::collection::vec(any::<u64>(), 1..100)) {
            let values: Vec<_> = (0..=20).map(|i| check(&latencies, i * 5)).collect();
            prop_assert!(values.is_sorted());
        }

        #[test]
        fn hostile_counters_do_not_panic(
            counts in proptest::collection::vec(any::<u64>(), BUCKETS),
            percent in any::<u32>(),
            min in any::<Option<u64>>(),
            max in any::<Option<u64>>(),
        ) {
            let counts: [u64; BUCKETS] = counts.try_into().unwrap();
            let histogram = Histogram::new(&counts);
            percentile(&histogram, percent, min, max);
        }
    }
}
