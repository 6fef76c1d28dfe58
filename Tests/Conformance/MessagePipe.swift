import Foundation
import Synchronization

/// Standard input and output as the runner uses them: a little-endian u32, then so many bytes of a
/// message.
enum MessagePipe {
  /// Reports of overlapping commands must not mix.
  private static let output = Mutex(FileHandle.standardOutput)

  /// The next command; nil when the runner has closed its end.
  static func read() -> ConformanceCommand? {
    guard let prefix = exactly(4) else { return nil }
    let size = prefix.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard let bytes = exactly(size) else { return nil }
    do {
      return try ConformanceCommand(serialized: bytes)
    } catch {
      FileHandle.standardError.write(Data("not a command: \(error)\n".utf8))
      return nil
    }
  }

  static func write(_ report: ConformanceReport) {
    let bytes = report.serialized()
    var framed = withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { [UInt8]($0) }
    framed += bytes
    output.withLock { $0.write(Data(framed)) }
  }

  private static func exactly(_ count: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard let more = try? FileHandle.standardInput.read(upToCount: count - bytes.count),
        !more.isEmpty
      else { return nil }
      bytes += more
    }
    return bytes
  }
}
