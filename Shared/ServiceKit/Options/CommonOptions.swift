/// The options that every service has.
enum CommonOptions {
  static func serving(defaultListen: String) -> [OptionSpec] {
    [
      OptionSpec(
        "listen", .listen, default: defaultListen,
        help: "Where to answer calls; port 0 takes a free one."),
      .path("tls-certificate", help: "PEM certificate chain to answer with."),
      .path("tls-key", help: "PEM private key of that certificate."),
      .path(
        "tls-client-ca",
        help: "PEM authorities of the certificates that callers must then show."),
      .integer(
        "max-concurrent-streams", default: 1_024, in: 1...1_000_000,
        help: "Calls that one connection may have open."),
      .bytes(
        "max-frame-bytes", default: "64KiB", in: 1_024...(16 << 20),
        help: "Largest frame that is accepted from callers."),
      .bytes(
        "max-connection-buffer-bytes", default: "64MiB", in: 65_536...(1 << 40),
        help: "Most that one connection of a caller may have the process hold."),
      .duration(
        "max-connection-age", default: "30m", in: 0...86_400_000,
        help: "Age at which a caller's connection is drained, give or take a tenth; 0s for never."),
      .flag(
        "insecure",
        help: "Listen without TLS where that is not allowed by default; see the README."),
    ]
  }

  static func process(shortName: String) -> [OptionSpec] {
    [
      OptionSpec(
        "admin", .listen, default: "127.0.0.1:0",
        help: "Where to answer /healthz, /readyz and /metrics over HTTP; 'off' for nowhere."),
      .path(
        "data", default: ".assay/\(shortName)", placeholder: "DIR",
        help: "The service's own data; made if missing."),
      .path(
        "trust", default: ".assay/certificates/trust", placeholder: "DIR",
        help: "Public keys of those who may sign principals, <issuer>.pem."),
      .path(
        "identity", default: ".assay/certificates/identity/\(shortName).pem",
        help: "This service's own Ed25519 private key; the file's name is the issuer's."),
      .path("peer-ca", help: "PEM authorities of the peers' certificates: calls to them use TLS."),
      .path("peer-certificate", help: "PEM certificate chain to show to peers."),
      .path("peer-key", help: "PEM private key of that certificate."),
      OptionSpec(
        "log-level", .choice(["debug", "info", "warning", "error"]), default: "info",
        help: "What to log."),
      OptionSpec(
        "log-format", .choice(["auto", "json", "text"]), default: "auto",
        help: "How to log; auto is text on a terminal, JSON lines otherwise."),
      .path(
        "ready-file", help: "Written, as JSON with the real ports, once the service is ready."),
      .duration(
        "drain", default: "10s", in: 0...3_600_000,
        help: "How long calls in flight may still take after SIGTERM."),
      .bytes(
        "max-message-bytes", default: "4MiB", in: 1_024...(1 << 30),
        help: "Largest message that is accepted, from callers and from peers."),
      .bytes(
        "max-buffer-bytes", default: "1GiB", in: 1_048_576...(1 << 40),
        help: "Most that all connections together may have the process hold."),
      .integer(
        "loops", in: 1...256, help: "Event loops, one thread each; default one a core, at most 4."),
    ]
  }
}
