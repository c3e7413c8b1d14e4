"""Ways to damage an input: flipped bytes, missing ends, values that nobody expects, misspelt keys."""

import json
import random
from copy import deepcopy
from typing import Any

import yaml

NASTY: tuple[Any, ...] = (
    None, "", " ", "x" * 5000, 0, -1, 1e308, float("inf"), float("nan"), 10**40, True, [], {}, [[]], {"a": 1},
    "2024-02-30", "9999-99-99", "../../etc/passwd", "/dev/zero", "\u202e", "<b>", "=1+1", "NaN", "27,5", "'", "\0", "Ä",
    -0.0, "CR", "PD", "iUPD", [1, 2, 3], {"": None}, 27.25, "1e5",
)  # fmt: skip


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, cut off, put in or doubled."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        if not data:
            break
        at = rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(min(len(data), 512))
        match rng.randrange(5):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                del data[at : at + rng.choice((1, 4, 64, len(data)))]
            case 3:
                data[at:at] = rng.randbytes(rng.choice((1, 4, 64)))
            case _:
                data[at : at + 4] = rng.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\xc0\x7f")
                )
    return bytes(data)


def damaged_text(content: bytes, rng: random.Random) -> bytes:
    """YAML or JSON with a value or key changed at any depth, or with damaged bytes."""
    if rng.random() < 0.25:
        return damaged_bytes(content, rng)
    tree = yaml.safe_load(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        tree = _changed(tree, rng)
    if content.lstrip().startswith(b"{"):
        return json.dumps(tree, default=str).encode()
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode()


def _changed(tree: Any, rng: random.Random) -> Any:
    """The tree with one place changed."""
    if not isinstance(tree, dict | list) or not tree or rng.random() < 0.05:
        return _nasty(rng)
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    key = rng.choice(keys)
    if rng.random() < 0.6:
        tree[key] = _changed(tree[key], rng)
    elif isinstance(tree, list):
        _change_list(tree, key, rng)
    else:
        _change_mapping(tree, key, rng)
    return tree


def _change_list(tree: list[Any], at: int, rng: random.Random) -> None:
    if rng.random() < 0.5:
        tree.insert(at, deepcopy(tree[at]))
    else:
        del tree[at]


def _change_mapping(tree: dict[Any, Any], key: Any, rng: random.Random) -> None:
    match rng.randrange(3):
        case 0:
            del tree[key]
        case 1:
            tree[f"{key}s" if rng.random() < 0.5 else str(key)[:-1]] = tree.pop(key)
        case _:
            tree[rng.choice(("extra", "", "id", 7))] = _nasty(rng)


def _nasty(rng: random.Random) -> Any:
    """One of :data:`NASTY`, a new one each time: it may be changed further, or be put into itself."""
    return deepcopy(rng.choice(NASTY))
