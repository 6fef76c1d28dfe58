import API
import CLinux
import Foundation
import RPC
import Synchronization
import Transport

/// Measures calls from this process to a server process.
struct RPCBench {
  let arguments: BenchArguments
  let shape: String
  let payload: Int
  let connections: Int
  let outstanding: Int

  init(_ arguments: BenchArguments) throws {
    self.arguments = arguments
    shape = arguments.text("shape") ?? "unary"
    guard ["unary", "upload", "idle"].contains(shape) else {
      throw BenchError("--shape \(shape): unary, upload or idle")
    }
    payload = try arguments.int(
      "payload", default: shape == "upload" ? 262_144 : 64, in: 0...(4 << 20) - 64)
    connections = try arguments.int(
      "connections", default: shape == "idle" ? 10_000 : 1, in: 1...20_000)
    outstanding = try arguments.int("outstanding", default: 1, in: 1...1_024)
  }

  func run() async throws {
    assay_tune_malloc(2)
    ProcessUsage.raiseDescriptorLimit()
    if arguments.has("pin") { try ProcessUsage.pinToOneCore() }
    let certificate = arguments.has("tls") ? try BenchCertificate() : nil
    defer { certificate?.remove() }
    var serverArguments: [String] = []
    if let certificate {
      serverArguments += ["--certificate", certificate.certificate, "--key", certificate.key]
    }
    let loops = try arguments.int("server-loops", default: 1, in: 1...64)
    serverArguments += ["--server-loops", "\(loops)"]
    let server = try ServerProcess(serverArguments)
    defer { server.stop() }
    let client = try BenchClient(
      port: server.port, connections: connections,
      tls: certificate.map { TLSClientOptions(caFile: $0.certificate) })
    switch shape {
    case "upload": try await upload(client, server)
    case "idle": try await idle(client, server)
    default: try await unary(client, server)
    }
  }

  // MARK: Shapes

  private func unary(_ client: BenchClient, _ server: ServerProcess) async throws {
    let window = Window(
      seconds: try arguments.seconds(default: 3), server: server.identifier,
      countsAllocations: arguments.has("allocations") ? server : nil)
    let request = TestingEcho(payload: [UInt8](repeating: 7, count: payload))
    let latencies = try await client.saturate(outstanding: outstanding, window) { channel in
      let answer: TestingEcho = try await channel.unary(BenchMethods.unary, request)
      guard answer.payload.count == request.payload.count else { throw BenchError("wrong answer") }
    }
    var report = head()
    window.add(to: &report, calls: latencies.count)
    let times = latencies.percentiles([0.5, 0.99, 0.999])
    for (name, time) in zip(["p50_us", "p99_us", "p999_us"], times) { report.add(name, time) }
    report.add("rss_kib", try server.usage().residentKiB)
    report.print(asJSON: arguments.has("json"))
  }

  private func upload(_ client: BenchClient, _ server: ServerProcess) async throws {
    let total = try arguments.int("megabytes", default: 1_024, in: 1...65_536) << 20
    let message = TestingEcho(payload: [UInt8](repeating: 7, count: payload))
    let count = total / payload
    // The first warms up.
    for isCounted in [false, true] {
      let window = Window(seconds: 0, server: server.identifier, countsAllocations: nil)
      try window.open()
      let messages = isCounted ? count : max(1, count / 8)
      let received = try await client.upload(message, messages)
      guard received == messages * payload else { throw BenchError("bytes were lost") }
      try window.close()
      guard isCounted else { continue }
      var report = head()
      window.add(to: &report, calls: messages)
      report.add("bytes_per_second", Double(received) / window.elapsedSeconds, digits: 0)
      report.add("rss_kib", try server.usage().residentKiB)
      report.print(asJSON: arguments.has("json"))
    }
  }

  private func idle(_ client: BenchClient, _ server: ServerProcess) async throws {
    let before = try await client.connectOne(server)
    try await client.connectAll()
    let after = try server.usage().residentKiB
    var report = head()
    report.add("rss_kib", after)
    report.add(
      "rss_kib_per_connection", Double(after - before) / Double(max(1, connections - 1)))
    report.print(asJSON: arguments.has("json"))
  }

  private func head() -> Report {
    var report = Report()
    report.add("peer", "assay")
    report.add("shape", shape)
    report.add("payload", payload)
    report.add("connections", connections)
    report.add("outstanding", outstanding)
    report.add("tls", arguments.has("tls"))
    report.add("pinned", arguments.has("pin"))
    return report
  }
}
