"""Fetching LaMem, from a server of our own: all of the right archive, or nothing."""

import gzip
import hashlib
import io
import random
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

import pytest
from PIL import Image

from sklearn_popularity.datasets import _lamem, fetch_lamem, load_lamem
from sklearn_popularity.datasets._fetch import Limits


def make_archive(members, mode="w:gz"):
    """Members: (name, bytes) of files, or TarInfo of anything."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return file.getvalue()


def special(kind, link=""):
    info = tarfile.TarInfo("lamem/odd")
    info.type, info.linkname = kind, link
    return info


def unfinished(size):
    """A file that is said to have this size, and no end of the archive."""
    info = tarfile.TarInfo("lamem/claimed")
    info.size = size
    return gzip.compress(info.tobuf() + bytes(512))


def garbled(content, where):
    return content[:where] + bytes(4) + content[where + 4 :]


def jpeg():
    file = io.BytesIO()
    Image.new("RGB", (8, 6)).save(file, "JPEG")
    return file.getvalue()


GOOD = [
    ("lamem/images/00000001.jpg", jpeg()),
    ("lamem/splits/train_1.txt", b"00000001.jpg 0.75\n"),
]
ARCHIVES = {
    "good": make_archive(GOOD),
    "slip": make_archive([*GOOD, ("../../evil.txt", b"evil")]),
    "absolute": make_archive([*GOOD, ("/tmp/evil.txt", b"evil")]),
    "climbing": make_archive([*GOOD, ("lamem/a/../../../evil.txt", b"evil")]),
    "link": make_archive([*GOOD, special(tarfile.SYMTYPE, "images")]),
    "hard link": make_archive([*GOOD, special(tarfile.LNKTYPE, GOOD[0][0])]),
    "device": make_archive([*GOOD, special(tarfile.CHRTYPE)]),
    "pipe": make_archive([*GOOD, special(tarfile.FIFOTYPE)]),
    "claimed": unfinished(2**60),
    "bomb": make_archive([*GOOD, ("lamem/zeros", bytes(2_000_000))]),
    "many": make_archive([*GOOD, *[(f"lamem/{i}", b"") for i in range(30)]]),
    "other": make_archive([("other/splits/train_1.txt", b"a.jpg 1\n")]),
    "no gzip": make_archive(GOOD, "w"),
    "text": b"<html>no archive</html>",
    "nothing": b"",
}
ARCHIVES["half"] = ARCHIVES["good"][: len(ARCHIVES["good"]) // 2]
ARCHIVES["garbled"] = garbled(
    make_archive([("a", random.Random(0).randbytes(9_000).hex().encode())]), 5_000
)
ARCHIVES["other sum"] = garbled(unfinished(512), -8)


@pytest.fixture(scope="module")
def server():
    """Address of a server that has ARCHIVES, and cuts the body of any "cut"."""
    requested = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requested.append(self.path)
            name = unquote(self.path).strip("/")
            content = ARCHIVES.get("good" if name == "cut" else name)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if name == "cut" else content)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", requested
        httpd.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(_lamem, "LIMITS", Limits(n_files=20, n_bytes=1_000_000))


def digest(name):
    return hashlib.sha256(ARCHIVES[name]).hexdigest()


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_right_archive_is_unpacked(server, tmp_path, spell):
    url, _ = server
    folder = tmp_path / "new" / "data"
    path = fetch_lamem(folder, sha256=spell(digest("good")), url=f"{url}/good")
    assert path == folder / "lamem"
    assert list(folder.iterdir()) == [path]
    posts = load_lamem(path)
    assert posts["score"].tolist() == [0.75]
    assert path.joinpath(*GOOD[0][0].split("/")[1:]).read_bytes() == GOOD[0][1]


def test_what_is_there_is_kept(server, tmp_path):
    url, requested = server
    first = fetch_lamem(tmp_path, sha256=digest("good"), url=f"{url}/good")
    n_requests = len(requested)
    assert fetch_lamem(tmp_path, sha256=digest("good"), url=f"{url}/good") == first
    assert len(requested) == n_requests


@pytest.mark.parametrize("name", ["good", "text", "slip"])
def test_wrong_digest_is_refused_before_unpacking(server, tmp_path, monkeypatch, name):
    url, _ = server
    monkeypatch.setattr("sklearn_popularity.datasets._fetch._unpack", None)
    message = (
        rf"file from {url}/{name} does not have the SHA-256 0{{64}} .*{digest(name)}"
    )
    with pytest.raises(ValueError, match=message):
        fetch_lamem(tmp_path, sha256="0" * 64, url=f"{url}/{name}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("slip", "unsafe .*'../../evil.txt' .*outside the destination"),
        ("climbing", "unsafe .*evil.txt' .*outside the destination"),
        ("absolute", "unsafe .*'/tmp/evil.txt' has an absolute path"),
        ("link", "unsafe .*'lamem/odd' is a link"),
        ("hard link", "unsafe .*'lamem/odd' is a link"),
        ("device", "unsafe .*'lamem/odd' is a special file"),
        ("pipe", "unsafe .*'lamem/odd' is a special file"),
        ("bomb", "unsafe .*'lamem/zeros' exceeds Limits.n_files=20"),
        ("claimed", "unsafe .*'lamem/claimed' exceeds Limits"),
        ("many", "unsafe .*'lamem/18' exceeds Limits"),
        ("other", "has no file lamem/splits/train_1.txt"),
        ("no gzip", "damaged .*not a gzip file"),
        ("text", "damaged .*not a gzip file"),
        ("nothing", "damaged .*empty file"),
        ("half", "damaged .*end"),
        ("garbled", "damaged"),
        ("other sum", "damaged .*CRC"),
    ],
)
def test_bad_archive_leaves_nothing_behind(server, tmp_path, name, message):
    url, _ = server
    folder = tmp_path / "a" / "b"
    with pytest.raises(ValueError, match=f"(?s){message}.*Nothing was kept"):
        fetch_lamem(folder, sha256=digest(name), url=f"{url}/{quote(name)}")
    left = [path for path in tmp_path.rglob("*") if path not in folder.parents]
    assert left == [folder]


@pytest.mark.parametrize("name", ["cut", "missing"])
def test_failed_download_leaves_nothing_behind(server, tmp_path, name):
    url, _ = server
    with pytest.raises(OSError, match=rf"download of {url}/{name} failed .*Nothing"):
        fetch_lamem(tmp_path, sha256=digest("good"), url=f"{url}/{name}")
    assert list(tmp_path.iterdir()) == []
    assert fetch_lamem(tmp_path, sha256=digest("good"), url=f"{url}/good").is_dir()


@pytest.mark.parametrize("url", ["nowhere", "file:///etc/passwd", "http://"])
def test_other_addresses_are_one_clear_error(tmp_path, url):
    with pytest.raises(OSError, match=f"download of {url} failed"):
        fetch_lamem(tmp_path, sha256="0" * 64, url=url)
    assert list(tmp_path.iterdir()) == []


def test_interrupted_unpacking_leaves_nothing_behind(server, tmp_path, monkeypatch):
    def interrupt(archive, folder, limits):
        folder.mkdir()
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr("sklearn_popularity.datasets._fetch._unpack", interrupt)
    url, _ = server
    with pytest.raises(KeyboardInterrupt):
        fetch_lamem(tmp_path, sha256=digest("good"), url=f"{url}/good")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sha256", ["", "0" * 63, "g" * 64, "sha256:" + "0" * 64])
def test_digest_has_to_be_one(tmp_path, sha256):
    with pytest.raises(ValueError, match="64 hexadecimal digits were expected"):
        fetch_lamem(tmp_path / "a", sha256=sha256)
    assert list(tmp_path.iterdir()) == []


def test_digest_has_to_be_given(tmp_path):
    with pytest.raises(TypeError, match="sha256"):
        fetch_lamem(tmp_path)
