"""What the deployer tells this copy of the application: by environment, and secrets as files."""
import os
from pathlib import Path

SLOT = os.environ.get("SLOT", "none")
# The folder of a release is named by its digest.
RELEASE = Path(os.environ.get("RELEASE", "none")).name


def redis_url() -> str:
    """The broker's address; with its password it is a secret, handed over as a file."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if "REDIS_URL" not in os.environ and folder and (Path(folder) / "REDIS_URL").exists():
        return (Path(folder) / "REDIS_URL").read_text().strip()
    return os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")


# With Redis the shortest of all applications on a broker wins, so that both slots have to say the same.
VISIBILITY_TIMEOUT = int(os.environ.get("CELERY_VISIBILITY_TIMEOUT", "3600"))
