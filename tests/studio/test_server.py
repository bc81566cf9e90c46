"""The studio's server: its files, nothing else, and it lives on whatever it is asked."""

import errno
import http.client
import random
import socket
import socketserver
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from stylespace.errors import UsageError
from stylespace.studio.server import StudioServer, is_loopback

FILES = {
    "index.html": b"<!doctype html><p>hello",
    "studio.css": b"p { color: black }",
    "app.js": b"'use strict';",
    "studio.json": b"{}",
    "model.safetensors": bytes(range(256)) * 4000,
}


@pytest.fixture(scope="module")
def server():
    with StudioServer(FILES, "127.0.0.1", 0) as served:
        threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        served.shutdown()


@pytest.fixture
def ask(server):
    """Make one request on a connection of its own: status, headers and content."""

    def request(path="/", method="GET", **headers):
        with closing(http.client.HTTPConnection(*server.server_address, timeout=10)) as link:
            link.request(
                method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
            )
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()

    return request


def talk(server, request: bytes) -> bytes:
    """Send bytes as they are; all that comes back until the server hangs up."""
    with socket.create_connection(server.server_address, timeout=10) as link:
        link.sendall(request)
        link.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: link.recv(1 << 16), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("name", FILES)
def test_hands_out_its_files(ask, name):
    code, headers, content = ask(f"/{name}")
    assert (code, content) == (200, FILES[name])
    assert headers["Content-Length"] == str(len(content))


def test_the_address_alone_gives_the_page_and_a_question_mark_changes_nothing(ask):
    assert ask("/")[2] == ask("/?a=../b#c")[2] == FILES["index.html"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("studio.css", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("studio.json", "application/json; charset=utf-8"),
        ("model.safetensors", "application/octet-stream"),
        ("missing", "text/plain; charset=utf-8"),
    ],
)
def test_says_what_each_file_is_and_lets_nothing_else_run(ask, name, kind):
    headers = ask(f"/{name}")[1]
    assert headers["Content-Type"] == kind
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "Python" not in headers["Server"]


def test_head_is_get_without_the_content(server, ask):
    code, headers, content = ask("/model.safetensors", "HEAD")
    assert (code, content) == (200, b"")
    assert headers["Content-Length"] == str(len(FILES["model.safetensors"]))
    assert headers["ETag"] == ask("/model.safetensors")[1]["ETag"]
    answer = talk(server, b"HEAD /no HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status(answer) == 404
    assert answer.endswith(b"\r\n\r\n")


def test_what_the_browser_has_is_not_sent_again(ask):
    tag = ask("/app.js")[1]["ETag"]
    code, _, content = ask("/app.js", If_None_Match=tag)
    assert (code, content) == (304, b"")
    assert ask("/app.js", If_None_Match='"other"')[0] == 200


def test_one_connection_serves_many_requests_quickly(server):
    seconds = []
    with closing(http.client.HTTPConnection(*server.server_address, timeout=10)) as link:
        link.connect()
        own = link.sock.getsockname()
        for _ in range(50):
            began = time.monotonic()
            link.request("GET", "/app.js")
            assert link.getresponse().read() == FILES["app.js"]
            seconds.append(time.monotonic() - began)
        assert link.sock.getsockname() == own
    # acknowledgements that are delayed would make each 0.04; a busy machine makes some
    assert sorted(seconds)[10] < 0.03


TRAVERSALS = [
    "/../pyproject.toml",
    "/..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/....//....//etc/passwd",
    "/..\\..\\windows\\win.ini",
    "//etc/passwd",
    "/etc/passwd",
    "/studio.json/../../config.json",
    "/studio.json%00.html",
    "/./index.html",
    "/INDEX.HTML",
    "/server.py",
    "/__init__.py",
    "/trainer.safetensors",
    "http://127.0.0.1/index.html",
    "file:///etc/passwd",
    "*",
    "index.html",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_nothing_outside_the_list_is_there(server, path):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    answer = talk(server, request)
    assert status(answer) == 404
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:80", "127.0.0.1", "127.0.0.1:8228", "[::1]:8228", "localhost.:80"],
)
def test_its_own_names_are_answered(ask, host):
    assert ask(Host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8228",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.7",
        "localhost@evil.example",
        "localhost:80:80",
        "localhost/x",
        "",
    ],
)
def test_a_page_that_makes_its_own_name_lead_here_gets_nothing(ask, host):
    code, _, content = ask("/studio.json", Host=host)
    assert code == 403
    assert FILES["studio.json"] not in content


def test_a_request_has_one_host(server):
    request = b"GET / HTTP/1.1\r\n%s\r\n"
    assert status(talk(server, request % b"")) == 403
    assert status(talk(server, request % (2 * b"Host: localhost\r\n"))) == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
def test_other_methods_are_refused(ask, method):
    code, headers, _ = ask("/studio.json", method)
    assert code == 405
    assert headers["Allow"] == "GET, HEAD"


