//! A screen as a picture: one SVG file that needs nothing else.

use std::fmt::Write as _;

use vt100::{Cell, Screen};

use super::{
    glyph,
    palette::{BACKGROUND, BAR, BORDER, COLOURS, FAINT, FOREGROUND, colour},
};

/// Sizes in pixels: of a cell, of the frame's title, and around the cells.
const CELL: (f32, f32) = (8.0, 18.0);
const TITLE: f32 = 34.0;
const MARGIN: f32 = 14.0;
/// From the top of a cell to the line that text stands on.
const BASELINE: f32 = 13.5;

/// How cells look that are drawn together.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    colour: String,
    bold: bool,
    dim: bool,
    underline: bool,
}

/// The screen in a window with this title.
pub(super) fn picture(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let width = f32::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f32::from(rows) * CELL.1 + TITLE + MARGIN;
    let name = escaped(title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{name}\">\n\
         <style>text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, \
         'DejaVu Sans Mono', 'Liberation Mono', monospace; white-space: pre }} \
         .b {{ font-weight: 700 }} .d {{ opacity: .62 }} .u {{ text-decoration: underline }}\
         </style>\n\
         <rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{BACKGROUND}\" \
         stroke=\"{BORDER}\"/>\n\
         <path d=\"M1 {TITLE}V10a9 9 0 0 1 9-9h{}a9 9 0 0 1 9 9V{TITLE}z\" fill=\"{BAR}\"/>\n",
        width - 1.0,
        height - 1.0,
        width - 20.0,
    );
    for (place, colour) in [(20.0, 1), (38.0, 3), (56.0, 2)] {
        line(
            &mut out,
            format_args!(
                "<circle cx=\"{place}\" cy=\"17\" r=\"5.5\" fill=\"{}\"/>",
                COLOURS[colour]
            ),
        );
    }
    line(
        &mut out,
        format_args!(
            "<text x=\"{}\" y=\"21.5\" text-anchor=\"middle\" fill=\"{FAINT}\">{name}</text>",
            width / 2.0
        ),
    );
    for row in 0..rows {
        let top = TITLE + MARGIN / 2.0 + f32::from(row) * CELL.1;
        backgrounds(&mut out, screen, row, top);
        texts(&mut out, screen, row, top);
    }
    out.push_str("</svg>\n");
    out
}

/// What is behind the text of a row, where that is not the window's colour.
fn backgrounds(out: &mut String, screen: &Screen, row: u16, top: f32) {
    let cells = cells(screen, row).map(|(column, cell)| (column, background(cell)));
    for (start, count, colour) in runs(cells) {
        if let Some(colour) = colour {
            rectangle(
                out,
                left(start),
                top,
                f32::from(count) * CELL.0,
                CELL.1,
                &colour,
            );
        }
    }
}

/// Characters of a row: drawn, or written.
fn texts(out: &mut String, screen: &Screen, row: u16, top: f32) {
    let mut line_of_text = String::new();
    let looks = cells(screen, row).map(|(column, cell)| {
        let drawn = character(cell).and_then(glyph::of);
        (column, (look(cell), drawn))
    });
    for (start, count, (look, drawn)) in runs(looks) {
        if let Some(part) = drawn {
            let x = left(start) + part.left * CELL.0;
            let shape = (x, top + part.top * CELL.1, part.height * CELL.1);
            let width = f32::from(count - 1) * CELL.0 + part.width * CELL.0;
            drawn_run(out, shape, width, &look, count, part);
            continue;
        }
        words(&mut line_of_text, screen, row, (start, count), &look);
    }
    if !line_of_text.is_empty() {
        let baseline = top + BASELINE;
        line(
            out,
            format_args!("<text y=\"{baseline}\">{line_of_text}</text>"),
        );
    }
}

/// A character that is drawn, so often side by side.
fn drawn_run(
    out: &mut String,
    (x, y, height): (f32, f32, f32),
    width: f32,
    look: &Look,
    count: u16,
    part: glyph::Part,
) {
    let dim = if look.dim { " class=\"d\"" } else { "" };
    // Only what fills its cell from side to side joins its neighbour.
    let (times, width) = match part.width {
        1.0 => (1, width),
        share => (count, share * CELL.0),
    };
    for time in 0..times {
        let x = x + f32::from(time) * CELL.0;
        let colour = &look.colour;
        line(
            out,
            format_args!(
                "<rect{dim} x=\"{x}\" y=\"{y:.1}\" width=\"{width}\" height=\"{height:.1}\" \
                 fill=\"{colour}\"/>"
            ),
        );
    }
}

