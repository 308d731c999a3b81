"""Sources, their documents, and a page to try a question."""

from knowledge.admin.documents import DocumentAdmin
from knowledge.admin.sources import SourceAdmin

__all__ = ["DocumentAdmin", "SourceAdmin"]
