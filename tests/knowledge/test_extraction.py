"""What is read from files of every format, in the process that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.extraction.contract import Extracted, Job, Limits, Unreadable
from knowledge.extraction.process import extract
from knowledge.splitting import split
from tests.knowledge import files

QUESTIONS = [
    ["Thème", "Question", "Réponse"],
    ["Contrat", "Quel est le préavis ?", "Deux mois."],
    [None, "Combien coûte l’offre ?", 10.0],
    ["Vide", "Sans réponse ?", None],
]


@pytest.fixture
def read(tmp_path: Path):
    def work(name: str, content: bytes, charset: str = "", **limits: int) -> Extracted:
        path = files.write(tmp_path, "file", content)
        return extract(Job(str(path), name, Limits(**limits), charset), lambda done, total: None, lambda: None)

    return work


def test_a_pdf_keeps_its_pages_and_what_is_set_large_is_a_heading(read) -> None:
    content = files.pdf(
        [(24, "Conditions générales"), (12, "Le préavis est de deux mois"), (12, "après la première année (art. 3).")],
        [(18, "Remboursement"), (12, "Les soins sont remboursés à 70 %."), (12, "# ligne")],
    )
    found = read("a.pdf", content)

    assert (found.media_type, found.pages) == ("application/pdf", 2)
    assert [(piece.heading, piece.page) for piece in split(found.text)] == [
        ("Conditions générales", 1),
        ("Conditions générales › Remboursement", 2),
    ]
    assert split(found.text)[0].text == "Le préavis est de deux mois\naprès la première année (art. 3)."


def test_progress_is_told_page_by_page(tmp_path: Path) -> None:
    path = files.write(tmp_path, "file", files.pdf(*[[(12, f"Page {number}.")] for number in range(3)]))
    told: list[tuple[int, int]] = []
    extract(Job(str(path), "a.pdf", Limits()), lambda done, total: told.append((done, total)), lambda: None)

    assert told == [(0, 3), (1, 3), (2, 3)]


def test_a_word_document_keeps_headings_lists_and_tables(read) -> None:
    found = read("a.docx", files.docx())
    pieces = {piece.heading: piece.text for piece in split(found.text)}

    assert pieces["Conditions générales › Résiliation"] == "Le préavis est de deux mois.\n\n- par lettre"
    table = pieces["Conditions générales › Tarifs"]
    assert "| Offre | Prix |" in table
    assert "| Base \\| essai | 10 € |" in table
    assert "\\# Ceci n'est pas un titre" in table


def test_slides_are_pages_with_their_notes_and_tables(read) -> None:
    found = read("a.pptx", files.pptx())

    assert found.pages == 2
    first, second = split(found.text)
    assert (first.heading, first.page, first.text) == (
        "Remboursement", 1, "- Soins dentaires : 70 %\n- Optique : 60 %",
    )  # fmt: skip
    assert (second.heading, second.page) == ("Contact", 2)
    assert "| Lundi | 9 h |" in second.text
    assert "Ouvert le lundi." in second.text


def test_questions_and_answers_become_one_passage_each(read) -> None:
    (first, second) = split(read("a.xlsx", files.xlsx(Questions=QUESTIONS)).text)

    assert (first.heading, first.text) == ("Quel est le préavis ?", "Deux mois.\n\nThème: Contrat")
    assert (second.heading, second.text) == ("Combien coûte l’offre ?", "10")


def test_other_sheets_are_read_row_by_row_with_the_names_of_their_columns(read) -> None:
    rows: list[list[object]] = [["Agence", "Ville"], ["Nord", "Lille"], ["Sud", "Nice"]]
    pieces = split(read("a.xlsx", files.xlsx(FAQ=QUESTIONS, Agences=rows)).text)

    assert [piece.heading for piece in pieces[:2]] == ["FAQ › Quel est le préavis ?", "FAQ › Combien coûte l’offre ?"]
    assert (pieces[2].heading, pieces[2].text) == ("Agences", "Agence: Nord; Ville: Lille\n\nAgence: Sud; Ville: Nice")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_csv_of_questions_is_read_whatever_separates_it(read, mark: str) -> None:
    content = f'Question{mark}Réponse\n"Où êtes-vous{mark} ici ?"{mark}"À Paris,\nrue de Rome"\n'.encode("cp1252")
    (piece,) = split(read("a.csv", content).text)

    assert (piece.heading, piece.text) == (
        "Où êtes-vous ici ?" if mark == "\t" else f"Où êtes-vous{mark} ici ?",
        "À Paris,\nrue de Rome",
    )


HTML = """<!doctype html><html lang="fr"><head><title>Conditions</title><script>var a = "rien";</script></head><body>
<nav><a href="/">Accueil</a></nav><main><h1>Conditions</h1><p>Le préavis est de deux mois pour toute résiliation.</p>
<h2>Tarifs</h2><table><tr><th>Offre</th><th>Prix</th></tr><tr><td>Base</td><td>10 €</td></tr></table>
<p>Les prix sont ceux du premier janvier, toutes taxes comprises.</p></main><footer>© 2026</footer></body></html>"""


def test_html_keeps_its_main_text_headings_and_tables(read) -> None:
    found = read("a.html", HTML.encode())
    pieces = split(found.text)

    assert (found.title, found.media_type) == ("Conditions", "text/html")
    assert [piece.heading for piece in pieces] == ["Conditions", "Conditions › Tarifs"]
    assert "| Base | 10 € |" in pieces[1].text
    assert "rien" not in found.text
    assert "Accueil" not in found.text


def test_a_page_of_nothing_but_questions_loses_none(read) -> None:
    asked = "".join(f"<details><summary>Question {n} ?</summary><p>Réponse {n}.</p></details>" for n in range(20))
    text = read("a.html", f"<html><body><main>{asked}</main></body></html>".encode()).text

    assert all(f"Question {n} ?" in text and f"Réponse {n}." in text for n in range(20))


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("é".encode(), ""),
        ("\ufeffé".encode(), ""),
        ("é".encode("cp1252"), ""),
        ("é".encode("utf-16"), ""),
        ("é".encode("utf-16-be", "surrogatepass"), "utf-16-be"),
        ("é".encode("cp437"), "cp437"),
    ],
)
def test_text_of_every_usual_encoding_is_read(read, content: bytes, charset: str) -> None:
    if charset == "utf-16-be":
        content = b"\xfe\xff" + content
    assert read("a.txt", content, charset).text == "é"


def test_html_says_its_encoding_itself(read) -> None:
    content = '<html><head><meta charset="iso-8859-15"></head><body><p>Dix €.</p></body></html>'.encode("iso-8859-15")

    assert read("a.html", content).text == "Dix €."


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.txt", "a"])
def test_the_content_says_what_a_file_is(read, name: str) -> None:
    assert read(name, files.pdf([(12, "Bonjour.")])).media_type == "application/pdf"
    assert read(name, files.docx()).media_type.endswith("wordprocessingml.document")


def test_the_process_knows_nothing_of_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    import knowledge.extraction.process as process

    start = process.subprocess.Popen

    def watched(*args: object, **options: object) -> object:
        seen.update(options)
        return start(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setattr(process.subprocess, "Popen", watched)
    path = files.write(tmp_path, "file", b"Bonjour.")
    extract(Job(str(path), "a.txt", Limits()), lambda done, total: None, lambda: None)

    environment = seen["env"]
    assert isinstance(environment, dict)
    assert "SECRET_KEY" not in environment
    assert "DATABASE_URL" not in environment


def refused(read, name: str, content: bytes, **limits: int) -> str:
    with pytest.raises(Unreadable) as caught:
        read(name, content, **limits)
    return caught.value.code


XML_BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">%b]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>&z;</w:body></w:document>"""
ENTITIES = b"".join(
    b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (new, *[old] * 10)
    for old, new in zip(b"abcdefghijklmnopqrstuvwxy", b"bcdefghijklmnopqrstuvwxyz", strict=True)
)
THIEF = XML_BOMB.replace(b'"aaaaaaaaaa"', b'SYSTEM "file:///etc/passwd"').replace(b"%b", b"").replace(b"&z;", b"&a;")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"%PDF-1.7 and nothing else", "damaged"),
        ("a.pdf", files.pdf([(12, "Bonjour.")])[:200], "damaged"),
        ("a.pdf", b"Hello, I am a text.", "damaged"),
        ("a.pdf", files.locked_pdf("secret"), "encrypted"),
        ("a.pdf", files.pdf([]), "scanned"),
        ("a.docx", b"PK\x03\x04 and nothing else", "damaged"),
        ("a.docx", files.docx()[:5000], "damaged"),
        ("a.docx", files.with_part(files.docx(), "word/document.xml", XML_BOMB % ENTITIES), "damaged"),
        ("a.docx", files.with_part(files.docx(), "word/document.xml", THIEF), "damaged"),
        ("a.docx", files.with_part(files.docx(), "word/document.xml", THIEF.decode().encode("utf-16")), "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", "unsupported"),
        ("a.zip", files.zip_bomb("readme.txt", 1024**2), "unsupported"),
        ("a.txt", b"MZ\0\0\0", "unsupported"),
        ("a.txt", b" \n---\n", "no_text"),
        ("a.html", b"", "no_text"),
        ("a.html", b"<script>var a = 1</script>", "no_text"),
    ],
)
def test_what_cannot_be_read_says_why(read, name: str, content: bytes, code: str) -> None:
    assert refused(read, name, content) == code


