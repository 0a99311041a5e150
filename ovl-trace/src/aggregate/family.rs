//! Files that container after container of the same image copies up.

use std::collections::{BTreeMap, BTreeSet};

use super::{advice::limits, file::changes_content, overlay::Overlay, overlays::Overlays};
use crate::model::{Filter, OverlayKey, Runtime};

/// For the newest container of such a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repeated {
    /// Its overlay.
    pub(crate) newest: OverlayKey,
    /// The image that they have in common.
    pub(crate) image: String,
    /// By path: in how many overlays, and the bytes of all of these.
    pub(crate) files: BTreeMap<Vec<u8>, (u64, u64)>,
}

/// Containers of the same image. A build step has none.
type Family<'a> = (&'a Runtime, Option<&'a str>, &'a str);

/// The families in which files are copied up for the same reason again and
/// again: to be changed in their place.
pub(crate) fn repeated(overlays: &Overlays, filter: &Filter) -> Vec<Repeated> {
    let mut families: BTreeMap<Family<'_>, Vec<(OverlayKey, &Overlay)>> = BTreeMap::new();
    for (key, overlay) in overlays.iter() {
        if !filter.admits_origin(&overlay.origin) {
            continue;
        }
        if let Some(container) = &overlay.origin.container
            && let Some(image) = &container.image
            && !matches!(container.runtime, Runtime::Buildkit | Runtime::Buildah)
        {
            let family = (
                &container.runtime,
                container.namespace.as_deref(),
                image.as_str(),
            );
            families.entry(family).or_default().push((*key, overlay));
        }
    }
    families
        .into_iter()
        .filter_map(|((_, _, image), members)| of_family(image, &members))
        .collect()
}

fn of_family(image: &str, members: &[(OverlayKey, &Overlay)]) -> Option<Repeated> {
    // Most families have one member: nothing to count.
    if (members.len() as u64) < limits::REPEATED {
        return None;
    }
    let mut files: BTreeMap<&[u8], (BTreeSet<OverlayKey>, u64)> = BTreeMap::new();
    for (key, overlay) in members {
        for (path, row) in overlay.detail.files.iter() {
            let in_place = row.extra.copied.as_ref();
            if row.tally.copied_bytes >= limits::LARGE_FILE
                && in_place.is_some_and(|copied| changes_content(copied.operation))
            {
                let (overlays, bytes) = files.entry(path).or_default();
                overlays.insert(*key);
                *bytes = bytes.saturating_add(row.tally.copied_bytes);
            }
        }
    }
    files.retain(|_, (overlays, _)| overlays.len() as u64 >= limits::REPEATED);
    let newest = files
        .values()
        .flat_map(|(overlays, _)| overlays)
        .max_by_key(|key| (key.born_ns, **key))
        .copied()?;
    let files: BTreeMap<Vec<u8>, (u64, u64)> = files
        .into_iter()
        .filter(|(_, (overlays, _))| overlays.contains(&newest))
        .map(|(path, (overlays, bytes))| (path.to_vec(), (overlays.len() as u64, bytes)))
        .collect();
    Some(Repeated {
        newest,
        image: image.to_owned(),
        files,
    })
}
