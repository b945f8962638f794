"""README.md of an exported network: a model card, as the model hub shows it, with its facts as YAML at the top."""

from __future__ import annotations

import json

from tinyinception.weights import Exported


def card(exported: Exported) -> str:
    """The text of README.md."""
    origin = exported.origin
    data = origin.get("data")
    title = exported.model + (f", trained on {_code(data)}" if data else "")
    sizes = " x ".join(map(str, exported.image_shape))
    parts = [
        _front_matter(exported),
        f"# {title}",
        f"A classifier of images of {sizes} (height, width, channels) into {len(exported.classes):,} classes, made "
        f"with tinyinception {origin.get('library_version', '')}.",
        _table(exported),
        *(["The command of its training:", f"```sh\n{_line(origin['command'])}\n```"] if "command" in origin else []),
        "## Use",
        "`images` are bytes, N x height x width x channels. The folder may also be one on the hub, `hf://OWNER/NAME`.",
        "```python\n"
        "from tinyinception import Tensor, no_grad, weights\n\n"
        'exported = weights.from_export("FOLDER")\n'
        "with no_grad():\n"
        f"    logits = exported.network(Tensor({_normalised(exported)})).logits.numpy()\n"
        "print([exported.classes[k] for k in logits.argmax(axis=1)])\n```",
        _preprocessing(exported),
        "## Classes",
        f"In the order of the logits:\n\n```json\n{json.dumps(exported.classes, ensure_ascii=False)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(exported: Exported) -> str:
    lines = [
        "---",
        "library_name: tinyinception",
        "pipeline_tag: image-classification",
        "tags:",
        "- image-classification",
        "- inception",
        "- tinyinception",
    ]
    origin = exported.origin
    if origin.get("test_accuracy") is not None:
        data = _yaml(str(origin["data"]))
        lines += [
            "model-index:",
            f"- name: {_yaml(exported.model)}",
            "  results:",
            "  - task:",
            "      type: image-classification",
            "    dataset:",
            f"      name: {data}",
            f"      type: {data}",
            "      split: test",
            "    metrics:",
            "    - type: accuracy",
            f"      value: {origin['test_accuracy']!r}",
        ]
    return "\n".join([*lines, "---"])


def _table(exported: Exported) -> str:
    origin, rows = exported.origin, []
    if "epochs" in origin:
        done, planned = origin["epochs"], origin["epochs_planned"]
        accuracy = origin["test_accuracy"]
        rows += [
            ("test accuracy", "not measured yet" if accuracy is None else f"{accuracy:.2%}"),
            ("parameters", "their running average" if origin["averaged"] else "those after the last step"),
            ("epochs", f"{done}" if done == planned else f"{done} of {planned}: training was not finished"),
            ("seconds, training and testing", f"{origin['seconds']:,.0f}"),
            ("data", _code(origin["data"])),
        ]
    if "weights" in origin:
        rows.append(("weights", _code(origin["weights"])))
    if "weight_set" in origin:
        rows.append(("weight set", _code(origin["weight_set"])))
    rows.append(("size", f"{sum(parameter.size for parameter in exported.network.parameters()):,} parameters"))
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows)])


def _preprocessing(exported: Exported) -> str:
    if not exported.mean:
        return "What has to be done to pixels before the network sees them is not known."
    return (
        f"`normalize` brings pixels to 0 to 1, subtracts the mean {json.dumps(exported.mean)} and divides by "
        f"{json.dumps(exported.std)}."
    )


def _normalised(exported: Exported) -> str:
    return "exported.normalize(images)" if exported.mean else "images"


def _code(text: object) -> str:
    """Any text as code in Markdown, in a cell of a table too."""
    shown = _line(str(text)).replace("|", "\\|")
    ticks = "``" if "`" in shown else "`"
    return f"{ticks} {shown} {ticks}" if "`" in shown else f"{ticks}{shown}{ticks}"


def _line(text: str) -> str:
    """Text on one line, with what cannot be printed written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _yaml(text: str) -> str:
    """Text as a scalar of YAML: in double quotes, and what YAML does not print as \\U and eight digits."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
