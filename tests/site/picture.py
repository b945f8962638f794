"""README's picture of the explorer, from a site that was built.

    tinyinception site OUT --only explorer && python -m tests.site.picture OUT

writes benchmarks/figures/explorer.png: GoogLeNet on the network map, coloured by multiply-adds, its dearest box chosen.
"""

import io
import sys
from pathlib import Path

from PIL import Image

from tests.helpers.chromium import launched

PLACE = Path(__file__).parents[2] / "benchmarks" / "figures" / "explorer.png"
HASH = "network=googlenet&at=conv2.conv"
WIDE, HIGH, SCALE = 1480, 900, 1.25
COLOURS = 256  # of the file's palette, which makes it a third as large


def shot(browser, folder):
    """What the browser shows of the map in a folder: its legend, boxes and panel, without the page's head; a PNG."""
    size = {"width": WIDE, "height": HIGH}
    page = browser.new_page(viewport=size, device_scale_factor=SCALE, color_scheme="light")
    page.goto(f"{(folder / 'map.html').as_uri()}#{HASH}")
    page.locator(".chosen").wait_for()
    page.evaluate("document.querySelector('.map-bar').scrollIntoView(); scrollBy(0, -16)")
    bar, stage = (page.locator(name).bounding_box() for name in (".map-bar", "#stage"))
    end = min(stage["y"] + stage["height"] + 12, HIGH)
    taken = page.screenshot(clip={"x": 8, "y": bar["y"] - 8, "width": WIDE - 16, "height": end - bar["y"] + 8})
    page.close()
    return taken


def main(out):
    with launched() as browser:
        taken = shot(browser, Path(out).resolve() / "explorer")
    with Image.open(io.BytesIO(taken)) as image:
        image.convert("RGB").quantize(COLOURS).save(PLACE, optimize=True)
    print(f"{PLACE}: {PLACE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
