import API
import CBenchmark
import CLinux
import Foundation
import RPC
import Transport

/// The measured server, a process of its own. It prints its port, then answers each line on its
/// standard input with what it has used, and ends with the input.
enum BenchServer {
  static func run(_ arguments: BenchArguments) async throws {
    // As every Assay service begins.
    assay_tune_malloc(2)
    var router = Router()
    router.unary(BenchMethods.unary) { (request: TestingEcho, _) in request }
    router.clientStreaming(BenchMethods.collect) {
      (requests: MessageReader<TestingEcho>, _) -> TestingEcho in
      var total = 0
      while let request = try await requests.next() { total += request.payload.count }
      return TestingEcho(delayMilliseconds: Int64(total))
    }
    var settings = ConnectionSettings.defaults
    settings.maxConnectionAgeMilliseconds = 0
    let group = EventLoopGroup(
      loopCount: try arguments.int("server-loops", default: 1, in: 1...64), name: "server")
    let server = Server(router: router, settings: settings)
    let tls = arguments.text("certificate").map {
      TLSServerOptions(certificateFile: $0, keyFile: arguments.text("key") ?? $0)
    }
    let listener = try await Listener.start(
      server: server, host: "127.0.0.1", port: 0, tls: tls, group: group)
    say("\(listener.port)")
    while let line = readLine() {
      if line == "usage" { say("\(assay_allocations()) \(ProcessUsage.residentKiB())") }
    }
    listener.close()
  }

  private static func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }
}

/// What is called.
enum BenchMethods {
  static let unary = MethodDescriptor(
    name: "assay.testing.v1.EchoService.Unary", idempotency: .noSideEffects)
  static let collect = MethodDescriptor(
    name: "assay.testing.v1.EchoService.Collect", clientStreaming: true)
}