/// Text of one look, word by word: each begins in its column, whatever the font.
fn words(out: &mut String, screen: &Screen, row: u16, (start, count): (u16, u16), look: &Look) {
    let mut word = (start, 0, String::new());
    for column in start..start + count {
        let Some(cell) = screen.cell(row, column) else {
            continue;
        };
        if cell.is_wide_continuation() {
            word.1 += 1;
        } else if cell.has_contents() && cell.contents() != " " {
            word.1 += 1;
            word.2.push_str(cell.contents());
        } else {
            span(out, &word, look);
            word = (column + 1, 0, String::new());
        }
    }
    span(out, &word, look);
}

fn span(out: &mut String, (start, count, text): &(u16, u16, String), look: &Look) {
    if text.is_empty() {
        return;
    }
    let classes: Vec<_> = [(look.bold, "b"), (look.dim, "d"), (look.underline, "u")]
        .into_iter()
        .filter_map(|(is, class)| is.then_some(class))
        .collect();
    let class = match &classes[..] {
        [] => String::new(),
        classes => format!(" class=\"{}\"", classes.join(" ")),
    };
    let x = left(*start);
    let length = f32::from(*count) * CELL.0;
    let _: std::fmt::Result = write!(
        out,
        "<tspan{class} x=\"{x}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" \
         fill=\"{}\">{}</tspan>",
        look.colour,
        escaped(text)
    );
}

fn cells(screen: &Screen, row: u16) -> impl Iterator<Item = (u16, &Cell)> {
    let (_, columns) = screen.size();
    (0..columns).filter_map(move |column| Some((column, screen.cell(row, column)?)))
}

/// Neighbours that are the same: where they begin, and how many they are.
fn runs<T: PartialEq>(cells: impl Iterator<Item = (u16, T)>) -> Vec<(u16, u16, T)> {
    let mut runs: Vec<(u16, u16, T)> = Vec::new();
    for (column, value) in cells {
        match runs.last_mut() {
            Some((_, count, last)) if *last == value => *count += 1,
            _ => runs.push((column, 1, value)),
        }
    }
    runs
}

fn character(cell: &Cell) -> Option<char> {
    cell.contents().chars().next()
}

fn look(cell: &Cell) -> Look {
    let colour = if cell.inverse() {
        colour(cell.bgcolor()).unwrap_or_else(|| BACKGROUND.to_owned())
    } else {
        colour(cell.fgcolor()).unwrap_or_else(|| FOREGROUND.to_owned())
    };
    Look {
        colour,
        bold: cell.bold(),
        dim: cell.dim(),
        underline: cell.underline(),
    }
}

/// `None`: that of the window.
fn background(cell: &Cell) -> Option<String> {
    if cell.inverse() {
        return Some(colour(cell.fgcolor()).unwrap_or_else(|| FOREGROUND.to_owned()));
    }
    colour(cell.bgcolor())
}

fn left(column: u16) -> f32 {
    MARGIN + f32::from(column) * CELL.0
}

fn rectangle(out: &mut String, x: f32, y: f32, width: f32, height: f32, colour: &str) {
    line(
        out,
        format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\"/>"
        ),
    );
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _: std::fmt::Result = writeln!(out, "{text}");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(text: &str) -> Screen {
        let mut parser = vt100::Parser::new(2, 20, 0);
        parser.process(text.as_bytes());
        parser.screen().clone()
    }

    #[test]
    fn text_is_escaped_and_in_its_column() {
        let svg = picture(&screen("ab \x1b[1;31m<&>\x1b[0m"), "a \"title\"");
        assert!(svg.contains("aria-label=\"a &quot;title&quot;\""), "{svg}");
        let red = "<tspan class=\"b\" x=\"38\" textLength=\"24\" \
                   lengthAdjust=\"spacingAndGlyphs\" fill=\"#ef6b73\">&lt;&amp;&gt;</tspan>";
        assert!(svg.contains(red), "{svg}");
        assert!(svg.contains(" x=\"14\" textLength=\"16\""), "{svg}");
    }

    #[test]
    fn reversed_cells_have_a_background_and_dark_text() {
        let svg = picture(&screen("\x1b[7mab\x1b[0m"), "");
        let behind = format!("width=\"16\" height=\"18\" fill=\"{FOREGROUND}\"");
        assert!(svg.contains(&behind), "{svg}");
        assert!(svg.contains(&format!("fill=\"{BACKGROUND}\">ab<")), "{svg}");
    }

    #[test]
    fn blocks_are_drawn_and_join() {
        let svg = picture(&screen("███"), "");
        assert!(svg.contains("width=\"24\" height=\"18.0\""), "{svg}");
        assert!(!svg.contains('█'));
    }
}
