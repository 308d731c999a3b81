"""The process that reads one file: ``python -m knowledge.extraction.child JOB``.

It gives up its means first: memory, processor time, files it could write. Lines of JSON on its output say how
far it is, ``{"done", "total"}``, and last what it read, ``{"text", …}``, or why it could not, ``{"code", …}``.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from knowledge.extraction import archives, html, pdf, plain, sheets, slides, types, word
from knowledge.extraction.contract import Extracted, Job, Limits, Progress, Text, Unreadable

LONGEST_DETAILS = 500
ALMOST = 0.7


def extract(job: Job, progress: Progress) -> Extracted:
    """Raises Unreadable, and whatever the libraries raise when they meet what they did not expect."""
    path, limits = Path(job.path), job.limits
    kind = types.media_type(path, job.name)
    title, pages = "", None
    match kind:
        case types.PDF:
            text, pages = pdf.read(path, limits, progress)
        case types.DOCX:
            archives.check(path, limits)
            text = word.read(path, limits)
        case types.PPTX:
            archives.check(path, limits)
            text, pages = slides.read(path, limits, progress)
        case types.XLSX:
            archives.check(path, limits)
            text = sheets.read_workbook(path, limits, progress)
        case _:
            content = plain.decode(path.read_bytes(), job.charset, declared=kind == types.HTML)
            text, title = _from_text(kind, content, limits)
    if not any(character.isalnum() for character in text):
        raise Unreadable("no_text")
    return Extracted(text.strip(" \n"), kind, pages, title[:200])


def _from_text(kind: str, content: str, limits: Limits) -> tuple[str, str]:
    if kind == types.HTML:
        return html.read(content, limits)
    if kind == types.CSV:
        return sheets.read_csv(content, limits), ""
    text = Text(limits)
    text.add(content)
    return str(text), ""


def confine(limits: Limits) -> None:
    """A process that outlives its worker ends all the same: the alarm is the system's."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limits.seconds + 5)
    for what, most in [
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ]:
        resource.setrlimit(what, (most, most))


def answer(job: Job) -> dict[str, Any]:
    try:
        found = extract(job, lambda done, total: _say({"done": done, "total": total}))
    except Unreadable as error:
        return {"code": error.code, "details": error.details[:LONGEST_DETAILS]}
    except MemoryError:
        return {"code": "too_complex", "details": "MemoryError"}
    except Exception as error:
        # Whatever a library makes of bytes that somebody else wrote, it is the document that is at fault.
        code = "too_complex" if _is_short_of_memory(job.limits) else "damaged"
        return {"code": code, "details": f"{type(error).__name__}: {error}"[:LONGEST_DETAILS]}
    return {"text": found.text, "media_type": found.media_type, "pages": found.pages, "title": found.title}


def _is_short_of_memory(limits: Limits) -> bool:
    """Not every library says so when it gets no more."""
    lines = Path("/proc/self/status").read_text().splitlines() if sys.platform == "linux" else []
    peak_kb = next((int(line.split()[1]) for line in lines if line.startswith("VmPeak:")), 0)
    return peak_kb * 1024 > ALMOST * limits.memory


def _say(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    job = Job(**{**given, "limits": Limits(**given["limits"])})
    confine(job.limits)
    _say(answer(job))
