"""Files of every format, as the programs of people write them, and some that nobody should write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter


def pdf(*pages: Sequence[tuple[int, str]]) -> bytes:
    """Pages of lines: (size of the letters, text), in Windows' encoding."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        content = _content(lines)
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R "
        objects.append(page.encode() + b"/Resources << /Font << /F1 3 0 R >> >> >>")
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    return raw_pdf(objects)


def raw_pdf(objects: Iterable[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(offsets) + 1, start))


def _content(lines: Sequence[tuple[int, str]]) -> bytes:
    out, height = b"", 800
    for size, text in lines:
        height -= int(size * 1.4)
        escaped = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        out += b"BT /F1 %d Tf 50 %d Td (%b) Tj ET\n" % (size, height, escaped)
    return out


def locked_pdf(password: str) -> bytes:
    writer = PdfWriter(PdfReader(io.BytesIO(pdf([(12, "Secret.")]))))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    return _saved(writer.write)


def docx() -> bytes:
    from docx import Document

    document = Document()
    document.add_heading("Conditions générales", 0)
    document.add_heading("Résiliation", 1)
    document.add_paragraph("Le préavis est de deux mois.")
    document.add_paragraph("par lettre", style="List Bullet")
    document.add_heading("Tarifs", 1)
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, [("Offre", "Prix"), ("Base | essai", "10 €")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("# Ceci n'est pas un titre")
    return _saved(document.save)


def pptx() -> bytes:
    from pptx import Presentation
    from pptx.util import Inches

    presentation = Presentation()
    for title, lines in [
        ("Remboursement", ["Soins dentaires : 70 %", "Optique : 60 %"]),
        ("Contact", ["01 99 00 00 01"]),
    ]:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(lines)
    slide.notes_slide.notes_text_frame.text = "Ouvert le lundi."
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(3), Inches(5), Inches(1)).table
    for row, cells in enumerate([("Jour", "Heure"), ("Lundi", "9 h")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    return _saved(presentation.save)


def xlsx(**sheets: list[list[object]]) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return _saved(workbook.save)


def with_part(office: bytes, name: str, content: bytes) -> bytes:
    """The same document with one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return out.getvalue()


def zip_bomb(part: str, size: int) -> bytes:
    """An archive that looks like an office document and unpacks to ``size`` bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(part, "w", force_zip64=True) as file:
        for _megabyte in range(size // 1024**2):
            file.write(b" " * 1024**2)
    return out.getvalue()


def write(directory: Path, name: str, content: bytes) -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


def _saved(save: object) -> bytes:
    out = io.BytesIO()
    save(out)  # type: ignore[operator]
    return out.getvalue()
