//! Which way to an eBPF toolchain: the decision, apart from the doing.

use super::rustc::Origin;

/// What the machine has, as far as the decision needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Is rustup installed?
    pub(super) rustup: bool,
    /// Can packages be installed with apt?
    pub(super) apt: bool,
    /// Is cargo-binstall installed, which fetches a linker for any nightly?
    pub(super) binstall: bool,
    /// rustup's nightly.
    pub(super) nightly: Option<Found>,
    /// The distribution's compiler.
    pub(super) distribution: Option<Found>,
}

/// A compiler that is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Is the source of the standard library there?
    pub(super) source: bool,
    /// The linker for its LLVM.
    pub(super) linker: LinkerState,
}

/// How near a working linker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkerState {
    /// It is there and reads this compiler's bitcode.
    Works,
    /// It can be installed.
    Obtainable,
    /// No way is known.
    None,
}

/// The next thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All is there.
    Use(Origin),
    /// Install the linker for this compiler.
    GetLinker(Origin),
    /// Add the standard library's source to rustup's nightly.
    AddSource,
    /// Install rustup's nightly with the source.
    AddNightly,
    /// Install the distribution's compiler, its source and its LLVM.
    AddPackages,
}

/// Decides what to do next; `None` when every way was tried.
///
/// What is installed comes before what could be, so that a second run fetches
/// nothing. A nightly that lacks its source gets just that, of its own
/// version: an existing toolchain of the user is never updated. rustup comes
/// before packages only where a linker for its nightly is in sight, for that
/// nightly may be ahead of every LLVM that is packaged.
pub(super) fn next(survey: Survey, tried: &[Step]) -> Option<Step> {
    let with_source = |found: Option<Found>| found.filter(|found| found.source);
    let compilers = [
        (Origin::Rustup, with_source(survey.nightly)),
        (Origin::Distribution, with_source(survey.distribution)),
    ];
    let with_linker = |state| {
        compilers.iter().filter_map(move |(origin, found)| {
            found
                .is_some_and(|found| found.linker == state)
                .then_some(*origin)
        })
    };
    let fetch_nightly = survey.rustup.then_some(match survey.nightly {
        None => Some(Step::AddNightly),
        Some(found) if !found.source => Some(Step::AddSource),
        Some(_) => None,
    });
    let linker_in_sight = survey
        .nightly
        .map_or(survey.binstall, |found| found.linker != LinkerState::None);
    let mut fetched = [
        fetch_nightly.flatten(),
        survey.apt.then_some(Step::AddPackages),
    ];
    if !linker_in_sight {
        fetched.reverse();
    }
    with_linker(LinkerState::Works)
        .map(Step::Use)
        .chain(with_linker(LinkerState::Obtainable).map(Step::GetLinker))
        .chain(fetched.into_iter().flatten())
        .find(|step| !tried.contains(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Found = Found {
        source: true,
        linker: LinkerState::Works,
    };
    const UNLINKED: Found = Found {
        source: true,
        linker: LinkerState::Obtainable,
    };
    const STUCK: Found = Found {
        source: true,
        linker: LinkerState::None,
    };
    const NO_SOURCE: Found = Found {
        source: false,
        linker: LinkerState::Works,
    };

    /// The steps taken when each leaves the machine as it is.
    fn all(survey: Survey) -> Vec<Step> {
        let mut tried = Vec::new();
        while let Some(step) = next(survey, &tried) {
            tried.push(step);
        }
        tried
    }

    #[test]
    fn what_is_there_is_used_and_nightly_is_preferred() {
        let both = Survey {
            rustup: true,
            apt: true,
            binstall: false,
            nightly: Some(READY),
            distribution: Some(READY),
        };
        assert_eq!(next(both, &[]), Some(Step::Use(Origin::Rustup)));
        let debian = Survey {
            nightly: Some(NO_SOURCE),
            ..both
        };
        assert_eq!(next(debian, &[]), Some(Step::Use(Origin::Distribution)));
        let other_llvm = Survey {
            nightly: Some(STUCK),
            ..both
        };
        assert_eq!(next(other_llvm, &[]), Some(Step::Use(Origin::Distribution)));
    }

    #[test]
    fn a_missing_linker_is_fetched_before_another_compiler() {
        let survey = Survey {
            rustup: true,
            apt: true,
            distribution: Some(UNLINKED),
            ..Survey::default()
        };
        assert_eq!(
            all(survey),
            [
                Step::GetLinker(Origin::Distribution),
                Step::AddPackages,
                Step::AddNightly
            ]
        );
    }

    #[test]
    fn a_nightly_comes_before_packages_only_with_a_linker_in_sight() {
        let survey = Survey {
            rustup: true,
            apt: true,
            ..Survey::default()
        };
        assert_eq!(all(survey), [Step::AddPackages, Step::AddNightly]);
        let binstall = Survey {
            binstall: true,
            ..survey
        };
        assert_eq!(all(binstall), [Step::AddNightly, Step::AddPackages]);
        let no_linker = Survey {
            nightly: Some(Found {
                source: false,
                linker: LinkerState::None,
            }),
            ..survey
        };
        assert_eq!(all(no_linker), [Step::AddPackages, Step::AddSource]);
    }

    #[test]
    fn an_existing_nightly_only_gets_its_source() {
        let survey = Survey {
            rustup: true,
            apt: true,
            nightly: Some(NO_SOURCE),
            ..Survey::default()
        };
        assert_eq!(all(survey), [Step::AddSource, Step::AddPackages]);
    }

    #[test]
    fn a_bare_machine_takes_what_it_can() {
        let bare = Survey::default();
        assert_eq!(all(bare), []);
        assert_eq!(
            all(Survey {
                rustup: true,
                ..bare
            }),
            [Step::AddNightly]
        );
        assert_eq!(all(Survey { apt: true, ..bare }), [Step::AddPackages]);
    }

    #[test]
    fn a_nightly_without_any_linker_is_not_fetched_again() {
        let survey = Survey {
            rustup: true,
            apt: true,
            nightly: Some(STUCK),
            ..Survey::default()
        };
        assert_eq!(all(survey), [Step::AddPackages]);
    }
}
