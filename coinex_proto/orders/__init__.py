"""Own orders: facts, the states they lead through, the tracker that joins them, and what users see.

Nothing is imported here: commands and errors need the facts, and the tracker needs the errors.
"""