def test_what_follows_a_body_is_not_taken_for_a_request(server):
    inner = b"GET /studio.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = b"Host: localhost\r\nContent-Length: %d\r\n\r\n" % len(inner)
    for method in (b"GET", b"POST"):
        answer = talk(server, method + b" /app.js HTTP/1.1\r\n" + head + inner)
        assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET / FTP/1.1\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / \x00 HTTP/1.1\r\n\r\n",
        b"\xff\xfe\xfd\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(server, ask, request_):
    answer = talk(server, request_)
    assert answer == b"" or 400 <= status(answer) < 500
    assert ask()[0] == 200


def random_request(dice: random.Random) -> tuple[bytes, int | None]:
    """A request, and the status that it must have where that is known."""
    letters = "abc/.%25?#\\&=:@~ é\x00\t*[]{}index.htmlstudio.json"
    name = dice.choice([*FILES, ""])
    if dice.random() < 0.3:
        method = dice.choice(["GET", "HEAD"])
        return f"{method} /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), 200
    if dice.random() < 0.2:
        return dice.randbytes(dice.randrange(1, 200)) + b"\r\n\r\n", None
    path = "/" + "".join(dice.choices(letters, k=dice.randrange(1, 60)))
    method = dice.choice(["GET", "HEAD", "POST", "get", "G\tT", "PROPFIND", ""])
    version = dice.choice(["HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/x", ""])
    host = dice.choice(["localhost", "127.0.0.1", "evil.example", "\x00", "a" * 300])
    more = dice.choice(["", "Content-Length: -1\r\n", "Range: bytes=0-5\r\n", ": b\r\n", "A\r\n"])
    return f"{method} {path} {version}\r\nHost: {host}\r\n{more}\r\n".encode(), None


def test_two_thousand_random_requests_by_fifty_clients_at_once(server, ask):
    dice = random.Random(0)
    requests = [random_request(dice) for _ in range(2000)]
    with ThreadPoolExecutor(50) as clients:
        answers = list(clients.map(lambda one: talk(server, one[0]), requests))
    for (request, wanted), answer in zip(requests, answers, strict=True):
        if wanted is not None:
            assert status(answer) == wanted, request
        elif answer:  # empty lines have none
            assert status(answer) == 200 or 400 <= status(answer) < 500, request
    assert sum(wanted == 200 for _, wanted in requests) > 400
    assert ask()[0] == 200


def test_fifty_clients_at_once_get_the_whole_model(ask):
    with ThreadPoolExecutor(50) as clients:
        answers = list(clients.map(lambda _: ask("/model.safetensors"), range(100)))
    assert all(answer[0] == 200 for answer in answers)
    assert {answer[2] for answer in answers} == {FILES["model.safetensors"]}


def test_a_client_that_hangs_up_or_says_nothing_is_no_trouble(server, ask, capfd):
    silent = [socket.create_connection(server.server_address) for _ in range(50)]
    for _ in range(20):
        with socket.create_connection(server.server_address) as link:
            link.sendall(b"GET /model.safetensors HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert ask("/model.safetensors")[2] == FILES["model.safetensors"]
    for link in silent:
        link.close()
    assert capfd.readouterr().err == ""


def test_where_no_file_handle_is_left_the_server_waits_and_goes_on(monkeypatch):
    asked = []
    accept = socketserver.TCPServer.get_request

    def refuse(_):
        asked.append(time.monotonic())
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socketserver.TCPServer, "get_request", refuse)
    with StudioServer(FILES, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with closing(http.client.HTTPConnection(*server.server_address, timeout=10)) as link:
            link.request("GET", "/")
            time.sleep(0.5)
            assert 1 <= len(asked) <= 20  # and not thousands
            monkeypatch.setattr(socketserver.TCPServer, "get_request", accept)
            assert link.getresponse().read() == FILES["index.html"]
        server.shutdown()


def test_listening_elsewhere_answers_addresses_but_no_strange_names():
    with StudioServer(FILES, "0.0.0.0", 0) as server:
        assert server.address == f"http://127.0.0.1:{server.server_address[1]}/"
        assert server.knows("192.168.1.7:8228")
        assert server.knows(socket.gethostname())
        assert not server.knows("evil.example")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("example.org", False),
    ],
)
def test_knows_what_only_this_machine_reaches(host, loopback):
    assert is_loopback(host) == loopback


def test_a_taken_port_and_a_host_that_is_not_ours_are_refused(server):
    port = server.server_address[1]
    with pytest.raises(UsageError, match=rf"cannot listen on 127.0.0.1, port {port}: "):
        StudioServer(FILES, "127.0.0.1", port)
    for host in ("203.0.113.7", "no such host", "a" * 70, ""):
        with pytest.raises(UsageError, match="cannot listen on"):
            StudioServer(FILES, host, 0)
