//! When `live` is a full-screen view.

use super::*;

#[test]
fn the_view_is_for_terminals() {
    let on = |full_screen, line: &str| {
        let fake = Fake::default();
        let environment = Environment {
            full_screen,
            ..Environment::default()
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = line.split(' ').map(OsString::from);
        let code = run_with(args, environment, &fake, &mut out, &mut err);
        let live = fake.live.into_inner().unwrap();
        (
            code,
            live.map(|config| config.output),
            String::from_utf8(err).unwrap(),
        )
    };
    for (full_screen, line, output) in [
        (true, "ovl-trace live", LiveOutput::Screen),
        (false, "ovl-trace live", LiveOutput::Lines),
        (true, "ovl-trace live -o lines", LiveOutput::Lines),
        (true, "ovl-trace live -o json", LiveOutput::Json),
        (true, "ovl-trace live -o screen", LiveOutput::Screen),
    ] {
        assert_eq!(on(full_screen, line).1, Some(output), "{line}");
    }
    let (code, _, err) = on(false, "ovl-trace live -o screen");
    assert_eq!(code, ExitCode::Usage);
    assert!(
        err.contains("needs a terminal") && err.contains("--output lines"),
        "{err}"
    );
}
