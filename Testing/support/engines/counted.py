"""An engine for tests of the cache: marks two blocks, and notes beside its weights each scan that it looks at."""

import numpy as np

from HCCResponseLib.engines.contract import LIVER, TUMOUR, EngineInfo, Gives, Parameter, Segmentation

INFO = EngineInfo(
    name="counted",
    title="Counts how often it runs",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR}),
    licence="none",
    source="tests",
    weights="any file",
    needs_weights=True,
    takes_clicks=True,
    takes_line=True,
    uses_torch=False,
    system_mib=1,
    parameters=(Parameter("patch", 64, "side"),),
)


def segment(case, _):
    with case.weights.with_suffix(".log").open("a", encoding="utf-8") as log:
        log.write(f"{case.image.voxels_sha256}\n")
    labels = np.zeros(case.image.geometry.size, np.uint8)
    for value, share in ((LIVER, 4), (TUMOUR, 16)):  # a block in the middle, and a smaller one in that
        labels[tuple(slice(n // 2 - n // share, n // 2 + n // share) for n in labels.shape)] = value
    return Segmentation(labels=labels, weights={str(case.weights): hash_of(case.weights)}, facts={"made": 1})


def files(weights, _):
    return [weights]


def hash_of(path):
    from HCCResponseLib.base.files import sha256_of

    return sha256_of(path)


def check(_):
    return {}
