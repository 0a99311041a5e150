use super::*;
use crate::render::{
    sanitize,
    test_report::{busy, degraded, of_an_enemy, quiet, real},
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
    note: 2 copy-ups were still running at the end: not counted
      12 events lost (ring: ring_copy_up)
      1 missed (probe: in_flight_full)
    degraded: 'do_splice_direct' is not attached: no such symbol; bytes are unknown
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
    insta::assert_snapshot!(text(&real(), Some(80)), @r"
    2026-11-21 07:10:31 UTC, 5m05s on worker-eu-west-1b-07.prod.example.com, Linux
      6.12.48+deb13-cloud-amd64

    NAME                    COPY-UPS     BYTES      P50      P99      MAX  WHITEOUTS
    warehouse-p…-primary-0         6   2.8 GiB   134 ms   3.97 s   4.03 s          0
    frontend                     724  29.6 MiB  4.09 ms  8.65 ms  11.1 ms          0
    RUN apt-get…/apt/lists        60  25.1 MiB  5.59 ms  8.87 ms  9.07 ms        180
    (all)                        790   2.9 GiB  4.24 ms  14.3 ms   4.03 s        180

    warehouse-postgresql-primary-0: docker.io/library/postgres:16.4-bookworm, docker
      77617265686f
      because of: open 6 (O_RDWR 6)
      time: data 6.04 s, sync 1.54 s, waiting for the lock 32.0 µs, other 521 µs
          BYTES     TIME  LAST BY              PATH
        1.5 GiB   4.03 s  open postgres[4410]  /var/lib/pos…/data/base/16384/16402.1
        1.0 GiB   2.69 s  open postgres[4410]  /var/lib/pos…ql/data/base/16384/16402
      256.0 MiB   675 ms  open postgres[4410]  /var/lib/pos…ql/data/base/16384/16455
       48.0 MiB   130 ms  open postgres[4410]  /var/lib/pos…ql/data/base/16384/16457
       16.0 MiB  47.6 ms  open postgres[4410]  /var/lib/pos…000000010000000000000001
        8.0 KiB  5.47 ms  open postgres[4410]  /var/lib/postgresql/data/global/1262

          BYTES    TIME  COPY-UPS  LAYER  DIGEST               INSTRUCTION
        2.6 GiB  6.90 s         5      1  sha256:000000000000  RUN gosu p…/seed.dump
      256.0 MiB  675 ms         1      2  sha256:000000000000  RUN apt-ge…tgresql-16

      FILE SIZE   COPY-UPS     BYTES      P50      P99      MAX
      ≤ 64.0 KiB         1   8.0 KiB  5.47 ms  5.47 ms  5.47 ms
      ≤ 64.0 MiB         2  64.0 MiB  67.1 ms   129 ms   130 ms
      ≤ 1.0 GiB          2   1.2 GiB   1.07 s   2.68 s   2.69 s
      > 1.0 GiB          1   1.5 GiB   4.03 s   4.03 s   4.03 s

    frontend: registry.eu-west-1.example.com/platform/shop/frontend:2026.11.3-rc1,
      containerd 9f0c4be1d3a2, pod production-eu-west/shop-frontend-7d9c6b5f4d-x2x8k
      ! 'chown' copied up 640 files below '/srv/app/node_modules' only to change
        their owner.
        Set the owner when the image is built: 'COPY --chown=node:node', or 'RUN
        chown' in the same instruction that writes the files.
        640 copy-ups, 35.0 MiB, 3.12 s:
        /srv/app/node_modules/@babel/core/dist/cjs/internal/file-0.js,
        /srv/app/node_modules/typescript/dist/cjs/internal/file-2.js
      because of: chown 640, open 84 (O_WRONLY|O_APPEND 84)
      time: data 231 ms, sync 2.72 s, waiting for the lock 3.52 ms, other 55.4 ms
           BYTES     TIME  LAST BY             PATH
         2.3 MiB  9.44 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-320.js
         2.2 MiB  10.8 ms  chown chown[12801]  /srv/app/nod…/cjs/internal/file-80.js
         1.9 MiB  11.1 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-400.js
         1.7 MiB  10.5 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-120.js
         1.5 MiB  9.77 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-360.js
         1.3 MiB  9.25 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-280.js
         1.3 MiB  6.30 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-160.js
         1.0 MiB  4.54 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-480.js
      1005.0 KiB  8.67 ms  chown chown[12801]  /srv/app/nod…cjs/internal/file-560.js
       973.0 KiB  5.25 ms  chown chown[12801]  /srv/app/nod…/cjs/internal/file-40.js
      and 714 more files (14.4 MiB)

          BYTES     TIME  COPY-UPS  WHITEOUTS  PROCESS
       29.4 MiB   2.76 s       640          -  chown[12801]
      175.8 KiB   245 ms        60          -  next-router-wor[12877]
            0 B  2.43 ms        24          -  sh[216]

         BYTES    TIME  COPY-UPS  LAYER  DIGEST               INSTRUCTION
      12.8 MiB  1.51 s       363      1  sha256:000000000000  COPY --chow…. /srv/app
      16.8 MiB  1.50 s       361      2  sha256:000000000000  RUN npm ci …-rf /tmp/*

      FILE SIZE   COPY-UPS     BYTES      P50      P99      MAX
      ≤ 64.0 KiB       684  12.2 MiB  4.14 ms  7.25 ms  7.32 ms
      ≤ 1.0 MiB          8   4.1 MiB  6.29 ms  8.66 ms  8.67 ms
      ≤ 64.0 MiB         8  13.3 MiB  9.30 ms  11.1 ms  11.1 ms

    RUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists: buildkit
      6275696c6462
      because of: rename 60
      time: data 68.0 ms, sync 249 ms, waiting for the lock 295 µs, other 4.83 ms
          BYTES     TIME  LAST BY             PATH
      884.7 KiB  6.54 ms  rename dpkg[30011]  /usr/lib/x86_…/libexample-42.so.3.0.42
      842.7 KiB  6.52 ms  rename dpkg[30011]  /usr/lib/x86_…/libexample-78.so.3.0.78
      830.4 KiB  9.01 ms  rename dpkg[30011]  /usr/lib/x86_…/libexample-81.so.3.0.81
      817.7 KiB  9.07 ms  rename dpkg[30011]  /usr/lib/x86_…/libexample-75.so.3.0.75
      796.1 KiB  5.42 ms  rename dpkg[30011]  /usr/lib/x86_…ibexample-144.so.3.0.144
      787.5 KiB  8.06 ms  rename dpkg[30011]  /usr/lib/x86_…/libexample-21.so.3.0.21
      780.2 KiB  3.60 ms  rename dpkg[30011]  /usr/lib/x86_…/libexample-48.so.3.0.48
      764.1 KiB  8.27 ms  rename dpkg[30011]  /usr/lib/x86_…ibexample-177.so.3.0.177
      758.4 KiB  4.56 ms  rename dpkg[30011]  /usr/lib/x86_…ibexample-141.so.3.0.141
      705.4 KiB  7.25 ms  rename dpkg[30011]  /usr/lib/x86_…/libexample-66.so.3.0.66
      and 170 more files (17.3 MiB)

         BYTES    TIME  COPY-UPS  LAYER  DIGEST               INSTRUCTION
      11.7 MiB  158 ms        30      1  sha256:000000000000  ADD file:77c1 in /
      13.4 MiB  165 ms        30      2  -                    -

      FILE SIZE   COPY-UPS      BYTES      P50      P99      MAX
      ≤ 64.0 KiB         4  143.7 KiB  4.19 ms  5.52 ms  5.54 ms
      ≤ 1.0 MiB         56   25.0 MiB  5.66 ms  8.88 ms  9.07 ms

    0 events lost.
    ");
}

#[test]
fn a_real_report_in_two_hundred_columns() {
    insta::assert_snapshot!(text(&real(), Some(200)), @r"
    2026-11-21 07:10:31 UTC, 5m05s on worker-eu-west-1b-07.prod.example.com, Linux 6.12.48+deb13-cloud-amd64

    NAME                                        IMAGE                                       COPY-UPS  DATA  DIRS     BYTES     LOCK  COPYING    SYNC    OTHER      P50      P90      P99      MAX  WHITEOUTS
    warehouse-postgresql-primary-0              docker.io/library/postgres:16.4-bookworm           6     6     0   2.8 GiB  32.0 µs   6.04 s  1.54 s   521 µs   134 ms   3.46 s   3.97 s   4.03 s          0
    frontend                                    registry.eu-west-1.ex…ontend:2026.11.3-rc1       724   700    24  29.6 MiB  3.52 ms   231 ms  2.72 s  55.4 ms  4.09 ms  7.60 ms  8.65 ms  11.1 ms          0
    RUN apt-get update &&…f /var/lib/apt/lists  -                                                 60    60     0  25.1 MiB   295 µs  68.0 ms  249 ms  4.83 ms  5.59 ms  7.99 ms  8.87 ms  9.07 ms        180
    (all)                                                                                        790   766    24   2.9 GiB  3.85 ms   6.34 s  4.50 s  60.8 ms  4.24 ms  7.69 ms  14.3 ms   4.03 s        180

    warehouse-postgresql-primary-0: docker.io/library/postgres:16.4-bookworm, docker 77617265686f
      because of: open 6 (O_RDWR 6)
      time: data 6.04 s, sync 1.54 s, waiting for the lock 32.0 µs, other 521 µs
          BYTES     TIME  COPY-UPS  WHITEOUTS  KIND  METHOD  LAST BY              PATH
        1.5 GiB   4.03 s         1          -  data  copy    open postgres[4410]  /var/lib/postgresql/data/base/16384/16402.1
        1.0 GiB   2.69 s         1          -  data  copy    open postgres[4410]  /var/lib/postgresql/data/base/16384/16402
      256.0 MiB   675 ms         1          -  data  copy    open postgres[4410]  /var/lib/postgresql/data/base/16384/16455
       48.0 MiB   130 ms         1          -  data  copy    open postgres[4410]  /var/lib/postgresql/data/base/16384/16457
       16.0 MiB  47.6 ms         1          -  data  copy    open postgres[4410]  /var/lib/postgresql/data/pg_wal/000000010000000000000001
        8.0 KiB  5.47 ms         1          -  data  copy    open postgres[4410]  /var/lib/postgresql/data/global/1262

          BYTES    TIME  COPY-UPS  LAYER  DIGEST               INSTRUCTION
        2.6 GiB  6.90 s         5      1  sha256:000000000000  RUN gosu postgres initdb && pg_restore /seed.dump
      256.0 MiB  675 ms         1      2  sha256:000000000000  RUN apt-get install -y postgresql-16

      FILE SIZE   COPY-UPS     BYTES      P50      P99      MAX
      ≤ 64.0 KiB         1   8.0 KiB  5.47 ms  5.47 ms  5.47 ms
      ≤ 64.0 MiB         2  64.0 MiB  67.1 ms   129 ms   130 ms
      ≤ 1.0 GiB          2   1.2 GiB   1.07 s   2.68 s   2.69 s
      > 1.0 GiB          1   1.5 GiB   4.03 s   4.03 s   4.03 s

    frontend: registry.eu-west-1.example.com/platform/shop/frontend:2026.11.3-rc1, containerd 9f0c4be1d3a2, pod production-eu-west/shop-frontend-7d9c6b5f4d-x2x8k
      ! 'chown' copied up 640 files below '/srv/app/node_modules' only to change their owner.
        Set the owner when the image is built: 'COPY --chown=node:node', or 'RUN chown' in the same instruction that writes the files.
        640 copy-ups, 35.0 MiB, 3.12 s: /srv/app/node_modules/@babel/core/dist/cjs/internal/file-0.js, /srv/app/node_modules/typescript/dist/cjs/internal/file-2.js
      because of: chown 640, open 84 (O_WRONLY|O_APPEND 84)
      time: data 231 ms, sync 2.72 s, waiting for the lock 3.52 ms, other 55.4 ms
           BYTES     TIME  COPY-UPS  WHITEOUTS  KIND  METHOD  LAST BY             PATH
         2.3 MiB  9.44 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-320.js
         2.2 MiB  10.8 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-80.js
         1.9 MiB  11.1 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-400.js
         1.7 MiB  10.5 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-120.js
         1.5 MiB  9.77 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-360.js
         1.3 MiB  9.25 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-280.js
         1.3 MiB  6.30 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-160.js
         1.0 MiB  4.54 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-480.js
      1005.0 KiB  8.67 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-560.js
       973.0 KiB  5.25 ms         1          -  data  copy    chown chown[12801]  /srv/app/node_modules/@babel/core/dist/cjs/internal/file-40.js
      and 714 more files (14.4 MiB)

          BYTES     TIME  COPY-UPS  WHITEOUTS  PROCESS
       29.4 MiB   2.76 s       640          -  chown[12801]
      175.8 KiB   245 ms        60          -  next-router-wor[12877]
            0 B  2.43 ms        24          -  sh[216]

         BYTES    TIME  COPY-UPS  LAYER  DIGEST               INSTRUCTION
      12.8 MiB  1.51 s       363      1  sha256:000000000000  COPY --chown=node:node . /srv/app
      16.8 MiB  1.50 s       361      2  sha256:000000000000  RUN npm ci --omit=dev && npm cache clean --force && rm -rf /tmp/*

      FILE SIZE   COPY-UPS     BYTES      P50      P99      MAX
      ≤ 64.0 KiB       684  12.2 MiB  4.14 ms  7.25 ms  7.32 ms
      ≤ 1.0 MiB          8   4.1 MiB  6.29 ms  8.66 ms  8.67 ms
      ≤ 64.0 MiB         8  13.3 MiB  9.30 ms  11.1 ms  11.1 ms

    RUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists: buildkit 6275696c6462
      because of: rename 60
      time: data 68.0 ms, sync 249 ms, waiting for the lock 295 µs, other 4.83 ms
          BYTES     TIME  COPY-UPS  WHITEOUTS  KIND  METHOD  LAST BY             PATH
      884.7 KiB  6.54 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-42.so.3.0.42
      842.7 KiB  6.52 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-78.so.3.0.78
      830.4 KiB  9.01 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-81.so.3.0.81
      817.7 KiB  9.07 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-75.so.3.0.75
      796.1 KiB  5.42 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-144.so.3.0.144
      787.5 KiB  8.06 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-21.so.3.0.21
      780.2 KiB  3.60 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-48.so.3.0.48
      764.1 KiB  8.27 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-177.so.3.0.177
      758.4 KiB  4.56 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-141.so.3.0.141
      705.4 KiB  7.25 ms         1          1  data  copy    rename dpkg[30011]  /usr/lib/x86_64-linux-gnu/libexample-66.so.3.0.66
      and 170 more files (17.3 MiB)

         BYTES    TIME  COPY-UPS  LAYER  DIGEST               INSTRUCTION
      11.7 MiB  158 ms        30      1  sha256:000000000000  ADD file:77c1 in /
      13.4 MiB  165 ms        30      2  -                    -

      FILE SIZE   COPY-UPS      BYTES      P50      P99      MAX
      ≤ 64.0 KiB         4  143.7 KiB  4.19 ms  5.52 ms  5.54 ms
      ≤ 1.0 MiB         56   25.0 MiB  5.66 ms  8.88 ms  9.07 ms

    0 events lost.
    ");
}

#[test]
fn everything_fits() {
    for report in [real(), busy(), degraded(), of_an_enemy(), quiet()] {
        for width in [80, 81, 90, 100, 110, 120, 150, 200, 250] {
            let text = text(&report, Some(width));
            let wider = text.lines().find(|line| line.width() > width.into());
            assert_eq!(wider, None, "wider than {width}");
        }
    }
}
