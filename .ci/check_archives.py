"""What is published holds what it should, and nothing else."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

PACKAGE = "sklearn_popularity"
TYPED = {f"{PACKAGE}/py.typed", f"{PACKAGE}/__init__.pyi"}
MAX_BYTES = 2_000_000


def main(wheel, source):
    tracked = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=True
    ).stdout.split()
    in_wheel = {
        name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name
    }
    compare("wheel", in_wheel, {name for name in tracked if name.startswith(PACKAGE)})
    assert in_wheel >= TYPED, "The wheel lacks types."
    with tarfile.open(source) as archive:
        in_source = {
            PurePosixPath(*PurePosixPath(member.name).parts[1:]).as_posix()
            for member in archive
        }
    compare("source", in_source - {"PKG-INFO"}, set(tracked))
    for archive in (wheel, source):
        size = Path(archive).stat().st_size
        assert size < MAX_BYTES, f"{archive} has {size:,} bytes."
        print(f"{Path(archive).name}: {size:,} bytes, all files and no others")


def compare(what, found, expected):
    """Fail with the names that are too many or missing."""
    assert found == expected, (
        f"The {what} has {sorted(found - expected)} too many and lacks "
        f"{sorted(expected - found)}."
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
