"""What a call costs: its begin with an upstream request, and a tool call, beside servers that do the same by hand."""
