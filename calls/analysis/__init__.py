"""What is found out of a finished call: labels, summary, information. In this order of trust, each source only where
those before it have said nothing: the runtime's report, rules, a language model, the default.

A call that has to wait, for the runtime or for the model, has one row (``rows.CallAnalysis``) until it is settled; its
after-call runs are held meanwhile. Kill any process at any instant: the row stays, and a sweep finds it.
"""
