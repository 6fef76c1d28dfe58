import Testing

@testable import Metrics

/// Sorting, selection and blocks against what they are short cuts of.
@Suite("Numerics")
struct NumericsTests {
  /// Keys of several shapes: random bits, few values, one far from all others, sorted, tiny steps.
  static func keys(_ count: Int, _ random: inout SeededGenerator) -> [[UInt64]] {
    let bits = (0..<count).map { _ in random.next() }
    let few = (0..<count).map { _ in UInt64.random(in: 0..<5, using: &random) }
    var outlier = (0..<count).map { _ in UInt64.random(in: 0..<1000, using: &random) }
    outlier[count / 2] = .max
    let steps = (0..<count).map { _ in 1 << 62 + UInt64.random(in: 0..<64, using: &random) }
    return [bits, few, outlier, steps, bits.sorted(), [UInt64](repeating: 7, count: count)]
  }

  @Test("radix sort sorts as sort does, in any parts on any threads")
  func radixSort() {
    var random = SeededGenerator(seed: 5)
    for count in [1, 2, 16, 17, 300, 5_000, 70_000] {
      for keys in Self.keys(count, &random) {
        let cut = count / 3
        let parts = [Array(keys[..<cut]), [], Array(keys[cut...])]
        for workers in [1, 3] {
          #expect(RadixSort.sorted(parts, Workers(workers)) == keys.sorted())
        }
      }
    }
    #expect(RadixSort<UInt64>.sorted([], .one).isEmpty)
  }

  @Test("positions of equal values keep their order")
  func order() {
    var random = SeededGenerator(seed: 6)
    let values = (0..<20_000).map { _ in Double(Int.random(in: -20...20, using: &random)) }
    let expected = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    #expect(SortKey.order(values) == expected)
    #expect(SortKey.order([0.0, -0.0, 0.0]) == [0, 1, 2])
  }

  @Test("the median of many values is that of the sorted ones, however they lie")
  func median() {
    var random = SeededGenerator(seed: 7)
    for count in [70_000, 70_001] {
      let uniform = (0..<count).map { _ in Double.random(in: -1...1, using: &random) }
      // The sample of the first values of runs misleads about these.
      let trap = (0..<count).map { $0 % (count / 4096) < 8 ? 0 : Double($0) }
      let equal = [Double](repeating: 0.25, count: count)
      for values in [uniform, uniform.sorted(), trap, equal] {
        let sorted = values.sorted()
        let (low, high) = (sorted[(count - 1) / 2], sorted[count / 2])
        let expected = low == high ? low : low / 2 + high / 2
        for workers in [1, 4] {
          #expect(Selection.median(of: count, Workers(workers)) { Array(values[$0]) } == expected)
        }
      }
    }
    #expect(Selection.median(of: 3, .one) { _ in [1, .nan, 2] } == nil)
  }

  @Test("blocks do not depend on how their terms arrive, backwards one by one included")
  func blocks() {
    var random = SeededGenerator(seed: 8)
    let terms = (0..<3_000).map { _ in Double.random(in: -1e9...1e9, using: &random) }
    var backwards = BlockSum()
    for position in terms.indices.reversed() { backwards.add([terms[position]], at: position) }
    var states = [BlockSum(), BlockSum()]
    for position in terms.indices.shuffled(using: &random) {
      states[position % 2].add([terms[position]], at: position)
    }
    states[0].merge(states[1])
    #expect(backwards.value == BlockSum.sum(terms))
    #expect(states[0].value == BlockSum.sum(terms))
  }

  @Test("spread around a huge mean, of equal terms, and of the smallest numbers")
  func moments() {
    var moments = Moments()
    moments.add((0..<2_000).map { 1e9 + Double($0 % 2) }, at: 0)
    // Half are 0.5 below and half 0.5 above the mean.
    #expect(moments.total.mean == 1e9 + 0.5)
    #expect(moments.total.squares(around: 1e9 + 0.5) == 500)
    var equal = Moments()
    equal.add([Double](repeating: 0.1, count: 3_000), at: 0)
    #expect(equal.total.constant == 0.1)
    #expect(equal.total.squares(around: equal.total.mean) == 0)
    var tiny = Moments()
    tiny.add([0, .leastNonzeroMagnitude], at: 0)
    #expect(tiny.total.constant == nil)
    #expect(tiny.total.isTiny(around: 0))
    #expect(tiny.total.squares(around: 0, magnified: true) > 0)
  }
}
