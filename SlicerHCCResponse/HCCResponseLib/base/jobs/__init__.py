"""Jobs in processes of their own: one driver for panel, command and pipeline, and the worker's side of it.

job = Job("package.worker", WorkerRequest(...))      # starts it
while job.poll() is None: ...                        # never waits; job.progress is the latest
job.cancel()                                         # ends the process and all that it started
job.outcome                                          # done, failed, cancelled, or out of memory with offers

result = run_job("package.worker", WorkerRequest(...), report, cancelled)     # waits; errors are exceptions
"""

from HCCResponseLib.base.jobs.job import Job, last_lines, run_job
from HCCResponseLib.base.jobs.outcome import Ending, Offer, Outcome
from HCCResponseLib.base.jobs.progress import Progress, Report, ignore_progress, never, part_of
from HCCResponseLib.base.jobs.serve import is_out_of_memory, peak_memory_mib, serve

__all__ = [
    "Ending",
    "Job",
    "Offer",
    "Outcome",
    "Progress",
    "Report",
    "ignore_progress",
    "is_out_of_memory",
    "last_lines",
    "never",
    "part_of",
    "peak_memory_mib",
    "run_job",
    "serve",
]
