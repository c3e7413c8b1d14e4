"""What a run of proposals is asked: settings of its engines, lighter settings after memory ran out, unknown keys."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from HCCResponseLib.adapt import request as adaptation
from HCCResponseLib.adapt.request import AdaptationRequest
from HCCResponseLib.base.errors import InputError, JobOutOfMemoryError
from HCCResponseLib.base.jobs import Ending, Offer, Outcome
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.reference import ImageReference
from HCCResponseLib.imaging.study import Study, TimePointEntry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.pipeline import segmentation
from HCCResponseLib.pipeline.request import Options, ProposalRequest
from HCCResponseLib.pipeline.segmentation import EngineRunner
from HCCResponseLib.track.registration import child as registration
from HCCResponseLib.track.registration.files import read_image, refer_to

POINT = TimePointEntry(name="baseline", date=date(2024, 1, 1), image=Path("ct.nrrd"))
SMALLER = Offer("Smaller patch: 48", parameters={"patch": 48})


def request(**options) -> ProposalRequest:
    study = Study(subject="S1", timepoints=(POINT,))
    return ProposalRequest(study=study, folder=Path("read"), options=Options(**options))


def test_settings_are_those_of_the_engine_they_name():
    options = Options(parameters={"patch": 48, "adapted.patch": 32, "fcd.flips": True})
    assert options.settings_of("fcd") == {"patch": 48, "flips": True}
    assert options.settings_of("adapted") == {"patch": 32}
    options.require_known()
    with pytest.raises(InputError, match="no parameter 'pach'"):
        Options(parameters={"adapted.pach": 32}).require_known()
    with pytest.raises(InputError, match="does not run here; those are fcd, adapted"):
        Options(parameters={"nnunet.folds": "0"}).require_known()


def test_a_request_survives_the_way_and_refuses_unknown_keys():
    asked = request(parameters={"patch": 48}, steps=3)
    assert ProposalRequest.read(asked.to_text()) == asked
    for name in ("options", "steps", "subject"):
        with pytest.raises(InputError, match="cannot be started as asked: [^\\n]*$"):
            ProposalRequest.read(asked.to_text().replace(f'"{name}"', f'"{name}s"', 1))


@pytest.mark.parametrize(("engine", "name"), [("fcd", "patch"), ("adapted", "adapted.patch")])
def test_the_offers_of_every_engine_are_settings_of_the_whole_run(tmp_path, monkeypatch, engine, name):
    """What ran out was perhaps the adapted network; its offer must not change the engine that looks at whole scans."""
    seen = []

    def run_engine(which, asked, *_):
        seen.append((which, dict(asked.parameters)))
        return Outcome(Ending.OUT_OF_MEMORY, message="GPU memory ran out.", offers=(SMALLER,))

    monkeypatch.setattr(segmentation, "run_engine", run_engine)

    def run(options: Options) -> tuple[Offer, ...]:
        runner = EngineRunner(options, lambda: False)
        image = Volume(np.zeros((4, 4, 4), np.int16), Geometry((4, 4, 4), (1.0, 1.0, 1.0)))
        with pytest.raises(JobOutOfMemoryError) as caught:
            if engine == "fcd":
                runner.survey(POINT, lambda _: None)
            else:
                runner.known(
                    POINT, image, {"L1": Lesion.of(np.ones((4, 4, 4), bool))}, tmp_path, lambda _: None
                )
        assert caught.value.message == "GPU memory ran out."
        return caught.value.offers

    asked = request()
    (offer,) = run(asked.options)
    assert (offer.title, offer.options) == (SMALLER.title, f"--set {name}=48")
    run(asked.lighter(offer).options)
    assert [which for which, _ in seen] == [engine, engine]
    assert "patch" not in seen[0][1]
    assert seen[1][1]["patch"] == 48


def test_an_adaptation_without_memory_offers_the_cpu(tmp_path, monkeypatch):
    def run_job(*_):
        raise JobOutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(adaptation, "run_job", run_job)
    for device, offered in (("cuda", ["cpu"]), ("cpu", [])):
        asked = AdaptationRequest(visits=(), output=tmp_path / "a.pt", recipe="quick", device=device)
        with pytest.raises(JobOutOfMemoryError) as caught:
            adaptation.run_adaptation(asked, lambda _: None)
        assert [offer.device for offer in caught.value.offers] == offered


def test_images_are_handed_on_by_reference_and_checked(tmp_path):
    values = np.full((4, 8, 8), -1000, np.int16)
    values[1:3, 2:6, 2:6] = 60
    grid = Geometry(values.shape, (2.0, 0.7, 0.7))
    path = tmp_path / "ct.nrrd"
    write_volume(Volume(values, grid), path)
    image = Volume(values, grid, str(path))
    reference = refer_to(image, tmp_path / "copy.npz")
    assert reference.path == path
    assert not (tmp_path / "copy.npz").exists(), "nothing is written anew"
    assert np.array_equal(read_image(reference).hu, values)
    in_memory = refer_to(Volume(values, grid, "drawn"), tmp_path / "copy.npz")
    assert in_memory.path == tmp_path / "copy.npz"
    assert np.array_equal(read_image(in_memory).hu, values)
    with pytest.raises(InputError, match="was changed while"):
        read_image(in_memory.model_copy(update={"sha256": "0"}))
    write_volume(Volume(values + np.int16(1), grid), path)
    with pytest.raises(InputError, match=r"ct\.nrrd' was changed while it was being worked on"):
        ImageReference(path=path, sha256=image.sha256).read()


def test_a_registration_refuses_an_image_that_was_changed(tmp_path):
    values = np.full((6, 8, 8), -1000, np.int16)
    values[1:5, 2:6, 2:6] = 60
    grid = Geometry(values.shape, (2.0, 2.0, 2.0))
    write_volume(Volume(values + np.int16(1), grid), tmp_path / "ct.nrrd")
    scan = registration.Scan(Volume(values, grid, str(tmp_path / "ct.nrrd")), None)
    with pytest.raises(InputError, match="was changed while"):
        registration.ChildRegistrar()(scan, scan)
