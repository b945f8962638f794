"""The command line, run in this process."""

import pytest

from tinyinception.cli import main


@pytest.fixture
def run(capsys):
    """run("summary", "M") -> (status, standard output, standard error)."""

    def call(*words):
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call
