//! The HTML report in a real browser: the pages that the unit tests fix, looked at
//! by headless Chromium, wide and narrow, light and dark.

use std::{fmt::Write as _, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};

use crate::{
    counts::Counts,
    host::{Host, say},
};

/// Debian's package, and names of the program on other systems.
const PACKAGE: &str = "chromium";
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Where the unit tests keep the pages (insta's snapshots).
const PAGES: &str = "ovl-trace/src/render/html/snapshots";

/// Chromium may take this long for a page.
const LIMIT: Duration = Duration::from_secs(90);

/// What a page must show literally, whose names were chosen by an enemy.
const LITERAL: &str = "<script>document.title='pwned'</script>";

/// A page that is wrong in every way that is looked for, and what must be said of it.
const CONTROL: &str = "<!DOCTYPE html><html><head><title></title><style>body { background: #888; \
    color: #999 } p { width: 3000px }</style></head><body><p onclick=''>wide</p><img \
    src='http://localhost:9/x'><script>parent.document.title = 'pwned'; console.error('said')\
    </script></body></html>";
const CONTROL_PROBLEMS: [&str; 9] = [
    "the page is 3",
    "the background is rgb(136, 136, 136)",
    "rgb(153, 153, 153) on",
    "no heading",
    "an element 'IMG'",
    "an attribute 'onclick'",
    "a script ran",
    "a request for 'http://localhost:9/x'",
    "CONSOLE",
];

/// Makes sure that there is a browser. Without one the check is skipped, so that
/// is no error.
pub(crate) fn set_up(host: &Host) {
    if find().is_some() {
        return;
    }
    if let Err(error) = host.ensure_packages("to look at the HTML report", &[PACKAGE]) {
        say(format_args!("going on without a browser: {error:#}"));
    }
}

/// Looks at every page in both colour schemes; each look counts as one.
pub(crate) fn run(host: &Host) -> Result<Counts> {
    let pages = pages(&host.workspace.join(PAGES))?;
    let Some(program) = find() else {
        say(format_args!(
            "skipped: no browser to look at the HTML report with (install Debian's '{PACKAGE}')"
        ));
        return Ok(Counts {
            skipped: 1 + pages.len() * Scheme::ALL.len(),
            ..Counts::default()
        });
    };
    let mut counts = control(host, program)?;
    for (name, page) in &pages {
        for scheme in Scheme::ALL {
            let problems = look(host, program, page, scheme)
                .with_context(|| format!("looking at the page '{name}'"))?;
            for problem in &problems {
                say(format_args!("{name}, {scheme:?}: {problem}"));
            }
            counts += if problems.is_empty() {
                Counts::PASSED
            } else {
                Counts::FAILED
            };
        }
    }
    Ok(counts)
}

/// Whether what is wrong would be found at all.
fn control(host: &Host, program: &str) -> Result<Counts> {
    let problems = look(host, program, CONTROL, Scheme::Dark)?.join("\n");
    let missed: Vec<_> = CONTROL_PROBLEMS
        .into_iter()
        .filter(|problem| !problems.contains(problem))
        .collect();
    if missed.is_empty() {
        return Ok(Counts::PASSED);
    }
    say(format_args!(
        "a page that is wrong was not found to be: {missed:?} is not in\n{problems}"
    ));
    Ok(Counts::FAILED)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Dark,
    Light,
}

impl Scheme {
    const ALL: [Self; 2] = [Self::Dark, Self::Light];

    /// Blink's `mojom::PreferredColorScheme`.
    const fn setting(self) -> &'static str {
        match self {
            Self::Dark => "--blink-settings=preferredColorScheme=0",
            Self::Light => "--blink-settings=preferredColorScheme=1",
        }
    }
}

fn find() -> Option<&'static str> {
    PROGRAMS
        .into_iter()
        .find(|name| Host::find_program(name).is_some())
}

/// The pages by the name of their snapshot.
fn pages(dir: &Path) -> Result<Vec<(String, String)>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read '{}'", dir.display()))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read '{}'", path.display()))?;
        let (_, page) = text
            .split_once("\n---\n")
            .with_context(|| format!("'{}' is no snapshot", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        pages.push((name.into_owned(), page.to_owned()));
    }
    pages.sort();
    ensure!(
        !pages.is_empty(),
        "there are no pages in '{}'",
        dir.display()
    );
    Ok(pages)
}

