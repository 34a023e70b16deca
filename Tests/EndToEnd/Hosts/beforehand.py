"""What takes long to build for the hosts of the tests: each part is kept, and is not built again."""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import base
import mirrors
import previous
from bed import CHECKOUT
from standins import mongodb, node, python312

# What an installation is fed from. Of the distribution: what it installs, what the stand-ins need, what our own programs link,
# and, of the tests, an ACME server.
OURS = ["libmongoc-1.0-0", "libarchive13", "libsqlite3-0", "libssl3", "libyaml-0-2"]
BASE = ["ca-certificates", "build-essential", "libffi-dev", "certbot"]
NEEDED = [*BASE, "nginx", "redis-server", "yarnpkg", "nodejs", "python3", "adduser", "pebble", *OURS]
# And in the place of third parties.
STANDINS = (mongodb.mirror, python312.archive, node.mirror)


def build() -> Path:
    """All of it at the same time; the base is given. What fails besides it fails again, and is told, when a test asks for it."""
    with ThreadPoolExecutor() as pool:
        for standin in STANDINS:
            pool.submit(standin)
        if previous.absence() is None:
            pool.submit(previous.previous, CHECKOUT / ".build/release/cspm")
        root = base.base()
        mirrors.debian(root, NEEDED)
    return root
