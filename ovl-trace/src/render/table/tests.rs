use super::*;
use crate::render::{
    sanitize,
    test_report::{busy, degraded, of_an_enemy, quiet, real, without_events},
};
use unicode_width::UnicodeWidthStr as _;

fn text(report: &Report, width: Option<u16>) -> String {
    let mut out = Vec::new();
    write_report(&mut out, Style { colour: false }, report, width).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn eighty_columns() {
    let text = text(&busy(), Some(80));
    insta::assert_snapshot!(text, @r"
    2026-11-21 07:10:31 UTC, 10.5 s on host, Linux 6.18.2

    NAME                       COPY-UPS     BYTES     P50     P99     MAX  WHITEOUTS
    shop-fronten…production-7         6  50.6 MiB  786 µs  180 ms  183 ms          1
    overlay 0:28                      0         -       -       -       -          0
    (all)                             6  50.6 MiB  786 µs  180 ms  183 ms          1

    shop-frontend-production-7: registry.example.org/shop/web:1.4, docker
      776562776562
      ! 'sh' opened 1 file for writing, which copied the data (from the image's
        layer of 'COPY model.bin /srv/'): 50.0 MiB in 183 ms, the largest
        '/srv/model.bin' (50.0 MiB).
        Keep data that changes on a volume: '/srv'. A named volume of Docker or
        Podman is filled from the image when it is made; a bind mount or an emptyDir
        hides what the image has there.
        1 copy-up, 50.0 MiB, 183 ms: /srv/model.bin
      also: 1 opaque
      because of: chown 4, open 2 (O_WRONLY|O_APPEND 2)
      time: data 900 ms, sync 192 ms, waiting for the lock 5.40 µs, other 0 ns
          BYTES    TIME  COPY-UPS  WHITEOUTS  LAST BY           PATH
       50.0 MiB  183 ms         1          -  open sh[216]      /srv/model.bin
      293.0 KiB  812 µs         1          -  chown chown[301]  /app/lib3.so
      195.3 KiB  812 µs         1          -  chown chown[301]  /app/lib2.so
      and 5 more files (97.7 KiB)

          BYTES     TIME  COPY-UPS  WHITEOUTS  PROCESS
       50.0 MiB   183 ms         2          1  sh[216]
      585.9 KiB  3.25 ms         4          -  chown[301]

         BYTES    TIME  COPY-UPS  LAYER  DIGEST         INSTRUCTION
      50.6 MiB  186 ms         6      1  sha256:f9fc76  COPY model.bin /srv/

      FILE SIZE   COPY-UPS      BYTES     P50     P99     MAX
      ≤ 64.0 KiB         1        0 B  812 µs  812 µs  812 µs
      ≤ 1.0 MiB          3  585.9 KiB  812 µs  812 µs  812 µs
      ≤ 64.0 MiB         1   50.0 MiB  183 ms  183 ms  183 ms

    overlay 0:28: upperdir /mnt/upper
      also: 1 failed, 50.0 MiB written in vain
      because of: open 0 (1 failed)
      BYTES  TIME  LAST BY                         PATH
          -     -  open \x1b[2Jx\xff[216]: ENOSPC  /a\nb\xff\x1b]0;t\x07\u{202e}

    0 events lost.
    ");
}

#[test]
fn a_hundred_and_twenty_columns() {
    insta::assert_snapshot!(text(&busy(), Some(120)), @r"
    2026-11-21 07:10:31 UTC, 10.5 s on host, Linux 6.18.2

    NAME                    IMAGE                  COPY-UPS  DATA  DIRS     BYTES     P50     P90     P99     MAX  WHITEOUTS
    shop-fronte…oduction-7  registry.e…op/web:1.4         6     5     1  50.6 MiB  786 µs  154 ms  180 ms  183 ms          1
    overlay 0:28            -                             0     0     0         -       -       -       -       -          0
    (all)                                                 6     5     1  50.6 MiB  786 µs  154 ms  180 ms  183 ms          1

    shop-frontend-production-7: registry.example.org/shop/web:1.4, docker 776562776562
      ! 'sh' opened 1 file for writing, which copied the data (from the image's layer of 'COPY model.bin /srv/'): 50.0 MiB
        in 183 ms, the largest '/srv/model.bin' (50.0 MiB).
        Keep data that changes on a volume: '/srv'. A named volume of Docker or Podman is filled from the image when it is
        made; a bind mount or an emptyDir hides what the image has there.
        1 copy-up, 50.0 MiB, 183 ms: /srv/model.bin
      also: 1 opaque
      because of: chown 4, open 2 (O_WRONLY|O_APPEND 2)
      time: data 900 ms, sync 192 ms, waiting for the lock 5.40 µs, other 0 ns
          BYTES    TIME  COPY-UPS  WHITEOUTS  KIND  METHOD  LAST BY           PATH
       50.0 MiB  183 ms         1          -  data  copy    open sh[216]      /srv/model.bin
      293.0 KiB  812 µs         1          -  data  copy    chown chown[301]  /app/lib3.so
      195.3 KiB  812 µs         1          -  data  copy    chown chown[301]  /app/lib2.so
      and 5 more files (97.7 KiB)

          BYTES     TIME  COPY-UPS  WHITEOUTS  PROCESS
       50.0 MiB   183 ms         2          1  sh[216]
      585.9 KiB  3.25 ms         4          -  chown[301]

         BYTES    TIME  COPY-UPS  LAYER  DIGEST         INSTRUCTION
      50.6 MiB  186 ms         6      1  sha256:f9fc76  COPY model.bin /srv/

      FILE SIZE   COPY-UPS      BYTES     P50     P99     MAX
      ≤ 64.0 KiB         1        0 B  812 µs  812 µs  812 µs
      ≤ 1.0 MiB          3  585.9 KiB  812 µs  812 µs  812 µs
      ≤ 64.0 MiB         1   50.0 MiB  183 ms  183 ms  183 ms

    overlay 0:28: upperdir /mnt/upper
      also: 1 failed, 50.0 MiB written in vain
      because of: open 0 (1 failed)
      BYTES  TIME  COPY-UPS  WHITEOUTS  KIND  METHOD  LAST BY                         PATH
          -     -         -          -  data  copy    open \x1b[2Jx\xff[216]: ENOSPC  /a\nb\xff\x1b]0;t\x07\u{202e}

    0 events lost.
    ");
}

#[test]
fn a_pipe_gets_everything() {
    let text = text(&busy(), None);
    assert!(text.contains("shop-frontend-production-7"), "{text}");
    assert!(text.contains("registry.example.org/shop/web:1.4"), "{text}");
}

#[test]
fn losses_and_missing_probes_are_told() {
    let text = text(&degraded(), Some(80));
    let (_, tail) = text.split_once("MAX  WHITEOUTS\n").unwrap();
    insta::assert_snapshot!(tail, @r"
    shop-fronten…production-7         6  50.6 MiB  786 µs  180 ms  183 ms          1
    overlay 0:28                      0         -       -       -       -          0
    (all)                             6  50.6 MiB  786 µs  180 ms  183 ms          1

    shop-frontend-production-7: registry.example.org/shop/web:1.4, docker
      776562776562
      ! 'sh' opened 1 file for writing, which copied the data (from the image's
        layer of 'COPY model.bin /srv/'): 50.0 MiB in 183 ms, the largest
        '/srv/model.bin' (50.0 MiB). Events were lost: it is at least that.
        Keep data that changes on a volume: '/srv'. A named volume of Docker or
        Podman is filled from the image when it is made; a bind mount or an emptyDir
        hides what the image has there.
        1 copy-up, 50.0 MiB, 183 ms: /srv/model.bin
      also: 1 opaque
      because of: chown 4, open 2 (O_WRONLY|O_APPEND 2)
      time: data 900 ms, sync 192 ms, waiting for the lock 5.40 µs, other 0 ns
         BYTES    TIME  COPY-UPS  WHITEOUTS  LAST BY       PATH
      50.0 MiB  183 ms         1          -  open sh[216]  /srv/model.bin
      and 7 more files (585.9 KiB)

         BYTES    TIME  COPY-UPS  LAYER  DIGEST         INSTRUCTION
      50.6 MiB  186 ms         6      1  sha256:f9fc76  COPY model.bin /srv/

      FILE SIZE   COPY-UPS      BYTES     P50     P99     MAX
      ≤ 64.0 KiB         1        0 B  812 µs  812 µs  812 µs
      ≤ 1.0 MiB          3  585.9 KiB  812 µs  812 µs  812 µs
      ≤ 64.0 MiB         1   50.0 MiB  183 ms  183 ms  183 ms

    overlay 0:28: upperdir /mnt/upper
      also: 1 failed, 50.0 MiB written in vain
      because of: open 0 (1 failed)
      BYTES  TIME  LAST BY                         PATH
          -     -  open \x1b[2Jx\xff[216]: ENOSPC  /a\nb\xff\x1b]0;t\x07\u{202e}

    note: 12 events were lost, and counts come from events: all numbers are lower
          bounds
    note: probes missed something 1 time: counts may be short, too
    note: the kernel's probes were switched off 1 time: nothing that happened then
          is in any number
    note: 2 copy-ups were still running at the end: not counted
      12 events lost (ring: ring_copy_up)
      1 missed (probe: in_flight_full)
      1 times off (disarmed: ftrace_disabled)
    degraded: 'do_splice_direct' is not attached: no such symbol; bytes are unknown
    ");
}

/// What the user asked for is not called degraded.
#[test]
fn what_was_left_out_is_told() {
    insta::assert_snapshot!(text(&without_events(), Some(80)), @r"
    No copy-ups or whiteouts in 10.5 s.

    0 events lost.
    events were not asked for (--totals-only): the report lacks files, processes,
      layers and single latencies
    ");
}

#[test]
fn nothing_happened() {
    insta::assert_snapshot!(text(&quiet(), Some(80)), @r"
    No copy-ups or whiteouts in 10.5 s.

    0 events lost.
    ");
}

#[test]
fn nothing_harmful_reaches_the_terminal() {
    for report in [degraded(), of_an_enemy()] {
        for width in [None, Some(20), Some(80)] {
            let text = text(&report, width);
            assert!(text.lines().flat_map(str::chars).all(sanitize::is_harmless));
        }
    }
}

#[test]
fn names_of_an_enemy_stay_in_their_cells() {
    let text = text(&of_an_enemy(), Some(80));
    assert!(
        text.contains("<script>document.title='pwned'</script>: "),
        "{text}"
    );
    assert!(
        text.contains(r"\n# heading") || text.contains(r"\u{202e}"),
        "{text}"
    );
}

#[test]
fn a_real_report_in_eighty_columns() {
    insta::assert_snapshot!("real_80", text(&real(), Some(80)));
}

#[test]
fn a_real_report_in_two_hundred_columns() {
    insta::assert_snapshot!("real_200", text(&real(), Some(200)));
}

#[test]
fn everything_fits() {
    for report in [
        real(),
        busy(),
        degraded(),
        of_an_enemy(),
        quiet(),
        without_events(),
    ] {
        for width in [80, 81, 90, 100, 110, 120, 150, 200, 250] {
            let text = text(&report, Some(width));
            let wider = text.lines().find(|line| line.width() > width.into());
            assert_eq!(wider, None, "wider than {width}");
        }
    }
}
