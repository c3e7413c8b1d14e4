"""What a part of the benchmark is asked."""

from pathlib import Path

from HCCResponseLib.base.jobs.request import JobRequest

WORKER = "HCCResponseLib.evaluation.adaptation.worker"


class EvaluationRequest(JobRequest):
    """Pairs and methods to evaluate.

    Attributes:
        output: folder of the results; what is there is not made again.
        methods: names with commas between them.
        base: model, ``None`` is the shipped one; prompts: the prompt network, ``None`` is the one at hand.
        background: what results are filed under; ``image`` and ``liver``: the CT behind it, ``None`` is the phantom.
    """

    output: Path
    seeds: tuple[int, ...]
    methods: str
    base: Path | None = None
    prompts: Path | None = None
    background: str
    image: Path | None = None
    liver: Path | None = None
