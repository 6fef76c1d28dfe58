import RPC

/// How the calls to one other service fare, for Prometheus.
enum PeerMetrics {
  static func register(_ statistics: ChannelStatistics, peer: String, in metrics: MetricsRegistry) {
    let prefix = "assay_peer_\(peer)"
    let numbers: [(String, String, @Sendable () -> Int)] = [
      ("connections", "Connections that take calls.", { statistics.connections }),
      ("queued_calls", "Calls that wait for a connection or a stream.", { statistics.queuedCalls }),
      ("retries", "Attempts beyond the first since the start.", { statistics.retries }),
      ("throttled_retries", "Retries not made for too many fail.", { statistics.throttledRetries }),
      ("hedges", "Attempts sent while an earlier was out.", { statistics.hedges }),
      ("ejections", "Times that an address was left alone.", { statistics.ejections }),
      ("connect_failures", "Connection attempts that failed.", { statistics.connectFailures }),
    ]
    for (name, help, read) in numbers {
      metrics.gauge("\(prefix)_\(name)", help: "\(peer): \(help)") { Int64(read()) }
    }
  }
}
