"""The actions of one call as an MCP server: ``tokens`` say whose, ``server`` offers and runs them, ``edge`` is HTTP."""
