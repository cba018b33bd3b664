"""What each room's refusals mean to a script: the exit code of every error code.

A test walks every code of every room, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator

from cli.exit_code import ExitCode

_BY_MEANING: dict[ExitCode, dict[str, str]] = {
    ExitCode.INPUT: {
        "register": "configuration weak_password username_taken organization_exists names_a_person successor "
        "name_needed possible_duplicate empty_packet event matter",
        "storage": "bad_key unsafe_place bad_share wrong_shares bad_reason backup_refused restore_refused store_unfit "
        "inventory_refused archive_refused "
        "key_place",
        "signing": "unreadable not_tagged form_fields place_missing place_unknown place_twice place_too_small "
        "picture_invalid picture_empty text_unprintable key_unfit",
        "templates": "not_a_word_file word_file_too_large word_file_unsafe template_broken braces_left_over "
        "field_missing field_none field_not_plain field_not_text unknown_filter forbidden_expression "
        "manifest_broken logo_unusable picture_without_words text_unprintable not_a_pdf "
        "fill_timeout fill_memory fill_failed",
        "rules": "bad_request bad_registry bad_schedule",
        "flows": "key_setting",
    },
    ExitCode.REFUSED: {
        "register": "refused organization_retired not_finished same_person",
        "templates": "form_refused prints_differently",
    },
    ExitCode.NOT_FOUND: {
        "register": "unknown_id nothing_to_reissue",
        "storage": "not_found key_not_found",
        "templates": "form_unknown",
    },
    ExitCode.NOT_AUTHENTICATED: {"register": "bad_credentials locked_out staff_retired"},
    ExitCode.NOT_ALLOWED: {"register": "not_allowed last_administrator"},
    ExitCode.CONFLICT: {
        "register": "already_established illegal_move moved_meanwhile lease_lost signing_order not_what_was_shown "
        "object_state proof form_version disposal hold schedule_version",
        "storage": "locked held lock_refused log_is_append_only key_exists master_key_exists rotation_not_confirmed "
        "epoch_in_use",
        "signing": "already_prepared not_prepared out_of_order already_signed already_sealed not_sealed "
        "window_closed too_late_to_sign no_archive_field nothing_to_archive stamp_not_longer",
    },
    ExitCode.UNAVAILABLE: {
        "register": "not_ready clock",
        "storage": "keyring_busy keyring_unreachable standby_absent store_unavailable store_denied "
        "key_service_unavailable "
        "key_service_refused key_disabled key_pending_deletion key_unknown",
        "signing": "stamp_unavailable stamp_rejected key_unavailable key_refused key_not_found key_disabled "
        "key_pending_deletion",
        "templates": "render_timeout render_failed office_missing scratch_missing daemon_unreachable",
        "flows": "not_initialized",
    },
    ExitCode.INTEGRITY: {
        "storage": "still_present damaged tampered wrong_hash key_destroyed wrong_scope epoch_gone wrong_master_key",
        "signing": "changed_after_signing foreign_certificate authority_invalid key_untrue",
    },
    ExitCode.INTERNAL: {"signing": "naive_time"},
}


def _pairs() -> Iterator[tuple[tuple[str, str], ExitCode]]:
    for exit_code, rooms in _BY_MEANING.items():
        for room, codes in rooms.items():
            for code in codes.split():
                yield (room, code), exit_code


MEANING: dict[tuple[str, str], ExitCode] = dict(_pairs())
"""(room, code) -> exit code."""
