import Crypto
import Foundation
import Glibc
import Identity

/// Files that are there whole or not at all.
public enum AtomicFile {
  /// Writes beside `path`, syncs, and renames.
  ///
  /// - Throws: `ServiceFailure` naming the file and the reason.
  public static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
    let temporary = "\(path).\(getpid()).new"
    let fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard fd >= 0 else { throw ServiceFailure("cannot write \(path): \(systemError())") }
    // A file of an earlier run keeps its mode, and umask takes bits away: say it again.
    fchmod(fd, mode)
    let bytes = Array(text.utf8)
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      offset += count
    }
    let isWritten = offset == bytes.count && fsync(fd) == 0
    let reason = systemError()
    close(fd)
    guard isWritten, rename(temporary, path) == 0 else {
      let cause = isWritten ? systemError() : reason
      unlink(temporary)
      throw ServiceFailure("cannot write \(path): \(cause)")
    }
  }
}

/// The checks of what a program needs on disk before it starts.
enum StartFiles {
  /// Makes the data directory if it is missing, and sees that it can be written.
  static func dataDirectory(_ path: String) throws -> String {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw ServiceFailure("--data: cannot make the directory \(path): \(systemError())")
    }
    let probe = "\(path)/.writable.\(getpid())"
    let fd = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else {
      throw ServiceFailure("--data: the directory \(path) is not writable: \(systemError())")
    }
    close(fd)
    unlink(probe)
    return path
  }

  /// The trusted public keys. A default directory that is not there trusts nobody.
  static func trust(_ options: Options) throws -> Keyring {
    let directory = options.text("trust")
    let exists = FileManager.default.fileExists(atPath: directory)
    if !exists, !options.isSet("trust") { return Keyring(keys: [:]) }
    do {
      return try Keyring(directory: directory)
    } catch {
      throw ServiceFailure("--trust: \(error)")
    }
  }

  /// The program's own key; the file's name, without its ending, is the issuer's.
  static func identity(_ options: Options, isNeeded: Bool) throws -> PrincipalSigner? {
    let path = options.text("identity")
    guard FileManager.default.fileExists(atPath: path) else {
      guard isNeeded || options.isSet("identity") else { return nil }
      throw ServiceFailure(
        "--identity: there is no key at \(path); deploy/certificates makes one")
    }
    guard let pem = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw ServiceFailure("--identity: cannot read \(path)")
    }
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let name = file.hasSuffix(".pem") ? String(file.dropLast(4)) : file
    do {
      return PrincipalSigner(issuer: name, key: try Ed25519.PrivateKey(pem: pem))
    } catch {
      throw ServiceFailure("--identity: \(path): \(error)")
    }
  }
}
