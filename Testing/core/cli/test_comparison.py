"""What 'read compare' prints: words in a table, a line for each variable, and no value of a programming language."""

import re
from datetime import date

from typer.testing import CliRunner

from committees import FIRST, PD, PR, SECOND, password
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.read.comparison import variable_words
from HCCResponseLib.response.types import Response


def compare(committee, name="judge"):
    environment = {"HCC_RESPONSE_PASSWORD": password(name)}
    done = CliRunner(env=environment).invoke(
        app, ["read", "compare", str(committee.store.path), "S1", "--as", name]
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_compare_prints_a_line_of_words_for_each_variable(committee):
    committee.read("ann", committee.assign("ann", FIRST).read_id, PR)
    committee.read("bob", committee.assign("bob", SECOND).read_id, PD)
    lines = [re.split(r"\s{2,}", line.strip()) for line in compare(committee).splitlines()]
    assert lines[1] == ["S1-1 (RADIOLOGIST 1)", "S1-2 (RADIOLOGIST 2)"]
    table = {line[0]: line[1:] for line in lines[2:7]}
    assert table == {
        "best overall response": ["PR", "PD", "differs"],
        "date of first response": ["2024-02-01", "none"],
        "date of progression": ["none", "2024-02-01", "differs"],
        "progression": ["no", "yes"],
        "response at each follow-up": ["PR", "PD"],
    }
    assert lines[7:] == [
        ["The readers differ in: best overall response, date of progression"],
        ["No read counts yet: an adjudicator has to choose."],
    ]
    assert not re.search(r"None|True|False|<|Response\.|datetime|\(\w+,", compare(committee))


def test_compare_of_unfinished_reads_says_so_and_shows_no_value(committee):
    committee.read("ann", committee.assign("ann", FIRST).read_id, PR)
    committee.assign("bob", SECOND)
    said = compare(committee)
    assert said.splitlines() == [
        "Subject S1",
        "Not finished: S1-1 (RADIOLOGIST 1), S1-2 (RADIOLOGIST 2)",
    ]


def test_values_are_written_as_people_write_them():
    values = (None, True, False, date(2024, 2, 1), Response.PR, (None, Response.SD, None), (None,))
    words = ["none", "yes", "no", "2024-02-01", "PR", "SD, open", "baseline only"]
    assert [variable_words(value) for value in values] == words
