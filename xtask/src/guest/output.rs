//! The stream that a guest sends back: the command's output, and lines of the
//! guest's own init that start with a mark nobody else knows.

/// Takes the stream apart.
pub(super) struct Output {
    mark: String,
    partial: Vec<u8>,
    /// Everything that the command wrote, byte for byte.
    pub(super) bytes: Vec<u8>,
    /// The release of the guest's kernel.
    pub(super) kernel: Option<String>,
    /// Exit status of the command, once it ended.
    pub(super) status: Option<i32>,
}

impl Output {
    /// A stream in which `mark` starts the lines of init.
    pub(super) fn new(mark: &str) -> Self {
        Self {
            mark: mark.to_owned(),
            partial: Vec::new(),
            bytes: Vec::new(),
            kernel: None,
            status: None,
        }
    }

    /// Takes the next bytes; calls `on_line` with every whole line of the
    /// command, without its line feed.
    pub(super) fn feed(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&str)) {
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            self.line(&line, on_line);
        }
    }

    /// Takes an unfinished last line: the guest is gone.
    pub(super) fn finish(&mut self, on_line: &mut dyn FnMut(&str)) {
        let rest = std::mem::take(&mut self.partial);
        self.command(&rest, on_line);
    }

    /// The command's last line may lack a line feed: the mark then follows it.
    fn line(&mut self, line: &[u8], on_line: &mut dyn FnMut(&str)) {
        let mark = self.mark.as_bytes();
        let found = line.windows(mark.len()).position(|part| part == mark);
        let (command, init) = line.split_at(found.unwrap_or(line.len()));
        let init = String::from_utf8_lossy(init).into_owned();
        self.command(command, on_line);
        let mut words = init.split_whitespace().skip(1);
        match (words.next(), words.next()) {
            (Some("kernel"), Some(release)) => self.kernel = Some(release.to_owned()),
            (Some("status"), Some(status)) => self.status = status.parse().ok(),
            _ => {}
        }
    }

    fn command(&mut self, line: &[u8], on_line: &mut dyn FnMut(&str)) {
        if !line.is_empty() {
            self.bytes.extend_from_slice(line);
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            on_line(&String::from_utf8_lossy(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(parts: &[&[u8]]) -> (Output, Vec<String>) {
        let mut output = Output::new("@7@");
        let mut lines = Vec::new();
        for part in parts {
            output.feed(part, &mut |line| lines.push(line.to_owned()));
        }
        output.finish(&mut |line| lines.push(line.to_owned()));
        (output, lines)
    }

    #[test]
    fn the_command_and_init_are_told_apart() {
        let (output, lines) = fed(&[b"@7@ kernel 6.1.0\none\n\ntw", b"o\n@7@ status 3\n"]);
        assert_eq!(output.bytes, b"one\n\ntwo\n");
        assert_eq!(lines, ["one", "", "two"]);
        assert_eq!(output.kernel.as_deref(), Some("6.1.0"));
        assert_eq!(output.status, Some(3));
    }

    #[test]
    fn output_without_a_last_line_feed_is_kept_as_it_is() {
        let (output, lines) = fed(&[b"no end\xff@7@ status 0\n"]);
        assert_eq!(output.bytes, b"no end\xff");
        assert_eq!(lines, ["no end\u{fffd}"]);
        assert_eq!(output.status, Some(0));
    }

    #[test]
    fn a_stream_that_breaks_off_has_no_status() {
        let (output, lines) = fed(&[b"half\nstatus 0\n@7@ sta"]);
        assert_eq!(output.status, None);
        assert_eq!(lines, ["half", "status 0", "@7@ sta"]);
    }
}
