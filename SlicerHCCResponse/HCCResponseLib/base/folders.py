"""Where this software keeps what belongs to the user: engines with their weights, accounts, results kept for later."""

import os
import sys
from pathlib import Path

HOME = "HCC_RESPONSE_HOME"
_NAME = "hcc-response"


def data_folder() -> Path:
    """The folder for engines, weights and accounts; the variable ``HCC_RESPONSE_HOME`` names another one."""
    named = os.environ.get(HOME)
    return Path(named) if named else user_folder()


def cache_folder() -> Path:
    """The folder for what can be computed again; within the one that ``HCC_RESPONSE_HOME`` names, if it names any."""
    named = os.environ.get(HOME)
    if named:
        return Path(named) / "cache"
    from platformdirs import user_cache_path

    return user_cache_path(_NAME, appauthor=False)


def user_folder() -> Path:
    """The user's own data folder as the system has it; one that an earlier version made elsewhere stays in use."""
    # Not at the top: the environments of engines get the folder named and do not have this package.
    from platformdirs import user_data_path

    today, earlier = user_data_path(_NAME, appauthor=False), _earlier_folder()
    return earlier if earlier.is_dir() and not today.is_dir() else today


def _earlier_folder() -> Path:
    """The place before platformdirs, which for instance follows ``XDG_DATA_HOME`` on macOS, too."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / _NAME
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / _NAME
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / _NAME
