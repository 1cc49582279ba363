package faultline;

import static eu.rekawek.toxiproxy.model.ToxicDirection.DOWNSTREAM;
import static eu.rekawek.toxiproxy.model.ToxicDirection.UPSTREAM;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import eu.rekawek.toxiproxy.Proxy;
import eu.rekawek.toxiproxy.model.Toxic;
import eu.rekawek.toxiproxy.model.ToxicDirection;
import java.io.IOException;
import org.junit.Rule;
import org.junit.Test;

public class TrafficTest {
    @Rule public final Server server = new Server();

    private Proxy echo() throws IOException {
        return server.through(Server::echo);
    }

    private Proxy gives(String data) throws IOException {
        return server.through(socket -> socket.getOutputStream().write(data.getBytes()));
    }

    @Test
    public void bytesPassAsTheyAre() throws IOException {
        Server.Connection connection = server.connect(echo());
        connection.trip("hello");
        connection.trip("0123456789".repeat(10_000));
    }

    @Test
    public void latencyOfBothDirectionsAddsUp() throws IOException {
        Proxy proxy = echo();
        proxy.toxics().latency("down", DOWNSTREAM, 100);
        proxy.toxics().latency("up", UPSTREAM, 150);
        assertTrue(server.connect(proxy).trip("x") >= 250);
    }

    @Test
    public void bandwidthHoldsItsRate() throws IOException {
        Proxy proxy = echo();
        proxy.toxics().bandwidth("slow", UPSTREAM, 100);
        assertTrue(server.connect(proxy).trip("x".repeat(40_000)) >= 390);
    }

    @Test
    public void aCutConnectionDeliversWhenItIsMended() throws IOException {
        Proxy proxy = echo();
        Server.Connection connection = server.connect(proxy);
        connection.trip("before");
        Toxic down = proxy.toxics().bandwidth("CUT_CONNECTION_DOWNSTREAM", DOWNSTREAM, 0);
        Toxic up = proxy.toxics().bandwidth("CUT_CONNECTION_UPSTREAM", UPSTREAM, 0);
        connection.send("during");
        assertTrue(connection.silent(300));
        down.remove();
        up.remove();
        assertEquals("during", connection.read(6));
    }

    @Test
    public void timeoutDropsAndClosesInTime() throws IOException {
        Proxy proxy = echo();
        proxy.toxics().timeout("t", DOWNSTREAM, 300);
        Server.Connection connection = server.connect(proxy);
        connection.send("lost");
        assertEquals("", connection.outcome().split("\\|")[0]);
        assertTrue(connection.age() >= 300);
    }

    @Test
    public void timeoutZeroClosesWhenItIsRemoved() throws IOException {
        Proxy proxy = echo();
        Toxic toxic = proxy.toxics().timeout("t", UPSTREAM, 0);
        Server.Connection connection = server.connect(proxy);
        connection.send("lost");
        assertTrue(connection.silent(300));
        toxic.remove();
        assertEquals("", connection.outcome().split("\\|")[0]);
    }

    @Test
    public void resetPeerIsAReset() throws IOException {
        for (ToxicDirection stream : ToxicDirection.values()) {
            Proxy proxy = echo();
            proxy.toxics().resetPeer("t", stream, 0);
            Server.Connection connection = server.connect(proxy);
            connection.send("x");
            assertEquals("|reset", connection.outcome());
            proxy.delete();
        }
    }

    @Test
    public void resetPeerOnAnOpenConnection() throws IOException {
        Proxy proxy = echo();
        Server.Connection connection = server.connect(proxy);
        connection.trip("x");
        proxy.toxics().resetPeer("t", DOWNSTREAM, 0);
        if (Server.says(true, false)) { // it waits for data
            connection.send("y");
        }
        assertEquals(Server.says("|end", "|reset"), connection.outcome());
    }

    @Test
    public void slicerLosesNothing() throws IOException {
        Proxy proxy = echo();
        proxy.toxics().slicer("t", DOWNSTREAM, 100, 10).setSizeVariation(50);
        server.connect(proxy).trip("0123456789".repeat(1000));
    }

    @Test
    public void limitDataClosesAtItsLimit() throws IOException {
        Proxy proxy = gives("0123456789");
        proxy.toxics().limitData("t", DOWNSTREAM, 4);
        assertEquals("0123", server.connect(proxy).outcome().split("\\|")[0]);
    }

    @Test
    public void slowCloseDelaysOnlyTheEnd() throws IOException {
        Proxy proxy = gives("done");
        proxy.toxics().slowClose("t", DOWNSTREAM, 400);
        Server.Connection connection = server.connect(proxy);
        assertEquals("done", connection.read(4));
        assertEquals("|end", connection.outcome());
        assertTrue(connection.age() >= 400);
    }

    @Test
    public void toxicityZeroTouchesNothingAndOneEverything() throws IOException {
        Proxy proxy = echo();
        Toxic toxic = proxy.toxics().limitData("t", DOWNSTREAM, 0);
        toxic.setToxicity(0);
        for (int i = 0; i < 5; i++) {
            server.connect(proxy).trip("x");
        }
        toxic.setToxicity(1);
        for (int i = 0; i < 5; i++) {
            Server.Connection connection = server.connect(proxy);
            connection.send("x");
            assertEquals("", connection.outcome().split("\\|")[0]);
        }
    }

    @Test
    public void disablingEndsConnections() throws IOException {
        Proxy proxy = echo();
        Server.Connection connection = server.connect(proxy);
        connection.trip("x");
        proxy.disable();
        assertEquals("|end", connection.outcome());
        proxy.enable();
        server.connect(proxy).trip("back");
    }
}
