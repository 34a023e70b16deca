"""Container images made in memory, in the forms in which tools save them."""
import gzip
import hashlib
import io
import json
import tarfile

# No key: put together here, so that it stands in no file.
KEY = "AKIA" + "Q3EGRZ7WPLX2NMTB"


def tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def planted() -> tuple[list[bytes], dict]:
    """Two layers and a configuration with one fact of each kind."""
    status = b"""Package: openssl
Status: install ok installed
Version: 3.0.9-1
Source: openssl

Package: bash
Status: install ok installed
Version: 5.2.15-2+b2
Source: bash (5.2.15-2)

"""
    lower = tar({
        "etc/os-release": (b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n', 0o644),
        "var/lib/dpkg/status": (status, 0o644),
        "app/.env": (f"AWS={KEY}\n".encode(), 0o600),
        "usr/bin/su": (b"\0su", 0o4755),
        "usr/lib/python3/dist-packages/Jinja2-2.10.dist-info/METADATA": (b"Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.10\n\nprose", 0o644),
        "srv/node_modules/lodash/package.json": (b'{"name": "lodash", "version": "4.17.20"}', 0o644),
    })
    upper = tar({"app/.wh..env": (b"", 0o644), "srv/open.txt": (b"everybody's", 0o666)})
    config = {
        "architecture": "amd64", "os": "linux",
        "config": {"Env": ["PATH=/usr/bin", f"CLOUD={KEY}"], "ExposedPorts": {"22/tcp": {}}, "Healthcheck": {"Test": ["CMD", "true"]}},
        "history": [{"created_by": "ADD file:abc in / "}, {"created_by": "COPY . /srv # buildkit"}],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest(layer)}" for layer in (lower, upper)]},
    }
    return [lower, upper], config


# Rule and path of each planted fact, packages apart.
FACTS = {
    ("image-no-user", "/config"), ("image-ssh-port", "/config"), ("image-aws-access-key-id", "/config/env"),
    ("image-setuid", "usr/bin/su"), ("image-world-writable", "srv/open.txt"), ("aws-access-key-id", "app/.env"),
}


def docker_save(layers: list[bytes], config: dict, name: str = "planted:1") -> bytes:
    text = json.dumps(config).encode()
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    files = {file: (layer, 0o644) for file, layer in zip(names, layers)}
    files[f"{digest(text)}.json"] = (text, 0o644)
    manifest = [{"Config": f"{digest(text)}.json", "RepoTags": [name], "Layers": names}]
    return tar({**files, "manifest.json": (json.dumps(manifest).encode(), 0o644)})


def oci_archive(layers: list[bytes], config: dict, name: str = "planted:1") -> bytes:
    blobs: dict[str, bytes] = {}

    def descriptor(content: bytes, kind: str) -> dict:
        blobs[f"blobs/sha256/{digest(content)}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest(content)}", "size": len(content)}

    manifest = json.dumps({
        "schemaVersion": 2, "config": descriptor(json.dumps(config).encode(), "config.v1+json"),
        "layers": [descriptor(gzip.compress(layer, mtime=0), "layer.v1.tar+gzip") for layer in layers]}).encode()
    entry = {**descriptor(manifest, "manifest.v1+json"), "annotations": {"org.opencontainers.image.ref.name": name}}
    documents = {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()}
    return tar({name: (content, 0o644) for name, content in {**documents, **blobs}.items()})


def advisories() -> dict[str, dict]:
    """One that applies for each planted package but bash, by its path in the folder of advisories."""
    def advisory(identifier, ecosystem, package, kind, fixed, **more):
        return {"id": identifier, "modified": "2026-01-01T00:00:00Z", **more, "affected": [{
            "package": {"ecosystem": ecosystem, "name": package},
            "ranges": [{"type": kind, "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}
    return {
        "DEBIAN-CVE-2023-5363.json": advisory(
            "DEBIAN-CVE-2023-5363", "Debian:12", "openssl", "ECOSYSTEM", "3.0.11-1~deb12u2", upstream=["CVE-2023-5363"],
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]),
        "DEBIAN-CVE-2022-3715.json": advisory("DEBIAN-CVE-2022-3715", "Debian:12", "bash", "ECOSYSTEM", "5.2-1"),
        "PYSEC-2019-217.json": advisory(
            "PYSEC-2019-217", "PyPI", "jinja2", "ECOSYSTEM", "2.10.1", aliases=["CVE-2019-10906", "GHSA-462w-v97r-4m45"]),
        "GHSA-462w-v97r-4m45.json": advisory(
            "GHSA-462w-v97r-4m45", "PyPI", "jinja2", "ECOSYSTEM", "2.10.1", aliases=["CVE-2019-10906"],
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:N"}]),
        "GHSA-35jh-r3h4-6jhm.json": advisory(
            "GHSA-35jh-r3h4-6jhm", "npm", "lodash", "SEMVER", "4.17.21", database_specific={"severity": "HIGH"}),
    }


VULNERABLE = {
    ("DEBIAN-CVE-2023-5363", "var/lib/dpkg/status", "high"),
    ("GHSA-462w-v97r-4m45", "usr/lib/python3/dist-packages/Jinja2-2.10.dist-info/METADATA", "high"),
    ("GHSA-35jh-r3h4-6jhm", "srv/node_modules/lodash/package.json", "high"),
}
