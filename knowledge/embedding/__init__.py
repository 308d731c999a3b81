"""Comparing by meaning."""

import os

# Read once, when numpy is imported. A process answers many at once: threads for each would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
