import Foundation
import Testing

@testable import RPC

/// What `proto-spec/vectors` holds of sessions, as its README describes it.
enum VectorFiles {
  static func data(_ name: String) throws -> Data {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try Data(contentsOf: root.appendingPathComponent("proto-spec/vectors/\(name).json"))
  }

  static func load<File: Decodable>(_ name: String) throws -> File {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(File.self, from: data(name))
  }

  static func bytes(_ hex: String) throws -> [UInt8] {
    let digits = try hex.map { try #require($0.hexDigitValue, "\(hex)") }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
  }
}

/// What both sides of each session, and the receiver of each reject vector, announce.
struct VectorSettings: Decodable, Sendable {
  let maxFrameBytes: Int
  let maxMessageBytes: Int
  let maxConcurrentStreams: Int
  let initialStreamCreditBytes: Int
  let initialConnectionCreditBytes: Int
  let pingIntervalMilliseconds: Int

  var connection: ConnectionSettings {
    var settings = ConnectionSettings.defaults
    settings.maxFrameBytes = maxFrameBytes
    settings.maxMessageBytes = maxMessageBytes
    settings.maxConcurrentStreams = maxConcurrentStreams
    settings.initialStreamCredit = initialStreamCreditBytes
    settings.initialConnectionCredit = initialConnectionCreditBytes
    settings.pingIntervalMilliseconds = pingIntervalMilliseconds
    return settings
  }
}

struct SessionFile: Decodable {
  let settings: VectorSettings
  let vectors: [SessionVector]
}

struct SessionVector: Decodable, Sendable, CustomTestStringConvertible {
  /// A frame that one side sent, or what one side did.
  struct Step: Decodable, Sendable {
    let from: String?
    let hex: String?
    let action: String?
    let by: String?
  }

  let name: String
  /// "calls": a client that makes calls; "scripted": bytes that a client of ours would not send.
  let client: String
  let steps: [Step]

  var testDescription: String { name }
}

struct RejectFile: Decodable {
  let settings: VectorSettings
  let vectors: [RejectVector]
}

struct RejectVector: Decodable, Sendable, CustomTestStringConvertible {
  struct Observation: Decodable, Sendable {
    let code: Int32
  }

  let name: String
  /// The rule of `wire.md` that is broken.
  let rule: String
  /// The side that must refuse: "client" or "server".
  let receiver: String
  let hex: String
  let observe: Observation

  var testDescription: String { "\(rule): \(name)" }
}
