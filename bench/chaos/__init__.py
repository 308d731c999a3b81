"""What survives when workers, broker and database are killed under load, and the mail server refuses."""
