package faultline;

import static eu.rekawek.toxiproxy.model.ToxicDirection.DOWNSTREAM;
import static eu.rekawek.toxiproxy.model.ToxicDirection.UPSTREAM;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import eu.rekawek.toxiproxy.Proxy;
import eu.rekawek.toxiproxy.ToxiproxyClient;
import eu.rekawek.toxiproxy.model.Toxic;
import eu.rekawek.toxiproxy.model.ToxicList;
import eu.rekawek.toxiproxy.model.toxic.Bandwidth;
import eu.rekawek.toxiproxy.model.toxic.Latency;
import eu.rekawek.toxiproxy.model.toxic.LimitData;
import eu.rekawek.toxiproxy.model.toxic.ResetPeer;
import eu.rekawek.toxiproxy.model.toxic.Slicer;
import eu.rekawek.toxiproxy.model.toxic.SlowClose;
import eu.rekawek.toxiproxy.model.toxic.Timeout;
import java.io.IOException;
import java.util.List;
import org.junit.Rule;
import org.junit.Test;
import org.junit.function.ThrowingRunnable;

public class ApiTest {
    @Rule public final Server server = new Server();
    private final ToxiproxyClient client = server.client;

    private Proxy create(String name) throws IOException {
        return client.createProxy(name, "127.0.0.1:0", "localhost:6379");
    }

    private void assertFails(String message, ThrowingRunnable call) {
        assertEquals(message, assertThrows(IOException.class, call).getMessage());
    }

    @Test
    public void theVersionIsJson() throws IOException {
        assertTrue(client.version().matches("(?s)\\{\"version\": \"[^\"]+\"}\\n?"));
    }

    @Test
    public void aProxyIsCreatedAndFound() throws IOException {
        Proxy created = client.createProxy("p", "localhost:0", "localhost:6379");
        Proxy found = client.getProxy("p");
        for (Proxy proxy : new Proxy[] {created, found}) {
            assertTrue(proxy.isEnabled());
            assertEquals("p", proxy.getName());
            assertTrue(proxy.getListen().matches("127\\.0\\.0\\.1:[1-9]\\d*"));
            assertEquals("localhost:6379", proxy.getUpstream());
        }
    }

    @Test
    public void aProxyThatIsNotThere() {
        assertNull(client.getProxyOrNull("none"));
        assertFails("[404] proxy not found", () -> client.getProxy("none"));
    }

    @Test
    public void aNameWithAColonIsAPath() throws IOException {
        create("redis:6379");
        assertEquals("redis:6379", client.getProxy("redis:6379").getName());
        client.getProxy("redis:6379").delete();
    }

    @Test
    public void proxiesAreListedByName() throws IOException {
        for (String name : new String[] {"p2", "p0", "p1"}) {
            create(name);
        }
        List<Proxy> proxies = client.getProxies();
        assertEquals(3, proxies.size());
        for (int i = 0; i < 3; i++) {
            assertEquals("p" + i, proxies.get(i).getName());
        }
    }

    @Test
    public void aProxyIsDeleted() throws IOException {
        Proxy proxy = create("p");
        proxy.delete();
        assertTrue(client.getProxies().isEmpty());
        assertTrue(Server.refuses(proxy.getListen()));
        assertThrows(IOException.class, proxy::delete);
    }

    @Test
    public void aProxyIsDisabledAndEnabled() throws IOException {
        Proxy proxy = create("p");
        proxy.disable();
        assertFalse(proxy.isEnabled());
        assertTrue(Server.refuses(proxy.getListen()));
        proxy.enable();
        assertTrue(proxy.isEnabled());
        assertFalse(Server.refuses(proxy.getListen()));
    }

    @Test
    public void listenAndUpstreamChange() throws IOException {
        Proxy proxy = create("p");
        String before = proxy.getListen();
        proxy.setUpstream("other:1");
        proxy.setListen("127.0.0.1:0");
        Proxy found = client.getProxy("p");
        assertEquals("other:1", found.getUpstream());
        assertFalse(found.getListen().equals(before));
        assertTrue(Server.refuses(before));
    }

    @Test
    public void conflictsHaveTheirCodeAndText() throws IOException {
        Proxy proxy = create("p");
        assertFails("[409] proxy already exists", () -> create("p"));
        String listen = proxy.getListen();
        assertFails("[500] listen tcp " + listen + ": bind: address already in use",
                () -> client.createProxy("q", listen, "a:1"));
        assertFails("[400] missing required field: upstream",
                () -> client.createProxy("q", "127.0.0.1:0", ""));
    }

