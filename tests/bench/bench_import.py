"""CPU time of importing what ships to Lambda, beside an empty interpreter and beside botocore.

`python -m tests.bench.bench_import` starts an interpreter for each, in turns. A cold start pays
the first row of ours; a function that also reads texts or sends digests pays more, once. Goal:
0.45 s for everything.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from rich.console import Console
from rich.table import Table

ROUNDS = 9
CASES = {
    "python alone": "pass",
    "chalice + botocore + PynamoDB": "import chalice.app, botocore.session, pynamodb.models",
    "a webhook: app": "import app",
    "understand": "import app, chalicelib.pipeline.understand; import chalicelib.privacy as p; "
    "p.redactor(())('Soita 040 123 4567, Matti')",
    "digest": "import app, chalicelib.pipeline.digests, jinja2, babel.dates, holidays",
    "every module that ships": "import app, importlib, pkgutil, chalicelib\n"
    "for m in pkgutil.walk_packages(chalicelib.__path__, 'chalicelib.'):\n"
    "    importlib.import_module(m.name)\n"
    "import jinja2, babel.dates, holidays, phonenumbers, stdnum.iban, jmespath",
}


def cpu_s(script: str) -> float:
    """User and system time of one interpreter, seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    spent: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(ROUNDS):
        for name, script in CASES.items():
            spent[name].append(cpu_s(script))
    floor = statistics.median(spent["chalice + botocore + PynamoDB"])
    table = Table("import", title=f"CPU seconds, median of {ROUNDS} fresh interpreters")
    table.add_column("CPU s", justify="right")
    table.add_column("ratio to the libraries", justify="right")
    for name, times in spent.items():
        median = statistics.median(times)
        table.add_row(name, f"{median:.2f}", f"{median / floor:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
