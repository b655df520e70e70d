"""HTTP without I/O, of any venue: the steps of a call, and why one did not succeed."""
