"""The installer killed by KILL, and started again: in the end all is as if nobody had killed it."""
import os
import time
from collections import Counter
from pathlib import Path

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
    """Libraries that end who has them preloaded."""
    folder = tmp_path_factory.mktemp("killer")
    for name in ("killer", "tearer"):
        source = Path(__file__).with_name(f"{name}.c")
        command("cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", folder / f"{name}.so", source)
    return folder


@pytest.fixture
def running_with_killer(host, upstreams, bare_layer, installed, killer):
    return Installation(host(layers=[bare_layer, installed.layer], shows=upstreams.shows | {"/srv/killer": killer}), upstreams.settings)


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


def test_what_an_account_tool_leaves_that_was_killed_between_two_lists_is_mended_by_the_next_run(running_with_killer, installed):
    running, machine = running_with_killer, running_with_killer.machine
    user, group = machine.sh("stat -c '%u %g' /var/lib/bedplate/data").split()
    tools = {"group": f"groupadd --system --gid {group} cspm",
             "user": f"useradd --system --gid cspm --uid {user} --home-dir /var/lib/bedplate/data --no-create-home "
                     "--shell /usr/sbin/nologin cspm"}

    def killed(tool: str, before: str) -> list[str]:
        """What the next run does after this; the account was there as far as the tool comes after."""
        machine.sh("userdel --force cspm" + (f"; {tools['group']}" if tool == "user" else ""))
        torn = machine.sh(f"LD_PRELOAD=/srv/killer/tearer.so KILL_BEFORE='{before}' {tools[tool]} || echo $?")
        assert torn.strip() == "137", torn
        return [sentence for sentence in running.made() if not sentence.startswith("remove /etc/")]

    assert killed("group", "rename /etc/gshadow") == \
        ["complete the group cspm, which is missing in /etc/gshadow", f"create the system user cspm, again as number {user}"]
    assert killed("user", "rename /etc/shadow") == ["complete the user cspm, who is missing in /etc/shadow"]
    assert killed("user", "link /etc/shadow.lock") == [f"create the system user cspm, again as number {user}"]
    assert killed("user", "unlink /etc/passwd.lock") == []

    # A lock of a number that somebody else has by now is one that the tools themselves never take away.
    machine.sh("userdel --force cspm; for list in passwd group gshadow; do printf 1 >/etc/$list.lock; done")
    assert "already used by PID 1" in machine.sh("groupadd --system other 2>&1 || true")
    assert running.made()[:3] == [f"remove /etc/{name}.lock, which a tool that was killed has left" for name in ("group", "gshadow", "passwd")]
    assert running.made() == []
    running.outcome().demand_same(installed.outcome)


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
    bare.outcome().demand_same(installed.outcome)
    repairs = [entry["sentence"] for entry in journal(bare.machine.live)
               if entry["event"] == "change-done" and entry["step"] == "package database"]
    print(f"{len(moments)} kills in {time.monotonic() - begin:.0f} s, {interrupted} of them while dpkg was at something: {dict(states)}; "
          f"{len(repairs)} runs began by finishing what it had left")
    assert set(AIMS) <= set(states) and repairs
