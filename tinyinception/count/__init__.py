"""Counting networks: parameters, multiply-adds, FLOPs, depth and receptive field, from the operations' own `cost`."""

from tinyinception.count.summary import Comparison, Summary, compare, summary
from tinyinception.count.tally import Field, Row, Tally

__all__ = ["Comparison", "Field", "Row", "Summary", "Tally", "compare", "summary"]
