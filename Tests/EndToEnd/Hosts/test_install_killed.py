"""The installer killed by KILL, and started again: in the end all is as if nobody had killed it."""
import os
import time
from collections import Counter

import pytest
from bed import command
from disk import half_done, journal
from installing import Installation
from killing import Attempt
from moments import AIMS, Moment, draw
from progress import Progress

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


def test_killed_with_a_dpkg_that_unpacks_while_more_is_missing_it_finishes_that_first(stocked, stocked_outcome):
    with Attempt(stocked, 0) as attempt:
        while True:
            assert not attempt.is_over, attempt.end()
            with attempt.still() as is_there:
                states = set(half_done(stocked.machine.root).values()) if is_there else set()
                if states == {"install reinstreq half-installed", "install ok unpacked"}:
                    attempt.kill(whole=True)
                    break
            time.sleep(0.001)
        attempt.end()
    left = half_done(stocked.machine.root)
    assert f"finish what dpkg left half done: {', '.join(sorted(left))}" in stocked.made()
    stocked.outcome().demand_same(stocked_outcome)


def wait(attempt: Attempt, progress: Progress, moment: Moment, marks: set) -> dict[str, str] | None:
    """Kills it at this moment, and says what dpkg was at then, by package. `None`: it had ended.

    Where the one before came late, this one comes when the installer has come further, however little.
    """
    begin, due, share = progress.share(marks), None, 0
    while True:
        last, share = share, progress.share(marks)
        if due is None and share >= moment.share and share > begin:
            due, last = time.monotonic() + moment.delay, share
        if due is not None and (share > last or time.monotonic() >= due):
            with attempt.still() as is_there:
                doing = half_done(attempt.machine.root) if is_there else {}
                if is_there and (moment.aim is None or moment.aim in doing.values()):
                    attempt.kill(moment.whole)
                    return doing
        if attempt.is_over:
            return None
        time.sleep(0.001)


def test_killed_at_thirty_random_moments_from_a_bare_host_on_it_ends_as_if_nobody_had_killed_it(bare, installed):
    # What it finds today it finds tomorrow, unless asked for other moments.
    seed = int(os.environ.get("BEDPLATE_SEED", "1"))
    moments, progress = draw(seed, 30), Progress(bare.machine)
    print(f"BEDPLATE_SEED={seed}")
    begin, states, interrupted = time.monotonic(), Counter(), 0
    for number, moment in enumerate(moments):
        with Attempt(bare, number) as attempt:
            doing = wait(attempt, progress, moment, installed.marks)
            said = attempt.end()
        assert doing is not None, f"kill {number} at {moment} never came:\n{said}"
        bare.machine.log(f"kill {number} at {moment}: dpkg was at {doing}\n{said}")
        interrupted += bool(doing)
        states.update(doing.values())
    bare("--yes")
    assert bare.made() == []
    bare.outcome().demand_same(installed.outcome, was_torn=True)
    repairs = [entry["sentence"] for entry in journal(bare.machine.live)
               if entry["event"] == "change-done" and entry["step"] == "package database"]
    print(f"{len(moments)} kills in {time.monotonic() - begin:.0f} s, {interrupted} of them while dpkg was at something: {dict(states)}; "
          f"{len(repairs)} runs began by finishing what it had left")
    assert set(AIMS) <= set(states) and repairs
