"""A worker for tests of the process boundary: does what the request says."""

import os
import subprocess
import sys
import tempfile
import time

from HCCResponseLib.base.errors import GeometryError, JobOutOfMemoryError, ModelError
from HCCResponseLib.base.jobs import Offer, Progress, run_job, serve
from HCCResponseLib.base.jobs.request import JobRequest


class FakeRequest(JobRequest):
    do: str
    value: int = 0
    pids: str = ""


def work(request, report):
    report(Progress("started", 0.1))
    match request.do:
        case "echo":
            print("a library prints something")
            print('["a", "list"]')
            report(Progress("half", 0.5))
            return {"value": request.value}
        case "sleep":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
            with open(request.pids, "a") as stream:
                stream.write(f"{os.getpid()} {child.pid} ")
            time.sleep(120)
        case "nested":
            with open(request.pids, "a") as stream:
                stream.write(f"{os.getpid()} ")
            run_job("fake_worker", FakeRequest(do="sleep", pids=request.pids))
        case "scratch":
            folder = tempfile.mkdtemp()
            with open(request.pids, "w") as stream:
                stream.write(folder)
        case "die":
            sys.stderr.write("the reason of death\n")
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), 9)
        case "model-error":
            raise ModelError("weights are missing")
        case "geometry-error":
            raise GeometryError("another grid")
        case "memory":
            raise MemoryError
        case "offers":
            raise JobOutOfMemoryError("GPU memory ran out.", (Offer("Smaller", "cpu", {"patch": 32}),))
        case "nested offers":
            run_job("fake_worker", FakeRequest(do="offers"))
    return {}


if __name__ == "__main__":
    serve(FakeRequest.read, work)
