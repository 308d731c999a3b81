"""Tests about the project itself: what its parts may know of each other, and that nothing was forgotten."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from actions.contract import Kind, Moment, Params
from actions.registry import Registry, kinds

ROOT = Path(__file__).resolve().parents[1]

APPS = {
    "config": ROOT / "platform" / "config",
    "accounts": ROOT / "platform" / "accounts",
    "outbound": ROOT / "platform" / "outbound",
    **{
        name: ROOT / name
        for name in (
            "actions",
            "contacts",
            "schedules",
            "knowledge",
            "workflows",
            "transfers",
            "notifications",
            "calls",
        )
    },
}

MAY_IMPORT = {
    "config": set(APPS),
    "accounts": set(),
    "outbound": {"accounts"},
    "actions": {"accounts", "schedules"},
    "knowledge": {"actions", "outbound", "accounts"},
    "contacts": {"accounts"},
    "schedules": {"accounts"},
    "workflows": {"actions", "contacts", "knowledge", "outbound", "accounts"},
    "transfers": {"actions", "schedules", "outbound", "accounts"},
    "notifications": {"actions", "schedules", "outbound", "accounts"},
    "calls": {"actions", "contacts", "schedules", "outbound", "accounts"},
}


def _sources(app: str) -> Iterator[Path]:
    return (path for path in APPS[app].rglob("*.py") if "migrations" not in path.parts)


def _imported_apps(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules.add(node.module)
    return {module.split(".")[0] for module in modules} & set(APPS)


@pytest.mark.parametrize("app", APPS)
def test_imports_go_in_one_direction(app: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in _sources(app)
        if (found := _imported_apps(path) - MAY_IMPORT[app] - {app})
    }
    assert wrong == {}


@pytest.mark.parametrize("kind", [kind.name for kind in kinds])
def test_every_kind_has_a_test_module(kind: str) -> None:
    app = kinds.get(kind).model._meta.app_label
    assert list((ROOT / "tests" / app).rglob(f"test_{kind}*.py")), f"no tests/{app}/test_{kind}_*.py"


@pytest.mark.parametrize("kind", [kind.name for kind in kinds])
def test_every_kind_configures_columns_that_it_has(kind: str) -> None:
    model = kinds.get(kind).model
    columns = {field.name for field in model._meta.get_fields()}
    assert set(kinds.get(kind).fields) | set(kinds.get(kind).nested) <= columns
    assert kind == model.KIND


def test_a_half_written_kind_is_refused_at_import() -> None:
    with pytest.raises(Exception, match=r"name is missing; .*freeze, model not written; run must be a coroutine"):

        @Registry().register
        class Half(Kind[Params]):
            label = "Half"
            summary = "Half"
            icon = "contrast"
            moments = frozenset({Moment.DURING})
            Params = Params

            def run(self, *args: object) -> None:  # type: ignore[override]
                """Not a coroutine."""


def test_the_french_catalogue_is_complete() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/messages.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_nothing_in_the_repository_names_this_machine_or_a_registry() -> None:
    """Paths of one machine and hosts of package registries have no place in a product."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    forbidden = ["/work" + "/", "/root" + "/", "pypi" + ".org", "registry" + ".npmjs", "files.python" + "hosted"]
    found = [
        (name, word)
        for name in tracked.split("\0")
        if name and (ROOT / name).suffix not in {".png", ".ico"} and (ROOT / name).is_file()
        for word in forbidden
        if word in (ROOT / name).read_text(errors="ignore")
    ]
    assert found == []
