//! Which columns of the container table fit.

use crate::screen::state::{Column, SECONDS};

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Sorted(Column),
    /// Image, or pod.
    Image,
    /// The last minute.
    Minute,
}

/// Columns and their widths, from left to right.
pub(super) type Columns = Vec<(Cell, usize)>;

/// Space between two columns.
pub(super) const GAP: usize = 1;

/// Narrowest name.
const NAME: usize = 14;

/// In the order of the table; a greater number gives way first.
const TABLE: [(Cell, usize, u8); 11] = [
    (Cell::Sorted(Column::Name), NAME, 0),
    (Cell::Image, 18, 8),
    (Cell::Sorted(Column::CopyUps), 9, 1),
    (Cell::Sorted(Column::CopyUpRate), 5, 3),
    (Cell::Sorted(Column::Bytes), 10, 1),
    (Cell::Sorted(Column::ByteRate), 10, 2),
    (Cell::Sorted(Column::P50), 7, 6),
    (Cell::Sorted(Column::P99), 7, 2),
    (Cell::Sorted(Column::Max), 7, 7),
    (Cell::Sorted(Column::Whiteouts), 10, 4),
    (Cell::Minute, 6, 5),
];

/// The columns that fit, the sorted one always among them. What room is left
/// goes to names, images and the last minute.
pub(super) fn fit(columns: usize, sorted: Column) -> Columns {
    let mut chosen: Vec<(Cell, usize, u8)> = TABLE
        .into_iter()
        .map(|(cell, width, last)| match cell {
            Cell::Sorted(column) if column == sorted => (cell, width, 0),
            _ => (cell, width, last),
        })
        .collect();
    while total(&chosen) > columns && chosen.len() > 1 {
        let Some(worst) = (0..chosen.len()).max_by_key(|at| chosen[*at].2) else {
            break;
        };
        chosen.remove(worst);
    }
    let mut room = columns.saturating_sub(total(&chosen));
    for (cell, most) in [
        (Cell::Sorted(Column::Name), 20),
        (Cell::Image, 26),
        (Cell::Minute, 20),
        (Cell::Sorted(Column::Name), 32),
        (Cell::Image, 40),
        (Cell::Minute, SECONDS),
        (Cell::Sorted(Column::Name), usize::MAX),
    ] {
        if let Some((_, width, _)) = chosen.iter_mut().find(|(other, ..)| *other == cell) {
            let more = room.min(most.saturating_sub(*width));
            *width += more;
            room -= more;
        }
    }
    chosen
        .into_iter()
        .map(|(cell, width, _)| (cell, width))
        .collect()
}

fn total(columns: &[(Cell, usize, u8)]) -> usize {
    let widths: usize = columns.iter().map(|(_, width, _)| width + GAP).sum();
    widths + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sorted_by_is_always_there() {
        for sorted in Column::ALL {
            for columns in 40..220 {
                let fitting = fit(columns, sorted);
                assert!(
                    fitting
                        .iter()
                        .any(|(cell, _)| *cell == Cell::Sorted(sorted))
                );
                let used: usize = fitting.iter().map(|(_, width)| width + GAP).sum();
                assert!(used <= columns, "{columns}: {fitting:?}");
            }
        }
    }

    #[test]
    fn eighty_columns_have_all_but_image_p50_and_max() {
        let cells: Vec<_> = fit(80, Column::Bytes)
            .into_iter()
            .map(|(cell, _)| cell)
            .collect();
        let missing: Vec<_> = TABLE
            .into_iter()
            .filter(|(cell, ..)| !cells.contains(cell))
            .collect();
        assert_eq!(missing.len(), 3, "{missing:?}");
    }
}
