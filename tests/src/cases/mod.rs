//! The test cases, by topic.

mod advice;
mod advice_overlays;
mod command_line;
mod concurrency;
mod containers;
mod filters;
mod life;
mod nothing_for_free;
mod recordings;

use crate::harness::Case;

macro_rules! cases {
    ($($topic:ident: $($name:ident),+ $(,)?;)+) => {
        &[$($(Case { name: concat!(stringify!($topic), "::", stringify!($name)), run: $topic::$name },)+)+]
    };
}

/// Every case.
pub(crate) const ALL: &[Case] = cases![
    containers:
        one_byte_and_a_chown,
        a_deleted_file_is_a_whiteout,
        package_habits,
        a_copy_from_outside_is_the_containers,
        a_chown_by_docker_is_the_stopped_containers,
        a_hostile_name_stays_harmless;
    life:
        a_brief_container_is_named,
        a_renamed_container_has_its_new_name,
        a_restarted_container_is_one_row,
        a_recycled_device_number_is_another_container,
        a_silent_docker_socket_harms_nothing;
    filters:
        what_others_do_is_not_sent,
        a_container_gets_the_name_that_is_asked_for;
    concurrency:
        two_hundred_at_once,
        a_race_for_one_file;
    advice:
        a_recursive_chown,
        a_recursive_chmod,
        a_chown_to_the_same_owner,
        a_large_file_whose_mode_changes,
        a_large_file_written_in_place,
        an_open_without_a_write,
        the_same_file_in_each_container,
        a_storm_of_whiteouts,
        an_instruction_that_brought_it,
        waiting_for_the_disk;
    advice_overlays:
        a_chown_by_the_engine,
        very_many_layers;
    recordings:
        a_recording_says_what_was_seen,
        a_recording_that_was_killed_is_read,
        a_recording_on_a_full_disk_is_read,
        each_signal_completes_a_recording,
        a_recording_that_cannot_be_made_leaves_the_old_one,
        a_terminal_shows_the_view;
    nothing_for_free:
        reads_and_upper_files_cost_nothing;
    command_line:
        a_closed_pipe_ends_it,
        sigterm_prints_the_report,
        a_missing_capability_is_refused,
        a_missing_tracefs_is_refused,
        filters_choose,
        a_budget_that_is_exceeded,
        count_and_duration_end_it,
        the_doctor_is_content,
        mounts_are_listed,
        a_killed_run_is_cleaned_up;
];
