"""Form fields for structured values: JSON that people can read, and rows of a few columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from unfold.widgets import INPUT_CLASSES, SELECT_CLASSES, UnfoldAdminTextareaWidget

from accounts.json_values import UNSTORABLE, UnstorableJSONError, check_json, load_json
from accounts.models import Language

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class CodeTextarea(UnfoldAdminTextareaWidget):
    """For JSON and templates: one width for every letter, as many lines as the text has."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "tq-code", "spellcheck": "false", "rows": 4, **(attrs or {})})


class ReadableJSONField(forms.JSONField):
    """Shows JSON indented, with its accents; says in which line a mistake is."""

    widget = CodeTextarea

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        text = json.dumps(value, indent=2, ensure_ascii=False, cls=self.encoder)
        # What no page can show is written as JSON escapes it.
        return json.dumps(value, indent=2, cls=self.encoder) if UNSTORABLE.search(text) else text

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was refused is shown again as it was written."""
        if not self.disabled and isinstance(data, str):
            try:
                return load_json(data)
            except ValueError:
                return forms.fields.InvalidJSONInput(data)
        return super().bound_data(data, initial)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.strip():
            try:
                load_json(value)
            except json.JSONDecodeError as error:
                raise forms.ValidationError(
                    _("Line %(line)d, character %(column)d: this is not written correctly (%(problem)s)."),
                    code="invalid",
                    params={"line": error.lineno, "column": error.colno, "problem": error.msg},
                ) from error
            except UnstorableJSONError as error:
                raise forms.ValidationError(error.sentence, code="invalid") from error
        return super().to_python(value)


@dataclass(frozen=True)
class Column:
    """One column of a :class:`RowsField`; ``read`` and ``show`` turn its text into the value and back."""

    name: str
    label: StrOrPromise
    choices: Sequence[tuple[str, StrOrPromise]] = ()
    placeholder: StrOrPromise = ""
    read: Callable[[str], Any] = str
    show: Callable[[Any], str] = str


class RowsWidget(forms.Widget):
    """A small table with a row for each object and one more to fill in."""

    template_name = "triptyque/widgets/rows.html"

    def __init__(self, columns: Sequence[Column], add_label: StrOrPromise) -> None:
        super().__init__()
        self.columns = columns
        self.add_label = add_label

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = value if isinstance(value, list) else []
        context["widget"] |= {
            "columns": self.columns,
            "rows": [self._cells(row) for row in rows if isinstance(row, Mapping)],
            "empty_row": self._cells({}),
            "add_label": self.add_label,
            "input_class": " ".join(INPUT_CLASSES),
            "select_class": " ".join(SELECT_CLASSES),
        }
        return context

    def _cells(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {"column": column, "value": column.show(row[column.name]) if row.get(column.name) is not None else ""}
            for column in self.columns
        ]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        texts = [self._posted(data, f"{name}-{column.name}") for column in self.columns]
        return [
            {column.name: column.read(text.strip()) for column, text in zip(self.columns, row, strict=True)}
            for row in zip(*texts, strict=False)
            if any(text.strip() for text, column in zip(row, self.columns, strict=True) if not column.choices)
        ]

    @staticmethod
    def _posted(data: Any, name: str) -> list[str]:
        if isinstance(data, MultiValueDict):
            return [str(text) for text in data.getlist(name)]
        return [str(text) for text in data.get(name, [])]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


class RowsField(forms.Field):
    """A list of objects with the same few members; rows that are left empty do not count."""

    def __init__(self, *, columns: Sequence[Column], add_label: StrOrPromise, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(widget=RowsWidget(columns, add_label), **kwargs)

    def to_python(self, value: Any) -> Any:
        """Refuses cells that no database stores."""
        return storable(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != (data or []))


class SpokenTextsWidget(forms.Widget):
    """One line for each language that agents speak."""

    template_name = "triptyque/widgets/spoken_texts.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        texts = value if isinstance(value, Mapping) else {}
        context["widget"] |= {
            "lines": [
                {"language": language, "label": label, "text": texts.get(language, "")}
                for language, label in Language.choices
            ],
            "input_class": " ".join(INPUT_CLASSES),
        }
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:
        texts = {language: str(data.get(f"{name}-{language}", "")).strip() for language in Language.values}
        return {language: text for language, text in texts.items() if text}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str, index: Any = None) -> str:
        return f"{id_}_{Language.values[0]}" if id_ else id_


class SpokenTextsField(forms.Field):
    """``{language: sentence}``; languages without a sentence are left out."""

    widget = SpokenTextsWidget

    def to_python(self, value: Any) -> Any:
        return storable(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or {}) != (data or {}))


def storable(value: Any) -> Any:
    """``value``, if a JSON column can hold it; raises forms.ValidationError."""
    try:
        check_json(value)
    except UnstorableJSONError as error:
        raise forms.ValidationError(error.sentence, code="invalid") from error
    return value
