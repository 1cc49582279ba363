package breakers;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * A service whose breaker is resilience4j: {@code --upstream URL --config NAME}. GET /call asks the
 * upstream through the breaker. It prints the port it listens on and ends when its input ends.
 */
public final class Service {
  /** An answer of the upstream that is no success. */
  private static final class Refused extends IOException {
    private final int status;

    private Refused(int status) {
      super("the upstream answered " + status);
      this.status = status;
    }
  }

  /** A breaker, and which answers are failures of the call. */
  private record Configuration(CircuitBreakerConfig breaker, int failsFrom, Duration limit) {}

  /** The last ten calls decide. What the client is to blame for (4xx) is a success. */
  private static Configuration byCalls() {
    return new Configuration(
        CircuitBreakerConfig.custom()
            .slidingWindowType(SlidingWindowType.COUNT_BASED)
            .slidingWindowSize(10)
            .minimumNumberOfCalls(6)
            .failureRateThreshold(40)
            .waitDurationInOpenState(Duration.ofSeconds(2))
            .permittedNumberOfCallsInHalfOpenState(3)
            .build(),
        500,
        Duration.ofMillis(800));
  }

  /** The last five seconds decide, slow calls too. A 404 does not count at all, a 429 fails. */
  private static Configuration byTime() {
    return new Configuration(
        CircuitBreakerConfig.custom()
            .slidingWindowType(SlidingWindowType.TIME_BASED)
            .slidingWindowSize(5)
            .minimumNumberOfCalls(8)
            .failureRateThreshold(50)
            .slowCallDurationThreshold(Duration.ofMillis(300))
            .slowCallRateThreshold(50)
            .waitDurationInOpenState(Duration.ofSeconds(3))
            .permittedNumberOfCallsInHalfOpenState(2)
            .ignoreException(error -> error instanceof Refused refused && refused.status == 404)
            .build(),
        400,
        Duration.ofSeconds(1));
  }

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final HttpRequest request;
  private final Configuration configuration;
  private final CircuitBreaker breaker;

  private Service(URI upstream, Configuration configuration) {
    this.request = HttpRequest.newBuilder(upstream).timeout(configuration.limit).build();
    this.configuration = configuration;
    this.breaker = CircuitBreaker.of("upstream", configuration.breaker);
  }

  private String ask() throws IOException, InterruptedException {
    var answer = client.send(request, BodyHandlers.ofString());
    if (answer.statusCode() >= configuration.failsFrom) {
      throw new Refused(answer.statusCode());
    }
    return answer.body();
  }

  private void serve(HttpExchange exchange) throws IOException {
    try {
      say(exchange, 200, breaker.executeCallable(this::ask));
    } catch (CallNotPermittedException rejected) {
      say(exchange, 503, rejected.getMessage());
    } catch (Exception failure) {
      say(exchange, 502, failure.toString());
    }
  }

  private static void say(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  public static void main(String[] arguments) throws IOException {
    var words = List.of(arguments);
    int upstream = words.indexOf("--upstream") + 1;
    int name = words.indexOf("--config") + 1;
    if (upstream == 0 || name == 0 || words.size() != 4
        || !List.of("calls", "time").contains(words.get(name))) {
      System.err.println("service --upstream URL --config calls|time");
      System.exit(2);
    }
    var configuration = words.get(name).equals("calls") ? byCalls() : byTime();
    var service = new Service(URI.create(words.get(upstream)), configuration);
    // Else every answer on a kept-alive connection waits for an acknowledgement.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
    server.createContext("/call", service::serve);
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
    System.out.println("listening " + server.getAddress().getPort());
    while (System.in.read() >= 0) {
      continue;
    }
    System.exit(0);
  }
}
