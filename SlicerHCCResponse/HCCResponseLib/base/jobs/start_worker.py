"""Starts one of our worker modules in another environment: ``python -I start_worker.py MODULE request.json``.

Only this package is made visible there, not the folder it lies in, which holds our own dependencies once installed.
"""

import importlib
import importlib.util
import sys
from pathlib import Path


def start(module: str) -> None:
    """Import our package from where this file lies and run a worker module's ``main``."""
    package = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None
    assert spec.loader is not None
    ours = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = ours
    spec.loader.exec_module(ours)
    importlib.import_module(module).main()


if __name__ == "__main__":
    start(sys.argv[1])
