import Codec
import Foundation
import RPC

/// Measures messages to bytes and back, on one thread.
struct CodecBench {
  let arguments: BenchArguments
  private let seconds: Double

  init(_ arguments: BenchArguments) throws {
    self.arguments = arguments
    seconds = try arguments.seconds(default: 0.5)
  }

  func run() throws {
    try measure("small_ts_3str", CodecSamples.event)
    try measure("field_3str_2int", CodecSamples.field)
    try measure("packed_double_1M", CodecSamples.doubles)
    try measure("bytes_8MB", CodecSamples.bytes)
  }

  private func measure<M: Message>(_ name: String, _ message: M) throws {
    let bytes = message.serialized()
    guard try M(serialized: bytes) == message else { throw BenchError("\(name) does not survive") }
    let encode = time { _ = blackHole(message.serialized()) }
    let decode = try time { _ = blackHole(try M(serialized: bytes)) }
    var report = Report()
    report.add("peer", "assay")
    report.add("message", name)
    report.add("bytes", bytes.count)
    report.add("encode_ns", encode, digits: 1)
    report.add("decode_ns", decode, digits: 1)
    report.add("encode_mb_per_second", Double(bytes.count) / encode * 1_000, digits: 0)
    report.add("decode_mb_per_second", Double(bytes.count) / decode * 1_000, digits: 0)
    report.print(asJSON: arguments.has("json"))
  }

  /// Nanoseconds of one `body`: the median of several batches.
  private func time(_ body: () throws -> Void) rethrows -> Double {
    var batch = 1
    while true {
      let elapsed = try run(batch, body)
      if elapsed > 2_000_000 { break }
      batch *= 2
    }
    var samples: [Double] = []
    let end = EventLoop.monotonicNanoseconds() + UInt64(seconds * 1e9)
    repeat {
      samples.append(Double(try run(batch, body)) / Double(batch))
    } while EventLoop.monotonicNanoseconds() < end
    return samples.sorted()[samples.count / 2]
  }

  private func run(_ count: Int, _ body: () throws -> Void) rethrows -> UInt64 {
    let start = EventLoop.monotonicNanoseconds()
    for _ in 0..<count { try body() }
    return EventLoop.monotonicNanoseconds() - start
  }

  /// Keeps the optimiser from leaving out what nobody looks at.
  @inline(never)
  private func blackHole<Value>(_ value: Value) -> Value { value }
}
