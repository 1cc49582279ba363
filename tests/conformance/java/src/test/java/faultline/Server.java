package faultline;

import static org.junit.Assert.assertEquals;

import eu.rekawek.toxiproxy.Proxy;
import eu.rekawek.toxiproxy.ToxiproxyClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.rules.ExternalResource;

/** A server without proxies for each test, and the TCP servers and clients that the test starts. */
class Server extends ExternalResource {
    private static final int LIMIT = 30_000; // milliseconds; for what takes a moment

    final ToxiproxyClient client;
    private final List<AutoCloseable> open = new ArrayList<>();

    Server() {
        URI url = URI.create(System.getenv("TOXIPROXY_URL"));
        client = new ToxiproxyClient(url.getHost(), url.getPort());
    }

    /** The answer of the server under test, where faultline differs on purpose. */
    static <T> T says(T toxiproxy, T faultline) {
        return "toxiproxy".equals(System.getenv("CONFORMANCE_SERVER")) ? toxiproxy : faultline;
    }

    @Override
    protected void before() throws IOException {
        for (Proxy proxy : client.getProxies()) {
            proxy.delete();
        }
    }

    @Override
    protected void after() {
        try {
            for (AutoCloseable one : open) {
                one.close();
            }
            before();
        } catch (Exception error) {
            throw new AssertionError(error);
        }
    }

    interface Handler {
        void handle(Socket socket) throws IOException;
    }

    static void echo(Socket socket) throws IOException {
        socket.getInputStream().transferTo(socket.getOutputStream());
    }

    /** A proxy called "p" in front of a server that handles connections so. */
    Proxy through(Handler handler) throws IOException {
        ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        open.add(listener);
        daemon(() -> {
            while (true) {
                Socket socket = listener.accept();
                daemon(() -> {
                    try (socket) {
                        handler.handle(socket);
                    }
                });
            }
        });
        return client.createProxy("p", "127.0.0.1:0", "127.0.0.1:" + listener.getLocalPort());
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException error) {
                // The other side ended it, or the test did.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    Connection connect(Proxy proxy) throws IOException {
        Connection connection = new Connection(proxy.getListen());
        open.add(connection);
        return connection;
    }

    static boolean refuses(String listen) throws IOException {
        try (Connection connection = new Connection(listen)) {
            return false;
        } catch (ConnectException refused) {
            return true;
        }
    }

    static class Connection implements AutoCloseable {
        private final Socket socket;
        private final long began = System.nanoTime();

        Connection(String listen) throws IOException {
            int colon = listen.lastIndexOf(':');
            int port = Integer.parseInt(listen.substring(colon + 1));
            socket = new Socket(listen.substring(0, colon), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(LIMIT);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }

        void send(String data) throws IOException {
            socket.getOutputStream().write(data.getBytes());
        }

        String read(int count) throws IOException {
            return new String(socket.getInputStream().readNBytes(count));
        }

        /** Milliseconds until what was sent has come back. */
        long trip(String data) throws IOException {
            long start = System.nanoTime();
            send(data);
            assertEquals(data, read(data.length()));
            return (System.nanoTime() - start) / 1_000_000;
        }

        /** Milliseconds since before it was connected. */
        long age() {
            return (System.nanoTime() - began) / 1_000_000;
        }

        boolean silent(int milliseconds) throws IOException {
            socket.setSoTimeout(milliseconds);
            try {
                socket.getInputStream().read();
                return false;
            } catch (SocketTimeoutException expected) {
                return true;
            } finally {
                socket.setSoTimeout(LIMIT);
            }
        }

        /** What else came, and then "|end" or "|reset". */
        String outcome() throws IOException {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            InputStream in = socket.getInputStream();
            try {
                for (int one = in.read(); one >= 0; one = in.read()) {
                    data.write(one);
                }
                return data + "|end";
            } catch (SocketException reset) {
                return data + "|reset";
            }
        }
    }
}
