use super::*;
use std::collections::HashMap;

use proptest::{prelude::*, test_runner::RngSeed};

fn filled(bytes: impl IntoIterator<Item = u64>) -> TopTable<u64> {
    let mut table = TopTable::default();
    for (key, bytes) in bytes.into_iter().enumerate() {
        let row = table.row(&(key as u64), || key as u64, SortKey::CopiedBytes);
        row.tally.copy_ups += 1;
        row.tally.copied_bytes += bytes;
    }
    table
}

#[test]
fn the_largest_rows_survive() {
    let count = 3 * CAPACITY as u64;
    let list = filled(0..count).into_list(SortKey::CopiedBytes, 2);
    assert_eq!(list.rows[0].0, count - 1);
    assert_eq!(list.rows[1].0, count - 2);
    assert_eq!(list.others, count - 2);
    assert!(list.dropped > 0);
}

#[test]
fn ties_are_in_order_of_the_key() {
    let list = filled([5, 5, 9]).into_list(SortKey::CopiedBytes, 9);
    assert_eq!(
        list.rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        [2, 0, 1]
    );
    let list = filled([5, 9, 5]).into_list(SortKey::Name, 9);
    assert_eq!(
        list.rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn sums_are_kept_and_memory_is_not(
        bytes in proptest::collection::vec(0_u64..1_000_000, 0..3 * CAPACITY),
        top in 0_usize..20,
    ) {
        let table = filled(bytes.iter().copied());
        prop_assert!(table.len() <= CAPACITY);
        let list = table.into_list(SortKey::CopiedBytes, top);
        let mut sum = list.others_tally;
        for (_, tally, ()) in &list.rows {
            sum.add(tally);
        }
        prop_assert_eq!(sum.copied_bytes, bytes.iter().sum::<u64>());
        prop_assert_eq!(sum.copy_ups, bytes.len() as u64);
        prop_assert_eq!(list.others + list.rows.len() as u64, bytes.len() as u64);
    }
}

/// A key, and what one event of it counts.
type Step = (u8, Tally);

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    // Some keys come often, some once; some events are large.
    let key = prop_oneof![0_u8..8, 0_u8..=255];
    let bytes = prop_oneof![8 => 0_u64..100, 1 => 0_u64..100_000];
    let step = (key, bytes, 0_u64..1000, 0_u64..2).prop_map(|(key, bytes, latency, whiteouts)| {
        let tally = Tally {
            copy_ups: 1,
            whiteouts,
            copied_bytes: bytes,
            latency_ns: latency,
            latency_max_ns: latency,
            ..Tally::default()
        };
        (key, tally)
    });
    proptest::collection::vec(step, 0..400)
}

fn any_sort() -> impl Strategy<Value = SortKey> {
    prop_oneof![
        Just(SortKey::CopiedBytes),
        Just(SortKey::CopyUps),
        Just(SortKey::Latency),
        Just(SortKey::Whiteouts),
    ]
}

/// So few rows that most are dropped.
const FEW: usize = 16;

fn table_of(steps: &[Step], sort: SortKey) -> TopTable<u8> {
    let mut table = TopTable::with_capacity(FEW);
    for (key, tally) in steps {
        table.row(key, || *key, sort).tally.add(tally);
        assert!(
            table.len() <= FEW
                && table
                    .forgotten
                    .as_ref()
                    .is_none_or(|it| it.floors.len() <= FEW + 1)
        );
    }
    table
}

fn exact(steps: &[Step]) -> HashMap<u8, Tally> {
    let mut exact: HashMap<u8, Tally> = HashMap::new();
    for (key, tally) in steps {
        exact.entry(*key).or_default().add(tally);
    }
    exact
}

/// In every number.
fn is_within(least: &Tally, truth: &Tally, most: &Tally) -> bool {
    let at_least = |more: &Tally, less: &Tally| {
        let mut raised = *more;
        raised.raise(less);
        raised == *more
    };
    at_least(truth, least) && at_least(most, truth)
}

/// What a table shows of each key is a lower bound, and what it says is missing at
/// most makes it an upper one.
fn hold_bounds(table: &TopTable<u8>, exact: &HashMap<u8, Tally>) {
    for (key, truth) in exact {
        let row = table.find(key).map(|at| &table.rows.get(at).1);
        let (least, most) = match row {
            Some(row) => (row.tally, row.tally.plus(&table.missing(row))),
            None => (Tally::default(), table.floor()),
        };
        assert!(
            is_within(&least, truth, &most),
            "{key}: {least:?} {truth:?} {most:?}"
        );
    }
    let forgotten = table.forgotten.as_deref();
    let mut sum = forgotten.map(|it| it.dropped_tally).unwrap_or_default();
    for (_, row) in table.iter() {
        sum.add(&row.tally);
    }
    let mut all = Tally::default();
    for tally in exact.values() {
        all.add(tally);
    }
    assert_eq!(sum, all, "sums are never cut");
}

proptest! {
    // The same cases each time.
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(0x6f76_6c74),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_missing_is_at_most_what_is_said(steps in any_steps(), sort in any_sort()) {
        hold_bounds(&table_of(&steps, sort), &exact(&steps));
    }

    #[test]
    fn no_more_is_missing_than_the_share_of_a_row(steps in any_steps(), sort in any_sort()) {
        let table = table_of(&steps, sort);
        let first = |tally: &Tally| tally.rank(sort)[0];
        let all: u64 = steps.iter().map(|(_, tally)| first(tally)).sum();
        prop_assert!(first(&table.floor()) <= all / (FEW as u64 / 8));
        for (_, row) in table.iter() {
            prop_assert!(is_within(&Tally::default(), &table.missing(row), &table.floor()));
        }
    }

    #[test]
    fn joined_tables_hold_their_bounds(
        a in any_steps(), b in any_steps(), sort in any_sort(),
    ) {
        let mut joined = table_of(&a, sort);
        joined.merge(table_of(&b, sort));
        hold_bounds(&joined, &exact(&[a, b].concat()));
    }

    #[test]
    fn dropping_at_any_time_holds_the_bounds(steps in any_steps(), sort in any_sort()) {
        let mut table = TopTable::with_capacity(FEW);
        for (number, (key, tally)) in steps.iter().enumerate() {
            table.row(key, || *key, sort).tally.add(tally);
            if number % 37 == 0 {
                table.drop_half(sort, number % 3);
            }
        }
        hold_bounds(&table, &exact(&steps));
    }
}
