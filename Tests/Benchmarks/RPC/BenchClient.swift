import API
import Foundation
import RPC
import Transport

/// Many connections from one loop, a channel each.
struct BenchClient {
  /// Connections made at once, so that a server's queue of them does not overflow.
  private static let connectsAtOnce = 32

  private let group: EventLoopGroup
  private let channels: [Channel]
  private var loop: EventLoop { group.loops[0] }

  init(port: Int, connections: Int, tls: TLSClientOptions?) throws {
    let group = EventLoopGroup(loopCount: 1, name: "client")
    self.group = group
    var options = ChannelOptions.defaults
    options.settings.pingIntervalMilliseconds = 600_000
    let connector = try SocketConnector(
      name: "bench", target: "127.0.0.1:\(port)", tls: tls, group: group)
    channels = (0..<connections).map { _ in Channel(connector, options: options) }
  }

  /// Keeps `outstanding` calls under way on every connection until the window is over.
  func saturate(
    outstanding: Int, _ window: Window, _ call: @escaping @Sendable (Channel) async throws -> Void
  ) async throws -> Latencies {
    try await withTaskExecutorPreference(loop) {
      try await withThrowingTaskGroup(of: Latencies.self) { tasks in
        for channel in channels {
          for _ in 0..<outstanding {
            tasks.addTask(executorPreference: loop) {
              try await BenchClient.callUntilOver(channel, window, call)
            }
          }
        }
        return try await tasks.reduce(into: Latencies()) { $0.add($1) }
      }
    }
  }

  private static func callUntilOver(
    _ channel: Channel, _ window: Window, _ call: @Sendable (Channel) async throws -> Void
  ) async throws -> Latencies {
    var latencies = Latencies()
    latencies.reserve(1 << 12)
    while true {
      let sent = EventLoop.monotonicNanoseconds()
      try await call(channel)
      let now = EventLoop.monotonicNanoseconds()
      let (isCounted, goesOn) = try window.count(now: now)
      if isCounted { latencies.add(now - sent) }
      if !goesOn { return latencies }
    }
  }

  /// Sends `count` messages on one call.
  ///
  /// - Returns: the bytes of payload that the server has counted.
  func upload(_ message: TestingEcho, _ count: Int) async throws -> Int {
    let channel = channels[0]
    let task = Task(executorPreference: loop) {
      let answer: TestingEcho = try await channel.clientStreaming(BenchMethods.collect) {
        (writer: MessageWriter<TestingEcho>) in
        for _ in 0..<count { try await writer.send(message) }
      }
      return Int(answer.delayMilliseconds)
    }
    return try await task.value
  }

  /// Makes the first connection and one call.
  ///
  /// - Returns: what the server holds then, in KiB.
  func connectOne(_ server: ServerProcess) async throws -> Int {
    try await ping(channels[0])
    return try server.usage().residentKiB
  }

  /// Makes the others, with one call each.
  func connectAll() async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for (index, channel) in channels.dropFirst().enumerated() {
        if index >= BenchClient.connectsAtOnce { try await tasks.next() }
        tasks.addTask { try await ping(channel) }
      }
      try await tasks.waitForAll()
    }
  }

  private func ping(_ channel: Channel) async throws {
    let _: TestingEcho = try await channel.unary(
      BenchMethods.unary, TestingEcho(payload: [UInt8](repeating: 7, count: 64)))
  }
}

extension Latencies {
  mutating func add(_ other: Latencies) {
    other.samples.withUnsafeBufferPointer { samples.append(contentsOf: $0) }
  }
}
