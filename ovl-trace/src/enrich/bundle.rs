//! `config.json` of an OCI runtime bundle, of which only what runs matters here
//! (OCI runtime specification, `config.md`).

use serde::Deserialize;

use super::image::bounded;

/// What a bundle says.
#[derive(Debug, Deserialize)]
pub(crate) struct Bundle {
    /// The container's host name.
    #[serde(default)]
    pub(crate) hostname: String,
    process: Option<Process>,
}

#[derive(Debug, Deserialize)]
struct Process {
    #[serde(default)]
    args: Vec<String>,
}

impl Bundle {
    /// `None` if the text is no bundle.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// The command, as a Dockerfile has it: what the user wrote in the shell
    /// form is the third word.
    pub(crate) fn command(self) -> Option<String> {
        let mut args = self.process.map(|process| process.args).unwrap_or_default();
        let command = match args.as_slice() {
            [shell, flag, _] if shell == "/bin/sh" && flag == "-c" => args.pop(),
            _ => Some(args.join(" ")),
        };
        command.and_then(bounded)
    }
}
