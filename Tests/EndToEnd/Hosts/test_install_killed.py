"""The installer killed by KILL, and started again: in the end all is as if nobody had killed it."""
import time

import pytest
from bed import command
from disk import journal
from installing import Installation

# Where a killed run has made its change, the next one begins with another: its boundaries are counted from the first line
# of its own. Of two changes one is killed just before it is written down as done, the other one just after.
CHAIN = """
count=1 kills=0 when=before
while :; do
    rm -f /run/killed
    status=0
    env LD_PRELOAD=/srv/killer/killer.so KILL_AT=$count KILL_DONE=$when "$@" --yes >/run/said 2>&1 || status=$?
    [ -e /run/killed ] || break
    [ $status -eq 137 ] || { cat /run/said; exit 1; }
    kills=$((kills + 1))
    if [ "$(cat /run/killed)" = done ]; then
        count=2
        if [ $when = before ]; then when=after; else when=before; fi
    else
        count=$((count + 1))
    fi
done
[ $status -eq 0 ] || { cat /run/said; exit 1; }
echo $kills
"""


@pytest.fixture(scope="session")
def killer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killer")
    source = __file__.replace("test_install_killed.py", "killer.c")
    command("cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", folder / "killer.so", source)
    return folder


def test_killed_at_every_boundary_of_its_journal_it_ends_as_if_nobody_had_killed_it(
        host, upstreams, bare_layer, stocked_layer, stocked_outcome, killer):
    machine = host(layers=[bare_layer, stocked_layer], shows=upstreams.shows | {"/srv/killer": killer})
    install = Installation(machine, upstreams.settings)
    begin = time.monotonic()
    kills = int(machine.run("bash", "-eu", "-c", CHAIN, "chain", *install.words, timeout=400).stdout)
    lines = [entry["event"] for entry in journal(machine.live)]
    assert lines.count("run-began") >= kills
    assert lines.count("change-began") - lines.count("change-done") > 50
    assert install.made() == []
    install.outcome().demand_same(stocked_outcome)
    print(f"{kills} kills at boundaries in {time.monotonic() - begin:.0f} s")
