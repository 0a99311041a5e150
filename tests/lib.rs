//! End-to-end tests of ovl-trace.
