"""Peak memory of a part of a run."""

import contextlib
from pathlib import Path


def reset_peak() -> None:
    """Let the kernel count this process's peak memory anew (Linux; elsewhere the peak is of the whole run)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mib() -> int | None:
    """Peak resident memory in MiB since :func:`reset_peak`; ``None`` where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024)
    return None
