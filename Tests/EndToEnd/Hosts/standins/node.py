"""NodeSource's repository: the real package of Node 20, as it is installed on this machine, in a repository of ours."""
import subprocess
from pathlib import Path

from bed import cached, command
from mirrors import Mirror, repository

SHAPE = Mirror(Path(), "deb.nodesource.com", "node_20.x", "nodistro", "main", "gpgkey/nodesource-repo.gpg.key")


def version() -> str | None:
    """Of the package on this machine; `None` when it is not there, or not NodeSource's 20."""
    answer = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "nodejs"], capture_output=True,
                            text=True, stdin=subprocess.DEVNULL).stdout.split()
    return answer[1] if len(answer) == 2 and answer[0] == "installed" and "nodesource" in answer[1] \
        and answer[1].startswith("20.") else None


def mirror() -> Mirror:
    def repack(folder: Path) -> None:
        # The least compression: it is unpacked as often as it is packed.
        command("dpkg-repack", "--deb-option=-Zgzip", "--deb-option=-z1", "nodejs", cwd=folder)

    packed = cached("node-package", Path(__file__), version(), build=repack)
    return repository(SHAPE, "node-mirror", sorted(packed.glob("*.deb")), "NodeSource")
