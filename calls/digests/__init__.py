"""Summaries of an account's calls by email, daily or weekly, for the members who want one.

``periods`` says which one is due, ``figures`` counts, ``sending`` writes and sends each exactly once per period.
"""
