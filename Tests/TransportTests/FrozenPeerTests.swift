import API
import Foundation
import RPC
import Testing
import Transport

/// Programs built for the first version of the protocol still run: they must work with this one in
/// either role. `FrozenPeer/frozen_peer.py` stands for them, and for a version still to come.
@Suite(
  "An older and a future peer", .timeLimit(.minutes(2)),
  .enabled(if: FrozenPeer.hasPython, "skipped: there is no python3"))
struct FrozenPeerTests {
  @Test("its client is answered by this server", arguments: [[], ["--future"]])
  func client(mode: [String]) async throws {
    try await withEchoServer { server in
      let run = try await FrozenPeer.runClient(port: server.listener.port, mode)
      let results = run.output.split(separator: "\n")
      #expect(results.count == 12)
      let failed = results.filter { !$0.contains(#""passed": true"#) }
      #expect(failed.isEmpty, "\(failed.joined(separator: "\n"))\(run.errors)")
      #expect(run.status == 0)
    }
  }

  @Test("its server answers this client", arguments: [[], ["--future"]])
  func server(mode: [String]) async throws {
    try await withFrozenServer(mode) { client in
      for size in [0, 1_000, 3_000_000] {
        let request = TestingEcho(payload: [UInt8](repeating: 9, count: size))
        let answer = try await client.unary(request)
        #expect(answer == request)
      }
      let sum = try await client.collect { writer in
        for _ in 0..<60 {
          try await writer.send(TestingEcho(payload: [UInt8](repeating: 1, count: 70_000)))
        }
      }
      #expect(sum.responseBytes == 4_200_000)
      let count = try await client.expand(TestingEcho(responseCount: 700, responseBytes: 5_000)) {
        reader in
        var count = 0
        for try await message in reader { count += message.payload.count == 5_000 ? 1 : 0 }
        return count
      }
      #expect(count == 700)
      try await client.chat { writer, reader in
        for index in 0..<50 {
          try await writer.send(TestingEcho(payload: [UInt8(index)]))
          let answer = try await reader.next()
          #expect(answer?.payload == [UInt8(index)])
        }
      }
      await #expect(throws: RPCError(.failedPrecondition, "not today")) {
        try await client.unary(TestingEcho(statusCode: 9, statusMessage: "not today"))
      }
    }
  }

  @Test("its drain, in one step, loses no call", arguments: [[], ["--future"]])
  func drain(mode: [String]) async throws {
    try await withFrozenServer(["--drain-after", "3"] + mode) { client in
      for index in 0..<20 {
        let request = TestingEcho(payload: [UInt8(index)])
        let answer = try await client.unary(request)
        #expect(answer == request)
      }
    }
  }

  private func withFrozenServer(
    _ options: [String], _ body: (TestingEchoServiceClient) async throws -> Void
  ) async throws {
    let process = try FrozenPeer.Server(options)
    let group = EventLoopGroup(loopCount: 1, name: "client")
    defer {
      process.stop()
      group.shutDown()
    }
    let connector = try SocketConnector(
      name: "frozen", target: "127.0.0.1:\(process.port)", tls: nil, group: group)
    try await body(TestingEchoServiceClient(Channel(connector)))
  }
}

/// The Python script as a process.
enum FrozenPeer {
  static let hasPython = (try? run(["-c", "import sys; sys.exit(sys.version_info < (3, 8))"])) == 0

  private static let script = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("FrozenPeer/frozen_peer.py").path

  private static func python(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    return process
  }

  private static func run(_ arguments: [String]) throws -> Int32 {
    let process = python(arguments)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  struct Run: Sendable {
    let status: Int32
    let output: String
    let errors: String
  }

  static func runClient(port: Int, _ options: [String]) async throws -> Run {
    let arguments = [script, "client", "--port", "\(port)"] + options
    // Reading a process's output waits: not on a thread of the tests.
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try collect(python(arguments)) })
      }
    }
  }

  private static func collect(_ process: Process) throws -> Run {
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Run(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaints, as: UTF8.self))
  }

  /// Its server, which ends when its standard input does.
  final class Server {
    let port: Int
    private let process: Process
    private let input = Pipe()

    init(_ options: [String]) throws {
      process = python([script, "server", "--port", "0"] + options)
      let output = Pipe()
      process.standardInput = input
      process.standardOutput = output
      try process.run()
      let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "\(line)")
    }

    func stop() {
      try? input.fileHandleForWriting.close()
      process.waitUntilExit()
    }
  }
}
