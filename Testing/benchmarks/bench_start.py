"""How long the command takes to answer help and slips of the pen, in processor time, beside a bare ``python -c pass``.

Run: ``python Testing/benchmarks/bench_start.py [--repeats 11]``. Asked: at most 0.5 s of processor time each (user and
system together). The first answer of a fresh installation also compiles; it is made before the clock starts.
"""

import argparse
import os
import resource
import subprocess
import sys
from statistics import median

ASKED_S = 0.5
PLAIN = "python -c pass"
#: Help, a misspelt command, a misspelt option, a file that is not there.
COMMANDS = ("--help", "asess a.nii.gz", "assess --contuor x", "assess nowhere.nii.gz")


def seconds(*words: str) -> float:
    """Processor time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    repeats = parser.parse_args().repeats
    ways = {PLAIN: ("-c", "pass")}
    ways |= {f"hcc-response {words}": ("-m", "HCCResponseLib", *words.split()) for words in COMMANDS}
    for words in ways.values():
        seconds(*words)
    found = {name: median(seconds(*words) for _ in range(repeats)) for name, words in ways.items()}
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("| what | processor (s), median | asked (s) |\n|---|---|---|")
    for name, took in found.items():
        print(f"| {name} | {took:.2f} | {'' if name == PLAIN else f'<= {ASKED_S}'} |")


if __name__ == "__main__":
    main()
