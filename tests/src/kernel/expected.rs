//! What a case must report: one event each, field by field.

use serde_json::{Value, json};

/// An event that must come.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// JSON pointers and what is there.
    fields: Vec<(&'static str, Wanted)>,
}

#[derive(Clone, Debug)]
enum Wanted {
    Is(Value),
    OneOf(Vec<Value>),
    /// A number, not larger.
    AtMost(u64),
}

impl Wanted {
    fn admits(&self, value: &Value) -> bool {
        match self {
            Self::Is(wanted) => value == wanted,
            Self::OneOf(wanted) => wanted.contains(value),
            Self::AtMost(limit) => value.as_u64().is_some_and(|number| number <= *limit),
        }
    }
}

/// A copy-up that succeeded, of the topmost lower layer, by root, of what the
/// operation itself was about.
fn copy_up(path: &str, kind: &str, method: &str, operation: &str) -> Expected {
    Expected {
        fields: vec![
            ("/type", Wanted::Is(json!("copy_up"))),
            ("/path", Wanted::Is(json!(path))),
            ("/kind", Wanted::Is(json!(kind))),
            ("/method", Wanted::Is(json!(method))),
            ("/size_bytes", Wanted::Is(json!(0))),
            ("/copied_bytes", Wanted::Is(json!(0))),
            ("/trigger/operation", Wanted::Is(json!(operation))),
            ("/result", Wanted::Is(json!("ok"))),
            ("/ancestor", Wanted::Is(json!(false))),
            ("/layer/index", Wanted::Is(json!(1))),
            ("/process/uid", Wanted::Is(json!(0))),
        ],
    }
}

/// A regular file whose bytes were written.
pub(crate) fn copied(path: &str, size: u64, operation: &str) -> Expected {
    copy_up(path, "data", "copy", operation)
        .size(size)
        .copied(size)
}

/// A regular file that shares its extents with the lower one.
pub(crate) fn reflinked(path: &str, size: u64, operation: &str) -> Expected {
    copy_up(path, "data", "reflink", operation).size(size)
}

/// A regular file opened with `O_TRUNC`.
pub(crate) fn truncated(path: &str, size: u64) -> Expected {
    copy_up(path, "data", "truncated", "open").size(size)
}

/// An empty regular file.
pub(crate) fn empty(path: &str, operation: &str) -> Expected {
    copy_up(path, "data", "none", operation)
}

/// A regular file's attributes, with `metacopy=on`.
pub(crate) fn metacopy(path: &str, size: u64, operation: &str) -> Expected {
    copy_up(path, "metadata", "metacopy", operation).size(size)
}

/// Another name of an inode that was copied up, with `index=on`.
pub(crate) fn linked(path: &str, size: u64, operation: &str) -> Expected {
    copy_up(path, "data", "link", operation).size(size)
}

/// A directory.
pub(crate) fn directory(path: &str, operation: &str) -> Expected {
    copy_up(path, "directory", "none", operation)
}

/// A symbolic link.
pub(crate) fn symlink(path: &str, operation: &str) -> Expected {
    copy_up(path, "symlink", "none", operation)
}

/// A device, FIFO or socket.
pub(crate) fn special(path: &str, operation: &str) -> Expected {
    copy_up(path, "special", "none", operation)
}

/// A name that disappeared, or a directory that became opaque.
pub(crate) fn whiteout(path: &str, cause: &str) -> Expected {
    Expected {
        fields: vec![
            ("/type", Wanted::Is(json!("whiteout"))),
            ("/path", Wanted::Is(json!(path))),
            ("/cause", Wanted::Is(json!(cause))),
            ("/process/uid", Wanted::Is(json!(0))),
        ],
    }
}

impl Expected {
    /// The same with another value of a field.
    fn with(mut self, pointer: &'static str, wanted: Wanted) -> Self {
        self.fields.retain(|(name, _)| *name != pointer);
        self.fields.push((pointer, wanted));
        self
    }

    fn size(self, bytes: u64) -> Self {
        self.with("/size_bytes", Wanted::Is(json!(bytes)))
    }

    /// Bytes really written.
    pub(crate) fn copied(self, bytes: u64) -> Self {
        self.with("/copied_bytes", Wanted::Is(json!(bytes)))
    }

    /// The names of the open flags.
    pub(crate) fn flags(self, names: &[&str]) -> Self {
        self.with("/trigger/flags", Wanted::Is(json!(names)))
    }

    /// The system call that the task is in; `None`: it is in none.
    pub(crate) fn syscall(self, name: Option<&str>) -> Self {
        self.with("/trigger/syscall", Wanted::Is(json!(name)))
    }

    /// It failed with one of these; not everything was written.
    pub(crate) fn failed(self, errors: &[&str]) -> Self {
        let errors = errors.iter().map(|name| json!(name)).collect();
        let size = self.field("/size_bytes").as_u64().unwrap_or_default();
        self.with("/result", Wanted::OneOf(errors))
            .with("/copied_bytes", Wanted::AtMost(size))
            .without("/method")
            .without("/kind")
    }

    /// A directory above what the operation was about.
    pub(crate) fn ancestor(self) -> Self {
        self.with("/ancestor", Wanted::Is(json!(true)))
    }

    /// The lower layer it came from, from 1.
    pub(crate) fn layer(self, index: u32) -> Self {
        self.with("/layer/index", Wanted::Is(json!(index)))
    }

    /// Who did it.
    pub(crate) fn uid(self, uid: u32) -> Self {
        self.with("/process/uid", Wanted::Is(json!(uid)))
    }

    fn without(mut self, pointer: &'static str) -> Self {
        self.fields.retain(|(name, _)| *name != pointer);
        self
    }

    fn field(&self, pointer: &str) -> Value {
        self.fields
            .iter()
            .find_map(|(name, wanted)| match wanted {
                Wanted::Is(value) if *name == pointer => Some(value.clone()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// The value of a field that is known for sure, as text; else empty.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.field(pointer).as_str().unwrap_or_default().to_owned()
    }

    /// Whether it is a copy-up (else a whiteout).
    pub(crate) fn is_copy_up(&self) -> bool {
        self.text("/type") == "copy_up"
    }

    /// What is wrong with `event`; empty if nothing.
    pub(crate) fn mismatches(&self, event: &Value) -> Vec<String> {
        self.fields
            .iter()
            .filter_map(|(pointer, wanted)| {
                let value = event.pointer(pointer).unwrap_or(&Value::Null);
                (!wanted.admits(value))
                    .then(|| format!("{pointer} is {value}, expected {}", wanted.describe()))
            })
            .collect()
    }

    /// For people: `data copy /f (open)`.
    pub(crate) fn describe(&self) -> String {
        let path = self.text("/path");
        if !self.is_copy_up() {
            return format!("whiteout {path} ({})", self.text("/cause"));
        }
        let result = self.text("/result");
        let what = if result == "ok" {
            format!("{} {}", self.text("/kind"), self.text("/method"))
        } else {
            "failed copy-up".to_owned()
        };
        format!("{what} {path} ({})", self.text("/trigger/operation"))
    }
}

impl Wanted {
    fn describe(&self) -> String {
        match self {
            Self::Is(value) => value.to_string(),
            Self::OneOf(values) => Value::Array(values.clone()).to_string(),
            Self::AtMost(limit) => format!("at most {limit}"),
        }
    }
}
