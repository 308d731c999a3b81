"""The compiled requirements and pyproject.toml belong together."""

from __future__ import annotations

from pathlib import Path

from scripts import lock

PYPROJECT = """
[project]
name = "x"
description = "one"
requires-python = ">=3.11"
dependencies = ["django>=5.2"]
[dependency-groups]
dev = ["pytest"]
"""


def test_ours_do() -> None:
    assert lock.out_of_date(lock.ROOT) == []


def test_only_what_decides_on_dependencies_counts(tmp_path: Path) -> None:
    for name in lock.FILES:
        (tmp_path / name).write_text(f"{lock.MARK}{lock.sources_fingerprint(PYPROJECT)}\ndjango==5.2.19\n")
    project = tmp_path / "pyproject.toml"
    project.write_text(PYPROJECT.replace('"one"', '"two"'))
    assert lock.out_of_date(tmp_path) == []
    project.write_text(PYPROJECT.replace("pytest", "pytest>=9"))
    assert lock.out_of_date(tmp_path) == list(lock.FILES)


def test_every_package_is_pinned_with_hashes() -> None:
    for name in lock.FILES:
        lines = (lock.ROOT / name).read_text().splitlines()
        packages = [line for line in lines if line and line[0].isalnum()]
        assert packages
        assert all("==" in line and line.endswith("\\") for line in packages)
