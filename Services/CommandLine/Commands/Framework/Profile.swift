import Foundation
import ServiceKit

/// What `assay login` remembers: which gateway, with which key and certificates.
struct Profile: Codable, Equatable {
  var endpoint: String?
  var key: String?
  /// Path of the certificates to trust.
  var ca: String?

  /// Where the profile is unless told: `$XDG_CONFIG_HOME/assay` or `~/.config/assay`.
  static func defaultPath(_ environment: [String: String]) -> String {
    let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    let home = environment["HOME"] ?? "."
    return (base ?? home + "/.config") + "/assay/profile.json"
  }

  /// The profile in a file; an empty one if there is no such file.
  ///
  /// - Throws: `CommandFailure` if it is not a profile or others may read the key in it.
  static func load(_ path: String) throws -> Profile {
    guard let data = FileManager.default.contents(atPath: path) else {
      guard !FileManager.default.fileExists(atPath: path) else {
        throw CommandFailure("cannot read \(path)")
      }
      return Profile()
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    if let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
      throw CommandFailure(
        "\(path) holds a key and may be read by others; run: chmod 600 \(path)")
    }
    do {
      return try JSONDecoder().decode(Profile.self, from: data)
    } catch {
      throw CommandFailure("\(path) is not a profile; write it anew with: assay login")
    }
  }

  /// Writes the profile, readable by its owner only, all or nothing.
  func save(_ path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(self), as: UTF8.self)
    try SecretFile.write(text + "\n", to: path)
  }
}

/// Files that hold a key.
enum SecretFile {
  /// Refuses a path that cannot be written, before there is a secret that would be lost.
  static func check(_ path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    guard access(folder.isEmpty ? "." : folder, W_OK) == 0 else {
      throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Writes a file that only its owner may read, whole or not at all; makes its folder if need be.
  static func write(_ text: String, to path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    if !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
    do {
      try AtomicFile.write(text, to: path, mode: 0o600)
    } catch let error as ServiceFailure {
      throw CommandFailure(error.description)
    }
  }
}
