"""Pictures, drawn with matplotlib on figures of their own, so that no global state and no display is involved."""

from tinyinception.plots.graph import draw_graph, to_dot
from tinyinception.plots.judging import calibration_curve, crop_views
from tinyinception.plots.network import draw

__all__ = ["calibration_curve", "crop_views", "draw", "draw_graph", "to_dot"]
