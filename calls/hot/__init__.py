"""The shortcut of the two requests that somebody listens to silence for: *call begins* and *tool call*.

``application`` stands in front of Django in the same process. It answers what nearly every request is: a well-formed
one with a good key, for an agent that is there. Whatever else comes (an error to be worded, a repeat, a header that
nobody needs) it hands to Django untouched, so that the API has one definition: DRF's.

    application -> requests   a body in its usual shape, or Django
                -> lookups    key -> account, agent -> release: kept in process, forgotten when they change
                -> begin, invoke   the same steps as calls.lifecycle, with records written by writer
                   writer     one transaction for everything that waits, answered after the commit
"""
