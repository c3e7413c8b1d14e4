"""A worker for tests of the process boundary: does what the request says."""

import os
import subprocess
import sys
import time

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.jobs import Progress, serve


def work(request, report):
    report(Progress("started", 0.1))
    match request["do"]:
        case "echo":
            print("a library prints something")
            report(Progress("half", 0.5))
            return {"value": request["value"]}
        case "sleep":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
            with open(request["pids"], "w") as stream:
                stream.write(f"{os.getpid()} {child.pid}")
            time.sleep(120)
        case "die":
            sys.stderr.write("the reason of death\n")
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), 9)
        case "model-error":
            raise ModelError("weights are missing")
        case "memory":
            raise MemoryError
    return {}


if __name__ == "__main__":
    serve(work)
