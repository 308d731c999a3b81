"""The demonstration: a small sample CRM, an SMTP sink, sample data, and a call played over HTTP."""
