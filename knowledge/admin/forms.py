"""What is asked for a document: one text, one file or one page; and for many files or pages at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.admin_base import PresetForm
from accounts.models import Language
from knowledge.models import LONGEST_URL, Document, DocumentKind
from knowledge.uploads import MOST_FILES, MOST_PAGES, SUFFIXES, largest_mb, put_file, put_url

FORMATS = gettext_lazy("PDF, DOCX, XLSX, PPTX, CSV, HTML, Markdown or text")
LANGUAGES = [("", gettext_lazy("As the source says, otherwise recognised")), *Language.choices]


OWN_FIELDS = {DocumentKind.FILE: "upload", DocumentKind.PAGE: "address"}
"""What a document has in the place of a text."""


class DocumentForm(PresetForm):
    """A text, another file or an address, by the kind of the document."""

    upload = forms.FileField(
        label=gettext_lazy("Another file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(SUFFIXES)}),
        help_text=gettext_lazy("It takes the place of the present one, which can be found until the new one is read."),
    )
    address = forms.CharField(
        label=gettext_lazy("Address"), max_length=LONGEST_URL, required=False, widget=UnfoldAdminTextInputWidget()
    )

    class Meta:
        model = Document
        fields = ("title", "text", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"upload", "address"} - {OWN_FIELDS.get(self.instance.kind)}:
            del self.fields[name]
        if "address" in self.fields:
            self.fields["address"].initial = self.instance.url

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (
            "text" in self.fields
            and self.instance.kind == DocumentKind.TEXT
            and not (cleaned.get("text") or "").strip()
        ):
            self.add_error("text", _("Write the text."))
        if upload := cleaned.get("upload"):
            self._put("upload", lambda: put_file(self.instance, upload))
        if "address" in self.fields and not self.has_error("address"):
            self._put("address", lambda: put_url(self.instance, cleaned.get("address") or ""))
        return cleaned

    def _put(self, name: str, put: Callable[[], None]) -> None:
        try:
            put()
        except ValidationError as error:
            self.add_error(name, error)


class ManyFilesInput(forms.FileInput):
    """The browser's own: it says how many files are chosen."""

    allow_multiple_selected = True
    template_name = "triptyque/widgets/files.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name)


class ManyFilesField(forms.FileField):
    """A list of files; each is checked by itself later, so that one does not stop the others."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        files: list[Any] = [file for file in data or [] if file.name]
        if not files:
            raise ValidationError(_("Choose at least one file."))
        if len(files) > MOST_FILES:
            raise ValidationError(_("At most %(count)d files at a time.") % {"count": MOST_FILES})
        return files


class FilesForm(forms.Form):
    uploads = ManyFilesField(
        label=gettext_lazy("Files"),
        widget=ManyFilesInput(attrs={"accept": ",".join(SUFFIXES), "multiple": True}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=LANGUAGES, required=False, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["uploads"].help_text = format_lazy(
            gettext_lazy(
                "{formats}; {size} MB each at most. Tables with columns “question” and “answer” become one passage "
                "for each question."
            ),
            formats=FORMATS,
            size=largest_mb(),
        )


class PagesForm(forms.Form):
    addresses = forms.CharField(
        label=gettext_lazy("Addresses"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "placeholder": "https://"}),
        help_text=gettext_lazy("One on each line, from https:// on. Pages, PDF files and texts can be read."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=LANGUAGES, required=False, widget=UnfoldAdminSelectWidget()
    )

    def clean_addresses(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["addresses"].splitlines()]
        addresses = list(dict.fromkeys(line for line in lines if line))
        if len(addresses) > MOST_PAGES:
            raise ValidationError(_("At most %(count)d addresses at a time.") % {"count": MOST_PAGES})
        return addresses
