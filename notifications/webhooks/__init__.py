"""Webhooks by the Standard Webhooks specification: written with what they tell, sent by the worker, signed.

``listening`` writes what is owed, ``lanes`` delivers it (one lane an endpoint), ``sender`` keeps the lanes of a
worker's process, ``sweeping`` finds what was lost.
"""
