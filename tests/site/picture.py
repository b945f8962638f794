"""README's picture of the explorer, from a site that was built.

    tinyinception site OUT --only explorer && python -m tests.site.picture OUT

writes benchmarks/figures/explorer.png: GoogLeNet on the network map, coloured by multiply-adds, its dearest box chosen.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image

PLACE = Path(__file__).parents[2] / "benchmarks" / "figures" / "explorer.png"
HASH = "network=googlenet&at=conv2.conv"
WIDE, HIGH, SCALE = 1480, 900, 1.25
COLOURS = 128  # of the file's palette, which makes it a third as large


def shot(out):
    """What the browser shows of the map, its legend and its panel, without the page's head."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDE, "height": HIGH}, device_scale_factor=SCALE, color_scheme="light"
        )
        page.goto(f"{(Path(out).resolve() / 'explorer' / 'map.html').as_uri()}#{HASH}")
        page.locator(".chosen").wait_for()
        page.evaluate("document.querySelector('.map-bar').scrollIntoView()")
        bar, stage = (page.locator(name).bounding_box() for name in (".map-bar", "#stage"))
        end = min(stage["y"] + stage["height"] + 12, HIGH)
        area = {"x": 8, "y": bar["y"] - 8, "width": WIDE - 16, "height": end - bar["y"] + 8}
        taken = page.screenshot(clip=area)
        browser.close()
    return taken


def main(out):
    with Image.open(io.BytesIO(shot(out))) as image:
        image.convert("RGB").quantize(COLOURS).save(PLACE, optimize=True)
    print(f"{PLACE}: {PLACE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
