"""pip's report of what it would install -> requirements with hashes, on stdout."""

import json
import sys
from pathlib import Path

for item in json.loads(Path(sys.argv[1]).read_text())["install"]:
    known = item["metadata"]
    sha256 = item["download_info"]["archive_info"]["hashes"]["sha256"]
    print(f"{known['name']}=={known['version']} --hash=sha256:{sha256}")