/// Shows a page in frames of several widths, and returns what is wrong with it.
fn look(host: &Host, program: &str, page: &str, scheme: Scheme) -> Result<Vec<String>> {
    // A browser that is a snap sees nothing of /tmp.
    let dir =
        tempfile::tempdir_in(&host.target).context("cannot make a directory for the browser")?;
    let probe = dir.path().join("probe.html");
    fs::write(&probe, probe_page(page, scheme)).context("cannot write the page")?;
    let dump = dir.path().join("dump.html");
    let log = dir.path().join("log.txt");
    let mut command = Command::new("sh");
    // Redirected by a shell, since a limited command has no pipes.
    command
        .args(["-c", "exec \"$@\" >\"$DUMP\" 2>\"$LOG\"", "sh", program])
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr",
            "--virtual-time-budget=5000",
            "--window-size=1600,1200",
        ])
        .arg(format!(
            "--user-data-dir={}",
            dir.path().join("profile").display()
        ))
        .args([scheme.setting(), "--dump-dom"])
        .arg(&probe)
        .env("DUMP", &dump)
        .env("LOG", &log);
    host.run_within(LIMIT, "the HTML report in a browser", &mut command)?;
    let read = |path: &Path| fs::read(path).map(|it| String::from_utf8_lossy(&it).into_owned());
    let (dump, log) = (read(&dump)?, read(&log)?);
    let mut problems = verdict(&dump)?;
    // Errors of the page, refused requests and violated policies are all said there.
    problems.extend(
        log.lines()
            .filter(|line| line.contains("CONSOLE"))
            .map(str::to_owned),
    );
    Ok(problems)
}

/// A page with the report in frames, and a script that looks into them.
fn probe_page(page: &str, scheme: Scheme) -> String {
    format!(
        "<!DOCTYPE html><html><head><meta charset=utf-8>\
         <style>:root {{ color-scheme: light dark }}</style></head><body><pre id=verdict></pre>\
         <script>const PAGE = {}, LITERAL = {}, DARK = {};\n{}</script></body></html>",
        javascript(page),
        javascript(LITERAL),
        scheme == Scheme::Dark,
        include_str!("browser.js"),
    )
}

/// A string of JavaScript that no parser of HTML takes for more.
fn javascript(text: &str) -> String {
    let mut string = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() || byte == b' ' => string.push(byte.into()),
            // Writing to a `String` cannot fail.
            _ => {
                let _: std::fmt::Result = write!(string, "\\u{unit:04x}");
            }
        }
    }
    string.push('"');
    string
}

/// What the script found: problems, then a last line.
fn verdict(dump: &str) -> Result<Vec<String>> {
    let (_, rest) = dump
        .split_once("<pre id=\"verdict\">")
        .context("the browser did not show the page")?;
    let (text, _) = rest.split_once("</pre>").unwrap_or((rest, ""));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    ensure!(
        lines.pop().as_deref() == Some("done"),
        "the browser did not finish looking at the page"
    );
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_ends_with_done() -> Result<()> {
        let dump = |text: &str| format!("<html><pre id=\"verdict\">{text}</pre>");
        assert!(verdict(&dump("done"))?.is_empty());
        assert_eq!(verdict(&dump("too wide\ndone"))?, ["too wide"]);
        for text in ["", "too wide"] {
            assert!(verdict(&dump(text)).is_err());
        }
        assert!(verdict("").is_err());
        Ok(())
    }

    #[test]
    fn a_page_stays_a_string() {
        assert_eq!(javascript("a </b>ü"), r#""a \u003c\u002fb\u003e\u00fc""#);
    }

    #[test]
    fn the_pages_are_there() -> Result<()> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGES);
        let pages = pages(&dir)?;
        assert!(
            pages
                .iter()
                .all(|(_, page)| page.starts_with("<!DOCTYPE html>"))
        );
        assert!(pages.iter().any(|(name, _)| name.ends_with("hostile")));
        Ok(())
    }
}
