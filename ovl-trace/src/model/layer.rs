//! Image layers.

use std::borrow::Cow;

use super::text::cut;

/// Most bytes of a layer's id and digest. The longest digest in use, SHA-512's, has 135.
const NAME_BYTES_MAX: usize = 255;

/// Most bytes of an instruction. The author of an image can write a megabyte there.
const INSTRUCTION_BYTES_MAX: usize = 4096;

/// A lower layer of a container's root file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// How the store names the layer's directory: a cache id, a snapshot
    /// number, a layer id.
    pub id: String,
    /// `DiffID` (`sha256:…` of the uncompressed layer). `None` for a layer
    /// that is not of the image, such as Docker's `-init`.
    pub digest: Option<String>,
    /// `created_by` of the layer's entry in the image's history, as it stands
    /// there. `None` if there is none: an imported base image.
    pub created_by: Option<String>,
}

impl Layer {
    /// Cuts each string that is longer than what is worth keeping.
    #[must_use]
    pub fn bounded(self) -> Self {
        Self {
            id: cut(self.id, NAME_BYTES_MAX),
            digest: self.digest.map(|digest| cut(digest, NAME_BYTES_MAX)),
            created_by: self.created_by.map(|text| cut(text, INSTRUCTION_BYTES_MAX)),
        }
    }

    /// The Dockerfile instruction that made the layer.
    pub fn instruction(&self) -> Option<Cow<'_, str>> {
        self.created_by.as_deref().map(instruction)
    }
}

/// The Dockerfile instruction behind a `created_by`.
///
/// The classic builder writes `/bin/sh -c #(nop) COPY …` and
/// `/bin/sh -c make` for `RUN make` (moby `builder/dockerfile/internals.go`),
/// `BuildKit` writes `COPY … # buildkit` and
/// `RUN |1 ARG=value /bin/sh -c make # buildkit`
/// (buildkit `frontend/dockerfile/dockerfile2llb/convert.go`). What is in no
/// such form stays as it is.
fn instruction(created_by: &str) -> Cow<'_, str> {
    const SHELL: &str = "/bin/sh -c ";
    let text = created_by.trim();
    let text = text.strip_suffix("# buildkit").unwrap_or(text).trim_end();
    if let Some(command) = text.strip_prefix(SHELL) {
        return match command.trim_start().strip_prefix("#(nop)") {
            Some(other) => other.trim().into(),
            None => format!("RUN {command}").into(),
        };
    }
    if let Some(command) = text.strip_prefix("RUN ") {
        let without_arguments = match command.strip_prefix('|') {
            Some(_) => command.find(SHELL).map(|at| &command[at..]),
            None => Some(command),
        };
        if let Some(command) = without_arguments.and_then(|text| text.strip_prefix(SHELL)) {
            return format!("RUN {command}").into();
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions() {
        for (created_by, expected) in [
            ("/bin/sh -c #(nop) WORKDIR /srv/app", "WORKDIR /srv/app"),
            (
                "/bin/sh -c #(nop) COPY file:6f6a in /etc/extra.txt ",
                "COPY file:6f6a in /etc/extra.txt",
            ),
            ("/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]"),
            (
                "/bin/sh -c chown 1000:1000 /var/x",
                "RUN chown 1000:1000 /var/x",
            ),
            (
                "COPY /var/l1.dat /var/ # buildkit",
                "COPY /var/l1.dat /var/",
            ),
            ("RUN /bin/sh -c echo hi > /a # buildkit", "RUN echo hi > /a"),
            (
                "RUN |1 VER=3 /bin/sh -c chmod 700 /b # buildkit",
                "RUN chmod 700 /b",
            ),
            ("RUN |1 VER=3 make # buildkit", "RUN |1 VER=3 make"),
            ("RUN make", "RUN make"),
            ("", ""),
        ] {
            assert_eq!(instruction(created_by), expected, "{created_by}");
        }
    }
}
