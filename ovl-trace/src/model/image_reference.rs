//! Image references, as they are written and as they are meant.

/// Whether an image reference is the wanted one: literally, or without the
/// prefix that Docker leaves out (`docker.io/library/`), and with any tag or
/// digest if the wanted one has none.
pub(super) fn is(image: &str, wanted: &str) -> bool {
    let (image, wanted) = (familiar(image), familiar(wanted));
    image == wanted || (repository(wanted) == wanted && repository(image) == wanted)
}

fn familiar(image: &str) -> &str {
    let image = image.strip_prefix("docker.io/").unwrap_or(image);
    image.strip_prefix("library/").unwrap_or(image)
}

/// The reference without tag and digest. A colon before the last slash is a
/// registry's port.
fn repository(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let name_start = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[name_start..].find(':') {
        Some(colon) => &image[..name_start + colon],
        None => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_with_and_without_tag() {
        assert!(is("shop/web:1.4", "shop/web:1.4"));
        assert!(is("shop/web:1.4", "shop/web"));
        assert!(!is("shop/web:1.4", "shop/web:1.5"));
        assert!(!is("shop/web:1.4", "web"));
        assert!(is("docker.io/library/nginx:1.27", "nginx"));
        assert!(is("nginx@sha256:0123", "docker.io/library/nginx"));
        assert!(is("localhost:5000/app:2", "localhost:5000/app"));
        assert!(!is("localhost:5000/app", "localhost"));
    }
}
