//! The colours of charts, held against what eyes can tell apart.

/// Those that stand side by side in one chart.
const TOGETHER: [&str; 4] = ["data", "sync", "lock", "other"];

/// Severe protanopia, deuteranopia and tritanopia in linear RGB (Machado, Oliveira
/// and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
/// Deficiency", 2009), and none.
const EYES: [[[f64; 3]; 3]; 4] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ],
    [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ],
    [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ],
];

type Colour = [f64; 3];

/// A colour of the style sheet, as linear RGB.
fn colour(scheme: &str, name: &str) -> Colour {
    let (_, rest) = scheme.split_once(&format!("--{name}: #")).expect(name);
    [0, 2, 4].map(|at| {
        let value = f64::from(u8::from_str_radix(&rest[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn dot(row: &Colour, colour: Colour) -> f64 {
    row.iter().zip(colour).map(|(a, b)| a * b).sum()
}

fn seen(colour: Colour, eyes: &[Colour; 3]) -> Colour {
    eyes.each_ref().map(|row| dot(row, colour).clamp(0.0, 1.0))
}

/// CIE L*a*b*.
fn lab(colour: Colour) -> Colour {
    let f = |t: f64| {
        if t > 0.008_856 {
            t.cbrt()
        } else {
            7.787 * t + 16.0 / 116.0
        }
    };
    let x = f(dot(&[0.4124, 0.3576, 0.1805], colour) / 0.9505);
    let y = f(dot(&[0.2126, 0.7152, 0.0722], colour));
    let z = f(dot(&[0.0193, 0.1192, 0.9505], colour) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How different two colours look; 10 is seen at once.
fn difference(a: Colour, b: Colour) -> f64 {
    let squares = lab(a).into_iter().zip(lab(b)).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

/// As WCAG 2 has it.
fn contrast(a: Colour, b: Colour) -> f64 {
    let light = |colour| dot(&[0.2126, 0.7152, 0.0722], colour) + 0.05;
    let (a, b) = (light(a), light(b));
    a.max(b) / a.min(b)
}

fn schemes() -> [&'static str; 2] {
    let css = include_str!("style.css");
    let (light, rest) = css.split_once("prefers-color-scheme: dark").unwrap();
    [light, rest.split_once("\n}\n").unwrap().0]
}

#[test]
fn colours_of_a_chart_differ_for_all_eyes() {
    for scheme in schemes() {
        for eyes in &EYES {
            for (index, a) in TOGETHER.iter().enumerate() {
                for b in &TOGETHER[index + 1..] {
                    let [x, y] = [a, b].map(|name| seen(colour(scheme, name), eyes));
                    let difference = difference(x, y);
                    assert!(difference > 25.0, "{a} and {b} differ by {difference}");
                }
            }
        }
    }
}

#[test]
fn everything_stands_out() {
    for scheme in schemes() {
        let card = colour(scheme, "card");
        for name in TOGETHER.into_iter().chain(["total"]) {
            let contrast = contrast(colour(scheme, name), card);
            assert!(contrast >= 3.0, "{name}: {contrast}");
        }
        for (name, back) in [
            ("ink", "page"),
            ("soft", "page"),
            ("soft", "card"),
            ("link", "card"),
            ("good", "page"),
            ("bad", "bad-card"),
            ("ink", "hint-card"),
            ("soft", "hint-card"),
        ] {
            let contrast = contrast(colour(scheme, name), colour(scheme, back));
            assert!(contrast >= 4.5, "{name} on {back}: {contrast}");
        }
    }
}
