"""Bad inputs by kind. A maker draws one case from a random generator; `registry.kind` gives it its place."""

from importlib import import_module

ROOMS = (
    "checkpoints",
    "states",
    "commands",
    "images",
    "folders",
    "published",
    "archives",
    "tensors",
    "modules",
    "numbers",
    "environments",
)


def load_all() -> None:
    """Import every room, which registers its makers."""
    for room in ROOMS:
        import_module(f"{__name__}.{room}")
