"""How long the explorer's map of Inception-v4 takes from opening until a click on a box gives its panel.

    python -m tests.site.opening OUT [N]

OUT is a folder that `tinyinception site OUT` made. It is opened from the disk N times (default 15), each time in a
browser context of its own, which keeps nothing of the last one; printed are medians and the worst, in milliseconds.
The page's own clock is read, which begins with the navigation, so that the driver's messages are not counted.
"""

import statistics
import sys
from pathlib import Path

from tests.helpers.chromium import launched

HASH = "network=inception_v4"
NAMES = ("boxes drawn", "click to panel", "both")

# When the boxes have been drawn and a frame with them was shown, and when a click has changed the panel.
WATCH = """
  const boxes = () => document.querySelector(".unit")
    ? requestAnimationFrame(() => setTimeout(() => { window.drawnAt = performance.now(); }))
    : requestAnimationFrame(boxes);
  requestAnimationFrame(boxes);
  addEventListener("click", (event) => {
    const panel = () => document.querySelector("#layer.open")
      ? requestAnimationFrame(() => setTimeout(() => { window.panelAfter = performance.now() - event.timeStamp; }))
      : requestAnimationFrame(panel);
    panel();
  }, true);
"""


def once(browser, address):
    """Milliseconds until the boxes are there, and from a real click on the first one until its panel is."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.drawnAt")
    page.locator(".unit").first.click()
    page.wait_for_function("window.panelAfter")
    times = page.evaluate("[window.drawnAt, window.panelAfter]")
    context.close()
    return times


def main(out, repeats=15):
    address = f"{(Path(out).resolve() / 'explorer' / 'map.html').as_uri()}#{HASH}"
    with launched() as browser:
        once(browser, address)  # the browser's own start is not the page's
        runs = [once(browser, address) for _ in range(repeats)]
    for name, times in zip(NAMES, [*zip(*runs, strict=True), [sum(run) for run in runs]], strict=True):
        print(f"{name}: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms of {repeats}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
