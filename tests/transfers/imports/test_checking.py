"""What the check says of lines, and what the three modes make of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import translation

from tests.transfers.imports.conftest import problems_of, rows_of
from transfers import imports
from transfers.action import TransferAction
from transfers.imports import working
from transfers.models import NumberImport, NumberRules

Upload = Callable[..., NumberImport]


@pytest.mark.parametrize(
    ("value", "code", "suggestion"),
    [
        ("06 12 34 56 78", "not_international", "+33612345678"),
        ("0033 6 12 34 56 78", "not_international", "+33612345678"),
        ("33612345678", "not_international", "+33612345678"),
        ("612345678", "not_international", "+33612345678"),
        ("3,36123E+10", "rounded", ""),
        ("+3361234567", "invalid", ""),
        ("+33 bonjour", "invalid", ""),
        ("", "no_number", ""),
        ("112", "emergency", ""),
        ("+33112", "emergency", ""),
        ("3631", "short", ""),
        ("+33899123456", "premium_rate", ""),
        ("+336123\x0045678", "control", ""),
    ],
)
def test_a_bad_number_is_told_with_its_reason(value: str, code: str, suggestion: str, upload: Upload) -> None:
    row = upload(f'phone;description\n"{value}";Paul\n')
    (problem,) = imports.problems(row)
    assert (problem.line, problem.code, problem.suggestion, problem.is_notice) == (2, code, suggestion, False)
    assert problem.reason
    assert "\0" not in problem.value
    assert row.counts["bad"] == 1


def test_reasons_are_in_the_language_of_who_reads(upload: Upload) -> None:
    row = upload("phone\n112\n")
    spoken = imports.first_problems(row)[0].reason
    with translation.override("fr"):
        assert imports.first_problems(row)[0].reason
    assert spoken == "This is an emergency number."


def test_the_rules_of_the_account_are_obeyed(upload: Upload, listed: TransferAction) -> None:
    NumberRules.objects.create(account=listed.agent.account, allows_premium_rate=True)
    assert upload("phone\n+33899123456\n").counts["new"] == 1


@pytest.mark.parametrize(("text", "code"), [("x" * 201, "too_long"), ('Paul";"Léa', "too_many_cells")])
def test_a_line_that_does_not_fit_is_bad(text: str, code: str, upload: Upload) -> None:
    assert problems_of(upload(f'phone;description\n+33612345678;"{text}"\n')) == [(2, code)]


def test_a_description_may_have_200_characters(upload: Upload, listed: TransferAction) -> None:
    imports.confirm(upload("phone;description\n+33612345678;" + "é" * 200))
    assert rows_of(listed) == [("+33612345678", "é" * 200)]


def test_duplicates_are_found_after_normalisation_and_the_first_counts(upload: Upload, listed: TransferAction) -> None:
    row = upload("phone;description\n+33 6.12.34.56.78;Paul\n+33612345678;Léa\n+33 (0)6 12 34 56 78;Max\n")
    assert problems_of(row) == [(3, "duplicate"), (4, "duplicate")]
    imports.confirm(row)
    assert (row.counts["duplicates"], rows_of(listed)) == (2, [("+33612345678", "Paul")])


def test_bad_lines_stop_an_import_unless_somebody_chose_otherwise(upload: Upload, listed: TransferAction) -> None:
    row = upload("phone\n+33612345678\n06 12 34 56 79\n12\n")
    with pytest.raises(imports.ImportRefused) as refused:
        imports.confirm(row)
    assert (refused.value.code, refused.value.params) == ("bad_lines", {"count": 2})
    with pytest.raises(imports.ImportRefused):
        imports.confirm(row, take_suggestions=True)
    assert rows_of(listed) == []

    imports.confirm(row, take_suggestions=True, skip_bad_lines=True)
    assert rows_of(listed) == [("+33612345678", ""), ("+33612345679", "")]
    assert (row.counts["new"], row.counts["bad"]) == (2, 1)


def test_a_suggestion_may_be_a_duplicate(upload: Upload, listed: TransferAction) -> None:
    row = upload("phone\n+33612345678\n06 12 34 56 78\n")
    imports.confirm(row, take_suggestions=True)
    assert (row.state, row.counts["duplicates"], len(rows_of(listed))) == ("done", 1, 1)


@pytest.mark.parametrize("mode", ["add", "replace", "update"])
def test_a_file_of_bad_lines_alone_writes_nothing(mode: str, upload: Upload, listed: TransferAction) -> None:
    listed.destinations.create(phone="+33612345678")
    row = upload("phone;description\n12;x\n", mode)
    with pytest.raises(imports.ImportRefused, match="nothing_good"):
        imports.confirm(row, skip_bad_lines=True)
    assert len(rows_of(listed)) == 1


FILE = "phone;description\n+33612345679;New\n+33612345678;Other\n+33199000010;Same\n"


@pytest.fixture
def filled(listed: TransferAction) -> TransferAction:
    """Three numbers, and a SIP address between them."""
    listed.destinations.create(phone="+33199000010", description="Same", position=0)
    listed.destinations.create(type="sip_uri", sip_uri="sip:a@pbx.example", description="PBX", position=1)
    listed.destinations.create(phone="+33612345678", description="Old", position=2, ring_time_s=12, enabled=False)
    listed.destinations.create(phone="+442079460000", description="Gone", position=3)
    return listed


def test_adding_leaves_what_is_there(upload: Upload, filled: TransferAction) -> None:
    row = upload(FILE)
    expected = {"new": 1, "changed": 0, "same": 1, "kept": 1, "unknown": 0, "removed": 0}
    assert expected.items() <= row.counts.items()
    imports.confirm(row)
    assert expected.items() <= row.counts.items()
    assert rows_of(filled) == [
        ("+33199000010", "Same"),
        (None, "PBX"),
        ("+33612345678", "Old"),
        ("+442079460000", "Gone"),
        ("+33612345679", "New"),
    ]


def test_replacing_has_the_file_s_rows_in_its_order_and_keeps_their_settings(
    upload: Upload, filled: TransferAction
) -> None:
    row = upload(FILE, "replace")
    expected = {"new": 1, "changed": 1, "same": 1, "kept": 0, "unknown": 0, "removed": 1}
    assert expected.items() <= row.counts.items()
    imports.confirm(row)
    assert expected.items() <= row.counts.items()
    assert rows_of(filled) == [
        (None, "PBX"),
        ("+33612345679", "New"),
        ("+33612345678", "Other"),
        ("+33199000010", "Same"),
    ]
    kept = filled.destinations.get(phone="+33612345678")
    assert (kept.ring_time_s, kept.enabled) == (12, False)

    again = upload(FILE, "replace")
    assert (again.counts["same"], again.counts["new"]) == (3, 0)


def test_replacing_without_descriptions_keeps_those_that_are_there(upload: Upload, filled: TransferAction) -> None:
    imports.confirm(upload("phone\n+33612345678\n", "replace"))
    assert rows_of(filled) == [(None, "PBX"), ("+33612345678", "Old")]


def test_updating_changes_descriptions_alone(upload: Upload, filled: TransferAction) -> None:
    row = upload(FILE, "update")
    expected = {"new": 0, "changed": 1, "same": 1, "kept": 0, "unknown": 1, "removed": 0}
    assert expected.items() <= row.counts.items()
    imports.confirm(row)
    assert expected.items() <= row.counts.items()
    assert rows_of(filled)[2] == ("+33612345678", "Other")
    assert len(rows_of(filled)) == 4


def test_what_changed_since_the_check_is_seen_when_writing(upload: Upload, listed: TransferAction) -> None:
    row = upload("phone\n+33612345678\n+33199000010\n")
    listed.destinations.create(phone="+33199000010", description="By hand")
    imports.confirm(row)
    assert (row.counts["new"], row.counts["same"]) == (1, 1)
    assert rows_of(listed) == [("+33199000010", "By hand"), ("+33612345678", "")]


def test_the_report_has_every_problem_and_no_formula(upload: Upload) -> None:
    row = upload("phone,description\n=cmd|' /C calc'!A0,x\n+1+1,y\n+33612345678,z\n+33612345678,z\n")
    name, content = imports.report(row)
    lines = content.decode("utf-8-sig").splitlines()
    assert name.endswith(".csv")
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["2", "'=cmd|' /C calc'!A0"],
        ["3", "'+1+1"],
        ["5", "+33612345678"],
    ]


def test_rules_that_changed_since_the_check_count_when_writing(upload: Upload, listed: TransferAction) -> None:
    NumberRules.objects.create(account=listed.agent.account, allows_premium_rate=True)
    row = upload("phone\n+33899123456\n+33612345678\n")
    assert row.counts["bad"] == 0
    NumberRules.objects.update(allows_premium_rate=False)
    imports.confirm(row, skip_bad_lines=True)
    assert (row.state, row.counts["bad"]) == ("done", 1)
    assert rows_of(listed) == [("+33612345678", "")]


def test_rules_that_leave_nothing_good_do_not_empty_the_list(upload: Upload, listed: TransferAction) -> None:
    NumberRules.objects.create(account=listed.agent.account, allows_premium_rate=True)
    listed.destinations.create(phone="+33612345678")
    row = upload("phone\n+33899123456\n", "replace")
    NumberRules.objects.update(allows_premium_rate=False)
    imports.confirm(row, skip_bad_lines=True)
    assert (row.state, row.error["code"]) == ("refused", "nothing_good")
    assert rows_of(listed) == [("+33612345678", "")]


def test_of_two_who_confirm_at_once_one_is_told_that_it_moved_on(upload: Upload, listed: TransferAction) -> None:
    row = upload("phone\n+33612345678\n")
    other = NumberImport.objects.get(pk=row.pk)
    imports.confirm(row)
    with pytest.raises(imports.WrongState):
        imports.confirm(other)
    assert (row.state, rows_of(listed)) == ("done", [("+33612345678", "")])


@pytest.mark.parametrize("mode", ["add", "replace"])
def test_the_same_file_uploaded_twice_is_written_once(mode: str, upload: Upload, listed: TransferAction) -> None:
    first, second = upload("phone\n+33612345678\n", mode), upload("phone\n+33612345678\n", mode)
    assert (first.counts["new"], second.counts["new"]) == (1, 1)
    imports.confirm(second)
    imports.confirm(first)
    assert (first.state, first.counts["new"], first.counts["same"]) == ("done", 0, 1)
    assert rows_of(listed) == [("+33612345678", "")]


def test_a_file_is_judged_once_where_nothing_has_changed(
    upload: Upload, listed: TransferAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = upload("phone,description\n+33612345678,Un\n+33612345678,Deux\nabc,x\n+33199000010,\\N\t\n")
    monkeypatch.setattr(working, "read_table", lambda _content: pytest.fail("read again"))
    imports.confirm(row, skip_bad_lines=True)
    assert (row.state, row.counts["bad"], row.counts["duplicates"]) == ("done", 1, 1)
    assert problems_of(row) == [(3, "duplicate"), (4, "not_international")]
    assert rows_of(listed) == [("+33612345678", "Un"), ("+33199000010", "\\N")]


HOSTILE = {
    "one line of 5 MB": "phone,description\n+33612345678," + "x" * 5_000_000,
    "Arabic digits": "phone\n+٣٣٦١٢٣٤٥٦٧٨\n",
    "full-width digits": "phone\n＋３３６１２３４５６７８\n",
    "a formula": "phone\n=1+1\n",
    "a NUL": "phone\n+3361234\0" + "5678\n",
    "+07": "phone\n+0712345678\n",
    "a header twice": "phone\nphone\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_bad_and_nothing_is_written(name: str, upload: Upload, listed: TransferAction) -> None:
    row = upload(HOSTILE[name])
    if row.state == "uploaded":
        imports.work(row.pk)
        row.refresh_from_db()
    if row.state == "checked":
        assert row.counts["bad"] == row.counts["lines"] == 1
        with pytest.raises(imports.ImportRefused):
            imports.confirm(row, skip_bad_lines=True)
    else:
        assert (row.state, row.error["code"]) == ("refused", "cell_too_long")
    assert rows_of(listed) == []


@pytest.mark.parametrize("value", ["\u200b+33612345678\u200b", "\u202a+33612345678\u202c", "\u200f+33 6 12 34 56 78"])
def test_marks_that_nobody_sees_do_not_matter(value: str, upload: Upload) -> None:
    row = upload(f"phone\n{value}\n")
    assert (row.counts["bad"], row.counts["new"]) == (0, 1)


def test_line_ends_may_be_mixed(upload: Upload) -> None:
    row = upload("phone,description\r\n+33612345678,Un\n+33199000010,Deux\r+33199000011,Trois\r\n")
    assert (row.counts["lines"], row.counts["new"]) == (3, 3)
