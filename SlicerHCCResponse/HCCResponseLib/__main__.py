"""``python -m HCCResponseLib`` is the same as the ``hcc-response`` command (useful as ``PythonSlicer -m``)."""

from HCCResponseLib.cli.main import run

if __name__ == "__main__":
    run()
