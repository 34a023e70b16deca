"""The small spec for pyinfra: what Spec/main.swift says, in its words."""
from pyinfra.operations import apt, files, server

NAMES = ["ca-certificates", "certbot", "curl", "gnupg", "iproute2", "nginx", "redis-server", "sudo"]
apt.packages(packages=NAMES, no_recommends=True)
for user in ("small-one", "small-two"):
    server.group(group=user, system=True)
    server.user(user=user, group=user, system=True, home="/srv/small", create_home=False, shell="/usr/sbin/nologin")
files.directory(path="/srv/small", mode="755")
for number in range(1, 7):
    files.template(src="/srv/bench/site.conf.j2", dest=f"/srv/small/{number}.conf", mode="644", port=9000 + number)
files.sync(src="/srv/bench/tree", dest="/srv/small/tree", mode="644", dir_mode="755")
