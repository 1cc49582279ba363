//! What the suites of the unmodified crate `toxiproxy_rust` share: the client of the server that
//! TOXIPROXY_URL names, and small TCP servers and clients.
//!
//! The crate's own static client knows port 8474 only, so these tests make theirs with an address.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard};
use std::thread::spawn;
use std::time::{Duration, Instant};
use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

pub const LIMIT: Duration = Duration::from_secs(30); // for what takes a moment

/// The server to itself: tests of one program run in many threads.
pub struct Server {
    pub client: Client,
    _alone: MutexGuard<'static, ()>,
}

impl Server {
    /// A server without proxies.
    pub fn empty() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let client = Client::new(address().as_str());
        for proxy in client.all().expect("a list of proxies").values() {
            proxy.delete().expect("a proxy that can be deleted");
        }
        Server { client, _alone: alone }
    }

    /// One proxy called "p" in front of this upstream.
    pub fn proxy(&self, upstream: &str) -> Proxy {
        let pack = ProxyPack::new("p".into(), "127.0.0.1:0".into(), upstream.into());
        self.client.populate(vec![pack]).expect("a populated server").remove(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for proxy in self.client.all().iter().flat_map(|proxies| proxies.values()) {
            let _ = proxy.delete();
        }
    }
}

/// host:port of the server under test.
pub fn address() -> String {
    let url = std::env::var("TOXIPROXY_URL").expect("TOXIPROXY_URL names the server under test");
    url.trim_start_matches("http://").trim_end_matches('/').to_string()
}

/// The answer of the server under test, where faultline differs on purpose.
pub fn says<T>(toxiproxy: T, faultline: T) -> T {
    match std::env::var("CONFORMANCE_SERVER").as_deref() {
        Ok("toxiproxy") => toxiproxy,
        _ => faultline,
    }
}

/// Serves each connection in a thread, for as long as the program runs. Gives host:port.
pub fn serve(handle: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    spawn(move || {
        for connection in listener.incoming().flatten() {
            spawn(move || handle(connection));
        }
    });
    address
}

pub fn echo(mut connection: TcpStream) {
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = connection.read(&mut buffer) {
        if connection.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
}

pub fn connect(proxy: &Proxy) -> TcpStream {
    let connection = TcpStream::connect(&proxy.proxy_pack.listen).expect("a proxy that listens");
    connection.set_nodelay(true).unwrap();
    connection.set_read_timeout(Some(LIMIT)).unwrap();
    connection
}

/// Sends, reads as much back, and says how long it took.
pub fn trip(connection: &mut TcpStream, data: &[u8]) -> Duration {
    let start = Instant::now();
    connection.write_all(data).unwrap();
    let mut back = vec![0; data.len()];
    connection.read_exact(&mut back).unwrap();
    assert!(back == data, "what came back is not what was sent");
    start.elapsed()
}

/// True if neither data nor an end came for so long.
pub fn silent(connection: &mut TcpStream, time: Duration) -> bool {
    connection.set_read_timeout(Some(time)).unwrap();
    let found = connection.read(&mut [0]).map_err(|error| error.kind());
    connection.set_read_timeout(Some(LIMIT)).unwrap();
    matches!(found, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// What else came, and how it ended: "end" or "reset".
pub fn outcome(connection: &mut TcpStream) -> (Vec<u8>, &'static str) {
    let mut data = Vec::new();
    match connection.read_to_end(&mut data) {
        Ok(_) => (data, "end"),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => (data, "reset"),
        Err(error) => panic!("no end within {LIMIT:?}: {error}"),
    }
}
