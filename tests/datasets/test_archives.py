"""Archives: good ones are unpacked, hostile and damaged ones refused."""

import io
import stat
import tarfile
import zipfile

import pytest

from sklearn_popularity.datasets._archives import Limits, unpack

LIMITS = Limits(n_files=10, n_bytes=10_000)
FILES = {"data/a.txt": b"one", "data/deep/b c.bin": bytes(range(256)), "ü": b""}


def make_tar(path, members, mode="w:gz"):
    """Members: (name, bytes) of files, or TarInfo of anything."""
    with tarfile.open(path, mode) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return path


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def special(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def read_tree(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_is_unpacked(tmp_path, mode):
    folder = special("data", tarfile.DIRTYPE)
    archive = make_tar(tmp_path / "x", [folder, *FILES.items()], mode)
    unpack(archive, tmp_path / "out", LIMITS)
    assert read_tree(tmp_path / "out") == FILES


def test_zip_is_unpacked(tmp_path):
    archive = make_zip(tmp_path / "x", [("data/", b""), *FILES.items()])
    unpack(archive, tmp_path / "out", LIMITS)
    assert read_tree(tmp_path / "out") == FILES


def test_permissions_are_ignored(tmp_path):
    info = special("a", tarfile.REGTYPE)
    info.mode = 0o6777
    unpack(make_tar(tmp_path / "x", [info]), tmp_path / "out", LIMITS)
    assert not (tmp_path / "out" / "a").stat().st_mode & 0o6111


NAMES_THAT_LEAD_OUT = [
    "../a",
    "x/../../a",
    "/tmp/a",
    "C:\\a",
    "..\\a",
    "\\\\host\\a\\b",
]


@pytest.mark.parametrize("name", NAMES_THAT_LEAD_OUT)
@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_names_that_lead_out_are_refused(tmp_path, make, name):
    archive = make(tmp_path / "x", [("fine", b"1"), (name, b"2")])
    with pytest.raises(ValueError, match=r"refused and not used: .*leads out"):
        unpack(archive, tmp_path / "out", LIMITS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "x"]
    assert read_tree(tmp_path / "out") == {"fine": b"1"}


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
    ],
)
def test_links_and_devices_in_tar_are_refused(tmp_path, kind):
    members = [("b", b"1"), special("a", kind, "b"), ("a/c", b"2")]
    with pytest.raises(ValueError, match="'a' is a link, a device"):
        unpack(make_tar(tmp_path / "x", members), tmp_path / "out", LIMITS)
    assert read_tree(tmp_path / "out") == {"b": b"1"}


def test_link_in_zip_is_refused(tmp_path):
    archive = make_zip(tmp_path / "x", [(zip_link("a"), "/etc"), ("a/b", b"2")])
    with pytest.raises(ValueError, match="'a' is a link"):
        unpack(archive, tmp_path / "out", LIMITS)


def test_encrypted_zip_is_refused(tmp_path):
    archive = make_zip(tmp_path / "x", [("a", b"1")])
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(ValueError, match="encrypted"):
        unpack(archive, tmp_path / "out", LIMITS)


@pytest.mark.parametrize("names", [["a", "a"], ["a", "a/b"], ["a/b", "a"], ["."]])
@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_names_that_collide_are_refused(tmp_path, make, names):
    archive = make(tmp_path / "x", [(name, b"1") for name in names])
    with pytest.raises(ValueError, match="is there twice"):
        unpack(archive, tmp_path / "out", LIMITS)


@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.parametrize(
    "members",
    [
        [(f"{i}", b"") for i in range(11)],
        [("a", bytes(10_001))],
        [("a", bytes(5_000)), ("b", bytes(5_001))],
    ],
)
def test_limits_hold_before_anything_too_large_is_written(tmp_path, make, members):
    with pytest.raises(ValueError, match="passes the limits"):
        unpack(make(tmp_path / "x", members), tmp_path / "out", LIMITS)
    written = read_tree(tmp_path / "out")
    assert len(written) <= LIMITS.n_files
    assert sum(map(len, written.values())) <= LIMITS.n_bytes


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_what_is_within_the_limits_is_unpacked(tmp_path, make):
    members = [(f"{i}", bytes(1_000)) for i in range(10)]
    unpack(make(tmp_path / "x", members), tmp_path / "out", LIMITS)
    assert len(read_tree(tmp_path / "out")) == 10


def test_small_archive_that_claims_much_is_refused(tmp_path):
    info = special("bomb", tarfile.REGTYPE)
    info.size = 2**60
    archive = tmp_path / "x"
    archive.write_bytes(info.tobuf() + bytes(10_240))
    with pytest.raises(ValueError, match="passes the limits"):
        unpack(archive, tmp_path / "out", LIMITS)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
def test_cut_archive_is_one_clear_error(tmp_path, mode):
    path = tmp_path / "x"
    noise = bytes((i * i * 7919 >> 3) % 256 for i in range(9_000))
    if mode == "zip":
        make_zip(path, [("a", noise)])
    else:
        make_tar(path, [("a", noise)], mode)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(ValueError, match="damaged and was not used"):
        unpack(path, tmp_path / "out", LIMITS)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK"])
def test_what_is_no_archive_is_one_clear_error(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match="damaged and was not used"):
        unpack(tmp_path / "x", tmp_path / "out", LIMITS)
