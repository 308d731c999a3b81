"""Message catalogues without the gettext binaries: collect, check and compile them with Babel.

    python -m scripts.messages              bring locale/fr up to date with the sources
    python -m scripts.messages --check      exit 1 and list what is missing, untranslated, fuzzy or obsolete
    python -m scripts.messages --compile    write the .mo files

English is written in the sources, so it has no catalogue. Nothing is ever matched by likeness.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = {"fr": ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"}
PLURAL_FORMS = {"fr": "nplurals=2; plural=(n > 1);"}
# Never changes by itself, unlike the one that Babel would write.
HEADER = r"""msgid ""
msgstr ""
"Project-Id-Version: Triptyque\n"
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: {plural_forms}\n"
"""
# Where texts for end users are written; tests, demonstrations and scripts are not translated.
SOURCE_FOLDERS = (
    *("platform", "actions", "contacts", "schedules", "workflows", "knowledge", "transfers", "notifications", "calls"),
    "templates",
)
TEMPLATE_SUFFIXES = {".html", ".txt"}

Id = tuple[str | None, str]
"""Context and msgid: what names a message."""

_PLAIN, _PLURAL, _CONTEXT, _CONTEXT_PLURAL = None, (1, 2), ((1, "c"), 2), ((1, "c"), 2, 3)
KEYWORDS = {
    "_": _PLAIN,
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop"), _PLAIN),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), _PLURAL),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), _CONTEXT),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), _CONTEXT_PLURAL),
}


# --- collecting -----------------------------------------------------------------------------------


def source_files(root: Path) -> Iterator[Path]:
    for folder in SOURCE_FOLDERS:
        for directory, subfolders, names in os.walk(root / folder):
            subfolders[:] = sorted(name for name in subfolders if name not in {"node_modules", "migrations", "static"})
            for name in sorted(names):
                if name.endswith(".py") or Path(name).suffix in TEMPLATE_SUFFIXES:
                    yield Path(directory) / name


def as_python(path: Path) -> str:
    """The file's source; of a template, calls of gettext functions in its place (``templatize``)."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return source
    # The rest of a template is blanked to X's: without its indentation it is a flat run of names.
    return "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())


def collect(root: Path, language: str) -> Catalog:
    """Every message of the sources under ``root``, untranslated."""
    catalog = new_catalogue(language)
    for path in source_files(root):
        stream = io.BytesIO(as_python(path).encode())
        for _line, message, comments, context in extract(
            "python", stream, KEYWORDS, comment_tags=("Translators:",), options={"encoding": "utf-8"}
        ):
            if message and (message if isinstance(message, str) else message[0]):
                catalog.add(message, auto_comments=comments, context=context)
    return catalog


def new_catalogue(language: str) -> Catalog:
    return read_po(io.BytesIO(HEADER.format(language=language, plural_forms=PLURAL_FORMS[language]).encode()), language)


# --- comparing ------------------------------------------------------------------------------------


def read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return new_catalogue(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def by_id(catalog: Catalog) -> dict[Id, Message]:
    return {_id(message): message for message in catalog if message.id}


def _id(message: Message) -> Id:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def update(old: Catalog, collected: Catalog) -> tuple[Catalog, list[str]]:
    """The collected messages with the old translations; and the translated messages that are gone."""
    translated = by_id(old)
    wanted = by_id(collected)
    for key, message in wanted.items():
        known = translated.get(key)
        if known is not None and isinstance(known.id, str) == isinstance(message.id, str):
            message.string = known.string
            message.user_comments = known.user_comments
            message.flags |= known.flags & {"fuzzy"}
    gone = [describe(message) for key, message in translated.items() if key not in wanted and is_translated(message)]
    return collected, gone


def is_translated(message: Message) -> bool:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(strings) and all(strings)


def describe(message: Message) -> str:
    context, text = _id(message)
    return f"{text!r}" + (f" (context {context!r})" if context else "")


def problems(catalogue: Catalog, collected: Catalog) -> list[str]:
    """What makes ``catalogue`` incomplete, one line each."""
    present, wanted = by_id(catalogue), by_id(collected)
    found = [f"missing: {describe(message)}" for key, message in wanted.items() if key not in present]
    for key, message in present.items():
        if key not in wanted:
            found.append(f"obsolete: {describe(message)}")
        elif isinstance(message.id, str) != isinstance(wanted[key].id, str):
            found.append(f"missing: plural of {describe(message)}")
        elif not is_translated(message):
            found.append(f"untranslated: {describe(message)}")
        elif message.fuzzy:
            found.append(f"fuzzy: {describe(message)}")
        else:
            found += [f"wrong: {describe(message)}: {error}" for error in message.check(catalogue)]
    return found + [f"obsolete: {describe(message)}" for message in catalogue.obsolete.values()]


# --- writing --------------------------------------------------------------------------------------


def write_catalogue(path: Path, catalogue: Catalog, language: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, no_location=True, omit_header=True, sort_output=True)
    header = HEADER.format(language=language, plural_forms=PLURAL_FORMS[language])
    path.write_text(f"{header}\n{buffer.getvalue().decode().strip()}\n", encoding="utf-8")


def compile_catalogue(path: Path, language: str) -> Path:
    """Write the ``.mo`` beside ``path``: whole or not at all, for servers may be reading it."""
    compiled = path.with_suffix(".mo")
    temporary = compiled.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        write_mo(file, read(path, language))
    temporary.replace(compiled)
    return compiled


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    found: list[str] = []
    for language, path in CATALOGUES.items():
        if options.compile:
            if path.exists():
                compile_catalogue(path, language)
            continue
        collected = collect(ROOT, language)
        if options.check:
            found += [f"{path.relative_to(ROOT)}: {line}" for line in problems(read(path, language), collected)]
            continue
        catalogue, gone = update(read(path, language), collected)
        write_catalogue(path, catalogue, language)
        compile_catalogue(path, language)
        for line in gone:
            print(f"no longer in the sources, removed: {line}")
        to_do = sum(not is_translated(message) for message in catalogue if message.id)
        print(f"{path.relative_to(ROOT)}: {len(catalogue)} messages, {to_do} without a translation")
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
