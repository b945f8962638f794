"""Counting networks: parameters, multiply-adds, FLOPs, memory, depth, receptive field, from operations' own `cost`."""

from tinyinception.count.field import Field
from tinyinception.count.memory import Memory
from tinyinception.count.summary import Comparison, Conventions, Summary, compare, summary
from tinyinception.count.tally import Row, Tally

__all__ = ["Comparison", "Conventions", "Field", "Memory", "Row", "Summary", "Tally", "compare", "summary"]
