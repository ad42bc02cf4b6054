"""Whether PyPI tells its advisories here, and which of them are accepted, with the reason.

python .ci/advisories.py reachable   # exit status 0; else 1, and a line that says why
python .ci/advisories.py accepted    # options for pip-audit
"""

import json
import re
import sys
import urllib.request
from pathlib import Path

ACCEPTED = Path(__file__).with_name("advisories.txt")
CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
TIMEOUT_S = 5


def page(constraints: str) -> str:
    """The page of a version that is pinned: a mirror that lacks it cannot tell of it."""
    version = re.search(r"^boto3==(.+)$", constraints, re.M)[1]
    return f"https://pypi.org/pypi/boto3/{version}/json"


def reachable(page: str) -> str:
    """'' where advisories are told, else why not."""
    try:
        with urllib.request.urlopen(page, timeout=TIMEOUT_S) as answer:  # noqa: S310 - https
            told = json.load(answer)
    except (OSError, ValueError) as error:
        return f"{page}: {error}"
    return "" if "vulnerabilities" in told else f"{page}: tells of no advisories"


def accepted(text: str) -> list[str]:
    """Ids of `ID  # why it does no harm here` lines. Raises ValueError for one without a reason."""
    found = []
    for line in text.splitlines():
        name, _, reason = (part.strip() for part in line.partition("#"))
        if name and not reason:
            raise ValueError(f"{ACCEPTED.name}: {name} needs a reason behind a #")
        found += [name] if name else []
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["accepted"]:
        print(*(f"--ignore-vuln {name}" for name in accepted(ACCEPTED.read_text())))
    elif why := reachable(page(CONSTRAINTS.read_text())):
        print(f"No audit of packages: PyPI's advisories cannot be reached ({why})")
        sys.exit(1)
