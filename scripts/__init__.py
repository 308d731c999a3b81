"""Set-up, supervision and upkeep of a checkout: what the Makefile calls."""
