//! The counts that the full-screen view shows at the end of a recording are those
//! of the report.

use std::fs;

use crate::{
    aggregate::{Overview, Report},
    cli::config::Observation,
    observe::{
        replay::{remarks::Stop, state::Replay},
        sink::Sink,
    },
    recording::{Item, Reader, test_support::fixtures},
};

fn read(bytes: &[u8]) -> (Overview, Report) {
    let mut reader = Reader::open(bytes).unwrap();
    let mut sink = Sink::none();
    let mut replay = Replay::new(reader.header(), &Observation::default(), &mut sink);
    let stop = loop {
        match reader.next_item().unwrap() {
            Item::Tail(tail) => break Stop::Tail(tail),
            item => replay.item(item).unwrap(),
        }
    };
    replay.settle(&stop);
    let overview = replay.core.aggregator.overview();
    (overview, replay.finish(reader.header(), &stop))
}

#[test]
fn the_overview_of_a_recording_has_the_numbers_of_the_report() {
    for path in fixtures() {
        let (overview, report) = read(&fs::read(&path).unwrap());
        let name = path.display();
        assert_eq!(overview.totals, report.totals, "{name}");
        assert_eq!(overview.loss, report.loss, "{name}");
        assert_eq!(overview.containers.len(), report.containers.len(), "{name}");
        for row in &overview.containers {
            let same = |it: &&_| {
                let it: &crate::aggregate::ContainerReport = it;
                it.origin == row.origin
            };
            let of_report = report.containers.iter().find(same).unwrap();
            assert_eq!(row.sums, of_report.sums, "{name}: {:?}", row.id);
            assert_eq!(row.counted_from, of_report.counted_from, "{name}");
        }
    }
}
