//! Reads a page back: strictly, as what it should be.

/// What a page is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An opening tag with its attributes, decoded; whether it has no inside.
    Open(String, Vec<(String, String)>, bool),
    Close(String),
    /// Text, decoded.
    Text(String),
}

/// The tokens of a page. Panics where it is not well-formed.
pub(crate) fn tokens(page: &str) -> Vec<Token> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").expect("a doctype");
    let mut tokens = Vec::new();
    let mut open: Vec<String> = Vec::new();
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            // A style sheet is no text.
            let text = &rest[..end];
            if open.last().is_none_or(|name| name != "style") {
                assert!(!text.contains('>'), "{text}");
                tokens.push(Token::Text(decode(text)));
            }
            rest = &rest[end..];
            continue;
        };
        let (inside, after) = tag.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "tags are nested");
            tokens.push(Token::Close(name.to_owned()));
            continue;
        }
        let (inside, empty) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let (name, attributes) = attributes(inside);
        if !empty {
            open.push(name.clone());
        }
        tokens.push(Token::Open(name, attributes, empty));
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    tokens
}

fn attributes(inside: &str) -> (String, Vec<(String, String)>) {
    let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let (attribute, after) = rest.split_once("=\"").expect("a value in quotes");
        let (value, after) = after.split_once('"').expect("the value ends");
        attributes.push((attribute.trim().to_owned(), decode(value)));
        rest = after.trim_start();
    }
    (name.to_owned(), attributes)
}

fn decode(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// The text of each element with this name, without that of its title.
pub(crate) fn texts(tokens: &[Token], element: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut depth = 0;
    for token in tokens {
        match token {
            Token::Open(name, ..) if name == element => {
                depth += 1;
                texts.push(String::new());
            }
            Token::Close(name) if name == element => depth -= 1,
            Token::Text(text) if depth > 0 => {
                if let Some(last) = texts.last_mut() {
                    last.push_str(text);
                }
            }
            _ => {}
        }
    }
    texts
}
