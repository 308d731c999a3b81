"""Vectors as they are compared and stored: of length 1, so that a product of two is their cosine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeAlias

from accounts.lazily import lazily

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors: TypeAlias = npt.NDArray[np.float32]
    """Texts × dimensions, or one of them."""
else:
    np = lazily("numpy")
    Vectors = Any


def normalised(vectors: npt.NDArray[Any]) -> Vectors:
    """Of length 1 each; none of them is zero."""
    shortened: Vectors = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return shortened


def packed(vector: Vectors) -> bytes:
    """As the database keeps it: half as long, and no worse for comparing."""
    return vector.astype("<f2").tobytes()


def unpacked(data: list[bytes], dimensions: int) -> Vectors:
    """The rows' vectors as a matrix."""
    flat = np.frombuffer(b"".join(data), dtype="<f2")
    return flat.reshape(len(data), dimensions).astype(np.float32)


def digest_of(title: str, heading: str, text: str) -> int:
    """Of what a passage's vector is made from; 64 bits, signed."""
    content = "\0".join((title, heading, text)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)