@pytest.mark.parametrize("part", ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"])
def test_a_zip_bomb_is_not_unpacked(read, part: str) -> None:
    assert refused(read, "a.docx", files.zip_bomb(part, 300 * 1024**2)) == "too_large"
    assert refused(read, "a.docx", files.zip_bomb(part, 100 * 1024**2)) == "too_large"


def test_a_pdf_of_ten_thousand_pages_is_too_large(read) -> None:
    assert refused(read, "a.pdf", files.pdf(*[[(12, "x")]] * 10_000)) == "too_large"


def test_more_text_than_a_document_may_hold_is_refused(read) -> None:
    assert refused(read, "a.txt", b"mot " * 1000, text=3999) == "too_large"
    assert refused(read, "a.pdf", files.pdf([(12, "mot " * 1000)]), text=3000) == "too_large"
    assert refused(read, "a.csv", b"a,b\n" + b"mot,mot\n" * 1000, text=3000) == "too_large"


def test_pages_that_lead_to_each_other_end(read) -> None:
    """The tree of pages is a circle."""
    content = files.raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Pages /Kids [2 0 R] /Parent 2 0 R /Count 1 >>",
        ]
    )
    assert refused(read, "a.pdf", content, seconds=10) in {"damaged", "no_text", "scanned", "too_slow"}


