//! Characters that are drawn instead of written: no font has them so that they
//! join without a gap.

/// A part of a cell, in shares of its width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// Left edge.
    pub(super) left: f32,
    /// Upper edge.
    pub(super) top: f32,
    /// Width.
    pub(super) width: f32,
    /// Height.
    pub(super) height: f32,
}

/// What a character fills; `None` if it is text.
pub(super) fn of(character: char) -> Option<Part> {
    let code = character as u32;
    let filled = |left, top, width, height| {
        Some(Part {
            left,
            top,
            width,
            height,
        })
    };
    match character {
        // Lower eighths up to the full block, then left eighths down to one.
        '\u{2581}'..='\u{2588}' => {
            let height = (code - 0x2580) as f32 / 8.0;
            filled(0.0, 1.0 - height, 1.0, height)
        }
        '\u{2589}'..='\u{258f}' => filled(0.0, 0.0, (0x2590 - code) as f32 / 8.0, 1.0),
        '─' => filled(0.0, 0.47, 1.0, 0.06),
        '━' => filled(0.0, 0.44, 1.0, 0.12),
        '│' => filled(0.44, 0.0, 0.12, 1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_eighths() {
        let area = |character| of(character).map(|it| it.width * it.height);
        assert_eq!(area('▁'), Some(0.125));
        assert_eq!(area('▇'), Some(0.875));
        assert_eq!(area('█'), Some(1.0));
        assert_eq!(area('▏'), Some(0.125));
        assert_eq!(area('▉'), Some(0.875));
        assert_eq!(of('▼'), None);
    }
}