    @Test
    public void resetEnablesAndRemovesToxics() throws IOException {
        Proxy proxy = create("p");
        proxy.toxics().latency("down", DOWNSTREAM, 10);
        proxy.toxics().latency("up", UPSTREAM, 10);
        proxy.disable();
        client.reset();
        assertTrue(proxy.toxics().getAll().isEmpty());
        assertTrue(client.getProxy("p").isEnabled());
    }

    @Test
    public void toxicsAreListedWithTheirTypes() throws IOException {
        ToxicList toxics = create("p").toxics();
        assertTrue(toxics.getAll().isEmpty());
        toxics.bandwidth("a", DOWNSTREAM, 100);
        toxics.latency("b", DOWNSTREAM, 100);
        toxics.limitData("c", UPSTREAM, 100);
        toxics.resetPeer("d", UPSTREAM, 100);
        toxics.slicer("e", UPSTREAM, 100, 1);
        toxics.slowClose("f", DOWNSTREAM, 100);
        toxics.timeout("g", DOWNSTREAM, 100);
        Class<?>[] types = {LimitData.class, ResetPeer.class, Slicer.class, Bandwidth.class,
            Latency.class, SlowClose.class, Timeout.class};
        List<? extends Toxic> all = toxics.getAll();
        assertEquals(types.length, all.size());
        for (int i = 0; i < types.length; i++) {
            assertEquals(types[i], all.get(i).getClass());
            assertEquals(i < 3 ? UPSTREAM : DOWNSTREAM, all.get(i).getStream());
            assertEquals(1, all.get(i).getToxicity(), 0);
        }
    }

    @Test
    public void aToxicIsFoundChangedAndRemoved() throws IOException {
        ToxicList toxics = create("p").toxics();
        toxics.bandwidth("t", DOWNSTREAM, 100).setToxicity(0.1f);
        Bandwidth found = toxics.get("t", Bandwidth.class);
        assertEquals("t", found.getName());
        assertEquals(0.1f, found.getToxicity(), 0);
        assertEquals(100, found.getRate());
        found.remove();
        assertTrue(toxics.getAll().isEmpty());
        assertFails("[404] toxic not found", () -> toxics.get("t"));
        assertThrows(IOException.class, found::remove);
    }

    @Test
    public void toxicNamesConflict() throws IOException {
        ToxicList toxics = create("p").toxics();
        toxics.latency("t", DOWNSTREAM, 1);
        assertFails("[409] toxic already exists", () -> toxics.bandwidth("t", UPSTREAM, 1));
    }

    @Test
    public void everyAttributeIsSetAlone() throws IOException {
        ToxicList toxics = create("p").toxics();
        Latency latency = toxics.latency("latency", UPSTREAM, 100);
        assertEquals(0, latency.getJitter());
        latency.setLatency(200).setJitter(10);
        Latency found = toxics.get("latency", Latency.class);
        assertEquals(200, found.getLatency());
        assertEquals(10, found.getJitter());
        assertEquals(200, toxics.bandwidth("bandwidth", UPSTREAM, 1).setRate(200).getRate());
        assertEquals(300, toxics.slowClose("slow", UPSTREAM, 1).setDelay(300).getDelay());
        assertEquals(400, toxics.timeout("timeout", UPSTREAM, 1).setTimeout(400).getTimeout());
        assertEquals(500, toxics.limitData("limit", UPSTREAM, 1).setBytes(500).getBytes());
        assertEquals(600, toxics.resetPeer("reset", UPSTREAM, 1).setTimeout(600).getTimeout());
        Slicer slicer = toxics.slicer("slicer", UPSTREAM, 100, 10);
        slicer.setAverageSize(200).setDelay(20).setSizeVariation(5);
        slicer = toxics.get("slicer", Slicer.class);
        assertEquals(200, slicer.getAverageSize());
        assertEquals(20, slicer.getDelay());
        assertEquals(5, slicer.getSizeVariation());
    }

    @Test
    public void aNegativeNumber() throws IOException {
        ToxicList toxics = create("p").toxics();
        boolean refused = false;
        try {
            toxics.latency("t", DOWNSTREAM, -1);
        } catch (IOException error) {
            refused = true;
            assertTrue(error.getMessage(), error.getMessage().startsWith("[400] "));
        }
        assertEquals(Server.says(false, true), refused);
    }
}
