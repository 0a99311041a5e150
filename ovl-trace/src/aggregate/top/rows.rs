//! Rows by number, in pieces of the same size: what grows is not moved, and what is
//! dropped leaves room for others. (One piece per table would be moved to a larger
//! place again and again, and leave holes that nothing else fits into.)

/// Rows of a piece.
const PIECE: usize = 8;

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

    pub(super) fn try_get(&self, at: usize) -> Option<&T> {
        self.pieces.get(at / PIECE)?.get(at % PIECE)
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

    /// Keeps some of the rows, in no order: the last of them take the places of those
    /// that go.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let keeps = |at: usize| keep.get(at).is_some_and(|keep| *keep);
        let (mut kept, mut end) = (0, self.len());
        loop {
            while kept < end && keeps(kept) {
                kept += 1;
            }
            while kept < end && !keeps(end - 1) {
                end -= 1;
            }
            if kept >= end {
                break;
            }
            end -= 1;
            self.swap(kept, end);
            kept += 1;
        }
        self.pieces.truncate(kept.div_ceil(PIECE));
        if let Some(last) = self.pieces.last_mut() {
            last.truncate((kept - 1) % PIECE + 1);
        }
        self.pieces.shrink_to_fit();
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (first, rest) = self.pieces.split_at_mut(b / PIECE);
        match first.get_mut(a / PIECE) {
            Some(piece) => std::mem::swap(&mut piece[a % PIECE], &mut rest[0][b % PIECE]),
            None => rest[0].swap(a % PIECE, b % PIECE),
        }
    }
}

impl<T> IntoIterator for Rows<T> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.into_iter().flatten()
    }
}
