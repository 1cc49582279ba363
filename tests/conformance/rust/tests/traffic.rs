use faultline_conformance::{connect, echo, outcome, says, serve, silent, trip, Server};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn bytes_pass_as_they_are() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    trip(&mut connect(&proxy), &b"hello".repeat(10_000));
}

#[test]
fn latency_of_both_directions_adds_up() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    proxy
        .with_latency("downstream".into(), 100, 0, 1.0)
        .with_latency("upstream".into(), 150, 0, 1.0)
        .apply(|| assert!(trip(&mut connect(&proxy), b"x") >= ms(250)))
        .unwrap();
    trip(&mut connect(&proxy), b"healed");
}

#[test]
fn bandwidth_holds_its_rate() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    proxy.with_bandwidth("upstream".into(), 100, 1.0);
    assert!(trip(&mut connect(&proxy), &[7; 40_000]) >= ms(390));
}

#[test]
fn rate_0_holds_and_removal_lets_go() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    let mut connection = connect(&proxy);
    trip(&mut connection, b"before");
    proxy.with_bandwidth("upstream".into(), 0, 1.0).with_bandwidth("downstream".into(), 0, 1.0);
    connection.write_all(b"during").unwrap();
    assert!(silent(&mut connection, ms(300)));
    proxy.delete_all_toxics().unwrap();
    let mut data = [0; 6];
    connection.read_exact(&mut data).unwrap();
    assert_eq!(&data, b"during");
}

#[test]
fn timeout_drops_and_closes_in_time() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    proxy.with_timeout("downstream".into(), 300, 1.0);
    let start = Instant::now();
    let mut connection = connect(&proxy);
    connection.write_all(b"lost").unwrap();
    assert_eq!(outcome(&mut connection).0, b"");
    assert!(start.elapsed() >= ms(295));
}

#[test]
fn timeout_0_closes_when_it_is_removed() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    proxy.with_timeout("upstream".into(), 0, 1.0);
    let mut connection = connect(&proxy);
    connection.write_all(b"lost").unwrap();
    assert!(silent(&mut connection, ms(300)));
    proxy.delete_all_toxics().unwrap();
    assert_eq!(outcome(&mut connection).0, b"");
}

#[test]
fn slicer_loses_nothing() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    proxy.with_slicer("downstream".into(), 100, 50, 5, 1.0);
    trip(&mut connect(&proxy), &b"0123456789".repeat(1000));
}

#[test]
fn limit_data_closes_at_its_limit() {
    fn ten(mut connection: TcpStream) {
        let _ = connection.write_all(b"0123456789");
    }
    let server = Server::empty();
    let proxy = server.proxy(&serve(ten));
    proxy.with_limit_data("downstream".into(), 4, 1.0);
    assert_eq!(outcome(&mut connect(&proxy)).0, b"0123");
}

#[test]
fn slow_close_delays_only_the_end() {
    fn done(mut connection: TcpStream) {
        let _ = connection.write_all(b"done");
    }
    let server = Server::empty();
    let proxy = server.proxy(&serve(done));
    proxy.with_slow_close("downstream".into(), 400, 1.0);
    let start = Instant::now();
    let mut connection = connect(&proxy);
    let mut data = [0; 4];
    connection.read_exact(&mut data).unwrap();
    assert_eq!(&data, b"done");
    assert_eq!(outcome(&mut connection), (vec![], "end"));
    assert!(start.elapsed() >= ms(400));
}

#[test]
fn toxicity_0_touches_nothing_and_1_everything() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    proxy.with_limit_data("downstream".into(), 0, 0.0);
    for _ in 0..5 {
        trip(&mut connect(&proxy), b"x");
    }
    proxy.delete_all_toxics().unwrap();
    proxy.with_limit_data("downstream".into(), 0, 1.0);
    for _ in 0..5 {
        let mut connection = connect(&proxy);
        connection.write_all(b"x").unwrap();
        assert_eq!(outcome(&mut connection).0, b"");
    }
}

#[test]
fn disabling_ends_connections() {
    let server = Server::empty();
    let proxy = server.proxy(&serve(echo));
    let mut connection = connect(&proxy);
    trip(&mut connection, b"x");
    proxy.with_down(|| assert_eq!(outcome(&mut connection), (vec![], "end"))).unwrap();
    trip(&mut connect(&proxy), b"back");
}

#[test]
fn a_client_that_half_closes() {
    fn reply(mut connection: TcpStream) {
        let _ = connection.read_to_end(&mut vec![]);
        let _ = connection.write_all(b"reply");
    }
    let server = Server::empty();
    let proxy = server.proxy(&serve(reply));
    let mut connection = connect(&proxy);
    connection.write_all(b"question").unwrap();
    connection.shutdown(Shutdown::Write).unwrap();
    assert_eq!(outcome(&mut connection).0, says(b"".to_vec(), b"reply".to_vec()));
}
