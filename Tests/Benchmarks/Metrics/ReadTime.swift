import Dispatch

/// The time it takes to read arrays and do next to nothing with them: a bound for what is
/// computed in one pass.
enum ReadTime {
  /// Seconds to add up everything in the arrays as 64-bit words, with so many threads; the median
  /// of several times.
  static func seconds(_ arrays: [BenchArray], threads: Int, repetitions: Int) -> Double {
    var times: [Double] = []
    var total: UInt64 = 0
    for _ in 0..<repetitions {
      times.append(
        Stopwatch.seconds { total &+= sum(arrays, threads: threads) })
    }
    // A sum that nobody used need not be computed.
    return total == 1 ? .infinity : times.sorted()[times.count / 2]
  }

  private static func sum(_ arrays: [BenchArray], threads: Int) -> UInt64 {
    var total: UInt64 = 0
    for array in arrays {
      array.withBytes { bytes in
        let words = bytes.bindMemory(to: SIMD8<UInt64>.self)
        let part = (words.count + threads - 1) / threads
        let sums = [UInt64](unsafeUninitializedCapacity: threads) { sums, filled in
          // Threads write to places of their own.
          nonisolated(unsafe) let (sums, words) = (sums, words)
          DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let range = min(thread * part, words.count)..<min((thread + 1) * part, words.count)
            sums[thread] = sum(UnsafeBufferPointer(rebasing: words[range]))
          }
          filled = threads
        }
        total = sums.reduce(total, &+)
      }
    }
    return total
  }

  /// Four accumulators, so that no addition waits for the one before.
  private static func sum(_ words: UnsafeBufferPointer<SIMD8<UInt64>>) -> UInt64 {
    var sums = (SIMD8<UInt64>.zero, SIMD8<UInt64>.zero, SIMD8<UInt64>.zero, SIMD8<UInt64>.zero)
    var index = 0
    while index + 4 <= words.count {
      sums.0 &+= words[index]
      sums.1 &+= words[index + 1]
      sums.2 &+= words[index + 2]
      sums.3 &+= words[index + 3]
      index += 4
    }
    while index < words.count {
      sums.0 &+= words[index]
      index += 1
    }
    return (sums.0 &+ sums.1 &+ sums.2 &+ sums.3).wrappedSum()
  }
}

/// An array of a case's input, whatever its numbers.
enum BenchArray {
  case doubles([Double])
  case integers([Int32])
  case bytes([UInt8])

  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    switch self {
    case .doubles(let numbers): numbers.withUnsafeBytes(body)
    case .integers(let numbers): numbers.withUnsafeBytes(body)
    case .bytes(let bytes): bytes.withUnsafeBytes(body)
    }
  }
}

/// Elapsed time.
enum Stopwatch {
  static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let elapsed = try ContinuousClock().measure(body)
    return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
  }
}
