import Foundation

/// A set of generated arrays: files of little-endian numbers, named by field and type.
struct BenchData {
  let folder: URL

  init(_ set: String, in root: URL) throws {
    folder = root.appendingPathComponent(set)
    guard FileManager.default.fileExists(atPath: path("complete")) else {
      throw BenchError(
        "no data in \(folder.path): run Tests/Benchmarks/peers/metrics/run --generate")
    }
  }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  func doubles(_ field: String) throws -> [Double] { try array(field, "f64") }

  func integers(_ field: String) throws -> [Int32] { try array(field, "i32") }

  func bytes(_ field: String) throws -> [UInt8] { try array(field, "u8") }

  /// The numbers of a file, in memory of their own.
  private func array<Number: BitwiseCopyable>(
    _ field: String, _ suffix: String
  ) throws -> [Number] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path("\(field).\(suffix)")))
    let count = data.count / MemoryLayout<Number>.stride
    return [Number](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = data.copyBytes(to: buffer) / MemoryLayout<Number>.stride
    }
  }
}
