"""The unmodified toxiproxy-python, pointed at the server that TOXIPROXY_URL names."""

import os
import pathlib
import sys
import urllib.parse

import pytest
from toxiproxy import Toxiproxy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import peers  # noqa: E402

URL = urllib.parse.urlsplit(os.environ["TOXIPROXY_URL"])


@pytest.fixture
def address():
    return URL.hostname, URL.port


@pytest.fixture
def toxiproxy():
    server = Toxiproxy()
    server.update_api_consumer(URL.hostname, URL.port)
    server.destroy_all()
    yield server
    server.update_api_consumer(URL.hostname, URL.port)
    server.destroy_all()


@pytest.fixture
def says():
    """The answer of the server under test, where faultline differs on purpose."""
    def choose(toxiproxy, faultline):
        return toxiproxy if os.environ.get("CONFORMANCE_SERVER") == "toxiproxy" else faultline
    return choose


@pytest.fixture
def serve():
    """Starts servers that end with the test."""
    running = []

    def start(handle=peers.echo):
        running.append(peers.Peer(handle))
        return running[-1]
    yield start
    for peer in running:
        peer.close()


@pytest.fixture
def through(toxiproxy, serve):
    """A proxy in front of a server of this kind, and the server."""
    def start(handle=peers.echo):
        peer = serve(handle)
        return toxiproxy.create(name=f"p{peer.port}", upstream=peer.address), peer
    return start


@pytest.fixture
def connect():
    clients = []

    def open_one(proxy):
        clients.append(peers.Client(proxy.listen))
        return clients[-1]
    yield open_one
    for client in clients:
        client.close()
