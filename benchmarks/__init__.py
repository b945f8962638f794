"""Benchmarks: `python -m benchmarks.NAME [--json FILE] [--plot FILE] [--quick] [--threads N]`.

Each prints its tables, writes a JSON file to `benchmarks/results` and a picture to `benchmarks/figures`; what they
found is in `benchmarks/README.md`, which `python -m benchmarks.report` writes. Sides that are compared run in one go,
each in a process of its own, and take turns (`sides.py`). The peers come with `pip install -e '.[bench]'`, PyTorch by
hand; one that is missing is reported as missing.
"""
