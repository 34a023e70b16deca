"""Prowler's wheel with the stand-in of Tests/Fixtures/prowler in it, which replays what a real run left, and with as much of
boto3 as tells whose credentials some are."""
import hashlib
import io
import zipfile

from bed import CHECKOUT

NAME = "prowler-5.46.0-py3-none-any.whl"
STANDIN = CHECKOUT / "Tests/Fixtures/prowler/standin"
PROGRAM = """
import shutil, sys
from pathlib import Path

def main():
    options, here = dict(zip(sys.argv, sys.argv[1:])), Path(__file__).parent
    shutil.copyfile(here / "report.ocsf.json", Path(options["--output-directory"], "report.ocsf.json"))
    shutil.copyfile(here / "errors.log", options["--log-file"])
    sys.exit(3)
"""
BOTO3 = """
class client:
    def __init__(self, name, config): assert name == "sts"
    def get_caller_identity(self): return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/standin"}
"""


def wheel() -> bytes:
    about = "prowler-5.46.0.dist-info"
    files = {
        "prowler_standin/__init__.py": PROGRAM, "boto3.py": BOTO3, "botocore/__init__.py": "",
        "botocore/config.py": "class Config:\n    def __init__(self, **options): pass\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: prowler\nVersion: 5.46.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: stand-in\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\nprowler = prowler_standin:main\n",
        **{f"prowler_standin/{name}": (STANDIN / name).read_text() for name in ("report.ocsf.json", "errors.log")}}
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return packed.getvalue()


def archive(content: bytes, place: str) -> str:
    """The setting by which a profile takes it from this place."""
    return f"archives.prowler={{uri: 'file:{place}', sha256: {hashlib.sha256(content).hexdigest()}, version: 5.46.0}}"