def test_a_form_that_draws_itself_ends(read) -> None:
    form = b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >> /Length 5 >>"
    content = files.raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
            b"<< /Length 5 >>\nstream\n/X Do\nendstream",
            form + b"\nstream\n/X Do\nendstream",
        ]
    )
    assert refused(read, "a.pdf", content, seconds=10) in {"damaged", "scanned", "too_slow"}


def test_deeply_nested_html_ends(read) -> None:
    """The parser gives up so deep down; what stands before is read."""
    found = read("a.html", "<p>Le préavis est de deux mois.</p>".encode() + b"<div>" * 100_000 + b"Perdu.")

    assert found.text == "Le préavis est de deux mois."


def test_fifty_megabytes_of_html_end_within_their_means(read) -> None:
    assert refused(read, "a.html", b"<p>Bonjour tout le monde.</p>" * 1_800_000, seconds=20) in {
        "too_large",
        "too_complex",
        "too_slow",
    }


def test_what_takes_too_long_is_stopped(read) -> None:
    with pytest.raises(Unreadable, match="too_slow"):
        read("a.pdf", files.pdf(*[[(12, f"Ligne {number}") for number in range(50)]] * 1500), seconds=1)


def test_what_takes_too_much_memory_is_stopped(read) -> None:
    content = b"<p>Bonjour tout le monde.</p>" * 700_000
    with pytest.raises(Unreadable, match="too_complex"):
        read("a.html", content, memory=250 * 1024**2)
