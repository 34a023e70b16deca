"""Container images through the built programs: uploaded in each form, and exactly what was planted is found."""
import json
import zipfile

import images
import pytest
from platform_api import Platform, program
from waiting import until


@pytest.fixture(scope="module")
def platform(request, tmp_path_factory):
    if program() is None:
        request.getfixturevalue("bedplate")
    folder = tmp_path_factory.mktemp("images")
    (folder / "advisories").mkdir()
    platform = Platform(folder, ADVISORIES_DIRECTORY=str(folder / "advisories"))
    platform.start("api", "worker", "engine")
    platform.sign_in()
    yield platform
    platform.stop()


def scanned(platform, archive: bytes, kind: str = "application/x-tar") -> tuple[dict, list[dict]]:
    status, accepted = platform.send("POST", "/api/containers/upload-scan?file_name=image.tar", archive, kind)
    assert status == 202, accepted
    path = f"/api/scans/{accepted['scan_id']}"
    until("the scan is over", lambda: platform.call("GET", path)[1]["progress"] == 100)
    return platform.call("GET", path)[1], platform.call("GET", f"{path}/findings?limit=200")[1]["items"]


@pytest.mark.parametrize("form", [images.docker_save, images.oci_archive])
def test_exactly_what_was_planted_is_found_and_without_advisories_the_scan_is_partial(platform, form):
    scan, findings = scanned(platform, form(*images.planted()))
    assert {(finding["rule"], finding["path"]) for finding in findings} == images.FACTS
    assert len(findings) == len(images.FACTS)
    assert scan["kind"] == "container" and scan["status"] == "partial"
    assert "4 packages were read and not held against any advisory" in scan["reason"]
    jobs = {job["scanner"]: job for job in scan["jobs"]}
    assert jobs["image"]["reason"].startswith("planted:1, linux/amd64, sha256:")
    assert {name: job["status"] for name, job in jobs.items()} == {
        "image": "completed", "image-configuration": "completed", "image-packages": "partial", "image-secrets": "completed"}
    secret = next(finding for finding in findings if finding["rule"] == "aws-access-key-id")
    layers, _ = images.planted()
    assert f"layer sha256:{images.digest(layers[0])}, gone from the image" in secret["excerpt"]
    assert images.KEY not in json.dumps([scan, findings]) + platform.log()


@pytest.mark.parametrize("packed", [False, True])
def test_packages_with_known_vulnerabilities_are_found_once_each(platform, packed):
    folder = platform.folder / "advisories"
    for old in folder.iterdir():
        old.unlink()
    if packed:
        with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, advisory in images.advisories().items():
                archive.writestr(name, json.dumps(advisory))
    else:
        for name, advisory in images.advisories().items():
            (folder / name).write_text(json.dumps(advisory))
    scan, findings = scanned(platform, images.oci_archive(*images.planted()))
    vulnerable = {(found["rule"], found["path"], found["severity"]) for found in findings} - {
        (found["rule"], found["path"], found["severity"]) for found in findings if (found["rule"], found["path"]) in images.FACTS}
    assert vulnerable == images.VULNERABLE
    assert len(findings) == len(images.FACTS) + len(images.VULNERABLE)
    assert scan["status"] == "completed" and "reason" not in scan
    openssl = next(found for found in findings if found["path"] == "var/lib/dpkg/status")
    assert openssl["excerpt"] == "openssl 3.0.9-1, fixed in 3.0.11-1~deb12u2, also CVE-2023-5363, CVSS 7.5"


def test_a_flipped_byte_and_what_is_no_image_are_failed_scans_that_say_why(platform):
    damaged = bytearray(images.docker_save(*images.planted()))
    # In the first layer, behind the header of the archive's first entry and that of the layer's.
    damaged[1024 + 10] ^= 1
    scan, findings = scanned(platform, bytes(damaged))
    assert scan["status"] == "failed" and findings == []
    assert "is damaged: it should have the digest sha256:" in scan["reason"]
    scan, _ = scanned(platform, b"PK\x03\x04 this is no image", "application/octet-stream")
    assert scan["status"] == "failed" and scan["reason"].startswith("the image cannot be scanned: ")
    status, refusal = platform.send("POST", "/api/containers/upload-scan", b"x", "application/zip")
    assert status == 415 and "application/x-tar" in refusal["detail"]
    assert not any((platform.folder / "data/uploads").iterdir())
