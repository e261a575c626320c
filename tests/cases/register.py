"""Which test holds which case, and what is not true yet.

A case is a small input that once got a wrong answer; A is about what was not read, B about GitLab's
facts, D about input and safety. A9, A10 and D12 are about reports and have their
tests beside the code (`ELSEWHERE`). C is about repair.
"""

from typing import Final, NamedTuple

CASES: Final[dict[str, tuple[str, ...]]] = {
    "A1": ("test_a_finished_snapshot_is_no_new_scan",),
    "A2": (
        "test_a_repair_during_the_run_proves_no_enforcement",
        "test_a_repair_between_two_parts_of_a_run_proves_no_enforcement",
    ),
    "A3": ("test_an_open_flag_without_known_enforcement_is_incomplete",),
    "A4": ("test_a_project_that_moves_between_pages_is_found_or_a_gap",),
    "A5": (
        "test_a_flag_of_another_type_is_not_read",
        "test_a_list_of_another_type_is_not_read",
        "test_an_empty_list_beside_a_total_is_not_read",
        "test_a_setting_of_another_type_is_not_read",
        "test_a_list_that_goes_on_without_a_cursor_is_a_gap",
    ),
    "A6": ("test_an_administrator_without_admin_mode_is_told_what_scope_to_add",),
    "A7": ("test_a_private_project_with_an_open_registry_is_not_closed",),
    "A8": ("test_what_is_left_out_is_told_to_people",),
    "A11": (
        "test_a_report_whose_counts_hide_its_findings_is_refused",
        "test_a_report_that_is_complete_beside_a_gap_is_refused",
    ),
    "A12": (
        "test_an_accepted_entry_that_grew_is_new_and_names_both",
        "test_every_format_names_what_was_accepted_and_what_is_there",
        "test_an_acceptance_that_nothing_outgrew_holds",
        "test_an_update_shows_what_it_widens_before_it_writes",
        "test_a_baseline_without_bounds_is_read_and_said_once_not_to_know",
        "test_what_rest_does_not_show_is_no_growth",
        "test_a_waiver_accepts_what_it_says_and_the_run_says_what_to_write",
        "test_the_configuration_names_the_baseline",
        "test_a_configuration_that_was_found_names_no_baseline_elsewhere",
    ),
    "A13": (
        "test_a_configuration_named_yaml_is_read",
        "test_two_configurations_are_refused_naming_both",
    ),
    "A14": ("test_a_snapshot_with_a_project_of_unknown_state_is_refused",),
    "B1": ("test_own_token_uses_change_no_finding_and_no_plan",),
    "B2": ("test_what_a_release_leaves_open_without_an_entry",),
    "B2b": ("test_open_parts_are_pairs_of_permission_and_features",),
    "B3": ("test_one_projects_refusal_is_its_own_gap",),
    "B4": ("test_a_push_that_a_switch_forbids_is_denied_naming_it",),
    "B5": ("test_the_setting_for_public_pipelines_is_read_and_said_to_be",),
    "B7": ("test_doctor_names_what_a_fine_grained_token_has_and_lacks",),
    "B6": ("test_an_empty_log_proves_nothing_and_its_hole_is_named",),
    "C1": (
        "test_an_entry_younger_than_the_log_is_removed_by_no_plan",
        "test_the_rules_thresholds_hold_for_every_plan",
    ),
    "C2": ("test_the_wanted_state_is_judged_before_anything_is_written",),
    "C3": ("test_a_wide_group_entry_is_narrowed_to_what_used_it",),
    "C7": ("test_a_projects_own_jobs_are_an_origin_like_any_other",),
    "D1": ("test_globs_take_linear_time",),
    "D2": (
        "test_an_address_of_the_environment_is_used",
        "test_addresses_that_differ_are_refused",
    ),
    "D3": ("test_a_token_file_does_not_go_where_a_discovered_configuration_says",),
    "D4": ("test_a_token_given_as_a_target_is_never_shown",),
    "D5": ("test_both_ways_of_reading_take_the_same_proxy",),
    "D6": (
        "test_a_bad_field_costs_its_project_alone",
        "test_an_identifier_beyond_64_bits_is_no_number",
        "test_an_answer_beyond_the_bounds_names_the_server",
    ),
    "D7": (
        "test_cursors_that_repeat_end_the_list_with_a_gap",
        "test_pages_without_end_end_with_a_gap",
    ),
    "D8": (
        "test_whatever_stands_in_a_snapshot_is_refused_with_the_reason",
        "test_a_snapshot_with_a_schema_that_is_no_text_is_refused",
        "test_a_snapshot_broken_off_in_a_transaction_is_gone_on_with",
        "test_a_snapshot_that_may_not_be_read_is_said_to_be_so",
    ),
    "D9": ("test_a_url_in_a_policy_is_one_fault_a_line_with_the_path_to_write",),
    "D10": (
        "test_filters_are_checked_like_the_files",
        "test_a_filter_that_matches_nothing_is_said",
    ),
    "D11": ("test_newer_and_older_files_of_gitlabform_are_read",),
    "D13": ("test_doctor_does_not_know_what_a_developer_cannot_read",),
    "D14": ("test_a_users_namespace_as_target_is_named_with_a_way_to_scan_it",),
    "D15": (
        "test_a_closed_stdout_is_met_quietly",
        "test_a_location_that_is_no_url_ends_the_run_at_once",
    ),
}


class Open(NamedTuple):
    """A test that fails today; one that passes in spite of its mark fails the suite."""

    reason: str
    nodes: tuple[str, ...] = ()
    """The parameters it is about, as pytest prints them; empty: all."""
    run: bool = True
    """False for what would take all memory or minutes."""


OPEN: Final[dict[str, Open]] = {}

ELSEWHERE: Final = {
    "C8": (
        "repair/test_compaction.py",
        "test_no_more_unused_projects_than_gitlabs_own_compaction",
    ),
    "C6": (
        "repair/test_remedies.py",
        "test_each_remedy_fixes_what_its_rule_finds",
    ),
    "C5": (
        "repair/test_apply.py",
        "test_a_refusal_in_any_words_leaves_a_journal_to_resume_and_undo",
    ),
    "C4": (
        "repair/test_undo.py",
        "test_an_undo_goes_on_after_what_gitlab_refuses",
    ),
    "A9": (
        "engine/test_carry.py",
        "test_three_nights_close_nothing_that_is_there_and_keep_nothing_fixed",
    ),
    "A10": (
        "reports/test_sarif_consumers.py",
        "test_gitlab_shows_the_5000_severest_of_5001_and_none_of_two_runs",
    ),
    "D12": (
        "reports/test_gitlab_sast.py",
        "test_the_schema_is_the_newest_that_the_scanned_gitlab_takes",
    ),
}
"""Cases whose tests stand beside the code, with their files."""
