//! Reads tables back from each of the formats.

use super::html::{Token, tokens};

/// A table as a reader sees it: headings in upper case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Those of a page.
pub(super) fn of_html(page: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut cell: Option<String> = None;
    for token in tokens(page) {
        match (token, tables.last_mut()) {
            (Token::Open(name, ..), _) if name == "table" => tables.push(Table {
                headings: Vec::new(),
                rows: Vec::new(),
            }),
            (Token::Open(name, ..), Some(table)) if name == "tr" && !table.headings.is_empty() => {
                table.rows.push(Vec::new());
            }
            (Token::Open(name, ..), _) if name == "th" || name == "td" => {
                cell = Some(String::new());
            }
            (Token::Text(text), _) => {
                if let Some(cell) = &mut cell {
                    cell.push_str(&text);
                }
            }
            (Token::Close(name), Some(table)) if name == "th" => {
                let heading = cell.take().unwrap_or_default();
                table.headings.push(heading.to_uppercase());
            }
            (Token::Close(name), Some(table)) if name == "td" => {
                let row = table.rows.last_mut().unwrap();
                row.push(cell.take().unwrap_or_default());
            }
            _ => {}
        }
    }
    tables
}

/// Those of Markdown.
pub(super) fn of_markdown(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(cells) = line.strip_prefix("| ").and_then(|it| it.strip_suffix(" |")) else {
            inside = false;
            continue;
        };
        let cells: Vec<String> = split_at_bars(cells).iter().map(|it| plain(it)).collect();
        if !inside {
            inside = true;
            let headings = cells.iter().map(|cell| cell.to_uppercase()).collect();
            tables.push(Table {
                headings,
                rows: Vec::new(),
            });
        } else if !line.starts_with("| --") {
            tables.last_mut().unwrap().rows.push(cells);
        }
    }
    tables
}

fn split_at_bars(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        if c == '|' && before != '\\' {
            cells.push(String::new());
        } else {
            cells.last_mut().unwrap().push(c);
        }
        before = c;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Without the marks of code, and with what was escaped as it was.
fn plain(cell: &str) -> String {
    let cell = cell.replace("\\|", "|");
    let run = cell.len() - cell.trim_start_matches('`').len();
    if run > 0 {
        return cell[run..cell.len() - run].to_owned();
    }
    let text = cell.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&amp;", "&").replace('\\', "")
}

/// Those of text in columns: the headings tell where the columns are. Cells of
/// names may be cut, and are left as they stand.
pub(super) fn of_text(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let words: Vec<String> = columns(line);
        let is_heading = words.len() > 2
            && words
                .iter()
                .all(|word| word.chars().any(char::is_alphabetic) && *word == word.to_uppercase());
        if is_heading {
            inside = true;
            tables.push(Table {
                headings: words,
                rows: Vec::new(),
            });
        } else if inside {
            let table = tables.last_mut().unwrap();
            // The sum of all has no image.
            if words.len() == table.headings.len() || words.first().is_some_and(|it| it == "(all)")
            {
                table.rows.push(words);
            } else {
                inside = false;
            }
        }
    }
    tables
}

/// Columns are two blanks apart.
fn columns(line: &str) -> Vec<String> {
    line.split("  ")
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
