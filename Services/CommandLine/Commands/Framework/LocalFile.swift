import Foundation

/// Files that the command line reads, opened once and read in pieces.
final class LocalFile {
  /// Name without folders, as errors about its content name it.
  let name: String
  let path: String
  let sizeBytes: Int64
  private let handle: FileHandle

  /// Opens a file for reading.
  ///
  /// - Throws: `CommandFailure` if it is not there, is a folder, or may not be read.
  init(_ path: String) throws {
    try Self.check(path)
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw CommandFailure("\(path): you may not read it")
    }
    self.path = path
    self.handle = handle
    name = (path as NSString).lastPathComponent
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    sizeBytes = (attributes?[.size] as? NSNumber)?.int64Value ?? 0
  }

  /// Tells what keeps a file from being read, without opening it: a pipe is opened only once.
  ///
  /// - Throws: `CommandFailure` if it is not there, is a folder, or may not be read.
  static func check(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CommandFailure("\(path): no such file")
    }
    guard !isFolder.boolValue else { throw CommandFailure("\(path) is a folder, not a file") }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw CommandFailure("\(path): you may not read it")
    }
  }

  /// The next piece; nil at the end.
  func next(_ maxBytes: Int) throws -> [UInt8]? {
    do {
      guard let data = try handle.read(upToCount: maxBytes), !data.isEmpty else { return nil }
      return [UInt8](data)
    } catch {
      throw CommandFailure("\(path): reading it failed")
    }
  }

  /// All of a file that may hold at most `limit` bytes.
  static func contents(_ path: String, limit: Int = 1 << 30) throws -> [UInt8] {
    let file = try LocalFile(path)
    guard file.sizeBytes <= limit else {
      throw CommandFailure("\(path) has \(file.sizeBytes) bytes; at most \(limit) are taken here")
    }
    var bytes: [UInt8] = []
    while let piece = try file.next(1 << 20) {
      bytes += piece
      guard bytes.count <= limit else {
        throw CommandFailure("\(path) has more than \(limit) bytes")
      }
    }
    return bytes
  }

  /// `TEXT` itself, or, of `@FILE`, what the file holds.
  static func textOrFile(_ value: String) throws -> String {
    guard value.hasPrefix("@") else { return value }
    let path = String(value.dropFirst())
    guard let text = String(validating: try contents(path, limit: 1 << 24), as: UTF8.self) else {
      throw CommandFailure("\(path) is not UTF-8 text")
    }
    return text
  }
}
