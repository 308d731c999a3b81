"""Results of before-actions, kept for the next call with the same key. Off until platform staff switch it on.

serving    one action of one call: kept result, or the work, or an old result in place of a failure
keys       what of a call makes its key, and how people are shown it
flights    the work for one key, done once however many wait, finished even when nobody waits any more
live       what is decided between releases: emptied, paused; known without asking for a second at most
entries    one kept result, sealed wherever it leaves the process
stores     where they are kept: ``shared`` (Redis) or ``embedded`` (this process, and a table for its neighbours)
usage      hits, misses and saved time, counted in process and written down now and then
emptying   all, one action, one key, one telephone number; for the admin and the API
"""
