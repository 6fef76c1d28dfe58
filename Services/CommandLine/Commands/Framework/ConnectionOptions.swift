import Foundation
import ServiceKit

/// Which gateway to call and how to prove who is calling.
///
/// From flags, else the environment, else the profile, else the default.
struct ConnectionOptions: Sendable, Equatable {
  var endpoint: String
  /// Never printed.
  var key: String
  /// Path of a PEM file; empty means the system's certificates.
  var ca: String
  var timeoutMilliseconds: Int?
  /// Where `login` writes.
  var profilePath = ""

  static let defaultEndpoint = "127.0.0.1:7443"

  init(endpoint: String, key: String, ca: String) {
    self.endpoint = endpoint
    self.key = key
    self.ca = ca
  }

  /// Puts the sources together.
  init(_ arguments: Arguments, environment: [String: String], console: Console) throws {
    profilePath = Self.profilePath(arguments, environment)
    let profile = try Profile.load(profilePath)
    endpoint =
      arguments["endpoint"] ?? environment["ASSAY_ENDPOINT"] ?? profile.endpoint
      ?? Self.defaultEndpoint
    ca = arguments["ca"] ?? environment["ASSAY_CA"] ?? profile.ca ?? ""
    key =
      try Self.key(arguments, console) ?? environment["ASSAY_KEY"] ?? profile.key ?? ""
    let seconds = try arguments.integer("timeout", in: 1...86_400)
    timeoutMilliseconds = seconds.map { $0 * 1000 }
    guard Self.isEndpoint(endpoint) else {
      throw UsageError(
        "\(quoted(endpoint)) is no endpoint: expected HOST:PORT", command: arguments.command)
    }
  }

  /// Where the profile is.
  static func profilePath(_ arguments: Arguments, _ environment: [String: String]) -> String {
    arguments["profile"] ?? environment["ASSAY_PROFILE"] ?? Profile.defaultPath(environment)
  }

  private static func key(_ arguments: Arguments, _ console: Console) throws -> String? {
    if let file = arguments["key-file"] {
      guard arguments["key"] == nil else {
        throw UsageError("--key and --key-file exclude each other", command: arguments.command)
      }
      let bytes = try file == "-" ? console.readInput() : LocalFile.contents(file, limit: 4096)
      return trimmed(String(decoding: bytes, as: UTF8.self))
    }
    return arguments["key"].map(trimmed)
  }

  private static func trimmed(_ text: String) -> String {
    text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// One address, or several of one gateway separated by commas.
  private static func isEndpoint(_ text: String) -> Bool {
    text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
      HostPort(String(part)).map { $0.port > 0 } ?? false
    }
  }
}
