import Dispatch
import Synchronization

/// How many threads a computation may use.
///
/// No result depends on the number: pieces are computed independently and joined in their order.
public struct Workers: Sendable, Equatable {
  public static let one = Workers(1)

  /// At least 1.
  public let count: Int

  public init(_ count: Int) { self.count = max(1, count) }

  /// The results of pieces 0, 1, …, in order. A piece is taken by whichever thread is free.
  ///
  /// Throws the error of the first piece that failed, as a loop would.
  func map<Value: Sendable>(
    _ pieces: Int, _ body: @Sendable (Int) throws(MetricError) -> Value
  ) throws(MetricError) -> [Value] {
    guard count > 1, pieces > 1 else {
      var values: [Value] = []
      values.reserveCapacity(pieces)
      for piece in 0..<pieces { values.append(try body(piece)) }
      return values
    }
    let results = Mutex([Result<Value, MetricError>?](repeating: nil, count: pieces))
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(count, pieces)) { _ in
      while true {
        let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard piece < pieces else { return }
        let result = Result { () throws(MetricError) in try body(piece) }
        results.withLock { $0[piece] = result }
      }
    }
    var values: [Value] = []
    values.reserveCapacity(pieces)
    for result in results.withLock({ $0 }) {
      guard let result else { preconditionFailure("every piece was taken") }
      values.append(try result.get())
    }
    return values
  }

  /// The same for pieces that cannot fail.
  func map<Value: Sendable>(_ pieces: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
    let failing: @Sendable (Int) throws(MetricError) -> Value = { body($0) }
    do throws(MetricError) { return try map(pieces, failing) } catch {
      preconditionFailure("nothing throws: \(error)")
    }
  }

  /// Cuts samples into pieces for the threads, at multiples of `unit` where there are enough.
  ///
  /// There are more pieces than threads, so that a thread that was held up does not hold up all,
  /// unless what is kept of each piece is `large`.
  func ranges(
    of count: Int, unit: Int = BlockSum.blockLength, large: Bool = false
  ) -> [Range<Int>] {
    guard count > 0 else { return [] }
    guard self.count > 1 else { return [0..<count] }
    let wanted = self.count * (large ? 1 : Self.piecesPerThread)
    let unit = count >= wanted * unit ? unit : 1
    let units = (count + unit - 1) / unit
    let size = max(1, (units + wanted - 1) / wanted) * unit
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  private static let piecesPerThread = 8
}
