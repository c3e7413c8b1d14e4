"""The ``hcc-response`` command. Only the module of the command that is asked for is loaded, so that it answers at once.

``app`` holds all commands, for whoever calls them from Python or adds one.
"""

import difflib
import importlib
import os
import sys
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from HCCResponseLib import __version__

if TYPE_CHECKING:
    import typer

_HELP = (
    "Reader-assisted treatment-response evaluation of liver cancer on CT. "
    "For research use; not cleared for clinical use."
)
#: Every command with the module of its function, or of its group, in the order of the help.
COMMANDS = {
    "demo": "demo:demo",
    "open-dicom": "open_dicom:open_dicom",
    "pacs": "pacs:pacs_app",
    "restore": "restore:restore",
    "deidentify": "deidentify:deidentify",
    "assess": "study:assess",
    "review": "own_read.review:review",
    "sign": "own_read.sign:sign",
    "amend": "own_read.amend:amend",
    "propose": "study:propose",
    "segment": "steps:segment",
    "adapt": "steps:adapt",
    "track": "track:track",
    "measure": "steps:measure",
    "rules": "rules:rules",
    "train": "train:train",
    "prompts": "prompts:prompts_app",
    "study": "new_study:study_app",
    "read": "read.main:read_app",
    "evaluate": "evaluate.main:evaluate",
    "export": "export:export_app",
    "engines": "engines:engines",
    "profiles": "profiles:profiles_app",
}


def application(names: Iterable[str] = COMMANDS) -> "typer.Typer":
    """The command with some of its subcommands; their modules are loaded."""
    import typer

    made = typer.Typer(name="hcc-response", help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False)

    def tell_version(wanted: bool) -> None:
        if wanted:
            sys.stdout.write(__version__ + "\n")
            raise typer.Exit

    @made.callback()
    def main(
        version: bool = typer.Option(
            False, "--version", callback=tell_version, is_eager=True, help="Print the version."
        ),
    ) -> None:
        """Options of the whole command."""

    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(importlib.import_module(f"HCCResponseLib.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            made.add_typer(command, name=name)
        else:
            made.command(name)(command)
    return made


@cache
def _whole() -> "typer.Typer":
    return application()


def __getattr__(name: str) -> Any:
    """``app``, made when somebody asks for it."""
    if name == "app":
        return _whole()
    raise AttributeError(name)


def run() -> None:
    """Entry point of the installed command: a slip of the pen is answered in one line, before anything slow loads."""
    words = sys.argv[1:]
    named = bool(words) and not words[0].startswith("-")
    if named and words[0] not in COMMANDS:
        near = difflib.get_close_matches(words[0], COMMANDS, 1)
        _refuse(
            f"There is no command '{words[0]}'." + (f" Did you mean '{near[0]}'?" if near else ""),
            "hcc-response",
        )
    wanted = words[:1] if named else () if words == ["--version"] else COMMANDS
    # Nothing here has plugins; looking for them among all packages takes a tenth of a second.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    import typer

    # What typer raises for words that it does not understand; where the class lies depends on typer's version.
    not_understood: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
    try:
        status = application(wanted)(prog_name="hcc-response", standalone_mode=False)
    except not_understood as problem:
        if problem.format_message():
            context = getattr(problem, "ctx", None)
            _refuse(problem.format_message(), context.command_path if context else "hcc-response")
        problem.show()  # a command without arguments shows its help
        sys.exit(problem.exit_code)
    except typer.Abort:
        sys.stderr.write("stopped; what was answered before is kept\n")
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(problem: str, command: str) -> None:
    sys.stderr.write(f"error: {problem} Help: {command} --help\n")
    sys.exit(2)
