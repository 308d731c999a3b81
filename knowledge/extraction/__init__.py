"""From the bytes of a file to Markdown. Nothing here imports Django: it runs in a process of its own (``child``)."""
