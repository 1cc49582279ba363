use faultline_conformance::{address, connect, Server};
use std::net::TcpStream;
use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::ProxyPack;

fn refused(listen: &str) -> bool {
    TcpStream::connect(listen).is_err()
}

#[test]
fn it_is_running_and_says_its_version() {
    let server = Server::empty();
    assert!(server.client.is_running());
    let version = server.client.version().unwrap();
    assert!(version.starts_with("{\"version\": \"") && version.ends_with("\"}\n"), "{version}");
}

#[test]
fn nobody_runs_where_nobody_listens() {
    let unused = {
        let one = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        one.local_addr().unwrap()
    };
    assert!(!Client::new(unused).is_running());
    assert!(Client::new(address().as_str()).is_running());
}

#[test]
fn populate_gives_proxies_that_listen() {
    let server = Server::empty();
    let packs = ["b", "a"]
        .map(|name| ProxyPack::new(name.into(), "localhost:0".into(), "localhost:2000".into()));
    let found = server.client.populate(packs.into()).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].proxy_pack.name, "b");
    assert_eq!(found[1].proxy_pack.upstream, "localhost:2000");
    for proxy in &found {
        assert!(proxy.proxy_pack.listen.starts_with("127.0.0.1:"), "{}", proxy.proxy_pack.listen);
        assert!(proxy.proxy_pack.enabled && proxy.proxy_pack.toxics.is_empty());
        connect(proxy);
    }
}

#[test]
fn populating_again_keeps_what_is_the_same() {
    let server = Server::empty();
    let proxy = server.proxy("localhost:2000");
    proxy.with_latency("downstream".into(), 10, 0, 1.0);
    let listen = proxy.proxy_pack.listen.clone();
    let same = ProxyPack::new("p".into(), listen, "localhost:2000".into());
    let found = server.client.populate(vec![same]).unwrap();
    assert_eq!(found[0].proxy_pack.toxics.len(), 1);
}

#[test]
fn all_proxies_are_found_by_name() {
    let server = Server::empty();
    assert!(server.client.all().unwrap().is_empty());
    server.proxy("localhost:2000");
    let all = server.client.all().unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all["p"].proxy_pack.upstream, "localhost:2000");
    assert_eq!(server.client.find_proxy("p").unwrap().proxy_pack.name, "p");
    assert!(server.client.find_proxy("bad-proxy").is_err());
}

#[test]
fn a_proxy_is_disabled_enabled_and_deleted() {
    let server = Server::empty();
    let proxy = server.proxy("localhost:2000");
    let listen = &proxy.proxy_pack.listen;
    proxy.disable().unwrap();
    assert!(refused(listen));
    assert!(!server.client.find_proxy("p").unwrap().proxy_pack.enabled);
    proxy.enable().unwrap();
    assert!(!refused(listen));
    proxy.delete().unwrap();
    assert!(refused(listen));
    assert!(server.client.all().unwrap().is_empty());
}

#[test]
fn down_is_for_a_while() {
    let server = Server::empty();
    let proxy = server.proxy("localhost:2000");
    proxy
        .with_down(|| assert!(!server.client.find_proxy("p").unwrap().proxy_pack.enabled))
        .unwrap();
    assert!(server.client.find_proxy("p").unwrap().proxy_pack.enabled);
}

#[test]
fn every_toxic_is_listed_with_its_attributes() {
    let server = Server::empty();
    let proxy = server.proxy("localhost:2000");
    for stream in ["upstream", "downstream"] {
        proxy
            .with_latency(stream.into(), 1, 2, 1.0)
            .with_bandwidth(stream.into(), 3, 0.5)
            .with_slow_close(stream.into(), 4, 0.25)
            .with_timeout(stream.into(), 5, 0.0)
            .with_slicer(stream.into(), 64, 7, 8, 0.1)
            .with_limit_data(stream.into(), 9, 1.0);
    }
    let toxics = proxy.toxics().unwrap();
    assert_eq!(toxics.len(), 12);
    assert_eq!((toxics[0].name.as_str(), toxics[6].name.as_str()),
               ("latency_upstream", "latency_downstream"));
    assert_eq!(toxics[1].toxicity, 0.5);
    assert_eq!(toxics[4].toxicity, 0.1);
    let slicer = &toxics[10].attributes;
    assert_eq!((slicer["average_size"], slicer["size_variation"], slicer["delay"]), (64, 7, 8));
    let latency = &toxics[0].attributes;
    assert_eq!((latency["latency"], latency["jitter"]), (1, 2));
    proxy.delete_all_toxics().unwrap();
    assert!(proxy.toxics().unwrap().is_empty());
}

#[test]
fn apply_takes_its_toxics_away_again() {
    let server = Server::empty();
    let proxy = server.proxy("localhost:2000");
    proxy
        .with_latency("downstream".into(), 2000, 0, 1.0)
        .apply(|| {
            let all = server.client.all().unwrap();
            assert_eq!(all["p"].toxics().unwrap().len(), 1);
        })
        .unwrap();
    assert!(proxy.toxics().unwrap().is_empty());
}

#[test]
fn reset_brings_back_the_beginning() {
    let server = Server::empty();
    let proxy = server.proxy("localhost:2000");
    proxy.with_latency("upstream".into(), 5, 0, 1.0);
    proxy.disable().unwrap();
    server.client.reset().unwrap();
    let found = server.client.find_proxy("p").unwrap();
    assert!(found.proxy_pack.enabled && found.proxy_pack.toxics.is_empty());
    proxy.with_latency("upstream".into(), 5, 0, 1.0).disable().unwrap();
    let found = server.client.find_and_reset_proxy("p").unwrap();
    assert!(found.toxics().unwrap().is_empty());
    assert!(server.client.find_proxy("p").unwrap().proxy_pack.enabled);
}

#[test]
#[ignore = "the crate's own static client knows port 8474 only"]
fn the_static_client() {
    assert!(toxiproxy_rust::TOXIPROXY.is_running());
}
