"""A disk without room, for one process: no file may grow beyond some bytes, which the system calls a full disk."""

import resource
from contextlib import contextmanager


@contextmanager
def full_disk(most_bytes):
    """While it lasts no file of this process may become longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
