"""An argument that is one of a few words."""

from __future__ import annotations

import argparse

from tinyinception.cli.synonyms import hint


class OneOf:
    """An argument's type: one of a few words, which the completion of shells knows."""

    def __init__(self, *words: str):
        self.words = words

    def __call__(self, word: str) -> str:
        if word not in self.words:
            raise argparse.ArgumentTypeError(f"{word!r} is not {' or '.join(self.words)}{hint(word, self.words)}")
        return word
