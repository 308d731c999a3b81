"""Sources, their documents, and a page to try a question."""

from knowledge.admin.connections import EmbeddingConnectionAdmin
from knowledge.admin.documents import DocumentAdmin
from knowledge.admin.sources import SourceAdmin

__all__ = ["DocumentAdmin", "EmbeddingConnectionAdmin", "SourceAdmin"]
