import API
import RPC
import Testing
import Transport

@testable import ServiceKit

/// What every server answers beside its own services, over a real socket.
@Suite("Health and reflection", .timeLimit(.minutes(1)))
struct HealthServiceTests {
  private static let name = "assay.testing.v1.EchoService"

  /// Runs `body` with a channel to a server that answers health and reflection only.
  private func withServer(
    _ readiness: Readiness = Readiness(), _ body: (Channel) async throws -> Void
  ) async throws {
    var router = Router()
    router.register(HealthService(readiness: readiness, services: [Self.name]))
    router.register(ReflectionService(services: APIDescriptors.services))
    let group = EventLoopGroup(loopCount: 1, name: "health")
    defer { group.shutDown() }
    let server = Server(router: router)
    let listener = try await Listener.start(
      server: server, host: "127.0.0.1", port: 0, group: group)
    defer {
      listener.close()
      server.closeAll()
    }
    let target = "127.0.0.1:\(listener.port)"
    try await body(Channel(try SocketConnector(name: "health", target: target, group: group)))
  }

  @Test("Check answers for the server and each service, and knows no others")
  func check() async throws {
    let readiness = Readiness()
    try await withServer(readiness) { channel in
      let health = RPCHealthClient(channel)
      for service in ["", Self.name] {
        let answer = try await health.check(RPCHealthCheckRequest(service: service))
        #expect(answer.status == .serving)
      }
      readiness.set("drain", ready: false, "draining")
      #expect(try await health.check(RPCHealthCheckRequest()).status == .notServing)
      await #expect(throws: RPCError.notFound("service", "assay.testing.v1.Nobody")) {
        try await health.check(RPCHealthCheckRequest(service: "assay.testing.v1.Nobody"))
      }
    }
  }

  @Test("Watch answers at once and at every change")
  func watch() async throws {
    let readiness = Readiness()
    try await withServer(readiness) { channel in
      let seen = try await RPCHealthClient(channel).watch(RPCHealthCheckRequest()) { reader in
        var seen = [try await reader.next()?.status]
        readiness.set("database", ready: false, "gone")
        seen.append(try await reader.next()?.status)
        readiness.set("database", ready: true)
        seen.append(try await reader.next()?.status)
        return seen
      }
      #expect(seen == [.serving, .notServing, .serving])
    }
  }

  @Test("Describe gives the schema of everything that it names")
  func describe() async throws {
    try await withServer { channel in
      let answer = try await RPCReflectionClient(channel).describe(RPCDescribeRequest())
      #expect(answer.services.contains(Self.name))
      var files: Set<String> = []
      var services: Set<String> = []
      for bytes in answer.fileDescriptors {
        let file = try FileDescriptor(bytes)
        #expect(files.isSuperset(of: file.dependencies), "\(file.name) comes before its imports")
        files.insert(file.name)
        services.formUnion(file.services)
      }
      #expect(services.isSuperset(of: answer.services))
    }
  }
}

/// The part of `google.protobuf.FileDescriptorProto` that the test reads: name 1, package 2,
/// dependency 3, service 6 with its name 1.
private struct FileDescriptor {
  struct Malformed: Error {}

  var name = ""
  var dependencies: [String] = []
  var services: [String] = []

  init(_ bytes: [UInt8]) throws {
    var package = ""
    for (number, value) in try Self.fields(bytes[...]) {
      switch number {
      case 1: name = String(decoding: value, as: UTF8.self)
      case 2: package = String(decoding: value, as: UTF8.self)
      case 3: dependencies.append(String(decoding: value, as: UTF8.self))
      case 6:
        let service = try Self.fields(value).first { $0.number == 1 }
        let serviceName = String(decoding: try #require(service).value, as: UTF8.self)
        services.append("\(package).\(serviceName)")
      default: break
      }
    }
  }

  /// The fields that have a length; a varint's value is passed over.
  private static func fields(
    _ bytes: ArraySlice<UInt8>
  ) throws -> [(number: Int, value: ArraySlice<UInt8>)] {
    var rest = bytes
    var found: [(Int, ArraySlice<UInt8>)] = []
    while !rest.isEmpty {
      let tag = try varint(&rest)
      let value = try varint(&rest)
      guard tag & 7 == 2 else {
        guard tag & 7 == 0 else { throw Malformed() }
        continue
      }
      guard value <= rest.count else { throw Malformed() }
      found.append((tag >> 3, rest.prefix(value)))
      rest = rest.dropFirst(value)
    }
    return found
  }

  private static func varint(_ bytes: inout ArraySlice<UInt8>) throws -> Int {
    var value = 0
    for shift in stride(from: 0, to: 56, by: 7) {
      guard let byte = bytes.popFirst() else { throw Malformed() }
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw Malformed()
  }
}
