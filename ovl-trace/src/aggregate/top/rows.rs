//! Rows by number, in pieces of the same size: what grows is not moved, and what is
//! dropped leaves room for others. (One piece per table would be moved to a larger
//! place again and again, and leave holes that nothing else fits into.)

/// Rows of a piece.
pub(super) const PIECE: usize = 8;

/// Rows, numbered from 0.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    /// All but the last one are full.
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Rows<T> {
    pub(super) fn len(&self) -> usize {
        let last = self.pieces.last().map_or(0, Vec::len);
        self.pieces.len().saturating_sub(1) * PIECE + last
    }

    /// The first piece: all rows, if there are less than [`PIECE`].
    pub(super) fn first(&self) -> &[T] {
        self.pieces.first().map_or(&[], Vec::as_slice)
    }

    pub(super) fn get(&self, at: usize) -> &T {
        &self.pieces[at / PIECE][at % PIECE]
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut T {
        &mut self.pieces[at / PIECE][at % PIECE]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pieces.iter_mut().flatten()
    }

    pub(super) fn push(&mut self, row: T) {
        let is_full = |piece: &Vec<T>| piece.len() >= PIECE;
        if self.pieces.last().is_none_or(is_full) {
            // Most tables that have more than one piece have many.
            let first = if self.pieces.is_empty() { 1 } else { PIECE };
            self.pieces.push(Vec::with_capacity(first));
        }
        if let Some(piece) = self.pieces.last_mut() {
            if piece.len() == piece.capacity() {
                let more = piece.len().min(PIECE - piece.len());
                piece.reserve_exact(more);
            }
            piece.push(row);
        }
    }

    /// Keeps some of the rows, in their order.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let old = std::mem::take(&mut self.pieces);
        for (row, keep) in old.into_iter().flatten().zip(keep) {
            if *keep {
                self.push(row);
            }
        }
        self.pieces.shrink_to_fit();
    }
}

impl<T> IntoIterator for Rows<T> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.into_iter().flatten()
    }
}
