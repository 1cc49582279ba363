"""What the tests of the bridge stand on: a throw-away PostgreSQL, a TCP link that can be cut or
stalled, and the bridge itself as a process. Standard library only; everything listens on loopback,
and `close` ends what was started here, by its process id."""

import glob
import http.client
import json
import os
import pwd
import queue
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

PG_USER = "bridge_test"


def pg_bin():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)
    if not found:
        raise RuntimeError("no initdb below /usr/lib/postgresql; install the package postgresql")
    return os.path.dirname(found[0])


class HeldPort:
    """A port on loopback that nobody else is given until `close`. It refuses connections, except
    while somebody of ours listens on it, who must set SO_REUSEADDR as servers do."""

    def __init__(self):
        self.holder = socket.socket()
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.holder.bind(("127.0.0.1", 0))
        self.number = self.holder.getsockname()[1]

    def close(self):
        self.holder.close()


def wait_until(what, condition, limit=60.0):
    """Polls a condition; the limit is for a machine in trouble, not part of any claim."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.01)


class Postgres:
    """A cluster in a temporary directory. PostgreSQL refuses to run as root, so root lends it the
    system's user `postgres`."""

    def __init__(self):
        self.bin = pg_bin()
        self.dir = tempfile.mkdtemp(prefix="bridge-pg-")
        self.data = os.path.join(self.dir, "data")
        self.held = HeldPort()
        self.port = self.held.number
        self.as_user = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.dir, account.pw_uid, account.pw_gid)
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.server = None
        try:
            self._run("initdb", "-D", self.data, "-U", PG_USER, "-A", "trust", "-E", "UTF8",
                      "--locale=C", "--no-sync")
            self.start()
        except BaseException:
            self.close()
            raise

    def _run(self, tool, *words):
        done = subprocess.run(self.as_user + [os.path.join(self.bin, tool), *words], text=True,
                              cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{tool} failed:\n{done.stdout}")
        return done.stdout

    def start(self):
        # setpriv replaces itself by the server, so the process id is the postmaster's.
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.server = subprocess.Popen(
                self.as_user + [os.path.join(self.bin, "postgres"), "-D", self.data,
                                "-p", str(self.port), "-k", self.dir, "-h", "127.0.0.1",
                                "-c", "fsync=off", "-c", "max_connections=100"],
                cwd=self.dir, stdout=log, stderr=log)
        wait_until("PostgreSQL accepts connections", self._ready, 60)

    def _ready(self):
        if self.server.poll() is not None:
            with open(os.path.join(self.dir, "log"), encoding="utf-8") as log:
                raise RuntimeError("PostgreSQL ended:\n" + log.read())
        return subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", "127.0.0.1",
                               "-p", str(self.port), "-U", PG_USER], timeout=60,
                              check=False).returncode == 0

    def stop(self):
        """Fast shutdown: every session is ended with 57P01."""
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)
            try:
                self.server.wait(30)
            except subprocess.TimeoutExpired:
                self.server.send_signal(signal.SIGQUIT)
                self.server.wait(30)

    def sql(self, text, database="postgres"):
        return self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", PG_USER,
                         "-d", database, "-X", "-A", "-t", "-q", "-c", text).strip()

    def database(self, name):
        self.sql(f"CREATE DATABASE {name}")
        return name

    def stored(self, database):
        """event_id -> number of rows."""
        rows = self.sql("SELECT event_id, count(*) FROM events GROUP BY 1", database)
        return {line.rsplit("|", 1)[0]: int(line.rsplit("|", 1)[1]) for line in rows.splitlines()}

    def close(self):
        self.stop()
        self.held.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Link:
    """A TCP relay on one thread: pass, cut (reset everything and refuse), or stall (keep the
    sockets open and read nothing). Orders are carried out on that thread; when the call returns,
    it is so."""

    def __init__(self, target_port):
        self.target = target_port
        self.held = HeldPort()
        self.port = self.held.number
        self.listener = None
        self.pairs = {}
        self.accepted = 0
        self.stalled = False
        self.ended = False
        self.orders = queue.SimpleQueue()
        self.wake_read, self.wake_write = os.pipe()
        self._listen()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def cut(self):
        self._order(self._cut)

    def stall(self):
        self._order(lambda: setattr(self, "stalled", True))

    def hang(self):
        """After a cut: connections can be made again, and nothing is read from them."""
        self._order(self._hang)

    def heal(self):
        self._order(self._heal)

    def close(self):
        self._order(self._close)
        self.held.close()
        self.thread.join(10)
        os.close(self.wake_read)
        os.close(self.wake_write)

    def _order(self, action):
        done = queue.SimpleQueue()
        self.orders.put((action, done))
        os.write(self.wake_write, b"x")
        failure = done.get(timeout=30)
        if failure:
            raise failure

    def _listen(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(128)

    def _cut(self):
        if self.listener:
            self.listener.close()
            self.listener = None
        for end in self.pairs:
            # Lingering for zero seconds makes close send a reset.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()
        self.pairs.clear()

    def _hang(self):
        self._heal()
        self.stalled = True

    def _heal(self):
        self.stalled = False
        if not self.listener:
            self._listen()

    def _close(self):
        self._cut()
        self.ended = True

    def _run(self):
        while not self.ended:
            watched = [self.wake_read]
            if not self.stalled:
                watched += list(self.pairs) + ([self.listener] if self.listener else [])
            for one in select.select(watched, [], [])[0]:
                if one is self.wake_read:
                    os.read(one, 1)
                    self._obey(*self.orders.get())
                    break  # what was ready may be closed now
                if one is self.listener:
                    self._accept()
                elif one in self.pairs:
                    self._forward(one)

    @staticmethod
    def _obey(action, done):
        try:
            action()
            done.put(None)
        except OSError as error:
            done.put(error)

    def _accept(self):
        client, _ = self.listener.accept()
        self.accepted += 1
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.settimeout(5)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pairs[client], self.pairs[server] = server, client

    def _forward(self, end):
        try:
            data = end.recv(65536)
            if data:
                self.pairs[end].sendall(data)
                return
        except OSError:
            pass
        other = self.pairs.pop(end)
        del self.pairs[other]
        end.close()
        other.close()


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds
        self.reason = headers.get("X-Reason")


class Bridge:
    """One bridge process; its events are collected as they come."""

    def __init__(self, binary, pg_port, database, *options, ready=True):
        conninfo = (f"host=127.0.0.1 port={pg_port} dbname={database} user={PG_USER} "
                    "sslmode=disable gssencmode=disable")
        self.process = subprocess.Popen(
            [binary, "--listen", "127.0.0.1:0", "--postgres", conninfo, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events = []
        self.errors = ""
        self.readers = [threading.Thread(target=self._read_events, daemon=True),
                        threading.Thread(target=self._read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()
        start = wait_until("the start event", lambda: self.ended() or self.event("start"))
        if not isinstance(start, dict):
            raise AssertionError("bridge ended: " + self.errors)
        self.port = int(start["address"].rsplit(":", 1)[1])
        if ready:
            wait_until("ready", lambda: self.get("/health/ready").status == 200)
            size = self.metric("pg_pool_size")
            wait_until("a full pool", lambda: self.metric("pg_pool_open") == size)

    def _read_events(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors += line

    def ended(self):
        return self.process.poll() is not None

    def count(self, name):
        return sum(event["event"] == name for event in list(self.events))

    def event(self, name):
        return next((event for event in list(self.events) if event["event"] == name), None)

    def request(self, method, path, body=None, timeout=60, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            begin = time.monotonic()
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            text = answer.read().decode()
            return Answer(answer.status, answer.headers, text, time.monotonic() - begin)
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, event_id, provider="oura", timeout=60):
        body = json.dumps({"event_id": event_id, "event_type": "sleep", "user_id": "u1"})
        return self.request("POST", "/webhooks/" + provider, body, timeout)

    def metric(self, name):
        for line in self.get("/metrics").body.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError("no metric " + name)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, limit=30):
        code = self.process.wait(limit)
        for reader in self.readers:
            reader.join(10)
        return code

    def close(self):
        """Ends it, and says what it left behind: the exit code."""
        if not self.ended():
            self.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise AssertionError("the bridge did not end after SIGTERM") from None
        finally:
            self.process.stdout.close()
            self.process.stderr.close()


class Load:
    """An open loop: one request every 1/rate seconds whatever became of the others, each on a
    thread of its own. The results are in the order of sending."""

    def __init__(self, bridge, rate, prefix):
        self.bridge, self.rate, self.prefix = bridge, rate, prefix
        self.results = []
        self.threads = []
        self.over = threading.Event()
        self.pacer = threading.Thread(target=self._pace, daemon=True)
        self.pacer.start()

    def _pace(self):
        begin = time.monotonic()
        number = 0
        while not self.over.wait(max(0.0, begin + number / self.rate - time.monotonic())):
            result = {"id": f"{self.prefix}-{number}", "sent": time.monotonic(), "status": None}
            self.results.append(result)
            thread = threading.Thread(target=self._send, args=(result,), daemon=True)
            thread.start()
            self.threads.append(thread)
            number += 1

    def _send(self, result):
        try:
            answer = self.bridge.post(result["id"], timeout=30)
            result.update(status=answer.status, reason=answer.reason)
        except OSError as error:
            result.update(status=0, reason=str(error))
        result["answered"] = time.monotonic()

    def finish(self):
        self.over.set()
        self.pacer.join(30)
        for thread in self.threads:
            thread.join(60)
        return self.results
