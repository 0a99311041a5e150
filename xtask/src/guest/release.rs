//! Which of the kernels that Debian offers is the newest.

/// The newest plain kernel among packages of the names `linux-image-VERSION`,
/// as `uname -r` names it. Flavours (`cloud`, `rt`), metapackages and other
/// series are passed over.
pub(super) fn newest(packages: &[String], series: &str, arch: &str) -> Option<String> {
    let end = format!("-{arch}");
    let versions = packages.iter().filter_map(|package| {
        let version = package.strip_prefix("linux-image-")?;
        let plain = version.strip_suffix(&end)?;
        let wanted = series == "newest" || plain.strip_prefix(series)?.starts_with('.');
        (wanted && is_release(plain)).then_some((numbers(plain), version))
    });
    versions.max().map(|(_, version)| version.to_owned())
}

/// `6.1.0-56`, `6.12.107+deb13`, `6.12.115+deb13.1`, `6.12.9+bpo`: three
/// numbers, then an ABI number or the distribution's mark.
fn is_release(version: &str) -> bool {
    let numeric = |text: &str| text.split('.').all(|part| part.parse::<u32>().is_ok());
    let (upstream, rest) = version.split_at(version.find(['-', '+']).unwrap_or(version.len()));
    let mark = rest.trim_start_matches(['-', '+']);
    let mark = mark.strip_prefix("deb").unwrap_or(mark);
    upstream.split('.').count() >= 3 && numeric(upstream) && (numeric(mark) || mark == "bpo")
}

/// The runs of digits in a version: what orders kernels of one distribution.
fn numbers(version: &str) -> Vec<u64> {
    let runs = version.split(|c: char| !c.is_ascii_digit());
    runs.filter_map(|run| run.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(versions: &[&str]) -> Vec<String> {
        versions
            .iter()
            .map(|version| format!("linux-image-{version}"))
            .collect()
    }

    #[test]
    fn the_newest_is_by_number_and_of_the_series() {
        let found = packages(&[
            "6.1.0-9-amd64",
            "6.1.0-56-amd64",
            "6.12.117+deb12-amd64",
            "6.1-amd64",
            "6.1.0-57-cloud-amd64",
            "6.1.0-57-rt-amd64",
            "6.1.0-58-amd64-dbg",
        ]);
        assert_eq!(
            newest(&found, "6.1", "amd64").as_deref(),
            Some("6.1.0-56-amd64")
        );
        assert_eq!(
            newest(&found, "6.12", "amd64").as_deref(),
            Some("6.12.117+deb12-amd64")
        );
        assert_eq!(
            newest(&found, "newest", "amd64").as_deref(),
            Some("6.12.117+deb12-amd64")
        );
        assert_eq!(newest(&found, "5.10", "amd64"), None);
        assert_eq!(newest(&found, "6.1", "arm64"), None);
    }

    #[test]
    fn a_rebuild_is_newer_than_its_release() {
        let found = packages(&["6.12.115+deb13.1-amd64", "6.12.115+deb13-amd64"]);
        let expected = Some("6.12.115+deb13.1-amd64");
        assert_eq!(newest(&found, "6.12", "amd64").as_deref(), expected);
    }
}
