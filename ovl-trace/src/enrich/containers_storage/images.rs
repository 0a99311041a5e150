//! The layers below a container, and what made them.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::records::{ImageRecord, LayerRecord};
use crate::{
    enrich::{image::MAX_LAYERS, patterns::is_hex64},
    model::Layer,
};

/// The layers from `top` down to the base. `None` if one of them is on no
/// record.
pub(crate) fn chain<'a>(
    indexes: &[&'a HashMap<String, LayerRecord>],
    top: &'a str,
) -> Option<Vec<Layer>> {
    let mut layers = Vec::new();
    let mut next = top;
    while !next.is_empty() {
        if layers.len() >= MAX_LAYERS {
            return None;
        }
        let record = indexes.iter().find_map(|index| index.get(next))?;
        layers.push(Layer {
            id: next.to_owned(),
            digest: record.digest.clone().filter(|digest| !digest.is_empty()),
            created_by: None,
        });
        next = &record.parent;
    }
    Some(layers)
}

/// Adds to layers (topmost first) what the image's configuration (base first)
/// says of them. Nothing if the two do not agree: a wrong instruction is worse
/// than none.
pub(crate) fn explain(layers: &mut [Layer], image: Vec<Layer>) {
    let agrees =
        |(layer, known): (&Layer, &Layer)| layer.digest.is_none() || layer.digest == known.digest;
    if layers.len() != image.len() || !layers.iter().zip(image.iter().rev()).all(agrees) {
        return;
    }
    for (layer, known) in layers.iter_mut().zip(image.into_iter().rev()) {
        layer.digest = known.digest;
        layer.created_by = known.created_by;
    }
}

/// The files that may have an image's configuration, the likeliest first.
/// `None` for an image of no sensible id.
pub(crate) fn configurations(
    graph_root: &Path,
    image: &str,
    record: Option<&ImageRecord>,
) -> Option<Vec<PathBuf>> {
    if !is_hex64(image.as_bytes()) {
        return None;
    }
    // The id is the configuration's digest, but for what was pulled in part.
    let usual = format!("sha256:{image}");
    let mut names = vec![usual.as_str()];
    let others = record.into_iter().flat_map(|record| &record.big_data);
    names.extend(
        others
            .map(String::as_str)
            .filter(|name| *name != usual && is_digest(name)),
    );
    let directory = graph_root.join("overlay-images").join(image);
    let path = |name: &str| directory.join(format!("={}", base64(name.as_bytes())));
    Some(names.into_iter().map(path).collect())
}

fn is_digest(name: &str) -> bool {
    name.strip_prefix("sha256:")
        .is_some_and(|digits| is_hex64(digits.as_bytes()))
}

/// How the store names a file whose key has other characters than digits,
/// lower-case letters and dots (`makeBigDataBaseName`): RFC 4648, padded. The
/// keys here are digests, whose encoding has no `/`.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| {
            bits << 8 | usize::from(group.get(at).copied().unwrap_or(0))
        });
        for at in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * at) & 63];
            text.push(if at <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::containers_storage::records;

    #[test]
    fn padding() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
    }

    #[test]
    fn names_of_configurations() {
        let id = "39a36e1cdcc665864602ec6aa75d484464f071df48c074c6f96365396727e222";
        let other = "ab".repeat(32);
        let images = format!(
            r#"[{{"id":"{id}","big-data-names":["manifest","sha256:{id}","sha256:{other}","sha256:../x"]}}]"#
        );
        let images = records::images(images.as_bytes(), 10).unwrap();
        let paths = configurations(Path::new("/s"), id, images.first()).unwrap();
        assert_eq!(paths.len(), 2);
        assert_eq!(
            paths[0],
            Path::new("/s/overlay-images").join(id).join(
                "=c2hhMjU2OjM5YTM2ZTFjZGNjNjY1ODY0NjAyZWM2YWE3NWQ0ODQ0NjRmMDcxZGY0OGMwNzRjNmY5NjM2NTM5NjcyN2UyMjI="
            )
        );
        assert_eq!(configurations(Path::new("/s"), "../../etc", None), None);
    }

    #[test]
    fn a_loop_and_a_gap() {
        let layers = records::layers(br#"[{"id":"a","parent":"b"},{"id":"b","parent":"a"}]"#, 10);
        assert_eq!(chain(&[&layers.unwrap()], "a"), None);
        let layers = records::layers(br#"[{"id":"a","parent":"b"}]"#, 10).unwrap();
        assert_eq!(chain(&[&layers], "a"), None);
        let below = records::layers(br#"[{"id":"b"}]"#, 10).unwrap();
        assert_eq!(chain(&[&layers, &below], "a").unwrap().len(), 2);
    }

    #[test]
    fn only_what_agrees_is_explained() {
        let layer = |digest: Option<&str>, created_by: Option<&str>| Layer {
            id: String::new(),
            digest: digest.map(str::to_owned),
            created_by: created_by.map(str::to_owned),
        };
        let image = || vec![layer(Some("base"), None), layer(Some("top"), Some("RUN x"))];
        let mut unknown_digest = [layer(None, None), layer(Some("base"), None)];
        explain(&mut unknown_digest, image());
        assert_eq!(unknown_digest[0], layer(Some("top"), Some("RUN x")));
        let mut other = [layer(Some("other"), None), layer(Some("base"), None)];
        explain(&mut other, image());
        assert_eq!(other[0].created_by, None);
        let mut longer = [layer(None, None), layer(None, None), layer(None, None)];
        explain(&mut longer, image());
        assert!(longer.iter().all(|layer| *layer == Layer::default()));
    }
}
