"""Help: every command and option says what it does, in whole sentences, and nothing that is not so."""

import pytest
import typer
import typer.core
from typer.testing import CliRunner

from HCCResponseLib.cli.main import app


def leaves(command, words=()):
    """Every command that does something, with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
    else:
        for name, one in below.items():
            yield from leaves(one, (*words, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_option_says_what_it_does(words):
    command = COMMANDS[words]
    first = (command.help or "").strip().splitlines()[0]
    assert first.endswith("."), first
    for one in command.params:
        said = getattr(one, "help", "") or ""
        assert said.endswith("."), f"{one.name}: '{said}'"


def helped(*words):
    shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
    return " ".join(shown.replace("│", " ").split())


def test_a_new_study_takes_images_and_no_study():
    assert "IMAGE..." in helped("study", "new")
    assert "STUDY |" not in helped("study", "new")
    said = CliRunner().invoke(app, ["study", "new"]).stderr
    assert "Name the CT of each visit" in said
    assert "study.yaml" not in said


def test_a_report_is_not_for_managers_and_auditors_alone():
    assert "auditors" not in helped("read", "report")


def test_the_help_of_central_review_names_every_command_that_asks_no_name():
    of_reads = {words[1]: command for words, command in COMMANDS.items() if words[0] == "read"}
    nameless = {
        name
        for name, command in of_reads.items()
        if not any("--as" in one.opts for one in command.params if isinstance(one, typer.core.TyperOption))
    }
    assert nameless == {"verify", "prepare"}
    assert "except 'verify' and 'prepare'" in helped("read")
