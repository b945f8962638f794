"""The lessons' machinery: finding and stepping through them, checking exercises, weighing claims.

The lessons themselves are in the folder `lessons/` of a clone. What they import from here: `figure` and `show` for
pictures, `stored` for results of experiments too long for a lesson.
"""

from tinyinception.course.pictures import COLOURS, figure, show
from tinyinception.course.results import stored

__all__ = ["COLOURS", "figure", "show", "stored"]
