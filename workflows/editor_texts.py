"""The texts of the editor, by the names that ``frontend/src`` uses. ``{name}`` is filled in by the editor."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def editor_texts() -> dict[str, str]:
    """In the active language."""
    return {**_page(), **_canvas(), **_fields(), **_conditions(), **_tests(), **_origins()}


def _page() -> dict[str, str]:
    return {
        "toolbar": _("Tools of the editor"),
        "moment": _("Moment"),
        "moment_any": _("Any moment"),
        "moment_before": _("Before the call"),
        "moment_during": _("During the call"),
        "moment_after": _("After the call"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "arrange": _("Arrange the steps"),
        "fit": _("Show everything"),
        "wide": _("Full screen"),
        "save": _("Save"),
        "saving": _("Saving …"),
        "saved": _("Saved"),
        "not_saved": _("Not saved."),
        "unsaved": _("Unsaved changes"),
        "no_server": _("The server does not answer: check the connection and try again."),
        "editor_failed": _("The drawing editor could not start ({problem}): the workflow is shown as JSON."),
        "errors": _("What is wrong"),
        "errors_count": _("Errors: {count}"),
        "no_errors": _("Nothing is wrong: this workflow can run."),
        "no_errors_short": _("No errors"),
        "whole_workflow": _("Workflow:"),
        "close": _("Close"),
        "key_delete": pgettext("key", "Delete"),
        "key_escape": pgettext("key", "Esc"),
        "conflict_title": _("Somebody else has saved this workflow"),
        "conflict_by": _("{by} saved it on {at}, after you had opened it."),
        "conflict_at": _("It was saved on {at}, after you had opened it."),
        "conflict_help": _("Nothing of yours is lost: choose what happens with the two versions."),
        "keep_copy": _("Keep mine as a copy (download as JSON)"),
        "load_theirs": _("Load theirs (Undo brings mine back)"),
        "overwrite": _("Overwrite theirs with mine"),
        "go_on_editing": _("Go on editing"),
        "theirs_loaded": _("The saved version was loaded."),
    }


def _canvas() -> dict[str, str]:
    return {
        "canvas": _("Drawing of the workflow"),
        "palette": _("Steps that can be added"),
        "steps": _("Steps"),
        "palette_help": _("Drag a step to the drawing, or click it to add it after the selected one."),
        "panel": _("Settings of the step"),
        "step_title": _("Title"),
        "delete_step": _("Delete the step"),
        "next_steps": _("Next step"),
        "no_next_step": _("(none)"),
        "entry": _("Way in"),
        "way_out": _("Way out"),
        "output_next": _("then"),
        "output_error": _("if it fails"),
        "output_else": _("otherwise"),
        "connection_label": _("Connection from “{source}” to “{target}”"),
        "node_help": _("Enter opens the settings, arrow keys move the step, Delete removes it."),
        "edge_help": _("Enter selects the connection, Delete removes it."),
        "controls": _("View"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "minimap": _("Small map"),
    }


def _fields() -> dict[str, str]:
    return {
        "names": _("Names that can be used here"),
        "name": _("Name"),
        "value": _("Value"),
        "twice": _("“{name}” is there twice: only one can be kept."),
        "variable": _("Variable"),
        "path": _("Path in the answer"),
        "type": _("Type"),
        "default": _("Default"),
        "add_row": _("Add a row"),
        "add_mapping": _("Add a variable"),
        "add_variable": _("Add a variable"),
        "add_case": _("Add a case"),
        "add_condition": _("Add a condition"),
        "remove": _("Remove"),
        "move_up": _("Move up"),
        "move_down": _("Move down"),
        "none_chosen": _("(none)"),
        "not_json": _("This is no valid JSON yet ({problem})."),
        "language_fr": _("French"),
        "language_en": _("English"),
    }


def _conditions() -> dict[str, str]:
    return {
        "case": _("Case {number}"),
        "case_title": _("Title of case {number}"),
        "condition": _("Condition of case {number}"),
        "condition_if": _("If"),
        "match": _("How the conditions combine"),
        "match_all": _("All of these hold"),
        "match_any": _("One of these holds"),
        "as_expression": _("Write as an expression"),
        "as_rows": _("Show as rows"),
        "operator": _("Comparison"),
    }


def _tests() -> dict[str, str]:
    return {
        "test": _("Test"),
        "test_data": _("Test data"),
        "load_sample": _("Load a sample …"),
        "example_call": _("An invented call"),
        "run_all": _("Run the workflow"),
        "rerun": _("Try the recorded run again"),
        "send_one": _("Send: {step}"),
        "live": _("Really ask other systems"),
        "live_help": _("Off: steps that ask or change something outside give their pinned answer."),
        "running": _("Running …"),
        "test_help": _("Choose data, then run the whole workflow or send the selected step alone."),
        "test_went": _("Ended well. Steps run: {count}."),
        "test_has_errors": _("This cannot be tested yet."),
        "given_back": _("What the workflow gives back"),
        "click_step": _("Click a step to see what it got and gave."),
        "nothing_here": _("Nothing."),
        "milliseconds": _("{count} ms"),
        "pin": _("Pin this answer for the next tests"),
        "unpin": _("Unpin the answer"),
        "tab_data": _("Data"),
        "tab_input": _("Input"),
        "tab_meta": _("Meta"),
        "state_succeeded": _("Succeeded"),
        "state_failed": _("Failed"),
        "state_cancelled": _("Cancelled"),
        "state_not_taken": _("Not taken"),
        "state_pinned": _("Pinned"),
        "state_not_run": _("Not run"),
    }


def _origins() -> dict[str, str]:
    return {
        "origin_call": _("the call"),
        "origin_context": _("the runtime"),
        "origin_parameters": _("parameters of the call"),
        "origin_arguments": _("arguments of the action"),
        "origin_test": _("the test data"),
        "origin_node": _("step {node}"),
    }
