//! Frames at 80×24 and 200×50.

use super::scene::Scene;

#[test]
fn show() {
    let mut scene = Scene::busy();
    let (w, h) = if std::env::var_os("WIDE").is_some() {
        (200, 50)
    } else {
        (80, 24)
    };
    for keys in ["1", "2", "G", "3", "4", "?", "\x1b/we", "\x1b "] {
        scene.press(keys);
        println!("==== {keys:?} {w}x{h}\n{}", scene.text(w, h));
        if w == 200 {
            break;
        }
    }
    scene.press("\x1b \x1b");
}
